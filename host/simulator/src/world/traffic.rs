//! What happens in a world: effects go out as requests, and come back as events.

use super::World;
use super::scheduled::Scheduled;
use crate::check::Broken;
use crate::network::Fate;
use hotseat_core::electors::Which;
use hotseat_core::event::{Effect, Event, Fencing, LockError, Notice, Via, Write};
use hotseat_core::policy::Outcome;
use hotseat_core::time::{Moment, millis};
use std::cmp::Reverse;
use std::time::Duration;

impl World {
    pub(super) fn happen(&mut self) -> Result<(), Broken> {
        let Some(Reverse((at, order))) = self.queue.pop() else {
            return Ok(());
        };
        self.check_pace(at)?;
        let Some(scheduled) = self.scheduled.remove(&order) else {
            return Ok(());
        };
        // Between two events belief can only end.
        self.now = self.now.max(at);
        self.check()?;
        match scheduled {
            Scheduled::Tell(index, generation, slot, event) => {
                self.deliver(index, generation, slot, event);
            }
            Scheduled::Wake(index, generation, wake) => {
                if self.members[index].wake == wake {
                    self.deliver(index, generation, Which::Inner, Event::Timer);
                }
            }
            Scheduled::Relist(index, generation, slot) => {
                let member = &self.members[index];
                if member.alive && member.generation == generation {
                    self.request_read(index, slot, false);
                }
            }
            Scheduled::ReadTimeout(index, generation, slot, deadline) => {
                if self.members[index].way(slot).reading == Some(deadline) {
                    self.deliver(index, generation, slot, Event::ReadFailed(timed_out()));
                }
            }
            Scheduled::Watch(index, stream, slot, lock) => {
                let member = &mut self.members[index];
                let (generation, watch) = (member.generation, member.way(slot).watch);
                if !member.cut_off && stream == watch.stream {
                    let event = Event::Observed { lock, via: Via::Watch };
                    self.deliver(index, generation, slot, event);
                }
            }
            Scheduled::Policies(index, generation, step) => {
                self.policies_go_on(index, generation, *step);
            }
            Scheduled::Write(index, generation, to, write, answers) => {
                self.write_arrives(index, generation, to, &write, answers);
            }
            Scheduled::Again(index, generation, to, write, answers) => {
                let landed = self.write_arrives(index, generation, to, &write, answers);
                self.repeated.arrived += 1;
                self.repeated.landed += u64::from(landed);
            }
            Scheduled::Read(index, generation, slot, asked, answers) => {
                let requested = answers.is_some();
                if !requested && self.members[index].generation == generation {
                    // A list, from which a new stream goes on.
                    self.break_watch_of(index, slot);
                    self.members[index].way(slot).watch.flows = true;
                }
                let via = Via::Read { asked, requested };
                let store = self.members[index].locks.store(slot);
                let event = Event::Observed { lock: self.store_at(store).read(), via };
                self.answer_later(
                    index,
                    generation,
                    (slot, event),
                    answers.or(Some(Duration::ZERO)),
                    Moment::NEVER,
                );
            }
        }
        self.check()
    }

    /// A write reaches the store. True if it lands.
    fn write_arrives(
        &mut self,
        index: usize,
        generation: u64,
        (slot, store): (Which, Which),
        write: &Write,
        answers: Option<Duration>,
    ) -> bool {
        let result = self.store_at(store).write(write);
        let landed = result.is_ok();
        if landed {
            self.announce_at(store);
        }
        let event = Event::WriteEnded { serial: write.mark.serial, result };
        self.answer_later(index, generation, (slot, event), answers, write.deadline);
        landed
    }

