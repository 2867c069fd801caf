//! Every reachable state of an election, within a budget of faults.
//!
//! The simulator lives through elections that chance makes up; this crate goes through all of them.
//! The real core (two or three copies of it) stands before a model of the API server's store and of
//! the network, and before hands that edit the lock in every way. At each point all that may happen
//! next is tried, breadth first, and each state that was not met before is checked against the
//! [`property`]s. A search ends when it meets no new state: what it did not find cannot happen in
//! that model. Or it ends at its limit, and says how deep it got.
//!
//! - [`setting`]: what is explored: how many candidates, which timing, which faults how often.
//! - [`store`]: the Lease, the compare-and-swap, what a watch may still tell.
//! - [`hands`]: the edits.
//! - [`world`] and [`steps`]: the candidates and the network, and what may happen next.
//! - [`outset`]: where it begins.
//! - [`canon`] and [`names`]: which states are the same, and why they may be.
//! - [`property`] and [`finding`]: what must hold in each state, and what was found in one.
//! - [`search`]: the queue, and the way back from a broken state to the beginning.
//! - [`catalogue`] and [`explore`]: lists of settings, and what came of them.
//! - [`liveness`]: from each state, once faults end, somebody leads within a bound.
//! - [`transcript`]: a way through states as text for people.
#![forbid(unsafe_code)]

pub mod canon;
pub mod catalogue;
pub mod cell;
pub mod explore;
pub mod finding;
pub mod hands;
pub mod liveness;
pub mod names;
pub mod outset;
pub mod property;
pub mod search;
pub mod setting;
pub mod steps;
pub mod store;
pub mod transcript;
pub mod world;
