//! What may happen next in a state: all of it, in an order that does not change.

use crate::cell::Lab;
use crate::hands::{Fault, ask_for, edit};
use crate::property;
use crate::setting::Setting;
use crate::store::{Name, Object, Process, Wire};
use crate::world::{Candidate, Happening, How, Pending, Reading, World, begin};
use hotseat_core::event::Purpose;
use std::time::Duration;

/// One thing that happens. A candidate is named by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Time passes.
    Tick,
    /// Time passes, and one clock shows too little or too much of it.
    Skew(usize, Fault),
    /// The wake-up that the candidate asked for.
    Timer(usize),
    /// A write reaches the store.
    Write(usize, usize),
    /// A create reaches the store, and will do so again.
    WriteTwice(usize, usize),
    /// A write of a dead process reaches the store.
    Ghost(usize),
    /// The answer to a write arrives.
    Written(usize),
    /// No answer to a write arrives in time.
    WriteLost(usize),
    /// A read reaches the store, and its answer is on its way.
    Reads(usize),
    /// The answer to a read arrives.
    Read(usize),
    /// No answer to a read arrives in time.
    ReadLost(usize),
    /// The watch tells of a change; of how manieth from the newest.
    Watch(usize, usize),
    /// The watch begins anew, with a read.
    Relist(usize),
    /// What happens to a process.
    Life(usize, Fault),
    /// The end of a process is reported to a candidate.
    Report(usize, Process),
    /// A hand edits the lock.
    Hand(Fault),
    /// Somebody keeps a copy of the lock, or of the store.
    Keep,
}

/// Calls `visit` with each state that may follow, and what happened, in its canonical form.
pub fn successors(lab: &Lab, world: &World, mut visit: impl FnMut(Step, World)) {
    let mut next = Next { lab, before: world, out: Vec::new(), visit: &mut visit };
    next.time();
    for index in 0..world.candidates.len() {
        if world.candidates[index].alive {
            next.timer(index);
            next.writes(index);
            next.reads(index);
            next.watches(index);
            next.lives(index);
            next.reports(index);
        }
    }
    next.ghosts();
    next.hands();
}

struct Next<'a> {
    lab: &'a Lab<'a>,
    before: &'a World,
    out: Vec<World>,
    visit: &'a mut dyn FnMut(Step, World),
}