    pub(super) fn carry_out(&mut self, index: usize, slot: Which, effect: Effect) {
        let generation = self.members[index].generation;
        match effect {
            Effect::Ask { ask, input } if self.members[index].policies.is_some() => {
                self.ask_engine(index, ask, &input);
            }
            Effect::Ask { ask, input } => {
                let answer = (self.members[index].policy)(&input);
                let event = Event::Decided { ask, answer };
                let thinking = self.members[index].thinking;
                self.later(thinking, Scheduled::Tell(index, generation, slot, event));
            }
            Effect::Read { deadline } => self.send_read(index, slot, deadline),
            Effect::Write(write) => self.send_write(index, slot, write),
            Effect::WakeAt(at) => {
                self.members[index].wake = at;
                let due = self.members[index].true_time(at);
                self.at(due, Scheduled::Wake(index, generation, at));
            }
            Effect::Show(view) => {
                self.members[index].view = *view;
            }
            Effect::Tell(notice) => {
                if matches!(notice, Notice::PolicyFailed { .. }) {
                    self.no_decision(index);
                }
                self.notices.push((self.now, index, notice));
            }
            Effect::RestorePolicy if self.members[index].policies.is_some() => {
                self.active_failed(index);
            }
            Effect::RestorePolicy if self.keeps_policies => {}
            Effect::RestorePolicy => {
                self.members[index].policy =
                    Box::new(|input| Ok(hotseat_core::rule::decide(input)));
                // A good one answers in time.
                self.members[index].thinking = Duration::ZERO;
                let event = self.members[index].taken_over();
                self.later(Duration::ZERO, Scheduled::Tell(index, generation, slot, event));
            }
            Effect::RestartWatch => self.request_read(index, slot, false),
            Effect::Account(_) => {}
            Effect::Finished => self.members[index].alive = false,
        }
    }

    fn send_write(&mut self, index: usize, slot: Which, mut write: Write) {
        if self.wall_clocks {
            write.token = Fencing::Keep(write.token.at(millis(self.now.since_origin())));
        }
        let generation = self.members[index].generation;
        let (serial, deadline) = (write.mark.serial, write.deadline);
        let fate = self.fate(index, slot);
        if let Some(delay) = fate.arrives.filter(|_| !self.members[index].cut_off) {
            let delay = delay + self.network.held_writes;
            let to = (slot, self.members[index].locks.store(slot));
            let mut answers = fate.answers;
            if let Some(later) = self.network.repeats(&mut self.dice) {
                let again = Scheduled::Again(index, generation, to, write.clone(), answers.take());
                self.later(delay + later, again);
            }
            self.later(delay, Scheduled::Write(index, generation, to, write, answers));
        }
        let event = Event::WriteEnded { serial, result: Err(timed_out()) };
        let due = self.members[index].true_time(deadline);
        self.at(due, Scheduled::Tell(index, generation, slot, event));
    }

    /// What becomes of a request about one of a candidate's locks.
    fn fate(&mut self, index: usize, slot: Which) -> Fate {
        let fate = self.network.fate(&mut self.dice);
        match self.unreachable == Some(self.members[index].locks.store(slot)) {
            true => Fate { arrives: None, answers: None },
            false => fate,
        }
    }

    fn send_read(&mut self, index: usize, slot: Which, deadline: Moment) {
        let generation = self.members[index].generation;
        self.request_read(index, slot, true);
        self.members[index].way(slot).reading = Some(deadline);
        let timeout = Scheduled::ReadTimeout(index, generation, slot, deadline);
        self.at(self.members[index].true_time(deadline), timeout);
    }

    pub(super) fn request_read(&mut self, index: usize, slot: Which, requested: bool) {
        let generation = self.members[index].generation;
        let asked = self.local(index);
        let fate = self.fate(index, slot);
        if fate.arrives.is_none() && !requested {
            self.later(Duration::from_secs(1), Scheduled::Relist(index, generation, slot));
        }
        if let Some(delay) = fate.arrives.filter(|_| !self.members[index].cut_off) {
            let answers = if requested { fate.answers } else { None };
            if requested && answers.is_none() {
                return;
            }
            let delay = delay + self.network.held_reads;
            self.later(delay, Scheduled::Read(index, generation, slot, asked, answers));
        }
    }

    /// The answer comes by the deadline or not at all.
    fn answer_later(
        &mut self,
        index: usize,
        generation: u64,
        (slot, event): (Which, Event),
        answers: Option<Duration>,
        deadline: Moment,
    ) {
        let cut = self.members[index].cut_off;
        if let Some(delay) = answers.filter(|_| !cut)
            && self.members[index].local(self.now + delay) < deadline
        {
            self.later(delay, Scheduled::Tell(index, generation, slot, event));
        }
    }
}

fn timed_out() -> LockError {
    LockError {
        outcome: Outcome::TimedOut,
        retry_after: None,
        of_content: false,
        detail: "timed out".to_owned(),
    }
}
