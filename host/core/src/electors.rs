//! The electors of one candidate: one for its lock, or one for each of two (I16).
//!
//! With two locks a candidate takes part in two elections at a time, in each by an elector that
//! keeps all of its rules, and it leads while it leads in both. Whoever takes part in one of them
//! alone cannot lead meanwhile, by that election's own rules; nothing new has to be true of the two
//! together. That is how one moves from one lock to another: candidates of the old lock and of
//! both exclude each other by the old one, those of both and of the new one by the new one.
//!
//! ```text
//!               decides                       takes and keeps
//!  policy ───────────────► inner elector ◄──────────────────── outer elector
//!                          (the Lease)      belief, token       (the annotation)
//!                                └──────────────────────────────────►
//!                                          wanted or not
//! ```
//!
//! The policy sees one seat, and the inner elector asks it. What it decides about the inner lock
//! decides about both: the outer one is taken before, kept meanwhile and given up with it.

use crate::config::Config;
use crate::elector::{Elector, Situation};
use crate::event::{AskId, Effect, Event, Notice, Ranked, in_order};
use crate::lock::{LastWrite, Token};
use crate::on_failure::OnFailure;
use crate::policy::{Action, Decision, Input, LONGEST_WAKE_MS};
use crate::time::Moment;
use std::collections::VecDeque;

/// The serials of the outer lock's writes begin behind all that the inner lock will ever get.
const OUTER_SERIALS: u64 = 1 << 48;
/// The two settle within a few rounds of news from one to the other. More would be a fault, and the
/// next event goes on where they stand.
const MOST_ROUNDS: usize = 16;

/// Which of a candidate's locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Which {
    /// The only one; of two the one that is taken last.
    Inner,
    /// Of two the one that is taken first.
    Outer,
}

impl Ranked for (Which, Effect) {
    fn effect(&self) -> &Effect {
        &self.1
    }
}

/// The electors of a candidate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Electors {
    inner: Elector,
    outer: Option<Outer>,
}

/// The elector of the outer lock, and what concerns it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Outer {
    elector: Elector,
    /// The inner lock wants it, with a token above that one.
    wanted: Option<Token>,
    /// When either wants to be woken.
    wakes: [Moment; 2],
    /// Which have finished.
    finished: [bool; 2],
}

impl Electors {
    /// A candidate with one lock; see [`Elector::new`].
    pub fn one(config: Config) -> Electors {
        Electors { inner: Elector::new(config), outer: None }
    }

    /// A candidate with two locks. The outer one's last write of a dead process before this one is
    /// `predecessor`; all else is the same for both.
    pub fn two(config: Config, predecessor: Option<LastWrite>) -> Electors {
        let of_outer = Config { predecessor, ..config.clone() };
        let mut inner = Elector::new(config);
        inner.stand_within();
        let mut elector = Elector::new(of_outer);
        elector.stand_without(OUTER_SERIALS);
        let wakes = [Moment::NEVER; 2];
        let outer = Outer { elector, wanted: None, wakes, finished: [false; 2] };
        Electors { inner, outer: Some(outer) }
    }

    /// Takes one event at the moment `now` and says what is to be done, in one order for both: see
    /// [`Elector::step`]. `which` is the lock that an event is about, and in the answer the lock that
    /// an effect is about; for those that are about none it is the inner one.
    pub fn step(&mut self, now: Moment, which: Which, event: Event) -> Vec<(Which, Effect)> {
        match &mut self.outer {
            None => self.inner.step(now, event).into_iter().map(|e| (Which::Inner, e)).collect(),
            Some(outer) => outer.step(&mut self.inner, now, which, event),
        }
    }

    /// Where this candidate stands, as of the last event.
    pub fn situation(&self) -> Situation {
        self.inner.situation()
    }
}

