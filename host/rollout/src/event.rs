//! What happens to a rollout.

use crate::fleet::{Fingerprint, Fleet};
use crate::job::JobId;
use crate::policy::{About, Publication};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The source has a publication; it replaces the one that is on its way.
    Found(Publication),
    /// The source has something that must not be loaded.
    Refused {
        /// Where it came from, for people.
        source: String,
        /// Why.
        refusal: Refusal,
    },
    /// The source gives nothing for now, in one line why; it goes on trying.
    Unavailable(String),
    /// A stage ended. One that was not asked for, or is given up, changes nothing.
    StageEnded {
        /// Which job.
        job: JobId,
        /// How.
        end: StageEnd,
    },
    /// The policy in shadow answered a question that the active one answered too.
    ShadowAnswered {
        /// The job that started the shadow.
        job: JobId,
        /// Its decision was another one.
        differs: bool,
        /// It would have resigned where the active policy did not.
        resigns: bool,
    },
    /// The policy in shadow cannot go on, such as after three failures in a row.
    ShadowFailed {
        /// The job that started the shadow.
        job: JobId,
        /// Why, in one line.
        why: String,
    },
    /// A policy took over.
    TookOver {
        /// The job that asked for it.
        job: JobId,
        /// Why it began with an empty memory although there was one.
        memory_lost: Option<String>,
        /// How long no question could be answered because of it, in microseconds.
        pause_micros: u64,
    },
    /// A policy could not take over, such as for want of a thread.
    NotTakenOver {
        /// The job that asked for it.
        job: JobId,
        /// Why, in one line.
        why: String,
    },
    /// The active policy failed as often as the operator allows, and more.
    Failed,
    /// A thread that asked the policy of this digest did not come back and was left behind.
    LeftBehind {
        /// `sha256:` and the hex digest.
        digest: String,
    },
    /// What is known of the other candidates now. Advice: it decides when a policy takes over, and
    /// nothing else.
    Fleet(Fleet),
    /// A person wants no candidate to wait with this policy for others, nor to be stopped by them.
    Skip(Fingerprint),
    /// The moment of the last [`Effect::WakeAt`](crate::Effect::WakeAt) has come.
    Woke,
}

/// How a stage ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StageEnd {
    /// The policy passed.
    Passed(Passed),
    /// The policy is refused.
    Refused(Refusal),
}

/// What came of a stage that was passed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Passed {
    /// It is compiled, and said what it is.
    Prepared(About),
    /// Nothing but that.
    Fit,
}

/// Why a policy does not take over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// The stage, one of a closed set of words for metrics, logs and `/v1/policy`.
    pub stage: &'static str,
    /// Why, in one line.
    pub why: String,
}

impl Refusal {
    /// The stage at which a policy waits for other candidates, and is refused because one of them
    /// refused it.
    pub const TURN: &'static str = "turn";

    /// All stages that refuse, in their order.
    pub const STAGES: [&str; 16] = [
        "read",
        "size",
        "digest",
        "signature",
        "known-bad",
        "parse",
        "imports",
        "exports",
        "compile",
        "describe",
        "settings",
        "migrate",
        "dry-run",
        "shadow",
        Refusal::TURN,
        "take-over",
    ];
}
