//! What may be said of the election, computed when it is asked (I10).

use crate::lock::Token;
use crate::time::Moment;
use std::time::Duration;

/// The state of the election as a value with its expiry inside: whoever holds a view for a minute
/// still gives the right answer, since every answer takes the moment of the question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct View {
    /// This candidate's name.
    pub identity: String,
    /// This candidate's own term, while it may believe in it.
    pub term: Option<Term>,
    /// The lock as last seen; none until it was read once. Of two locks it is the inner one.
    pub seen: Option<SeenHolder>,
    /// The outer of two locks as last seen; none where there is one, and until it was read once.
    pub outer: Option<SeenHolder>,
    /// When this candidate last wrote the lock with success; the moment before sending.
    pub last_success: Option<Moment>,
    /// Requests for the lock that failed in a row.
    pub failures: u32,
    /// The process is about to stop.
    pub stopping: bool,
    /// Belief has ended, and the application has its time to stop before the seat is given up.
    pub draining: bool,
    /// Who shall follow this leader, which waits until that candidate is ready.
    pub successor: Option<String>,
    /// The leader says that this candidate follows it, or somebody asked for that. Advice (I17).
    pub next: bool,
}

/// What the application beside this candidate has to be ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing: another candidate leads, or nobody.
    Standby,
    /// To lead soon: this candidate is the next.
    Warming,
    /// It leads.
    Leading,
    /// To stop: it leads until its successor is ready, or it leads no longer and the seat is given up
    /// once it has had its time.
    Draining,
}

impl State {
    /// All of them.
    pub const ALL: [State; 4] = [State::Standby, State::Warming, State::Leading, State::Draining];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Standby => "standby",
            State::Warming => "warming",
            State::Leading => "leading",
            State::Draining => "draining",
        }
    }
}

/// This candidate's own term.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Term {
    /// The fencing token (I9).
    pub token: Token,
    /// The lock's UID.
    pub uid: String,
    /// How often the holder changed, as the lock counts it.
    pub transitions: u64,
    /// When the acquiring write was sent.
    pub since: Moment,
    /// When belief ends unless a renewal succeeds.
    pub until: Moment,
}

/// The lock as seen from here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SeenHolder {
    /// The name in it; none if it is vacant or missing.
    pub holder: Option<String>,
    /// True if this process did not write it: the name may then be given while it is unexpired.
    pub foreign: bool,
    /// How often the holder changed.
    pub transitions: u64,
    /// When this content was first seen here.
    pub since: Moment,
    /// When it was last confirmed by a read or a watch.
    pub heard: Moment,
    /// When it expires, unless it changes.
    pub until: Moment,
}

impl View {
    /// Whether this candidate leads at `now`.
    pub fn leads(&self, now: Moment) -> bool {
        // I10: computed from the clock at the time of the question.
        self.term.as_ref().is_some_and(|term| now < term.until)
    }

    /// What the application has to be ready for at `now`. Whether it leads says [`View::leads`] alone.
    pub fn state(&self, now: Moment) -> State {
        match self.leads(now) {
            true if self.successor.is_some() => State::Draining,
            true => State::Leading,
            false if self.draining => State::Draining,
            false if self.next => State::Warming,
            false => State::Standby,
        }
    }

    /// Who leads at `now`: this candidate only while it believes, another only while its lease is
    /// unexpired as seen from here, else the empty string.
    pub fn leader(&self, now: Moment) -> &str {
        if self.leads(now) {
            return &self.identity;
        }
        let mut named = self.holders(now).map(|(name, _)| name);
        match (named.next(), named.next()) {
            (Some(first), Some(other)) if first != other => "",
            (name, _) => name.unwrap_or_default(),
        }
    }

    /// Who holds a lock at `now`, and until when: others only, while their leases are unexpired. Two
    /// locks with two holders are between two leaders, or wrongly mixed: nobody is named then.
    fn holders(&self, now: Moment) -> impl Iterator<Item = (&str, Moment)> {
        [&self.seen, &self.outer].into_iter().flatten().filter_map(move |seen| {
            // A holder of this candidate's own name that is not this process: naming it would
            // make the application believe that it leads.
            let name = seen.holder.as_deref().filter(|name| *name != self.identity)?;
            (seen.foreign && now < seen.until).then_some((name, seen.until))
        })
    }

    /// How long the answer of [`View::leader`] holds at most, from `now`; zero if nobody leads.
    pub fn remaining(&self, now: Moment) -> Duration {
        match &self.term {
            Some(term) if now < term.until => term.until.since(now),
            _ if self.leader(now).is_empty() => Duration::ZERO,
            _ => {
                let until = self.holders(now).map(|(_, until)| until).min();
                until.map_or(Duration::ZERO, |until| until.since(now))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    fn held(name: &str, until: u64) -> Option<SeenHolder> {
        let [since, heard, until] = [0, 0, until].map(at);
        let holder = Some(name.to_owned());
        Some(SeenHolder { holder, foreign: true, transitions: 0, since, heard, until })
    }

    fn view(seen: Option<SeenHolder>, outer: Option<SeenHolder>) -> View {
        View { identity: "a".to_owned(), seen, outer, ..View::default() }
    }

    fn term(until: u64) -> Option<Term> {
        let [since, until] = [0, until].map(at);
        Some(Term { token: Token(1), uid: String::new(), transitions: 0, since, until })
    }

    #[test]
    fn each_state_has_a_word() {
        let words = State::ALL.map(State::as_str);
        assert_eq!(words, ["standby", "warming", "leading", "draining"]);
    }

    #[test]
    fn who_holds_both_locks_leads_and_for_as_long_as_it_has_both() {
        let both = view(held("b", 100), held("b", 50));
        assert_eq!((both.leader(at(10)), both.remaining(at(10))), ("b", Duration::from_millis(40)));
        let two = view(held("b", 100), held("c", 50));
        assert_eq!((two.leader(at(10)), two.remaining(at(10))), ("", Duration::ZERO));
    }

    /// I10: from the moment on at which its term is over, another's lease is what the answer holds by.
    #[test]
    fn a_term_that_is_over_holds_no_answer() {
        let view = View { term: term(20), ..view(held("b", 100), None) };
        for (now, leader, left) in [(19, "a", 1), (20, "b", 80), (21, "b", 79), (100, "", 0)] {
            let seen = (view.leader(at(now)), view.remaining(at(now)));
            assert_eq!(seen, (leader, Duration::from_millis(left)), "{now}");
        }
    }
}
