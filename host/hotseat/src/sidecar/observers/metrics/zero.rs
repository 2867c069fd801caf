//! Every series is there from the start: one that appears with its first event hides that event from
//! `rate()` and `increase()`, and an alert on it never fires.

use super::counters::{Counters, Of, of_answer};
use hotseat_core::event::{Purpose, StepDownReason};
use hotseat_core::on_failure::Decider;
use hotseat_core::policy::{FailureKind, Outcome};
use hotseat_election::ElectionName;
use hotseat_kubernetes::VERBS;
use hotseat_rollout::Refusal;

/// How a write may end. Whoever reads cannot conflict, and nothing is written by it.
const ENDS: [Outcome; 6] = [
    Outcome::Written,
    Outcome::Conflict,
    Outcome::Denied,
    Outcome::Throttled,
    Outcome::TimedOut,
    Outcome::Unreachable,
];

impl Counters {
    /// Begins all series of an election.
    pub(super) fn begin_at_zero(&self, election: &ElectionName) {
        let of = Of(election);
        of.set(&self.rights_missing, 0);
        let ends = [
            StepDownReason::Lapsed,
            StepDownReason::Lost(None),
            StepDownReason::Resigned(String::new()),
            StepDownReason::Transferred(String::new()),
            StepDownReason::Stopped,
        ];
        let words: [(_, _, Vec<&str>); 8] = [
            (&self.step_downs, "why", ends.iter().map(StepDownReason::as_str).collect()),
            (&self.failures, "kind", FailureKind::ALL.map(FailureKind::as_str).to_vec()),
            (&self.decisions, "by", Decider::ALL.map(Decider::as_str).to_vec()),
            (&self.swaps, "how", vec!["swapped", "restored"]),
            (&self.overruled, "action", vec!["campaign", "renew", "resign"]),
            (&self.stages_failed, "stage", Refusal::STAGES.to_vec()),
            (&self.reads_failed, "outcome", ENDS[2..].iter().map(|end| end.as_str()).collect()),
            (&self.api_requests, "verb", VERBS.to_vec()),
        ];
        for (family, key, words) in words {
            for word in words {
                let _ = family.get_or_create(&[of.label(), (key, word.to_owned())]);
            }
        }
        for purpose in Purpose::ALL {
            for how in ENDS {
                let _ = self.writes.get_or_create(&of.write_labels(purpose, how));
            }
        }
        for family in [
            &self.terms,
            &self.terms_resumed,
            &self.leader_changes,
            &self.writes_found,
            &self.renewals,
            &self.releases_failed,
            &self.identity_conflicts,
            &self.transfers_refused,
            &self.deaths,
            &self.shadow_decisions,
            &self.shadow_differences,
            &self.left_behind,
            &self.source_failures,
        ] {
            let _ = family.get_or_create(&[of.label()]);
        }
    }

    /// Begins a series for each answer of the pages.
    pub(super) fn begin_pages(&self, answers: impl Iterator<Item = (&'static str, u16)>) {
        for (path, code) in answers {
            let _ = self.http_requests.get_or_create(&of_answer(path, code));
        }
    }
}
