//! What happens in a play, one event after the other.

use super::{Effect, Play, Step, Term, WRITE_MS, Writing};
use crate::testing::Scene;
use crate::{Action, Attempts, Claim, Decision, Input, Policy, Seat, Signal, cause, outcome};

/// What happens next.
#[derive(Clone, Copy)]
pub(super) enum Event {
    WriteEnds,
    BeliefEnds,
    RivalRenews,
    Wake,
}

impl<P: Policy> Play<P> {
    /// The earliest event before `end`; of several at one moment the first of this list.
    pub(super) fn next_event(&self, end: u64) -> Option<(u64, Event)> {
        let write = self.writing.as_ref().map(|writing| writing.sent_at + WRITE_MS);
        let belief = self.term.as_ref().map(|term| term.believes_until);
        let rival = self.rival.as_ref().map(|(_, at)| *at);
        [
            (write, Event::WriteEnds),
            (belief, Event::BeliefEnds),
            (rival, Event::RivalRenews),
            (Some(self.wake_at), Event::Wake),
        ]
        .into_iter()
        .filter_map(|(at, event)| Some((at?.max(self.now), event)))
        .filter(|(at, _)| *at < end)
        .min_by_key(|(at, _)| *at)
    }

    pub(super) fn happen(&mut self, event: Event) {
        match event {
            Event::WriteEnds => self.write_ends(),
            Event::BeliefEnds => {
                self.term = None;
                self.ask(cause::TIMER);
            }
            Event::RivalRenews => self.rival_renews(),
            Event::Wake if self.steps.is_empty() => self.ask(cause::STARTED),
            Event::Wake => self.ask(cause::TIMER),
        }
    }

    fn rival_renews(&mut self) {
        let Some((identity, at)) = &mut self.rival else {
            return;
        };
        *at = self.now + self.timing.retry_period.max(1);
        if self.lock.holder.as_ref() != Some(identity) {
            self.lock.transitions += 1;
            self.lock.holder = Some(identity.clone());
            self.lock.held_since = Some(self.now);
            self.term = None;
        }
        self.lock.successor = None;
        self.lock.duration = self.timing.lease_duration;
        self.lock.changed_at = self.now;
        self.lock.free_at = self.now + self.lock.duration;
        self.ask(cause::SEAT_CHANGED);
    }

    fn write_ends(&mut self) {
        let Some(writing) = self.writing.take() else {
            return;
        };
        let mut outcome = self.outcomes.pop_front().unwrap_or_else(|| outcome::WRITTEN.into());
        if writing.seen_change_at != self.lock.changed_at {
            outcome = outcome::CONFLICT.into();
        }
        let written = outcome == outcome::WRITTEN;
        self.attempts.last = outcome;
        if written {
            self.adopt(&writing);
        } else {
            self.attempts.failures += 1;
        }
        self.ask(cause::WRITE_FINISHED);
    }

    /// The write is in the lock: this candidate leads, or goes on leading.
    fn adopt(&mut self, writing: &Writing) {
        self.attempts.failures = 0;
        self.last_success = Some(writing.sent_at);
        let believes_until = writing.sent_at + self.timing.renew_deadline;
        match &mut self.term {
            Some(term) => term.believes_until = believes_until,
            None => {
                self.lock.transitions += 1;
                self.lock.held_since = Some(self.now);
                self.term = Some(Term { acquired_at: writing.sent_at, believes_until });
            }
        }
        self.lock.holder = Some(Self::identity());
        self.lock.successor = None;
        self.lock.duration = writing.lease;
        self.lock.changed_at = self.now;
        self.lock.free_at = self.now + writing.lease;
    }

    fn identity() -> String {
        "a".into()
    }

    /// Asks the policy, and does what the host would do with the answer.
    pub(super) fn ask(&mut self, cause: &str) {
        let input = self.input(cause);
        let answer = P::decide(input.clone());
        let effect = match &answer {
            Ok(decision) => self.follow(decision),
            Err(_) => {
                self.wake_at = self.now + self.timing.retry_period.max(1);
                Effect::Waits
            }
        };
        self.steps.push(Step { at: self.now, input, answer, effect });
    }

    fn follow(&mut self, decision: &Decision) -> Effect {
        if let Err(reason) = crate::testing::check(decision, &self.timing) {
            panic!("at {} ms the host would reject the decision: {reason}", self.now);
        }
        self.memory.clone_from(&decision.memory);
        self.wake_at = self.now + decision.wake_after;
        let may = match &decision.action {
            Action::Wait => return Effect::Waits,
            Action::Campaign => self.term.is_none() && self.lock.free_at <= self.now,
            Action::Renew => self.term.is_some(),
            Action::Resign(_) => self.term.is_some() && !self.lock.paused,
        };
        if !may || self.writing.is_some() {
            return Effect::Ignored;
        }
        if let Action::Resign(successor) = &decision.action {
            self.term = None;
            self.lock.holder = None;
            self.lock.held_since = None;
            self.lock.successor.clone_from(successor);
            self.lock.changed_at = self.now;
            self.lock.free_at = self.now;
        } else {
            self.writing = Some(Writing {
                sent_at: self.now,
                lease: decision.lease_duration.unwrap_or(self.timing.lease_duration),
                seen_change_at: self.lock.changed_at,
            });
        }
        Effect::Done
    }

    fn input(&mut self, cause: &str) -> Input {
        // An odd constant steps through all values; what matters is only that they differ.
        self.entropy = self.entropy.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut input = Scene::new()
            .identity(&Self::identity())
            .uptime(self.now)
            .cause(cause)
            .settings(&self.settings)
            .memory(self.memory.clone())
            .entropy(self.entropy)
            .timing(self.timing)
            .seat(Seat {
                holder: self.lock.holder.clone(),
                age: self.now - self.lock.changed_at,
                duration: self.lock.duration,
                free_in: self.lock.free_at.saturating_sub(self.now),
                transitions: self.lock.transitions,
                held_for: self.lock.held_since.map_or(0, |since| self.now - since),
                successor: self.lock.successor.clone(),
                transfer: None,
                paused: self.lock.paused,
                extra: Vec::new(),
            })
            .input();
        let seen = &mut input.observation;
        seen.claim = self.term.as_ref().map(|term| Claim {
            held_for: self.now - term.acquired_at,
            valid_for: term.believes_until.saturating_sub(self.now),
        });
        seen.seats = u32::from(self.term.is_some());
        let since_success = self.last_success.map(|at| self.now - at);
        seen.attempts = Attempts { since_success, ..self.attempts.clone() };
        let signals = self.signals.iter().map(|(key, said)| Signal {
            age: self.now - said.at,
            unchanged_for: self.now - said.since,
            ..Signal::new(key.clone(), said.value.clone())
        });
        seen.signals.extend(signals);
        input
    }
}
