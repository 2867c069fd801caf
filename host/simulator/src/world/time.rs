//! Time: what will happen, in its order, and what is checked whenever something has.

use super::World;
use super::scheduled::Scheduled;
use crate::check::{Believer, Broken};
use hotseat_core::electors::Which;
use hotseat_core::event::{Event, Via};
use hotseat_core::lock::LastWrite;
use hotseat_core::time::Moment;
use std::cmp::Reverse;
use std::time::Duration;

/// More events in a second of virtual time than this, and somebody spins.
const BUSIEST_SECOND: u64 = 20_000;

impl World {
    /// Runs until nothing is left to happen before `until`.
    ///
    /// # Errors
    ///
    /// The first invariant that breaks.
    pub fn run_until(&mut self, until: Moment) -> Result<(), Broken> {
        while let Some(Reverse((at, _))) = self.queue.peek().copied()
            && at <= until
        {
            self.happen()?;
        }
        self.now = until;
        self.check()
    }

    /// Runs for a length of true time.
    ///
    /// # Errors
    ///
    /// The first invariant that breaks.
    pub fn run_for(&mut self, length: Duration) -> Result<(), Broken> {
        self.run_until(self.now + length)
    }

    /// A candidate that spins would never let time pass.
    pub(super) fn check_pace(&mut self, at: Moment) -> Result<(), Broken> {
        if self.pace.0 < at.since_origin().as_secs() {
            self.pace = (at.since_origin().as_secs(), 0);
        }
        self.pace.1 += 1;
        if self.pace.1 > BUSIEST_SECOND {
            return Err(Broken {
                at,
                what: "the candidates spin: no second has so many events".to_owned(),
            });
        }
        Ok(())
    }

    pub(super) fn deliver(&mut self, index: usize, generation: u64, slot: Which, event: Event) {
        let member = &self.members[index];
        if !member.alive || member.generation != generation {
            return;
        }
        if self.now < member.frozen_until {
            let wait = member.frozen_until.since(self.now) + Duration::from_millis(1);
            self.later(wait, Scheduled::Tell(index, generation, slot, event));
            return;
        }
        self.feed_about(index, slot, event);
    }

    pub(super) fn feed(&mut self, index: usize, event: Event) {
        self.feed_about(index, Which::Inner, event);
    }

    /// An event about one of a candidate's locks.
    pub(super) fn feed_about(&mut self, index: usize, slot: Which, event: Event) {
        if matches!(event, Event::Observed { via: Via::Read { requested: true, .. }, .. }) {
            self.members[index].way(slot).reading = None;
        }
        if let Event::WriteEnded { result: Ok(record), .. } = &event {
            let note = LastWrite { uid: record.uid.clone(), version: record.version.clone() };
            self.members[index].way(slot).note = Some(note);
        }
        let local = self.local(index);
        let effects = self.members[index].electors.step(local, slot, event);
        for (slot, effect) in effects {
            if let Some(recorded) = &mut self.recorded {
                recorded.push((self.now, index, effect.clone()));
            }
            self.carry_out(index, slot, effect);
        }
    }

    pub(super) fn later(&mut self, delay: Duration, scheduled: Scheduled) {
        self.at(self.now + delay, scheduled);
    }

    pub(super) fn at(&mut self, at: Moment, scheduled: Scheduled) {
        self.order += 1;
        self.queue.push(Reverse((at.max(self.now), self.order)));
        self.scheduled.insert(self.order, scheduled);
    }

    /// What a candidate's clock shows now: the moments in its events are its own.
    pub fn local(&self, index: usize) -> Moment {
        self.members[index].local(self.now)
    }

    /// Something that must never be.
    pub(super) fn break_off(&mut self, what: String) {
        let at = self.now;
        self.broken.get_or_insert(Broken { at, what });
    }

    pub(super) fn check(&mut self) -> Result<(), Broken> {
        self.check_policies();
        if let Some(broken) = self.broken.take() {
            return Err(broken);
        }
        for index in 0..self.members.len() {
            let leads = self.leads(index);
            let until = self.members[index].view.term.as_ref().map(|term| term.until);
            let until = until.map(|until| self.members[index].true_time(until));
            let now = self.now;
            let member = &mut self.members[index];
            let term = member.view.term.as_ref().map(|term| term.token);
            let token = term.or(member.believer.token);
            member.last_token = token.or(member.last_token);
            let acts = token.is_some_and(|token| token > member.let_go);
            if acts && (leads || member.believer.token.is_some()) {
                // The application may have asked in the last moment of belief, and acts on it.
                let last = until.map_or(now, |until| until.min(now));
                member.believer.acts_until = last + member.reaction;
            }
            member.believer.generation = member.generation;
            member.believer.token = match &member.view.term {
                Some(term) if leads => Some(term.token),
                _ => None,
            };
        }
        let believers: Vec<Believer> =
            self.members.iter().map(|member| member.believer.clone()).collect();
        self.checker.check(self.now, &believers)
    }
}
