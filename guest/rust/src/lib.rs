//! Write an election policy for Hotseat in Rust.
//!
//! A policy is a type that implements [`Policy`], exported once from a crate with
//! `crate-type = ["cdylib", "rlib"]`. The sidecar asks it what to do, with all that it may know in
//! the argument: there is no clock, no file and no network, and equal inputs must give equal
//! answers. The whole source of a small one, which keeps a pod that is being warmed up out of the
//! election:
//!
//! ```
//! use hotseat_policy::{Decision, Descriptor, Input, Policy, Refusal};
//!
//! struct WarmFirst;
//!
//! impl Policy for WarmFirst {
//!     fn describe() -> Descriptor {
//!         Descriptor::new("warm-first", "0.1.0", "campaigns once the application is warm")
//!     }
//!
//!     fn decide(input: Input) -> Result<Decision, Refusal> {
//!         let retry = input.timing.retry_period;
//!         let seen = &input.observation;
//!         Ok(if seen.is_stopping() {
//!             Decision::resign().because("stopping")
//!         } else if seen.leads() && seen.ms_to_renewal(&input.timing) == 0 {
//!             Decision::renew().wake_after(retry).because("renewal is due")
//!         } else if seen.leads() {
//!             Decision::wait_for(seen.ms_to_renewal(&input.timing))
//!         } else if seen.seat_is_free() && seen.flag("app.warm") == Some(true) {
//!             Decision::campaign().wake_after(retry).because("warm, and the seat is free")
//!         } else {
//!             Decision::wait_for(retry)
//!         })
//!     }
//! }
//!
//! hotseat_policy::export!(WarmFirst);
//!
//! // A policy is tested as what it is, a function:
//! use hotseat_policy::testing::Scene;
//! let cold = Scene::new().vacant().ask::<WarmFirst>().unwrap();
//! assert_eq!(cold, Decision::wait_for(2_000));
//! let warm = Scene::new().vacant().signal("app.warm", true).ask::<WarmFirst>().unwrap();
//! assert_eq!(warm.action, hotseat_policy::Action::Campaign);
//! ```
//!
//! A component gets an allocator that suits one short life: memory is taken and never given back.
//! A policy with an allocator of its own leaves the feature `arena` out.
//!
//! [`testing`] has the scenes of such tests, and a play in virtual time for tests of longer runs.
//! The types that come from the contract, `wit/policy.wit`, are described there field by field.

// The generated bindings and the allocator hold the only unsafe code.
#![deny(unsafe_code)]

#[cfg(all(target_arch = "wasm32", feature = "arena"))]
mod arena;
#[doc(hidden)]
pub mod bindings;
mod bounds;
mod decision;
mod observation;
mod panics;
mod policy;
#[cfg(feature = "settings")]
mod settings;
pub mod testing;
mod words;

#[doc(inline)]
pub use bindings::exports::hotseat::policy::policy::{
    Action, Attempts, Candidate, Claim, Decision, Descriptor, Input, Issue, Observation, OnFailure,
    Refusal, Seat, Severity, Signal, Timing, Transfer, Value, Verdict,
};
#[doc(hidden)]
pub use panics::hear_panics;
pub use policy::Policy;
#[cfg(feature = "settings")]
pub use settings::settings;
pub use words::{cause, outcome, source};
