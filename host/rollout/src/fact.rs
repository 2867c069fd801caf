//! What is said of a rollout: once, for all who observe it.

use crate::event::Refusal;
use crate::policy::{About, Policy};

/// Something that happened to policies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fact {
    /// The source gives nothing for now: a reason that is new in this row of failures, or a reminder.
    SourceUnavailable {
        /// Why, in one line.
        why: String,
        /// How often in a row.
        times: u64,
    },
    /// The source works again, after people heard that it does not.
    SourceAvailable {
        /// How often it had failed in a row.
        failures: u64,
    },
    /// A publication becomes the candidate.
    CandidateFound {
        /// The policy.
        policy: Policy,
        /// Where it came from.
        source: String,
    },
    /// The candidate came to this stage: `compile`, `settings`, `migrate`, `dry-run`, `shadow`.
    StageBegan {
        /// The stage.
        stage: &'static str,
        /// The candidate.
        policy: Policy,
    },
    /// The candidate is compiled and said what it is.
    Prepared {
        /// The candidate.
        policy: Policy,
        /// What it says.
        about: About,
    },
    /// The candidate, or something that never became one, is refused; the active policy stays.
    Refused {
        /// The policy; none if its bytes were not even taken.
        policy: Option<Policy>,
        /// What it says of itself, if it was asked.
        about: Option<About>,
        /// Where it came from.
        source: String,
        /// The stage, and why.
        refusal: Refusal,
    },
    /// A newer publication came: this candidate is given up.
    GivenUp {
        /// The candidate.
        policy: Policy,
    },
    /// The candidate decided beside the active policy.
    ShadowAnswered {
        /// Whether it decided otherwise.
        differs: bool,
    },
    /// What was found is what is active already.
    Settled,
    /// A policy took over.
    TookOver {
        /// Which.
        policy: Policy,
        /// What it says of itself.
        about: About,
        /// Where it came from.
        source: String,
        /// It took over again, from one that failed.
        restored: bool,
        /// Why it began with an empty memory although there was one.
        memory_lost: Option<String>,
        /// How long no question could be answered because of it, in microseconds.
        pause_micros: u64,
    },
    /// The active policy failed too often.
    Broken {
        /// Which.
        policy: Policy,
        /// What it says of itself.
        about: About,
        /// What takes over; none: it stays, since nothing else may.
        next: Option<Policy>,
    },
    /// A thread that asked a policy was left behind.
    LeftBehind {
        /// Its digest.
        digest: String,
        /// How many threads it has cost.
        times: u32,
    },
    /// The standard policy does not load, so that there is no last resort.
    NoFallback(Refusal),
    /// A policy could not take over.
    NotTakenOver {
        /// Which.
        policy: Policy,
        /// Why.
        why: String,
    },
}
