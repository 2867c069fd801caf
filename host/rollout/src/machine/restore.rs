//! A policy that fails in force: the last good one takes over, or else the standard one, if the
//! failed one lets it (I12).

use super::{Known, Purpose, Rollout};
use crate::event::{Passed, StageEnd};
use crate::fact::Fact;
use crate::job::Stage;
use crate::policy::{About, Policy};
use hotseat_core::time::Moment;
use std::time::Duration;

/// Where the standard policy comes from, for people.
const STANDARD_SOURCE: &str = "builtin";
/// How long what could not take over from a policy that failed is left alone, at first and at most: the
/// election says only once that its policy fails, however long it goes on failing.
const RESTORE_AGAIN: Pause = Pause { first: secs(10), longest: secs(5 * 60) };
/// How long a standard policy that did not load is left alone while it is needed, at first and at most. A
/// compilation costs more than an attempt to take over.
const LOAD_AGAIN: Pause = Pause { first: secs(60), longest: secs(10 * 60) };

/// A pause between attempts that is twice as long after each that failed.
struct Pause {
    first: Duration,
    longest: Duration,
}

impl Pause {
    fn after(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1);
        self.first.saturating_mul(2_u32.saturating_pow(doublings)).min(self.longest)
    }
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The standard policy as the last resort.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fallback {
    /// Not prepared.
    Absent,
    /// It can take over.
    Ready(About),
    /// It does not load. Tried again when another policy has taken over, and at this moment if the
    /// active one fails.
    Refused(Moment),
}

/// What replaces the active policy.
struct Successor {
    policy: Policy,
    /// It can take over at once; none while it is still to be prepared.
    ready: Option<Known>,
}

impl Rollout {
    /// The active policy failed too often, and must not take over again as it is. One that is about
    /// to take over is not meant.
    pub(super) fn failed(&mut self) {
        let Some(active) = &self.active else { return };
        self.memory.remember_failed(&active.policy);
        self.forget_attempts();
    }

    pub(super) fn thread_left_behind(&mut self, digest: String) {
        self.left_behind += 1;
        let in_use = self.digests_in_use();
        let times = self.memory.count_thread(&digest, |known| in_use.contains(known));
        self.tell(Fact::LeftBehind { digest, times });
        self.forget_attempts();
    }

    /// The active policy must not take over again, whether or not that was said.
    fn active_is_bad(&self) -> bool {
        self.active.as_ref().is_some_and(|active| self.memory.why(&active.policy).is_some())
    }

    /// The active policy fails, and is still there.
    pub(super) fn is_broken(&self) -> bool {
        self.active.as_ref().is_some_and(|active| active.broken)
    }

    pub(super) fn drop_what_is_bad(&mut self) {
        let memory = &self.memory;
        self.last_good.take_if(|good| memory.why(&good.policy).is_some());
        if !self.needs_fallback() {
            self.fallback = Fallback::Absent;
        }
    }

    /// Lets another policy take over from one that failed. If one is about to take over anyway,
    /// this is left to it.
    pub(super) fn replace_broken(&mut self) {
        if !self.active_is_bad() {
            return;
        }
        let (next, ready) = match (&self.takeover, self.successor()) {
            (Some(takeover), _) => (Some(takeover.known.policy.clone()), None),
            (None, Some(Successor { policy, ready })) => (Some(policy), ready),
            (None, None) => (None, None),
        };
        self.tell_broken(next);
        if let Some(known) = ready {
            self.take_over(known, true);
        }
    }

    /// Said once of each policy in force, and not at each failure.
    fn tell_broken(&mut self, next: Option<Policy>) {
        if let Some(active) = self.active.as_mut().filter(|active| !active.broken) {
            active.broken = true;
            let (policy, about) = (active.policy.clone(), active.about.clone());
            self.reject(&policy, "saw it fail in force".to_owned());
            self.tell(Fact::Broken { policy, about, next });
        }
    }

    fn successor(&self) -> Option<Successor> {
        let may = |policy: &Policy| !self.not_restored.contains(policy);
        if let Some(good) = self.last_good.as_ref().filter(|good| may(&good.policy)) {
            return Some(Successor { policy: good.policy.clone(), ready: Some(good.clone()) });
        }
        let standard = &self.config.standard;
        if !self.needs_fallback() || !may(standard) {
            return None;
        }
        let ready = match &self.fallback {
            Fallback::Absent => None,
            Fallback::Refused(_) => return None,
            Fallback::Ready(about) => Some(Known {
                policy: standard.clone(),
                about: about.clone(),
                source: STANDARD_SOURCE.to_owned(),
            }),
        };
        Some(Successor { policy: standard.clone(), ready })
    }

    /// It could not take over, such as for want of a thread: the next one is tried, and after a while
    /// this one again.
    pub(super) fn not_restored(&mut self, now: Moment, policy: Policy) {
        if self.not_restored.is_empty() {
            self.restores_failed = self.restores_failed.saturating_add(1);
        }
        self.not_restored.push(policy);
        self.restores_at = Some(now + RESTORE_AGAIN.after(self.restores_failed));
    }

    /// A policy that fails stays in force no longer than it has to.
    pub(super) fn retry_restoring(&mut self, now: Moment) {
        if self.restores_at.is_some_and(|at| now >= at) {
            self.forget_attempts();
        }
        if self.fallback_at().is_some_and(|at| now >= at) {
            self.fallback = Fallback::Absent;
        }
    }

    /// When the standard policy is tried again, if it did not load and is needed now.
    pub(super) fn fallback_at(&self) -> Option<Moment> {
        match self.fallback {
            Fallback::Refused(again) if self.active_is_bad() => Some(again),
            Fallback::Absent | Fallback::Ready(_) | Fallback::Refused(_) => None,
        }
    }

    fn forget_attempts(&mut self) {
        self.not_restored.clear();
        self.restores_at = None;
    }

    /// Something else is in force now: what could not replace the policy before may replace this
    /// one.
    pub(super) fn try_restoring_anew(&mut self) {
        self.forget_attempts();
        (self.restores_failed, self.loads_failed) = (0, 0);
        if matches!(self.fallback, Fallback::Refused(_)) {
            self.fallback = Fallback::Absent;
        }
    }

    /// Whether the standard policy may replace the active one.
    fn needs_fallback(&self) -> bool {
        let standard = &self.config.standard;
        self.memory.why(standard).is_none()
            && self.active.as_ref().is_some_and(|active| {
                active.about.standard_may_follow && active.policy.digest != standard.digest
            })
    }

    /// Has the standard policy compiled before it is needed: when it is, there is no time for it.
    pub(super) fn prepare_fallback(&mut self) {
        let idle = self.job.is_none() && self.takeover.is_none();
        if idle && self.fallback == Fallback::Absent && self.needs_fallback() {
            self.run(Purpose::Fallback, Stage::Prepare, self.config.standard.clone());
        }
    }

    pub(super) fn fallback_ended(&mut self, now: Moment, end: StageEnd) {
        self.fallback = match end {
            StageEnd::Passed(Passed::Prepared(about)) => Fallback::Ready(about),
            StageEnd::Passed(Passed::Fit) => Fallback::Ready(About::default()),
            StageEnd::Refused(refusal) => {
                if self.needs_fallback() {
                    self.tell(Fact::NoFallback(refusal));
                }
                self.loads_failed = self.loads_failed.saturating_add(1);
                Fallback::Refused(now + LOAD_AGAIN.after(self.loads_failed))
            }
        };
    }
}
