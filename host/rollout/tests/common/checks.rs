//! What holds of a rollout whatever happens, after each step and at the end.

use super::{STANDARD, World, about};
use hotseat_rollout::{Effect, Event, Policy, Report};
use std::collections::BTreeSet;

impl World {
    /// What holds after each step.
    pub(super) fn check(&self, effects: &[Effect]) {
        let report = self.report();
        let active = report.active.as_ref().map(|active| &active.policy);
        assert_eq!(active, self.active.as_ref(), "only a takeover changes what is active");
        assert_eq!(report.swaps, self.swaps);
        assert!(report.restored <= report.swaps);
        assert_eq!(report.source_error, self.source_error);
        assert_eq!(report.left_behind, self.threads.values().map(|times| u64::from(*times)).sum());
        let bad = self.is_broken();
        assert_eq!(report.active.as_ref().is_some_and(|active| active.broken), bad);
        assert_eq!(self.broken_said, bad, "a broken policy is reported: {effects:?}");
        assert!(report.last_good.as_ref().is_none_or(|good| !self.is_bad(good)));
        assert!(report.last_good.is_none() || report.last_good != self.active);
        if bad && report.last_good.is_some() && !self.not_restored {
            assert!(self.takeover.is_some(), "the last good one takes over at once");
        }
        if bad && (report.last_good.is_some() || self.standard_may_follow()) {
            let waits = self.wake.is_some_and(|wake| wake > self.now);
            let busy = self.takeover.is_some() || self.run.is_some();
            assert!(busy || waits, "what fails is replaced, now or after a while: {report:?}");
        }
        let shown = report.candidate.as_ref().filter(|shown| shown.refusal.is_none());
        let shown = shown.and_then(|shown| shown.policy.as_ref());
        let awaited = self.takeover.as_ref().map(|takeover| &takeover.1);
        let busy = self.run.is_some() || self.shadow.is_some() || awaited.is_some();
        let waits = self.waits() && self.wake.is_some_and(|wake| wake > self.now);
        assert!(shown.is_none() || busy || waits, "{shown:?} has a way on");
        if self.goes_back && !bad {
            let again = self.wake.is_some_and(|wake| wake > self.now);
            assert!(awaited.is_some() || again, "the one before comes back: {report:?}");
        }
        if self.open {
            assert!(shown == self.wanted.as_ref(), "{:?} is shown on its way", self.wanted);
        }
        self.check_kept(&report, shown);
    }

    fn check_kept(&self, report: &Report, shown: Option<&Policy>) {
        let jobs = [&self.shadow, &self.takeover].into_iter().flatten().map(|job| &job.1);
        let used: BTreeSet<&String> = jobs
            .chain(self.run.as_ref().map(|run| &run.2))
            .chain([&self.active, &self.wanted, &report.last_good].into_iter().flatten())
            .chain(shown)
            .map(|policy| &policy.digest)
            .collect();
        for digest in &used {
            assert!(self.kept.contains(*digest), "{digest} is forgotten and used: {report:?}");
        }
        let standby = self.standard_may_follow().then_some(STANDARD);
        for digest in &self.kept {
            let needed = used.contains(digest) || standby == Some(digest);
            assert!(needed, "{digest} is kept for nothing");
        }
    }

    pub(super) fn standard_may_follow(&self) -> bool {
        !self.is_bad(&self.config.standard)
            && self.active.as_ref().is_some_and(|active| {
                about(active).standard_may_follow && active.digest != STANDARD
            })
    }

    /// From here there is a way on: what is wanted is active or refused, and what fails is replaced
    /// if anything may replace it.
    pub fn check_progress(mut self) {
        self.settle();
        assert!(!self.open, "{:?} became active, or was refused", self.wanted);
        let report = self.report();
        let candidate = report.candidate.as_ref();
        assert!(candidate.is_none_or(|shown| shown.refusal.is_some()), "it ended: {candidate:?}");
        let Some(active) = self.active.clone() else { return };
        if !self.is_bad(&active) {
            let next = report.last_good.clone();
            self.event(Event::Failed);
            if next.is_some() {
                assert_eq!(self.takeover.as_ref().map(|takeover| &takeover.1), next.as_ref());
            } else if self.standard_may_follow() && !self.no_fallback {
                assert_eq!(self.takeover.as_ref().map(|it| &it.1), Some(&self.config.standard));
            }
            self.settle();
        }
        // Whatever could not be restored before was tried again after a while.
        if self.is_broken() {
            assert!(self.report().last_good.is_none(), "a good one would be active");
            assert!(!self.standard_may_follow(), "the standard one would be");
        }
    }
}
