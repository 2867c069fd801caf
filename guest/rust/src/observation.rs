//! Questions that policies often ask of what they see.

use crate::{Candidate, Cause, Claim, Observation, Seat, Signal, Timing, Value};

impl Observation {
    /// Does this candidate lead?
    pub fn leads(&self) -> bool {
        self.claim.is_some()
    }

    /// The claim, while this candidate leads.
    pub fn claim(&self) -> Option<&Claim> {
        self.claim.as_ref()
    }

    /// The lock, once it has been read.
    pub fn seat(&self) -> Option<&Seat> {
        self.seat.as_ref()
    }

    /// Would the host let this candidate take the seat now?
    pub fn seat_is_free(&self) -> bool {
        self.seat.as_ref().is_some_and(|seat| seat.free_in == 0)
    }

    /// Milliseconds since the lock's content was first observed here; 0 before it was read.
    pub fn seat_age(&self) -> u64 {
        self.seat.as_ref().map_or(0, |seat| seat.age)
    }

    /// Was the process asked to stop? Only a successor named by the answer counts then.
    pub fn is_stopping(&self) -> bool {
        self.cause == Cause::Stopping
    }

    /// Until the next renewal at the operator's pace, in milliseconds; 0: now. It counts from the
    /// last successful write, so that a question for another reason does not put it off.
    pub fn ms_to_renewal(&self, timing: &Timing) -> u64 {
        let since = self.attempts.since_success.unwrap_or(u64::MAX);
        timing.retry_period.saturating_sub(since)
    }

    /// The signal of that key.
    pub fn signal(&self, key: &str) -> Option<&Signal> {
        find(&self.signals, key)
    }

    /// What the signal of that key says, if it is a text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.signal(key)?.text()
    }

    /// What the signal of that key says, if it is a number.
    pub fn number(&self, key: &str) -> Option<f64> {
        self.signal(key)?.number()
    }

    /// What the signal of that key says, if it is a flag.
    pub fn flag(&self, key: &str) -> Option<bool> {
        self.signal(key)?.flag()
    }

    /// The candidate of that identity on the roster, if its publication changed within the last
    /// `fresh` milliseconds. The roster is empty unless the descriptor asks for it.
    pub fn candidate(&self, identity: &str, fresh: u64) -> Option<&Candidate> {
        self.roster
            .iter()
            .find(|candidate| candidate.identity == identity && candidate.age <= fresh)
    }
}

impl Candidate {
    /// The signal of that key which the candidate published.
    pub fn signal(&self, key: &str) -> Option<&Signal> {
        find(&self.signals, key)
    }
}

impl Signal {
    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Number(_) | Value::Flag(_) => None,
        }
    }

    /// The number, if it is one.
    pub fn number(&self) -> Option<f64> {
        match self.value {
            Value::Number(number) => Some(number),
            Value::Text(_) | Value::Flag(_) => None,
        }
    }

    /// The flag, if it is one.
    pub fn flag(&self) -> Option<bool> {
        match self.value {
            Value::Flag(flag) => Some(flag),
            Value::Text(_) | Value::Number(_) => None,
        }
    }
}

fn find<'a>(signals: &'a [Signal], key: &str) -> Option<&'a Signal> {
    signals.iter().find(|signal| signal.key == key)
}
