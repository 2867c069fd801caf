//! Taking over: asked for, awaited, done. One at a time.

use super::candidate::refused;
use super::{Known, Rollout};
use crate::effect::Effect;
use crate::event::Refusal;
use crate::fact::Fact;
use crate::job::JobId;
use crate::report::{self, Active, Trial};
use hotseat_core::time::Moment;

/// A policy that is about to be active.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct TakeOver {
    job: JobId,
    pub(super) known: Known,
    /// It replaces one that failed.
    pub(super) restored: bool,
    /// How it is shown while it is the newest.
    pub(super) shown: report::Candidate,
}

impl Rollout {
    /// Only while no other one is awaited.
    pub(super) fn take_over(&mut self, known: Known, restored: bool) {
        if restored {
            self.migrate_again();
        }
        let shown = self.shown.clone().filter(|_| !restored).unwrap_or(report::Candidate {
            policy: Some(known.policy.clone()),
            about: Some(known.about.clone()),
            source: known.source.clone(),
            stage: "take-over",
            refusal: None,
            trial: Trial::default(),
        });
        let job = self.next_job();
        self.effects.push(Effect::TakeOver { job, policy: known.policy.clone() });
        self.takeover = Some(TakeOver { job, known, restored, shown });
    }

    pub(super) fn took_over(
        &mut self,
        now: Moment,
        job: JobId,
        memory_lost: Option<String>,
        pause_micros: u64,
    ) {
        let Some(takeover) = self.takeover.take_if(|awaited| awaited.job == job) else { return };
        let is_shown = self.is_shown(&takeover);
        let TakeOver { known: Known { policy, about, source }, restored, .. } = takeover;
        let active = Active {
            policy: policy.clone(),
            about: about.clone(),
            source: source.clone(),
            since: now,
            memory_lost: memory_lost.clone(),
            pause_micros,
            broken: false,
        };
        let before = self.active.replace(active);
        if self.line.target.as_ref().is_some_and(|target| target.policy == policy) {
            self.line.taken = before.is_some() && !restored;
            self.line.stopped = None;
            self.rejected = None;
        }
        self.remember_good(before);
        self.swaps += 1;
        self.restored += u64::from(restored);
        if is_shown {
            self.show_end(None);
        }
        self.try_restoring_anew();
        self.tell(Fact::TookOver { policy, about, source, restored, memory_lost, pause_micros });
    }

    /// The active policy was good unless it failed, here or elsewhere, and is not the last good one any
    /// more once it is active again.
    fn remember_good(&mut self, before: Option<Active>) {
        let stopped = self.line.target.as_ref().filter(|_| self.line.stopped.is_some());
        let before = before.filter(|before| {
            let stopped = stopped.is_some_and(|target| target.policy == before.policy);
            self.memory.why(&before.policy).is_none() && !stopped
        });
        if let Some(Active { policy, about, source, .. }) = before {
            self.last_good = Some(Known { policy, about, source });
        }
        if let (Some(good), Some(active)) = (&self.last_good, &self.active)
            && good.policy == active.policy
        {
            self.last_good = None;
        }
    }

    pub(super) fn not_taken_over(&mut self, now: Moment, job: JobId, why: String) {
        let Some(takeover) = self.takeover.take_if(|awaited| awaited.job == job) else { return };
        let is_shown = self.is_shown(&takeover);
        let TakeOver { known: Known { policy, about, source }, restored, shown, .. } = takeover;
        self.tell(Fact::NotTakenOver { policy: policy.clone(), why: why.clone() });
        if restored {
            return self.not_restored(now, policy);
        }
        let refusal = Refusal { stage: "take-over", why };
        self.reject(&policy, refused(&refusal));
        if is_shown {
            self.show_end(Some(shown.refused(refusal.clone())));
        }
        self.tell(Fact::Refused { policy: Some(policy), about: Some(about), source, refusal });
    }

    /// Not if a newer publication was found since.
    fn is_shown(&self, takeover: &TakeOver) -> bool {
        !takeover.restored && self.shown.as_ref() == Some(&takeover.shown)
    }
}
