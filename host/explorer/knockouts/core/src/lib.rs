//! The election core with a switch for each rule that keeps an invariant, for tests only: see
//! `build.rs`.
#![allow(
    unused,
    missing_docs,
    clippy::all,
    clippy::unwrap_used,
    reason = "it is the core's code, which is checked where it stands"
)]

include!(concat!(env!("OUT_DIR"), "/core/lib.rs"));
