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
    pub leads: Option<String>,
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
    /// yes, or from the deed if that was earlier, to the first such answer of the new one.
    pub gap: Duration,
}

/// An election that has no leader yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// Why it is held.
    pub cause: Cause,
    /// Who led before.
    pub before: Option<usize>,
    /// When the deed was done.
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
    token: String,
    /// The question of its last answer.
    last: Moment,
}

/// Answers of one candidate that name one term, with no other answer between.
#[derive(Clone, Debug)]
struct Span {
    candidate: usize,
    token: String,
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

    /// The leader is about to be killed or asked to leave, at `at`.
    pub fn harm(&mut self, cause: Cause, at: Moment) {
        self.open = Some(Open { cause, before: self.leader(), since: at });
    }

    /// Takes an answer into account. Says so if it ends an election.
    pub fn read(&mut self, reading: &Reading) -> Option<Election> {
        let index = reading.candidate;
        let Some(token) = &reading.leads else {
            self.end_span(index);
            return None;
        };
        let window = (reading.before, reading.after);
        let fresh = match self.current.get_mut(index)? {
            Some(span) if span.token == *token => {
                span.last = window;
                false
            }
            _ => {
                self.end_span(index);
                let token = token.clone();
                self.current[index] =
                    Some(Span { candidate: index, token, first: window, last: window });
                true
            }
        };
        match &mut self.present {
            Some(term) if term.candidate == index && term.token == *token => {
                term.last = reading.before;
                None
            }
            _ if fresh => Some(self.elect(reading, token)),
            // A term that goes on beside a newer one is an overlap, not another election.
            _ => None,
        }
    }

    /// The election under way, if there is one: after a deed, or since the leader itself says that
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

