//! What the source says.

use super::Rollout;
use super::candidate::Candidate;
use crate::event::Refusal;
use crate::fact::Fact;
use crate::policy::Publication;
use crate::report::{self, Trial};
use hotseat_core::time::Moment;

impl Rollout {
    /// The newest publication is the one that is wanted, whatever an earlier one is doing.
    pub(super) fn found(&mut self, now: Moment, publication: Publication) {
        self.source_available();
        self.refused_source = None;
        self.offer(now, publication);
    }

    /// A publication that is to come into force, found just now or offered again.
    pub(super) fn offer(&mut self, now: Moment, publication: Publication) {
        self.line.aim_at(now, &publication);
        self.line.stopped = None;
        self.rejected.take_if(|rejected| rejected.policy != publication.policy);
        let policy = &publication.policy;
        if self.candidate.as_ref().is_some_and(|candidate| candidate.is(policy)) {
            return;
        }
        self.wanted = Some(policy.digest.clone());
        self.kept.insert(policy.digest.clone());
        self.give_up();
        if let Some(coming) = self.takeover.as_ref().filter(|takeover| !takeover.restored)
            && coming.known.policy == *policy
        {
            // It is taking over already; one that came in between is not wanted any more.
            let shown = coming.shown.clone();
            self.shown = Some(shown);
            return;
        }
        if self.takeover.is_none() && self.is_settled(policy) {
            return self.settle();
        }
        self.tell(Fact::CandidateFound {
            policy: policy.clone(),
            source: publication.source.clone(),
        });
        self.shown = Some(report::Candidate {
            policy: Some(policy.clone()),
            about: None,
            source: publication.source.clone(),
            stage: "found",
            refusal: None,
            trial: Trial::default(),
        });
        self.candidate = Some(Candidate::new(publication));
    }

    /// The candidate goes on: it was found before, and nothing replaces it. The refusal is shown
    /// when it has ended.
    pub(super) fn source_refused(&mut self, source: String, refusal: Refusal) {
        self.source_available();
        let refused = report::Candidate {
            policy: None,
            about: None,
            source: source.clone(),
            stage: refusal.stage,
            refusal: Some(refusal.clone()),
            trial: Trial::default(),
        };
        let known = self.refused_source.as_ref() == Some(&refused)
            || self.refused_source.is_none() && self.shown.as_ref() == Some(&refused);
        if known {
            return;
        }
        self.tell(Fact::Refused { policy: None, about: None, source, refusal });
        if self.is_shown_on_its_way() {
            self.refused_source = Some(refused);
        } else {
            self.shown = Some(refused);
        }
    }

    /// People hear of it by the rule for all that fails again and again: one that comes and goes fills no
    /// log, and one that stays away is not forgotten. The report is exact at any moment.
    pub(super) fn source_unavailable(&mut self, now: Moment, why: String) {
        let since = self.source_error.as_ref().map_or(now, |(_, since)| *since);
        self.source_error = Some((why.clone(), since));
        if let Some(times) = self.source_failing.failed(now, &why) {
            self.tell(Fact::SourceUnavailable { why, times });
        }
    }

    fn source_available(&mut self) {
        self.source_error = None;
        if let Some(failures) = self.source_failing.worked() {
            self.tell(Fact::SourceAvailable { failures });
        }
    }

    fn is_shown_on_its_way(&self) -> bool {
        self.shown.as_ref().is_some_and(|shown| shown.refusal.is_none())
    }

    /// What is shown has ended, refused or not; what the source refused meanwhile is newer.
    pub(super) fn show_end(&mut self, refused: Option<report::Candidate>) {
        self.shown = self.refused_source.take().or(refused);
    }
}
