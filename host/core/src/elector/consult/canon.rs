//! The canonical form of the dealings with a policy that may answer anything.

use super::{Consultation, Question};
use crate::canon::{NOW, pass};
use crate::entropy::Entropy;
use crate::event::AskId;
use crate::policy::Cause;
use crate::time::Moment;
use std::time::Duration;

impl Consultation {
    /// Time passes. What the policy sees and what it keeps for itself is forgotten: the search
    /// lets it answer everything at every question.
    pub(in crate::elector) fn pass(&mut self, passed: Duration, pause: Duration) {
        let Consultation {
            loaded: _,
            on_failure: _,
            settings: _,
            memory,
            rule_memory,
            causes,
            last,
            question,
            wake,
            failures,
            reason,
            entropy,
            asked,
            preemptions,
        } = self;
        memory.clear();
        rule_memory.clear();
        reason.clear();
        // All that comes of too many is that another policy is wanted, which answers everything as
        // well.
        failures.forget();
        *entropy = Entropy::new(0);
        preemptions.counted_at(NOW);
        *last = None;
        // Which of the others they are only the policy hears; that it is to be asked counts.
        *causes = match *causes {
            none if none.is_empty() => none,
            some if some.has(Cause::Stopping) => Cause::Stopping.into(),
            _ => Cause::Timer.into(),
        };
        // Asked again at once, or after the next tick: the search answers every question with the
        // soonest wake-up.
        pass(wake, passed, Duration::ZERO);
        if *wake > NOW && *wake != Moment::NEVER {
            *wake = NOW + pause;
        }
        *asked = u64::from(question.is_some());
        if let Some(Question { ask, input, deadline }) = question {
            *ask = AskId(1);
            pass(deadline, passed, Duration::ZERO);
            input.memory.clear();
            input.entropy = 0;
            input.observation.seat = None;
            input.observation.claim = None;
            input.observation.uptime = 0;
            input.observation.last_decision = None;
        }
    }
}
