//! What an elector reports to people.

use super::{LockError, Purpose};
use crate::lock::Token;
use crate::on_failure::{Decider, OnFailure};
use crate::policy::{Decision, Failure};
use std::time::Duration;

/// What happened, for logs, metrics and Events. Each transition of the elector has one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    /// A term began.
    BecameLeader {
        /// The fencing token.
        token: Token,
        /// How often the holder changed.
        transitions: u64,
        /// The policy's reason, or the guard's.
        reason: String,
    },
    /// Belief came back within the same term, after it had lapsed.
    ResumedTerm {
        /// The fencing token, a new one: the store may have been restored meanwhile.
        token: Token,
    },
    /// A renewal succeeded.
    Renewed,
    /// Belief ended.
    SteppedDown(StepDownReason),
    /// The seat was given up, so that another can take it at once.
    Released,
    /// A lock that had gone missing was put back, without a holder.
    Reserved,
    /// The seat could not be given up; it expires by itself.
    NotReleased(String),
    /// Somebody else is seen to lead; an empty name: nobody.
    LeaderChanged(String),
    /// A write failed.
    WriteFailed {
        /// What it was for.
        purpose: Purpose,
        /// How.
        error: LockError,
    },
    /// A read failed.
    ReadFailed(LockError),
    /// A write with an unknown outcome turned out to be there.
    FoundOwnWrite,
    /// The policy gave no usable decision; another is made in its place.
    PolicyFailed {
        /// Why.
        failure: Failure,
        /// How many in a row.
        in_a_row: u32,
        /// How many of the last hundred decisions.
        of_last_hundred: u32,
        /// What decides in its place.
        on_failure: OnFailure,
    },
    /// A decision was made.
    Decided {
        /// What it says.
        decision: Decision,
        /// Who made it.
        by: Decider,
    },
    /// The guard did not carry a decision out.
    Overruled {
        /// What was asked for.
        action: &'static str,
        /// Why not.
        reason: String,
    },
    /// This leader goes, and waits until its successor is ready.
    HandingOver {
        /// Who shall follow.
        to: String,
        /// How long it waits at most.
        within: Duration,
    },
    /// It stays after all: nobody wants it to go any more.
    HandOverWithdrawn {
        /// Who should have followed.
        to: String,
    },
    /// This leader does not carry a transfer out that somebody asked for.
    TransferRefused {
        /// Who should lead.
        to: String,
        /// Who asked.
        by: String,
        /// Why not.
        reason: String,
    },
    /// Another live process uses this candidate's name.
    IdentityConflict(String),
    /// The process of the candidate of that name, which held the seat, is proved to have ended, so
    /// that the seat is free before its lease is over.
    HolderDied {
        /// The name in the lock.
        holder: String,
        /// The seat is free this long from now: the time in which the application may still act.
        free_in: Duration,
    },
}

/// Why belief ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StepDownReason {
    /// No renewal succeeded before the renew deadline.
    Lapsed,
    /// The lock no longer is as this process wrote it; the name that is there now, if any.
    Lost(Option<String>),
    /// The policy resigned.
    Resigned(String),
    /// Somebody asked for another leader: who, and for whom.
    Transferred(String),
    /// The process stops.
    Stopped,
}

impl StepDownReason {
    /// The word for logs and metrics.
    pub fn as_str(&self) -> &'static str {
        match self {
            StepDownReason::Lapsed => "lapsed",
            StepDownReason::Lost(_) => "lost",
            StepDownReason::Resigned(_) => "resigned",
            StepDownReason::Transferred(_) => "transferred",
            StepDownReason::Stopped => "stopped",
        }
    }
}
