//! The embedded API server over the wire, seen by a plain HTTP client.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic is how a test fails, in its helpers too"
)]

mod support;

mod discovery;
mod verbs;
mod watches;

mod access;
mod faults;
mod limits;
mod outage;