    fn elect(&mut self, reading: &Reading, token: &str) -> Election {
        let last = self.present.as_ref().map(|term| term.last);
        let (cause, since) = match self.open.take() {
            Some(open) => (open.cause, last.map_or(open.since, |last| last.min(open.since))),
            None => (Cause::Lost, last.unwrap_or(reading.before)),
        };
        let election = Election {
            cause,
            before: self.leader(),
            leader: reading.candidate,
            gap: reading.after.since(since),
        };
        self.present = Some(Present {
            candidate: reading.candidate,
            token: token.to_owned(),
            last: reading.before,
        });
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
mod tests {
    use super::*;

    const ANNA: usize = 0;
    const BEN: usize = 1;

    /// An answer between two milliseconds; a term is named by its number.
    fn answer(candidate: usize, before: u64, after: u64, term: Option<u64>) -> Reading {
        Reading {
            candidate,
            before: Moment::from_millis(before),
            after: Moment::from_millis(after),
            leads: term.map(|number| number.to_string()),
        }
    }

    fn judge(readings: &[Reading]) -> Referee {
        let mut referee = Referee::new(3, Moment::ZERO);
        for reading in readings {
            referee.read(reading);
        }
        referee
    }

    fn millis(length: u64) -> Duration {
        Duration::from_millis(length)
    }

    #[test]
    fn the_first_gap_counts_from_the_start() {
        let referee = judge(&[answer(ANNA, 10, 11, None), answer(BEN, 200, 203, Some(7))]);
        let first = Election { cause: Cause::Start, before: None, leader: BEN, gap: millis(203) };
        assert_eq!(referee.elections(), [first]);
        assert_eq!(referee.open(), None);
    }

    #[test]
    fn a_death_counts_from_the_last_answer_and_a_departure_from_the_signal() {
        let mut referee = judge(&[answer(ANNA, 10, 11, Some(1)), answer(ANNA, 20, 21, Some(1))]);
        referee.harm(Cause::Killed, Moment::from_millis(28));
        let open =
            Open { cause: Cause::Killed, before: Some(ANNA), since: Moment::from_millis(28) };
        assert_eq!(referee.open(), Some(open));
        let found = referee.read(&answer(BEN, 4025, 4030, Some(2))).unwrap();
        assert_eq!(found.gap, millis(4010));
        assert_eq!((found.before, found.leader), (Some(ANNA), BEN));

        referee.harm(Cause::Released, Moment::from_millis(5000));
        // Still leading while it makes ready to leave.
        assert_eq!(referee.read(&answer(BEN, 5003, 5004, Some(2))), None);
        let found = referee.read(&answer(ANNA, 5010, 5012, Some(3))).unwrap();
        assert_eq!((found.cause, found.gap), (Cause::Released, millis(12)));
        assert_eq!(referee.overlap(), Duration::ZERO);
    }

    #[test]
    fn a_leader_that_nobody_harmed_has_lost() {
        let referee = judge(&[
            answer(ANNA, 10, 11, Some(1)),
            answer(ANNA, 20, 21, None),
            answer(BEN, 90, 92, Some(2)),
        ]);
        assert_eq!(referee.open(), None);
        let last = referee.elections()[1];
        assert_eq!((last.cause, last.gap), (Cause::Lost, millis(82)));
    }

    #[test]
    fn a_term_that_goes_on_is_no_election() {
        let mut referee = judge(&[answer(ANNA, 10, 11, Some(1)), answer(ANNA, 20, 21, None)]);
        assert_eq!(referee.open().map(|open| open.cause), Some(Cause::Lost));
        referee.read(&answer(ANNA, 30, 31, Some(1)));
        assert_eq!(referee.open(), None);
        assert_eq!(referee.elections().len(), 1);
    }

    #[test]
    fn the_same_name_in_another_term_is_an_election() {
        let referee = judge(&[answer(ANNA, 10, 11, Some(1)), answer(ANNA, 20, 21, Some(2))]);
        assert_eq!(referee.elections().len(), 2);
        assert_eq!(referee.overlap(), Duration::ZERO);
    }

    #[test]
    fn an_answer_between_two_of_another_term_proves_an_overlap() {
        let referee = judge(&[
            answer(ANNA, 10, 11, Some(1)),
            answer(BEN, 15, 16, Some(2)),
            answer(ANNA, 20, 21, Some(1)),
            answer(BEN, 25, 26, None),
        ]);
        assert_eq!(referee.overlap(), Duration::from_nanos(1));
        // Both still led in their own eyes, and that is one election, not three.
        assert_eq!(referee.elections().len(), 2);
    }

    #[test]
    fn an_overlap_lasts_as_long_as_both_are_proven() {
        let both = [
            answer(ANNA, 10, 11, Some(1)),
            answer(BEN, 15, 16, Some(2)),
            answer(ANNA, 40, 41, Some(1)),
            answer(BEN, 50, 51, Some(2)),
        ];
        assert_eq!(judge(&both).overlap(), millis(24));
        // Told at the end and while it lasts alike.
        let mut ended = judge(&both);
        ended.read(&answer(BEN, 60, 61, None));
        assert_eq!(ended.overlap(), millis(24));
        ended.read(&answer(ANNA, 70, 71, None));
        assert_eq!(ended.overlap(), millis(24));
    }

    #[test]
    fn answers_that_may_have_been_true_in_turn_prove_nothing() {
        // Ben's slow question was open while Anna still led; he may have led after her.
        let referee = judge(&[
            answer(ANNA, 10, 11, Some(1)),
            answer(ANNA, 20, 21, Some(1)),
            answer(BEN, 15, 30, Some(2)),
            answer(BEN, 31, 32, Some(2)),
            answer(ANNA, 33, 34, None),
        ]);
        assert_eq!(referee.overlap(), Duration::ZERO);
    }

    #[test]
    fn a_no_between_two_answers_breaks_the_proof() {
        let referee = judge(&[
            answer(ANNA, 10, 11, Some(1)),
            answer(ANNA, 14, 15, None),
            answer(BEN, 20, 21, Some(2)),
            answer(BEN, 22, 23, None),
            answer(ANNA, 30, 31, Some(1)),
        ]);
        assert_eq!(referee.overlap(), Duration::ZERO);
    }

    #[test]
    fn an_overlap_with_a_very_long_term_is_not_forgotten() {
        let mut referee = judge(&[answer(ANNA, 10, 11, Some(1))]);
        for hour in 0..24 {
            let start = hour * 3_600_000 + 1000;
            referee.read(&answer(BEN, start, start + 1, Some(100 + hour)));
            referee.read(&answer(BEN, start + 11, start + 12, Some(100 + hour)));
            referee.read(&answer(BEN, start + 20, start + 21, None));
        }
        referee.read(&answer(ANNA, 90_000_000, 90_000_001, Some(1)));
        referee.read(&answer(ANNA, 90_000_010, 90_000_011, None));
        assert_eq!(referee.overlap(), millis(240));
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let mut referee = Referee::new(2, Moment::ZERO);
        for minute in 0..100_u64 {
            let (who, start) = (usize::from(minute % 2 == 1), minute * 60_000);
            referee.read(&answer(who, start, start + 1, Some(minute)));
            referee.read(&answer(who, start + 50_000, start + 50_001, None));
        }
        assert_eq!(referee.elections().len(), 100);
        assert!(referee.ended.len() < 5, "{}", referee.ended.len());
    }
}