impl Next<'_> {
    /// Hands on what came of a step.
    fn done(&mut self, step: Step) {
        for mut world in std::mem::take(&mut self.out) {
            let most = self.lab.setting.writes;
            let too_many =
                |c: &Candidate| c.cell.elector.unconfirmed() > most || c.wires.len() > most;
            if world.candidates.iter().any(too_many) {
                continue;
            }
            property::note(self.lab.setting, self.before, &mut world);
            world.canonize(self.lab);
            (self.visit)(step, world);
        }
    }

    fn feed(&mut self, world: World, index: usize, event: Happening, step: Step) {
        world.feed(self.lab, index, event, &mut self.out);
        self.done(step);
    }

    fn time(&mut self) {
        self.pass(None, Step::Tick);
        for fault in [Fault::Slow, Fault::Fast] {
            if !self.before.budget.has(fault) {
                continue;
            }
            for index in 0..self.before.candidates.len() {
                if self.before.candidates[index].alive {
                    self.pass(Some((index, fault)), Step::Skew(index, fault));
                }
            }
        }
    }

    fn pass(&mut self, skew: Option<(usize, Fault)>, step: Step) {
        let mut world = self.before.clone();
        if let Some((_, fault)) = skew {
            world.budget.spend(fault);
        }
        if self.lab.setting.wall_clock {
            // It is past all tokens: no term begins in each millisecond.
            world.store.clock = world.largest_token() + 1;
        }
        for (index, candidate) in world.candidates.iter_mut().enumerate() {
            candidate.acts = candidate.acts.saturating_sub(1);
            candidate.promised = candidate.promised.saturating_sub(1);
            let length = match skew {
                Some((skewed, Fault::Slow)) if skewed == index => continue,
                Some((skewed, Fault::Fast)) if skewed == index => self.lab.setting.tick * 2,
                _ => self.lab.setting.tick,
            };
            if candidate.alive {
                candidate.cell =
                    self.lab.other(&candidate.cell, length, |elector| elector.pass(length));
            }
        }
        self.out.push(world);
        self.done(step);
    }

    fn timer(&mut self, index: usize) {
        if self.before.candidates[index].cell.elector.is_due() {
            self.feed(self.before.clone(), index, Happening::Timer, Step::Timer(index));
        }
    }

    fn writes(&mut self, index: usize) {
        let candidate = &self.before.candidates[index];
        for wire in 0..candidate.wires.len() {
            self.land(index, wire, Step::Write(index, wire));
            if self.before.budget.has(Fault::Twice) && candidate.wires[wire].base.is_none() {
                self.land(index, wire, Step::WriteTwice(index, wire));
            }
        }
        for place in 0..candidate.pending.len() {
            let Pending { serial, answer } = candidate.pending[place];
            let mut world = self.before.clone();
            if let Some(found) = answer {
                world.candidates[index].pending.remove(place);
                let event = Happening::Written(serial, found);
                self.feed(world, index, event, Step::Written(index));
            } else if candidate.cell.elector.awaits() == Some(serial)
                && self.lab.setting.lost_writes
            {
                // Its answer may come yet, when it is no longer waited for.
                self.feed(world, index, Happening::WriteLost(serial), Step::WriteLost(index));
            }
        }
    }

    /// A write reaches the store, and its answer is on its way or there.
    fn land(&mut self, index: usize, wire: usize, step: Step) {
        let mut world = self.before.clone();
        let sent = world.candidates[index].wires[wire];
        if let Step::WriteTwice(..) = step {
            world.budget.spend(Fault::Twice);
        } else {
            world.candidates[index].wires.remove(wire);
        }
        let found = apply(self.lab.setting, &mut world, &sent);
        let pending = &mut world.candidates[index].pending;
        if self.lab.setting.prompt {
            pending.retain(|pending| pending.serial != sent.serial);
            let elector = &world.candidates[index].cell.elector;
            if elector.awaits() == Some(sent.serial) {
                return self.feed(world, index, Happening::Written(sent.serial, found), step);
            }
        } else if let Some(pending) = pending.iter_mut().find(|other| other.serial == sent.serial) {
            pending.answer = pending.answer.or(Some(found));
        }
        self.out.push(world);
        self.done(step);
    }

    fn reads(&mut self, index: usize) {
        let candidate = &self.before.candidates[index];
        let Some(reading) = candidate.reading else { return };
        let mut world = self.before.clone();
        world.candidates[index].reading = None;
        let found = match reading {
            Reading::Found(object) => object,
            Reading::Sent => self.before.store.object,
        };
        let event = Happening::Observed(found, None, How::Asked);
        self.feed(world.clone(), index, event, Step::Read(index));
        if reading == Reading::Sent && self.lab.setting.late_reads {
            let mut world = self.before.clone();
            world.candidates[index].reading = Some(Reading::Found(found));
            self.out.push(world);
            self.done(Step::Reads(index));
        }
        if self.lab.setting.lost_reads {
            self.feed(world, index, Happening::ReadLost, Step::ReadLost(index));
        }
    }

    /// A watch leaves nothing out and tells it in order.
    fn watches(&mut self, index: usize) {
        if let Some(told) = self.before.candidates[index].watch {
            let history = &self.before.store.history;
            let next = history.iter().position(|(version, _)| *version > told);
            if let Some(place) = next {
                let (version, object) = history[place];
                let mut world = self.before.clone();
                world.candidates[index].watch = Some(version);
                let step = Step::Watch(index, history.len() - 1 - place);
                let event = Happening::Observed(object, Some(version), How::Watch);
                self.feed(world, index, event, step);
            }
        }
        if self.lab.setting.relists || self.before.candidates[index].watch.is_none() {
            let mut world = self.before.clone();
            world.candidates[index].watch = Some(world.store.version);
            let event = Happening::Observed(world.store.object, None, How::Anew);
            self.feed(world, index, event, Step::Relist(index));
        }
    }

    fn lives(&mut self, index: usize) {
        for fault in [Fault::Crash, Fault::Move] {
            // docs/limits.md names what a process that never saw the lock makes of a missing one.
            let new = self.before.store.object.is_none() && self.before.store.objects > 0;
            if !self.before.budget.has(fault) || new {
                continue;
            }
            let mut world = self.before.clone();
            world.budget.spend(fault);
            let candidate = &mut world.candidates[index];
            world.ghosts.append(&mut candidate.wires);
            if self.lab.setting.deaths {
                world.dead.push(candidate.process);
                // What is promised to a process ends with it, whether or not others know.
                candidate.promised = 0;
            }
            candidate.process.nonce += 1;
            candidate.process.site += u8::from(fault == Fault::Move);
            candidate.pending.clear();
            candidate.reading = None;
            candidate.watch = None;
            // The note of a process is found by the next one at its place.
            candidate.note = candidate.note.filter(|_| fault == Fault::Crash);
            let begun = begin(self.lab.setting, candidate.process, candidate.note);
            candidate.cell = self.lab.cell(begun);
            candidate.note = None;
            self.out.push(world);
            self.done(Step::Life(index, fault));
        }
        if self.before.budget.has(Fault::Stop) {
            let mut world = self.before.clone();
            world.budget.spend(Fault::Stop);
            self.feed(world, index, Happening::Stop, Step::Life(index, Fault::Stop));
        }
    }

    /// Late or never, and as often as may be: only what it says counts.
    fn reports(&mut self, index: usize) {
        for dead in self.before.dead.clone() {
            let event = Happening::Died(dead);
            self.feed(self.before.clone(), index, event, Step::Report(index, dead));
        }
    }

    fn ghosts(&mut self) {
        for ghost in 0..self.before.ghosts.len() {
            let mut world = self.before.clone();
            let wire = world.ghosts.remove(ghost);
            apply(self.lab.setting, &mut world, &wire);
            self.out.push(world);
            self.done(Step::Ghost(ghost));
        }
    }

    fn hands(&mut self) {
        let met = |c: &Candidate| !c.alive || c.cell.elector.has_met();
        let all_met = self.before.candidates.iter().all(met);
        if self.lab.setting.after_all_met && !all_met {
            return;
        }
        for fault in self.before.budget.left() {
            if let Fault::Transfer | Fault::Prefer = fault {
                self.requests(fault);
                continue;
            }
            let mut world = self.before.clone();
            world.budget.spend(fault);
            let is_done = match fault {
                // docs/limits.md names what a process that never saw the lock makes of a missing one.
                Fault::Delete if all_met && world.store.object.is_some() => {
                    world.store.delete();
                    true
                }
                Fault::PutBack => {
                    self.keep();
                    put_back(&mut world, fault)
                }
                Fault::Replace => {
                    self.keep();
                    replace(&mut world)
                }
                // docs/http.md asks for it: no API server answers for the longest lease.
                Fault::Restore => {
                    self.keep();
                    world.is_forgotten() && put_back(&mut world, fault)
                }
                _ => edit(&mut world.store, fault, self.lab.setting.longest()),
            };
            if is_done {
                self.out.push(world);
                self.done(Step::Hand(fault));
            }
        }
    }

    /// Any candidate may be asked for, the leader too.
    fn requests(&mut self, fault: Fault) {
        for name in 0..self.lab.setting.candidates {
            let mut world = self.before.clone();
            world.budget.spend(fault);
            if ask_for(&mut world.store, fault, Name(name)) {
                self.out.push(world);
                self.done(Step::Hand(fault));
            }
        }
    }

    fn keep(&mut self) {
        if self.before.store.archive.is_none() && self.before.store.object.is_some() {
            let mut world = self.before.clone();
            world.store.archive = world.store.object;
            self.out.push(world);
            self.done(Step::Keep);
        }
    }
}

