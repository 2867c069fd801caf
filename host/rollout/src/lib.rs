//! How an election policy comes into force: found, taken through the stages, tried beside the
//! active one, active, refused, replaced by the last good one.
//!
//! [`Rollout::step`] takes one [`Event`] at a moment and gives the [`Effect`]s to carry out, in
//! their order. Nothing here reads a clock, starts a thread or knows WebAssembly: a policy is its
//! digest, and whoever carries the effects out keeps bytes and compiled code under that digest
//! until [`Effect::Forget`]. All that is known of candidate, active, last good and refused policies
//! is in the machine, and [`Rollout::report`] shows it.
#![forbid(unsafe_code)]

mod config;
mod effect;
mod event;
mod fact;
mod fleet;
mod job;
mod machine;
mod policy;
mod recurring;
mod report;

pub use config::{Allowance, Config, Gate, ShadowPeriod, Turns};
pub use effect::Effect;
pub use event::{Event, Passed, Refusal, StageEnd};
pub use fact::Fact;
pub use fleet::{Fingerprint, Fleet, Objection, Peer};
pub use job::{JobId, Stage};
pub use machine::Rollout;
pub use policy::{About, Need, Policy, Publication};
pub use recurring::Recurring;
pub use report::{Active, Candidate, Rejected, Report, Trial};
