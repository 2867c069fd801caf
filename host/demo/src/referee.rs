//! Who led when, judged from the answers of all candidates: elections, gaps and overlaps.
//!
//! An answer was true at some moment between its question and its arrival. Two answers of one
//! candidate that name the same term prove that it led from the arrival of the first to the
//! question of the last. Only what is proven counts as an overlap, and a gap is never understated.

use hotseat_core::time::Moment;
use std::time::Duration;

/// What one candidate said of itself.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Which candidate, from 0.
    pub candidate: usize,
    /// When it was asked.
    pub before: Moment,
    /// When its answer had come.
    pub after: Moment,
    /// The fencing token of its term if it said that it leads; none if it said that it does not.
    pub leads: Option<u64>,
}

/// Why there was an election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The candidates were started.
    Start,
    /// The leader was killed.
    Killed,
    /// The leader was asked to leave.
    Released,
    /// The leader's application fell silent, so that its policy resigns in a while.
    Silenced,
    /// The leader lost its term and nobody had asked it to, as on a machine that is too busy.
    Lost,
}

/// An election that ended with a leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Election {
    /// Why it was held.
    pub cause: Cause,
    /// Who led before.
    pub before: Option<usize>,
    /// Who leads now.
    pub leader: usize,
    /// How long nobody led, at most: from the last question that the old leader answered with
    /// yes, or from its end if that was earlier, to the first such answer of the new one.
    pub gap: Duration,
}

/// An election that has no leader yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// Why it is held.
    pub cause: Cause,
    /// Who led before.
    pub before: Option<usize>,
    /// When the action was done.
    pub since: Moment,
}

/// The judge of a demonstration.
#[derive(Debug)]
pub struct Referee {
    open: Option<Open>,
    /// The term of the last leader.
    present: Option<Present>,
    elections: Vec<Election>,
    /// What each candidate is in the middle of, by candidate.
    current: Vec<Option<Span>>,
    /// Ended spans that a span still going on, or one not yet reported, could overlap.
    ended: Vec<Span>,
    /// The overlaps between ended spans.
    settled: Duration,
}

#[derive(Clone, Debug)]
struct Present {
    candidate: usize,
    token: u64,
    /// The question of its last answer.
    last: Moment,
}

/// Answers of one candidate that name one term, with no other answer between.
#[derive(Clone, Debug)]
struct Span {
    candidate: usize,
    token: u64,
    first: (Moment, Moment),
    last: (Moment, Moment),
}

/// Answers of different candidates arrive in order but for this: many times the time limit of a
/// question.
const LATEST: Duration = Duration::from_secs(60);

impl Referee {
    /// The judge of that many candidates, the first of which was started at `start`.
    pub fn new(candidates: usize, start: Moment) -> Referee {
        Referee {
            open: Some(Open { cause: Cause::Start, before: None, since: start }),
            present: None,
            elections: Vec::new(),
            current: vec![None; candidates],
            ended: Vec::new(),
            settled: Duration::ZERO,
        }
    }

    /// The leader is about to be killed, asked to leave or left by its application, at `at`.
    pub fn harm(&mut self, cause: Cause, at: Moment) {
        self.open = Some(Open { cause, before: self.leader(), since: at });
    }

    /// Takes an answer into account. Says so if it ends an election.
    pub fn read(&mut self, reading: &Reading) -> Option<Election> {
        let index = reading.candidate;
        let Some(token) = reading.leads else {
            self.end_span(index);
            return None;
        };
        let window = (reading.before, reading.after);
        let fresh = match self.current.get_mut(index)? {
            Some(span) if span.token == token => {
                span.last = window;
                false
            }
            _ => {
                self.end_span(index);
                self.current[index] =
                    Some(Span { candidate: index, token, first: window, last: window });
                true
            }
        };
        match &mut self.present {
            Some(term) if term.candidate == index && term.token == token => {
                term.last = reading.before;
                None
            }
            _ if fresh => Some(self.elect(reading, token)),
            // A term that goes on beside a newer one is an overlap, not another election.
            _ => None,
        }
    }

    /// The election under way, if there is one: after an action, or since the leader itself says that
    /// it does not lead any more.
    pub fn open(&self) -> Option<Open> {
        let lost = || {
            let term = self.present.as_ref()?;
            let goes_on = self.current[term.candidate].is_some();
            let before = Some(term.candidate);
            (!goes_on).then_some(Open { cause: Cause::Lost, before, since: term.last })
        };
        self.open.or_else(lost)
    }

    /// Who was the last to lead.
    pub fn leader(&self) -> Option<usize> {
        self.present.as_ref().map(|term| term.candidate)
    }

    /// The elections that ended with a leader.
    pub fn elections(&self) -> &[Election] {
        &self.elections
    }

    /// How long two candidates led at the same time, as far as their answers prove it; never zero
    /// if they did at all.
    pub fn overlap(&self) -> Duration {
        let current: Vec<&Span> = self.current.iter().flatten().collect();
        let mut total = self.settled;
        for (index, span) in current.iter().enumerate() {
            let others = current[..index].iter().copied().chain(&self.ended);
            total += others.map(|other| span.shared(other)).sum::<Duration>();
        }
        total
    }

    fn elect(&mut self, reading: &Reading, token: u64) -> Election {
        let last = self.present.as_ref().map(|term| term.last);
        let (cause, since) = match self.open.take() {
            // It led on for as long as its policy let it.
            Some(Open { cause: Cause::Silenced, since, .. }) => {
                (Cause::Silenced, last.unwrap_or(since))
            }
            Some(open) => (open.cause, last.map_or(open.since, |last| last.min(open.since))),
            None => (Cause::Lost, last.unwrap_or(reading.before)),
        };
        let election = Election {
            cause,
            before: self.leader(),
            leader: reading.candidate,
            gap: reading.after.since(since),
        };
        self.present = Some(Present { candidate: reading.candidate, token, last: reading.before });
        self.elections.push(election);
        election
    }

    fn end_span(&mut self, index: usize) {
        let Some(span) = self.current.get_mut(index).and_then(Option::take) else { return };
        let oldest = self.current.iter().flatten().map(|s| s.first.0).min();
        let horizon = oldest.unwrap_or(span.last.0).min(span.last.0) - LATEST;
        self.settled += self.ended.iter().map(|other| span.shared(other)).sum::<Duration>();
        self.ended.retain(|other| other.last.1 >= horizon);
        self.ended.push(span);
    }
}

impl Span {
    /// How long both led, as far as it is proven.
    fn shared(&self, other: &Span) -> Duration {
        if self.candidate == other.candidate {
            return Duration::ZERO;
        }
        let from = self.first.1.max(other.first.1);
        let to = self.last.0.min(other.last.0);
        if to > from {
            return to.since(from);
        }
        // A lone answer has no length of its own, but it may fall within the other's span.
        let within = self.encloses(other) || other.encloses(self);
        if within { Duration::from_nanos(1) } else { Duration::ZERO }
    }

    fn encloses(&self, other: &Span) -> bool {
        let proven = |w: (Moment, Moment)| self.first.1 <= w.0 && w.1 <= self.last.0;
        proven(other.first) || proven(other.last)
    }
}

#[cfg(test)]
mod tests;
