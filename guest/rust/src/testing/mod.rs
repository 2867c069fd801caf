//! Tests of policies without WebAssembly: a policy is a function, so plain `cargo test` does.
//!
//! [`Scene`] asks one question. [`Play`] lets a policy run over a lock in virtual time, with
//! rivals that come and go and writes that fail when the test says so. Both panic, as tests do, at
//! what a policy must never do; [`check`] says whether an answer keeps the contract's bounds.

mod bounds;
mod play;
mod scene;

pub use bounds::check;
pub use play::{Effect, Play, Step};
pub use scene::Scene;

use crate::Timing;

/// client-go's timing: lease 15 s, renew deadline 10 s, retry 2 s; a policy may choose a lease from
/// 1 s to 60 s.
pub const TIMING: Timing = Timing {
    lease_duration: 15_000,
    renew_deadline: 10_000,
    retry_period: 2_000,
    shortest_lease: 1_000,
    longest_lease: 60_000,
};
