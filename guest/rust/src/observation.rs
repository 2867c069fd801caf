//! Questions that policies often ask of what they see.

use crate::{Candidate, Claim, Observation, Seat, Signal, Timing, Value, cause, source};

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
        self.is_asked_for(cause::STOPPING)
    }

    /// Is this word one of the causes of the question? [`cause`] has those of this contract.
    pub fn is_asked_for(&self, cause: &str) -> bool {
        self.causes.iter().any(|word| word == cause)
    }

    /// Until the next renewal at the operator's pace, in milliseconds; 0: now. It counts from the
    /// last successful write, so that a question for another reason does not put it off.
    pub fn ms_to_renewal(&self, timing: &Timing) -> u64 {
        let since = self.attempts.since_success.unwrap_or(u64::MAX);
        timing.retry_period.saturating_sub(since)
    }

    /// The signal of that key, whoever says so; of several sources the one that is to be trusted
    /// most, so that an application cannot speak for its node.
    pub fn signal(&self, key: &str) -> Option<&Signal> {
        find(&self.signals, key)
    }

    /// What the signal of that key says, if it is a text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.signal(key)?.text()
    }

    /// The signal of that key from that source; [`source`] has those of this contract.
    pub fn signal_from(&self, source: &str, key: &str) -> Option<&Signal> {
        self.signals.iter().find(|signal| signal.source == source && signal.key == key)
    }

    /// What the signal of that key says, if it is a number, with a fraction or whole.
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
    /// What an application reports just now.
    pub fn new(key: impl Into<String>, value: impl Into<Value>) -> Signal {
        Signal {
            key: key.into(),
            source: source::APPLICATION.into(),
            value: value.into(),
            age: 0,
            unchanged_for: 0,
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }

    /// The number, if it is one. A whole number of more than 53 bits is rounded.
    #[allow(clippy::cast_precision_loss, reason = "whoever wants all bits asks for the integer")]
    pub fn number(&self) -> Option<f64> {
        match self.value {
            Value::Number(number) => Some(number),
            Value::Integer(number) => Some(number as f64),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    pub fn integer(&self) -> Option<i64> {
        if let Value::Integer(number) = self.value { Some(number) } else { None }
    }

    /// The flag, if it is one.
    pub fn flag(&self) -> Option<bool> {
        if let Value::Flag(flag) = self.value { Some(flag) } else { None }
    }

    /// The texts, if it is several.
    pub fn texts(&self) -> Option<&[String]> {
        if let Value::Texts(texts) = &self.value { Some(texts) } else { None }
    }

    /// The JSON, if it is some.
    pub fn json(&self) -> Option<&str> {
        if let Value::Json(json) = &self.value { Some(json) } else { None }
    }
}

impl Value {
    /// The bytes of its text, of all its texts and a separator after each, or of its JSON; 0 for
    /// what is no text.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Value::Text(text) | Value::Json(text) => text.len(),
            Value::Texts(texts) => texts.iter().map(|text| text.len() + 1).sum(),
            Value::Integer(_) | Value::Number(_) | Value::Flag(_) => 0,
        }
    }
}

fn find<'a>(signals: &'a [Signal], key: &str) -> Option<&'a Signal> {
    signals.iter().find(|signal| signal.key == key)
}
