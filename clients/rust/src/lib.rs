//! Asks the Hotseat sidecar who leads. The answer expires by itself, by a clock of this machine, so that
//! a dead sidecar, a dead network or a process that stood still is no leader.
//!
//! ```no_run
//! let client = hotseat_client::Client::builder().on_lost(|token| println!("lost {token}")).start()?;
//! while let Some(token) = client.wait_leader(None) {
//!     while client.is_leader() {
//!         println!("one piece of work, with the fencing token {token}");
//!     }
//! }
//! # Ok::<(), hotseat_client::Error>(())
//! ```
//!
//! It depends on the standard library alone: threads ask and watch, and the futures of
//! [`Client::elected`] and [`Client::ended`] work in any executor.

#![forbid(unsafe_code)]

#[doc(hidden)]
pub mod belief;
mod builder;
mod client;
mod clock;
mod json;
pub mod testing;
mod wire;

pub use builder::Builder;
pub use client::Client;
pub use wire::Error;

/// Where a sidecar answers.
pub const DEFAULT_URL: &str = "http://127.0.0.1:4040";
