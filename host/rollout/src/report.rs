//! What may be said of a rollout at any moment.

use crate::event::Refusal;
use crate::policy::{About, Policy};
use hotseat_core::time::Moment;

/// All that is known of the policies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Report {
    /// The one that decides; none before the first took over.
    pub active: Option<Active>,
    /// The one that takes over again if the active one fails.
    pub last_good: Option<Policy>,
    /// The one on its way, or the last that was refused.
    pub candidate: Option<Candidate>,
    /// Why the source gives nothing for now.
    pub source_error: Option<String>,
    /// Since when it has given nothing.
    pub source_unavailable_since: Option<Moment>,
    /// Policies that took over, the first one included.
    pub swaps: u64,
    /// Those of them that took over again from one that failed.
    pub restored: u64,
    /// Threads that were left behind.
    pub left_behind: u64,
    /// At the stage `turn`: the candidates that have to run the policy well before this one takes it,
    /// the first of them. None may be known although it waits: the others are out of sight then.
    pub waits_for: Vec<String>,
    /// The candidate because of whose objection this one does not take the newest publication, or went
    /// back from it.
    pub stopped_by: Option<String>,
    /// The newest publication, if this candidate refused it by itself or fell back from it.
    pub rejected: Option<Rejected>,
}

/// A policy that this candidate does not run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rejected {
    /// Which.
    pub policy: Policy,
    /// What happened, in one line that begins with a verb.
    pub why: String,
}

/// A policy that decides.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Active {
    /// Which.
    pub policy: Policy,
    /// What it says of itself.
    pub about: About,
    /// Where it came from.
    pub source: String,
    /// When it took over.
    pub since: Moment,
    /// Why it began with an empty memory although there was one.
    pub memory_lost: Option<String>,
    /// How long no question could be answered because of it, in microseconds.
    pub pause_micros: u64,
    /// It failed too often, and is still there: nothing else may take over, or not yet.
    pub broken: bool,
}

/// A policy on its way, or one that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// Which; none if its bytes were not even taken.
    pub policy: Option<Policy>,
    /// What it says of itself, once it was asked.
    pub about: Option<About>,
    /// Where it came from.
    pub source: String,
    /// The stage that it is in: `found` while it waits for the first, `take-over` after the last.
    pub stage: &'static str,
    /// Why it was refused, and at which stage.
    pub refusal: Option<Refusal>,
    /// Its decisions beside the active policy.
    pub trial: Trial,
}

impl Candidate {
    /// The same, refused at the stage that the refusal names.
    pub(crate) fn refused(self, refusal: Refusal) -> Candidate {
        Candidate { stage: refusal.stage, refusal: Some(refusal), ..self }
    }
}

/// Decisions beside the active policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Trial {
    /// How many.
    pub decisions: u32,
    /// Those in which it differed from the active policy.
    pub differences: u32,
    /// Those in which it would have resigned where the active policy did not.
    pub resignations: u32,
}