/// Puts what was kept back. It is kept no longer.
fn put_back(world: &mut World, fault: Fault) -> bool {
    let (Some(kept), Some(object)) = (world.store.archive.take(), world.store.object) else {
        return false;
    };
    if kept.same_content(&object) {
        return false;
    }
    match fault {
        Fault::Restore => {
            world.store.restore(kept);
            world.candidates.iter_mut().for_each(|candidate| candidate.watch = None);
        }
        _ => world.store.put(Object { uid: object.uid, ..kept }),
    }
    true
}

/// Puts what was kept, or else what is there, in the place of the object. It is kept no longer.
fn replace(world: &mut World) -> bool {
    let content = world.store.archive.take().or(world.store.object);
    content.is_some_and(|content| {
        world.store.replace(content);
        true
    })
}

/// A write reaches the store; what comes of it, and what it promises.
fn apply(setting: &Setting, world: &mut World, wire: &Wire) -> Option<Object> {
    let found = world.store.apply(wire)?;
    let length = Duration::from_secs(wire.duration.into());
    if !setting.promises {
        return Some(found);
    }
    let others = |c: &&Candidate| c.process.name != wire.writer.name;
    let is_promised = world.candidates.iter().filter(others).any(|c| c.promised > 0);
    let writer = &mut world.candidates[usize::from(wire.writer.name.0)];
    if setting.deaths && writer.process != wire.writer {
        return Some(found);
    }
    writer.early = is_promised && wire.purpose == Purpose::Acquire;
    writer.promised = match wire.purpose {
        Purpose::Acquire | Purpose::Renew => setting.promised_ticks(length),
        Purpose::Release | Purpose::Reserve => 0,
    };
    Some(found)
}
