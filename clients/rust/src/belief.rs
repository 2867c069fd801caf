//! What may be believed, as a value: no thread, no connection, no clock of its own.
//!
//! Moments are durations since the origin of one clock that never goes back; `asked` is always the
//! moment *before* a question was sent, so whatever the way there and back took counts against the
//! belief.

use std::collections::VecDeque;
use std::time::Duration;

/// The largest fencing token that there can be.
pub(crate) const LARGEST_TOKEN: u64 = (1 << 53) - 1;

/// What became of a term, with its fencing token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It has begun.
    Elected(u64),
    /// It is over; what is under way may be finished until that moment, if there is one.
    Over(u64, Option<Duration>),
}

/// What `/v1/leader` says, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The fencing token of this candidate's term; 0 if it does not lead.
    pub token: u64,
    /// Who leads; empty if nobody is known to.
    pub name: String,
    /// For how long that holds.
    pub remaining: Duration,
}

/// Whether this process may act as the leader: from an answer, for `hold` at most.
#[derive(Debug, Default)]
pub struct Belief {
    hold: Duration,
    is_final: bool,
    /// What became of terms, in that order, until somebody takes it out.
    pub changes: VecDeque<Change>,
    /// The fencing token of the term that is believed in; 0: none.
    term: u64,
    /// When belief ends unless another answer comes; never without a term.
    pub(crate) until: Duration,
    asked: Duration,
    /// The terms up to this token are over, and do not come back.
    over: u64,
    name: String,
    name_until: Duration,
}

impl Belief {
    /// No belief yet. Where `is_final`, a term that was lost is let go of, and does not come back.
    pub fn new(hold: Duration, is_final: bool) -> Belief {
        Belief { hold, is_final, until: Duration::MAX, ..Belief::default() }
    }

    /// The fencing token of the term, if this process may act as its leader at `now`.
    pub fn leads(&self, now: Duration) -> Option<u64> {
        (self.term != 0 && now < self.until).then_some(self.term)
    }

    /// Who leads; empty if nobody is known to.
    pub fn leader(&self, now: Duration) -> &str {
        if now < self.name_until { &self.name } else { "" }
    }

    /// An answer to a question that was sent after `asked` came at `now`.
    pub fn answered(&mut self, asked: Duration, now: Duration, answer: Answer) {
        let Answer { token, name, remaining } = answer;
        self.expired(now);
        (self.name, self.name_until) = (name, asked.saturating_add(remaining));
        if token == 0 {
            self.end(now);
        }
        if token <= self.over {
            return; // nothing counts that is said of no term, or of one that is over
        }
        if token != self.term {
            self.end(now);
        }
        self.over = token - 1;
        let until = asked + remaining.min(self.hold);
        if self.term != 0 {
            // Questions are asked one after the other, but an answer may be held for shorter.
            (self.until, self.asked) = (self.until.max(until), asked);
        } else if now < until {
            (self.term, self.until, self.asked) = (token, until, asked);
            self.changes.push_back(Change::Elected(token));
        }
    }

    /// Time has passed.
    pub fn expired(&mut self, now: Duration) {
        if now >= self.until {
            self.end(now);
        }
    }

    /// The term ends now, if there is one.
    pub fn end(&mut self, now: Duration) {
        let term = std::mem::take(&mut self.term);
        self.until = Duration::MAX;
        if term == 0 {
            return;
        }
        if self.is_final {
            self.over = term;
        }
        // The sidecar waits for `hold` after it last said that this candidate leads, which was not
        // before it was asked.
        let drained = Some(self.asked + self.hold).filter(|drained| now < *drained);
        self.changes.push_back(Change::Over(term, drained));
    }

    /// The application acts no more for the term with that token, nor for one before it.
    pub fn let_go(&mut self, token: u64, now: Duration) {
        self.over = self.over.max(token);
        if self.term <= token {
            self.end(now);
        }
    }
}
