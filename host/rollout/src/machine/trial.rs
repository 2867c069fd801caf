//! The trial: a candidate decides beside the active policy, and nothing that it says is done.

use super::Rollout;
use crate::config::{Allowance, Gate, ShadowPeriod};
use crate::event::Refusal;
use crate::fact::Fact;
use crate::job::JobId;
use crate::report::Trial;
use hotseat_core::time::Moment;

/// A trial under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Shadow {
    pub(super) job: JobId,
    /// When its time is over, if it has one.
    pub(super) ends: Option<Moment>,
    /// How many decisions it has, if they are counted.
    decisions: Option<u32>,
    trial: Trial,
}

impl Shadow {
    pub(super) fn new(job: JobId, period: ShadowPeriod, now: Moment) -> Shadow {
        let (ends, decisions) = match period {
            ShadowPeriod::Decisions(decisions) => (None, Some(decisions.max(1))),
            ShadowPeriod::Time(time) => (Some(now + time), None),
        };
        Shadow { job, ends, decisions, trial: Trial::default() }
    }

    /// Whether it may take over, or why not; none while that is open.
    ///
    /// A trial by time does not end before its first decision: one in which nothing was asked shows
    /// nothing, and while nothing is asked no other policy is missed either. The first decision, a
    /// newer publication, or a failing active policy ends it.
    pub(super) fn verdict(&self, gate: &Gate, now: Moment) -> Option<Result<(), String>> {
        let Trial { decisions, differences, resignations } = self.trial;
        if resignations > 0 && !gate.may_resign {
            return Some(Err("would resign where the active policy does not".to_owned()));
        }
        let over = match (self.decisions, self.ends) {
            (Some(wanted), _) => decisions >= wanted,
            (None, Some(ends)) => now >= ends && decisions > 0,
            (None, None) => true,
        };
        let differed = format!("differed in {differences} of {decisions} decisions");
        match gate.differences {
            Allowance::Count(most) if differences > most => {
                Some(Err(format!("{differed}: at most {most} may")))
            }
            Allowance::Percent(most) if over && !within(differences, decisions, most) => {
                Some(Err(format!("{differed}: at most {most} % may")))
            }
            Allowance::Percent(most) => match self.decisions {
                // Were all that are left the same, it would still be too many.
                Some(wanted) if !within(differences, wanted, most) => {
                    Some(Err(format!("{differed}: at most {most} % of {wanted} may")))
                }
                _ => over.then_some(Ok(())),
            },
            Allowance::Count(_) => over.then_some(Ok(())),
        }
    }
}

fn within(differences: u32, decisions: u32, percent: u8) -> bool {
    u64::from(differences) * 100 <= u64::from(decisions) * u64::from(percent)
}

impl Rollout {
    pub(super) fn shadow_answered(&mut self, job: JobId, differs: bool, resigns: bool) {
        let Some(shadow) = self.candidate.as_mut().and_then(|candidate| candidate.shadow(job))
        else {
            return;
        };
        let trial = &mut shadow.trial;
        trial.decisions = trial.decisions.saturating_add(1);
        trial.differences += u32::from(differs);
        trial.resignations += u32::from(resigns);
        let trial = *trial;
        if let Some(shown) = &mut self.shown {
            shown.trial = trial;
        }
        self.tell(Fact::ShadowAnswered { differs });
    }

    pub(super) fn shadow_failed(&mut self, job: JobId, why: String) {
        if self.candidate.as_mut().is_some_and(|candidate| candidate.shadow(job).is_some()) {
            self.refuse(Refusal { stage: "shadow", why });
        }
    }
}
