//! What the rules say of writes to the lock: for how long one promises, and how far apart they are where
//! they fail.

use cel::Context;
use hotseat_policy::{Action, Decision, Input, Timing, outcome};

use crate::failure::Failure;
use crate::memory::Memory;
use crate::rules::Rules;

/// A leader pauses for this share of the time for which it leads on at most, so that it tries several
/// times before its claim ends, however long it may pause.
const SHARE_OF_CLAIM: u64 = 4;
/// What the guard says of a decision that it did not carry out.
const OVERRULED: &str = "overruled";

/// What becomes of a decision to write.
pub(crate) struct Writes {
    uptime: u64,
    timing: Timing,
    lease: Option<u64>,
    /// The last write failed, and this is the time from it to the next one.
    pause: Option<u64>,
}

impl Writes {
    /// What the rules say, where this candidate may write.
    pub(crate) fn of(rules: &Rules, input: &Input, context: &Context) -> Result<Writes, Failure> {
        let seen = &input.observation;
        let mut writes =
            Writes { uptime: seen.uptime, timing: input.timing, lease: None, pause: None };
        if seen.is_stopping() || !(seen.leads() || seen.seat_is_free()) {
            return Ok(writes);
        }
        writes.lease = rules.lease(context)?;
        // Who was too late for the seat has lost it to somebody, and the server is well.
        let failed = seen.attempts.failures > 0 && seen.attempts.last != outcome::CONFLICT;
        let verdict = seen.last_decision.as_ref().map(|last| last.outcome.as_str());
        // What the host did not send was no try.
        if failed && verdict != Some(OVERRULED) {
            let longest = rules.settings.longest_wait_ms;
            let longest = match seen.claim() {
                Some(claim) => longest.min(claim.valid_for / SHARE_OF_CLAIM),
                None => longest,
            };
            writes.pause = rules.pause(context)?.map(|ms| ms.min(longest));
        }
        Ok(writes)
    }

    /// A write is held back during the pause, as if nothing had been decided, and is for the lease.
    pub(crate) fn keep(self, decision: Decision, memory: &mut Memory, before: Memory) -> Decision {
        if !matches!(decision.action, Action::Campaign | Action::Renew) {
            return decision;
        }
        let next = match (self.pause, memory.tried_at) {
            (Some(pause), Some(tried_at)) => tried_at.saturating_add(pause),
            _ => 0,
        };
        let left = next.saturating_sub(self.uptime);
        if left > 0 {
            *memory = before;
            let reason = format!("pauses for {left} ms more after a write that failed");
            return Decision::wait_for(left).because(reason);
        }
        memory.tried_at = Some(self.uptime);
        match self.lease {
            Some(ms) => decision.lease(ms, &self.timing),
            None => decision,
        }
    }
}
