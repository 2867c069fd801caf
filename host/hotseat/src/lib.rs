//! The Hotseat sidecar: a thin shell around the election core.
//!
//! This crate is the program. [`cli`] has its arguments; [`sidecar`] composes an election from its parts
//! and runs it; [`companions`] act for the leader beside it; [`commands`] are what people run by hand. The
//! election itself is in `hotseat-election`, and what it reaches the world by in crates of their own.
// `forbid` would not let `trim.rs` advise the kernel, the one place that needs it.
#![deny(unsafe_code)]

pub mod cli;

pub mod sidecar;

pub mod companions;

pub mod commands;

mod telemetry;
