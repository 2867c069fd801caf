//! What a rollout wants done.

use crate::fact::Fact;
use crate::job::{JobId, Stage};
use crate::policy::Policy;
use hotseat_core::time::Moment;

/// Something to do, in the order in which it is given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Take this policy through that stage, and say [`Event::StageEnded`](crate::Event::StageEnded).
    /// One job runs at a time, beside a shadow.
    Run {
        /// The job's number.
        job: JobId,
        /// Which stage.
        stage: Stage,
        /// Which policy.
        policy: Policy,
    },
    /// Let this policy decide beside the active one, and say how
    /// ([`Event::ShadowAnswered`](crate::Event::ShadowAnswered)).
    StartShadow {
        /// The job's number.
        job: JobId,
        /// Which policy.
        policy: Policy,
    },
    /// End the shadow, which may have failed already: each start has one end.
    StopShadow,
    /// Let this policy take over between two decisions, and say when it has happened.
    TakeOver {
        /// The job's number.
        job: JobId,
        /// Which policy.
        policy: Policy,
    },
    /// Nothing needs this component any more: its bytes and its code may go.
    Forget {
        /// `sha256:` and the hex digest.
        digest: String,
    },
    /// Send [`Event::Woke`](crate::Event::Woke) then; replaces an earlier one.
    WakeAt(Moment),
    /// Something that people and programs may want to know.
    Tell(Fact),
}
