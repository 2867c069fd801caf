//! What may happen to a request between a candidate and the API server.

use crate::dice::Dice;
use std::time::Duration;

/// The ways between candidates and the API server, the same for all of them.
#[derive(Clone, Debug)]
pub struct Network {
    /// The longest delay of one way, in ordinary times.
    pub delay: Duration,
    /// How long the API server holds each write before it carries it out.
    pub held_writes: Duration,
    /// How long the API server holds each read before it carries it out.
    pub held_reads: Duration,
    /// How many requests in a hundred never arrive.
    pub lost_requests: u64,
    /// How many answers in a hundred never arrive, though the request did.
    pub lost_answers: u64,
    /// How many requests in a hundred arrive after seconds.
    pub stragglers: u64,
    /// The longest delay of a straggler.
    pub straggling: Duration,
    /// How many writes in a hundred arrive twice, as a proxy sends one again that it has no answer to. The
    /// answer is the second's.
    pub repeated_writes: u64,
    /// How many watch events in a hundred get lost, so that the watch has to begin anew.
    pub lost_events: u64,
    /// At how many watch events in a hundred the watch falls silent, with nobody noticing.
    pub silent_events: u64,
}

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// When it arrives, from now; none: never.
    pub arrives: Option<Duration>,
    /// When its answer arrives after that; none: never.
    pub answers: Option<Duration>,
}

/// What becomes of one watch event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventFate {
    Arrives(Duration),
    /// The watch breaks, and begins anew after a while.
    Breaks(Duration),
    /// The watch tells nothing any more, and nobody notices.
    Silence,
}

impl Network {
    /// Nothing is lost and everything takes one millisecond.
    pub fn perfect() -> Self {
        Network {
            delay: Duration::from_millis(1),
            held_writes: Duration::ZERO,
            held_reads: Duration::ZERO,
            lost_requests: 0,
            lost_answers: 0,
            stragglers: 0,
            straggling: Duration::ZERO,
            repeated_writes: 0,
            lost_events: 0,
            silent_events: 0,
        }
    }

    /// A bad day.
    pub fn bad() -> Self {
        Network {
            delay: Duration::from_millis(80),
            held_writes: Duration::ZERO,
            held_reads: Duration::ZERO,
            lost_requests: 8,
            lost_answers: 8,
            stragglers: 8,
            straggling: Duration::from_secs(20),
            repeated_writes: 8,
            lost_events: 10,
            silent_events: 10,
        }
    }

    pub(crate) fn fate(&self, dice: &mut Dice) -> Fate {
        let way =
            |dice: &mut Dice| dice.between(Duration::from_millis(1).min(self.delay), self.delay);
        let arrives = if dice.percent(self.lost_requests) {
            None
        } else if dice.percent(self.stragglers) {
            Some(dice.between(self.delay, self.straggling))
        } else {
            Some(way(dice))
        };
        let answers = (!dice.percent(self.lost_answers)).then(|| way(dice));
        Fate { arrives, answers }
    }

    /// How long after a write the same one arrives again; none if it does not.
    pub(crate) fn repeats(&self, dice: &mut Dice) -> Option<Duration> {
        // Without a question where there is no doubt: chance is then what it would be without this.
        let repeats = self.repeated_writes > 0 && dice.percent(self.repeated_writes);
        let late = repeats && dice.percent(50);
        let longest = if late { self.straggling.max(self.delay) } else { self.delay };
        repeats.then(|| dice.between(Duration::from_millis(1).min(longest), longest))
    }

    pub(crate) fn event(&self, dice: &mut Dice) -> EventFate {
        if dice.percent(self.lost_events) {
            return EventFate::Breaks(dice.between(Duration::ZERO, Duration::from_secs(3)));
        }
        if dice.percent(self.silent_events) {
            return EventFate::Silence;
        }
        EventFate::Arrives(dice.between(Duration::ZERO, self.delay * 2))
    }
}
