//! Elections in virtual time: many candidates, one lock, and everything that goes wrong between
//! them.
//!
//! A [`World`] runs the election core of the sidecar against a model of the API server's
//! compare-and-swap, with delays, losses, clocks that run at different rates, pauses, crashes and
//! hands that edit the lock. Checkers are always on: after each event at most one candidate may
//! believe that it leads. A seed decides everything, so a failure is a seed.
#![forbid(unsafe_code)]

mod chaos;
mod check;
mod dice;
mod engine;
mod member;
mod network;
mod oversight;
mod policies;
mod policy;
mod script;
mod store;
mod timing;
mod world;

pub use chaos::chaotic;
pub use check::Broken;
pub use dice::Dice;
pub use engine::{Component, Hazards};
pub use member::{Locks, Member};
pub use network::{Fate, Network};
pub use policy::Policy;
pub use script::transcript;
pub use store::Store;
pub use timing::random_timing;
pub use world::{Repeated, World};
