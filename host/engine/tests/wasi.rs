//! Policies that import WASI: what they find out, what is heard of them, what is refused, and that
//! nothing they ask for costs more than their limits.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "wasi/answers.rs"]
mod answers;
mod common;
#[path = "wasi/floods.rs"]
mod floods;
#[path = "wasi/heard.rs"]
mod heard;
#[path = "wasi/refused.rs"]
mod refused;
#[path = "wasi/seeds.rs"]
mod seeds;
#[path = "wasi/stderr.rs"]
mod stderr;
