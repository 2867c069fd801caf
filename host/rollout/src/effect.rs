//! What a rollout wants done.

use crate::fact::Fact;
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

/// The number of a job, never used twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// What a policy goes through before it decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Parse, imports, exports, compile and describe.
    Prepare,
    /// Does it accept its settings?
    Settings,
    /// Can it take up the active policy's memory?
    Migrate,
    /// Does it decide on the last question?
    DryRun,
}

impl Stage {
    /// The stage in facts and reports, while it is under way.
    pub const fn word(self) -> &'static str {
        match self {
            Stage::Prepare => "compile",
            Stage::Settings => "settings",
            Stage::Migrate => "migrate",
            Stage::DryRun => "dry-run",
        }
    }
}
