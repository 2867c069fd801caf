//! What will happen in a world.

use hotseat_core::electors::Which;
use hotseat_core::event::{Event, Write};
use hotseat_core::lock::Lock;
use hotseat_core::time::Moment;
use hotseat_rollout::{self as rollout, JobId, Policy};
use std::time::Duration;

/// Something that will happen.
pub(super) enum Scheduled {
    Tell(usize, u64, Which, Event),
    Wake(usize, u64, Moment),
    /// With the store that it goes to: another process of the candidate may have another lock.
    Write(usize, u64, (Which, Which), Write, Option<Duration>),
    /// The same write once more.
    Again(usize, u64, (Which, Which), Write, Option<Duration>),
    Read(usize, u64, Which, Moment, Option<Duration>),
    ReadTimeout(usize, u64, Which, Moment),
    Relist(usize, u64, Which),
    /// With the stream that tells it.
    Watch(usize, u64, Which, Lock),
    /// To a rollout, or what carries its effects out.
    Policies(usize, u64, Box<PolicyStep>),
}

/// What happens next around a candidate's policies.
pub(super) enum PolicyStep {
    /// The rollout gets this; and then the elector, if a policy took over.
    Tell(rollout::Event, Option<Box<Event>>),
    /// The rollout wanted to be woken then.
    Wake(Moment),
    /// The engine lets this policy take over.
    TakeOver(JobId, Policy),
    /// The source looks what there is, for the time that the number says.
    Look(u64),
    /// It looks at the roster, and publishes itself.
    Roster,
}
