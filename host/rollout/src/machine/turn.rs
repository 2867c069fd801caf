//! Waiting for other candidates, and going back with them.

use super::line::{Objector, Turn};
use super::{Known, Rollout};
use crate::event::Refusal;
use crate::fact::Fact;
use crate::fleet::Fingerprint;
use crate::policy::Policy;
use crate::report::{self, Rejected};
use hotseat_core::time::Moment;

/// What a person may do about an objection.
const REMEDY: &str = "publish another one, or have this one skip the others";

impl Rollout {
    /// Takes in how far the others are.
    pub(super) fn look_at_line(&mut self, now: Moment) {
        let Some(turns) = self.config.turns.clone() else { return };
        let runs = self.line.target.as_ref().is_some_and(|target| self.is_settled(&target.policy));
        self.line.look(&turns, now, runs);
    }

    /// Whether a candidate that passed all checks takes over now.
    pub(super) fn turn(&self, now: Moment) -> Turn {
        match &self.config.turns {
            // The first policy, and one that follows a failing one, are needed at once.
            Some(turns) if self.active.is_some() && !self.is_broken() => self.line.turn(turns, now),
            _ => Turn::Now,
        }
    }

    /// The refusal of a policy because another candidate refused it or fell back from it.
    pub(super) fn stopped_by(Objector { name, why }: &Objector) -> Refusal {
        Refusal { stage: Refusal::TURN, why: format!("{name} {why}: {REMEDY}") }
    }

    /// A person wants nobody to wait with that policy, and nobody to be stopped.
    pub(super) fn skip(&mut self, now: Moment, what: Fingerprint) {
        self.line.skip(what);
        // Whatever was stopped is no candidate any more.
        let again = self.line.target.clone();
        let again = again.filter(|_| self.line.is_skipped() && self.line.stopped.is_some());
        if let Some(publication) = again {
            self.offer(now, publication);
        }
    }

    /// Goes back to the policy before if another candidate fell back from the active one, or refused it,
    /// while it was still on its way through the election. So all come to run the same again, and a
    /// policy that fails only in who leads is not met by one leader after the other.
    pub(super) fn go_back(&mut self) {
        let Some(good) = self.may_go_back() else { return };
        // Once it was said it is done, be it at a second attempt.
        if self.line.stopped.is_none() {
            let Some(objector) = self.line.objector() else { return };
            self.tell_going_back(Rollout::stopped_by(&objector));
            self.line.stopped = Some(objector.name);
        }
        self.take_over(good, true);
    }

    fn may_go_back(&self) -> Option<Known> {
        let line = &self.line;
        let under_way = line.stopped.is_some() || !line.is_settled();
        let target = line.target.as_ref().filter(|_| line.taken && under_way)?;
        let runs = self.config.turns.is_some() && self.is_settled(&target.policy);
        let free = self.takeover.is_none() && self.candidate.is_none();
        let good = self.last_good.as_ref().filter(|_| runs && free)?;
        (!self.not_restored.contains(&good.policy)).then(|| good.clone())
    }

    fn tell_going_back(&mut self, refusal: Refusal) {
        let Some(active) = &self.active else { return };
        let (policy, about) = (Some(active.policy.clone()), Some(active.about.clone()));
        let source = active.source.clone();
        self.show_end(Some(report::Candidate {
            policy: policy.clone(),
            about: about.clone(),
            source: source.clone(),
            stage: refusal.stage,
            refusal: Some(refusal.clone()),
            trial: report::Trial::default(),
        }));
        self.tell(Fact::Refused { policy, about, source, refusal });
    }

    /// This candidate refused a policy by itself, or fell back from it: the others may want to know.
    pub(super) fn reject(&mut self, policy: &Policy, why: String) {
        if self.line.target.as_ref().is_some_and(|target| target.policy == *policy) {
            self.rejected = Some(Rejected { policy: policy.clone(), why });
        }
    }

    /// For whom a candidate waits whose turn it is not.
    pub(super) fn waits_for(&self, now: Moment) -> Vec<String> {
        let waits = self.candidate.as_ref().is_some_and(super::Candidate::waits_its_turn);
        let turns = self.config.turns.as_ref().filter(|_| waits);
        turns.map(|turns| self.line.waits_for(turns, now)).unwrap_or_default()
    }

    /// When the line is to be looked at again, if anything hangs on it.
    pub(super) fn line_wakes_at(&self, now: Moment) -> Option<Moment> {
        let turns = self.config.turns.as_ref()?;
        let waits = self.candidate.as_ref().is_some_and(super::Candidate::waits_its_turn);
        let watches = self.line.taken && !self.line.is_settled();
        (waits || watches).then(|| self.line.wakes_at(turns, now)).flatten()
    }
}
