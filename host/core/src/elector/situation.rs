//! Where an elector stands between two events, in a few words.

use super::{Elector, OperationKind};
use crate::event::Purpose;

/// Where a candidate stands and what it waits for. An event that may come at any time, such as a
/// swap of the policy, has to be harmless in each of these situations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Situation {
    /// Where the candidate stands.
    pub phase: Phase,
    /// The operation on the lock that is under way.
    pub operation: Underway,
    /// A question to the policy is open.
    pub asking: bool,
    /// It is not known whether a write of this candidate landed.
    pub unsure: bool,
}

/// Where a candidate stands in the election.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The lock has not been read yet.
    Learning,
    /// Another leads, or nobody does.
    Standby,
    /// This candidate leads.
    Leading,
    /// It has stopped believing, and gives the seat up.
    SteppingDown,
    /// Nothing will be done any more.
    Finished,
}

/// An operation on the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Underway {
    /// None.
    Nothing,
    /// A read is not answered yet.
    Read,
    /// A write is not answered yet.
    Write(Purpose),
}

impl Elector {
    /// Where this candidate stands, as of the last event.
    pub fn situation(&self) -> Situation {
        let phase = match () {
            () if self.finished => Phase::Finished,
            () if self.retirement.is_some() => Phase::SteppingDown,
            () if self.claim.believed().is_some() => Phase::Leading,
            () if self.seat.lock().is_none() => Phase::Learning,
            () => Phase::Standby,
        };
        let operation = match self.operation.map(|operation| operation.kind) {
            None => Underway::Nothing,
            Some(OperationKind::Read) => Underway::Read,
            Some(OperationKind::Write { purpose, .. }) => Underway::Write(purpose),
        };
        let writing = matches!(operation, Underway::Write(_));
        Situation {
            phase,
            operation,
            asking: self.consultation.is_asking(),
            unsure: self.claim.has_unconfirmed() && !writing,
        }
    }
}
