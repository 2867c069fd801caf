//! One election as a value, and the one loop that owns it.
//!
//! An [`Election`] is an elector, the rollout of its policy, and what connects them with the world:
//! a [`Lock`], a [`PolicySource`] and a [`PolicyEngine`], which are traits, so that this crate knows
//! neither Kubernetes nor WebAssembly. [`Election::run`] takes one thing after the other that
//! happens, hands it to the pure machines, and carries their effects out. What happened is said
//! once, as a [`Fact`], and every [`Observer`] makes of it what it likes: log lines, metrics,
//! Events, journal. What may be read while it runs is in its [`Status`].
//!
//! A process holds as many elections as it likes; they share nothing but the number of seats that it holds.
#![forbid(unsafe_code)]

mod election;
mod inbox;
mod name;
mod ways;

mod engine;
mod lock;
mod rights;
mod source;

mod application;
mod changes;
mod fact;
pub mod history;
mod kept;
mod report;
mod reporter;
pub mod roster;
mod seats;
mod status;

pub mod clock;
pub mod signals;

pub use application::Application;
pub use changes::{Change, Changes, KEPT};
pub use election::{Election, Ended, MakeEngine, Parts};
pub use engine::{AskRefused, EngineEvent, PolicyEngine};
pub use fact::{Decided, Fact, Facts, Observer, Occurrence, ShadowDiffered};
pub use hotseat_rollout::Recurring;
pub use inbox::Stopper;
pub use kept::{Kept, Numbered};
pub use lock::{Future, Lock};
pub use name::ElectionName;
pub use report::{LockReport, PolicyReport};
pub use rights::{MissingRights, Right, ServiceAccount};
pub use seats::Seats;
pub use source::{Component, PolicySource, Publication, Sourced};
pub use status::Status;
pub use ways::OuterLock;
