//! The image of `make image`: what is in it, and whether it runs, pulled from a real registry.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

#[path = "image/arm64.rs"]
mod arm64;
#[path = "image/containerfile.rs"]
mod containerfile;
#[path = "image/content.rs"]
mod content;
#[path = "image/names.rs"]
mod names;
#[path = "image/pulled.rs"]
mod pulled;
#[path = "image/run.rs"]
mod run;