impl Outer {
    fn step(
        &mut self,
        inner: &mut Elector,
        now: Moment,
        which: Which,
        event: Event,
    ) -> Vec<(Which, Effect)> {
        let mut out = Vec::new();
        // Belief ends by the deadline that it had, before anything can move that.
        let mut lapsed = inner.catch_up(now);
        match event {
            Event::Started => {
                // The outer elector's policy is this file. A decision of it that fails is a fault here,
                // and to hold is as good an answer as any.
                self.drive_inner(inner, now, Event::Started, &mut out);
                self.drive(now, Event::Started, &mut out);
                let (memory, settings) = (Vec::new(), String::new());
                let on_failure = OnFailure::Hold;
                self.drive(now, Event::Swapped { memory, settings, on_failure }, &mut out);
            }
            // The end of a process is its end in both elections.
            Event::Timer | Event::Stop | Event::Died(_) => {
                self.drive_inner(inner, now, event.clone(), &mut out);
                self.drive(now, event, &mut out);
            }
            event => match which {
                Which::Inner => self.drive_inner(inner, now, event, &mut out),
                Which::Outer => self.drive(now, event, &mut out),
            },
        }
        for _ in 0..MOST_ROUNDS {
            let news = inner.learn(now, self.elector.as_outer()) | std::mem::take(&mut lapsed);
            if news {
                self.drive_inner(inner, now, Event::Timer, &mut out);
            }
            let wanted = inner.wants_outer();
            if self.wanted == wanted {
                break;
            }
            self.wanted = wanted;
            self.elector.prompt(wanted.unwrap_or_default());
            self.drive(now, Event::Timer, &mut out);
        }
        out.push((Which::Inner, self.last()));
        in_order(out)
    }

    fn drive_inner(
        &mut self,
        inner: &mut Elector,
        now: Moment,
        event: Event,
        out: &mut Vec<(Which, Effect)>,
    ) {
        for effect in inner.step(now, event) {
            match effect {
                Effect::WakeAt(at) => self.wakes[0] = at,
                Effect::Finished => (self.finished[0], self.wakes[0]) = (true, Moment::NEVER),
                effect => out.push((Which::Inner, effect)),
            }
        }
    }

    /// The outer elector, whose questions are answered here.
    fn drive(&mut self, now: Moment, event: Event, out: &mut Vec<(Which, Effect)>) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for effect in self.elector.step(now, event) {
                match effect {
                    Effect::Ask { ask, input } => events.push_back(self.answer(ask, &input)),
                    Effect::WakeAt(at) => self.wakes[1] = at,
                    Effect::Finished => {
                        (self.finished[1], self.wakes[1]) = (true, Moment::NEVER);
                    }
                    Effect::Read { .. } | Effect::Write(_) | Effect::RestartWatch => {
                        out.push((Which::Outer, effect));
                    }
                    // The inner elector tells people of the seat.
                    Effect::Tell(notice) if is_about_the_lock(&notice) => {
                        out.push((Which::Outer, Effect::Tell(notice)));
                    }
                    Effect::Tell(_) | Effect::Show(_) | Effect::Account(_) => {}
                    Effect::RestorePolicy => {}
                }
            }
        }
    }

    /// The outer lock's policy: to have it while it is wanted.
    fn answer(&self, ask: AskId, input: &Input) -> Event {
        let retry = input.timing.retry_period;
        let since = input.observation.attempts.since_success.unwrap_or(retry);
        let (action, wake_after, reason) = match (self.wanted, &input.observation.claim) {
            (None, None) => (Action::Wait, LONGEST_WAKE_MS, "the inner lock is not wanted"),
            (None, Some(_)) => (Action::Resign(None), retry, "the inner lock is not held"),
            (Some(_), None) => (Action::Campaign, retry, "the inner lock is wanted"),
            (Some(_), Some(_)) if since >= retry => (Action::Renew, retry, "renewal is due"),
            (Some(_), Some(_)) => (Action::Wait, retry - since, "renewed recently"),
        };
        let answer = Ok(Decision {
            action,
            wake_after: wake_after.clamp(1, LONGEST_WAKE_MS),
            lease_duration: None,
            reason: reason.to_owned(),
            publish: Vec::new(),
            memory: Vec::new(),
            extra: Vec::new(),
        });
        Event::Decided { ask, answer }
    }

    /// One wake-up stands for both, and they finish together.
    fn last(&self) -> Effect {
        let [first, second] = self.wakes;
        if self.finished == [true; 2] {
            Effect::Finished
        } else {
            Effect::WakeAt(first.min(second))
        }
    }
}

/// Whether a notice is about requests for a lock, and not about who leads.
fn is_about_the_lock(notice: &Notice) -> bool {
    matches!(
        notice,
        Notice::WriteFailed { .. }
            | Notice::ReadFailed(_)
            | Notice::NotReleased(_)
            | Notice::FoundOwnWrite
            | Notice::Reserved
            | Notice::IdentityConflict(_)
            | Notice::TransferRefused { .. }
    )
}
