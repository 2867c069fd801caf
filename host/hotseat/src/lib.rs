//! The Hotseat sidecar: a thin shell around the election core.
//!
//! This crate is the program: its arguments, the composition of an election from its parts
//! ([`sidecar`]), what observes its facts ([`observers`]), and the offline tools. The election
//! itself is in `hotseat-election`, and what it reaches the world by in crates of their own.
// `forbid` would not let `trim.rs` advise the kernel, the one place that needs it.
#![deny(unsafe_code)]

pub mod cli;
pub mod companions;
pub mod sidecar;

pub mod engine;
mod home;
mod host_facts;
pub mod identity;
pub mod locks;
pub mod needs;
mod note;
pub mod observers;
pub mod own_pod;
pub mod probes;
pub mod rights;
pub mod roster;
pub mod source;
pub mod stop;

pub mod policy_tools;
pub mod status;
pub mod timeline;

pub mod doctor;
pub mod fence;
mod leader_file;
pub mod lock_tool;
pub mod open_files;
pub mod people;
pub mod run;
#[cfg(feature = "ui")]
pub mod ui;
pub mod wait;

pub mod telemetry;
mod trim;
