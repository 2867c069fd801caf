//! The canonical form of a state: states that nothing can ever tell apart are the same.
//!
//! What is forgotten, and why it may be:
//!
//! - **Moments** count from now, and only as far back as anything waits for them; what is due is
//!   due. The core does that itself, structure by structure: [`hotseat_core::canon`].
//! - **Versions, times, serials** only matter by their order or equality with those that can still
//!   be met: in the store, in what was kept of it, in a message on its way. They are numbered anew;
//!   one that only an elector remembers keeps its place between them.
//! - **A record that an elector remembers** and that can never be seen again, since no object and
//!   no message has its times, is only remembered by its holder, its duration, and whether it was
//!   the elector's own: any record that comes is another one.
//! - **A write whose base is gone** can only meet a conflict; the conflict is its answer at once.
//!   Until it would have reached the store nothing else could have come of it, and the time that
//!   passes until the answer arrives is free anyway.
//! - **A watch** that is more than some changes behind has ended, or is silent, which is the same: it
//!   can begin anew at any time.
//! - **Candidates are alike**: a state in which they have changed places is the same.
//! - **What people and policies see** (reasons, counts, ages): the policy may answer anything,
//!   so it needs no arguments.

use crate::cell::{ALL_PERMUTATIONS, Lab, Renamed};
use crate::hands::Fault;
use crate::names::Ranks;
use crate::setting::Setting;
use crate::store::Object;
use crate::world::{Candidate, Pending, Reading, World};
use hotseat_core::elector::Underway;
use std::hash::{Hash, Hasher};

impl World {
    /// Brings the state into its canonical form.
    pub fn canonize(&mut self, lab: &Lab) {
        self.drop_doomed(lab.setting);
        if !lab.raw {
            self.forget(lab);
            self.rename(lab);
        }
    }

    /// What can come of nothing goes.
    fn drop_doomed(&mut self, setting: &Setting) {
        let deletions = self.budget.has(Fault::Delete);
        let restored = self.store.archive.filter(|_| self.budget.has(Fault::Restore));
        let restored = restored.map(|kept| kept.version);
        let World { store, ghosts, candidates, .. } = self;
        let is_doomed = |wire: &crate::store::Wire| {
            store.is_doomed(wire, deletions) && (wire.base.is_none() || wire.base != restored)
        };
        ghosts.retain(|wire| !is_doomed(wire));
        for candidate in candidates.iter_mut() {
            if !candidate.alive {
                candidate.wires.clear();
                candidate.pending.clear();
                candidate.reading = None;
                (candidate.watch, candidate.note) = (None, None);
                continue;
            }
            let Candidate { cell, wires, pending, reading, .. } = candidate;
            // The answer to a read counts for as long as it is waited for.
            reading.take_if(|_| cell.elector.situation().operation != Underway::Read);
            pending.retain(|pending| {
                let serial = pending.serial;
                cell.elector.awaits() == Some(serial) || cell.elector.is_unsettled_write(serial)
            });
            wires.retain(|wire| {
                let doomed = is_doomed(wire);
                let awaited = pending.iter_mut().find(|pending| pending.serial == wire.serial);
                if doomed && let Some(pending) = awaited {
                    pending.answer = Some(None);
                }
                !doomed
            });
        }
        let slowest = candidates.iter().filter_map(|candidate| candidate.watch).min();
        let is_told = |version: u64| slowest.is_none_or(|slowest| version <= slowest);
        while store.history.first().is_some_and(|(version, _)| is_told(*version)) {
            store.history.remove(0);
        }
        if !self.budget.has(Fault::Crash) {
            candidates.iter_mut().for_each(|candidate| candidate.note = None);
        }
        // A watch that is too far behind ends.
        while store.history.len() > setting.history {
            let (lost, _) = store.history.remove(0);
            for candidate in candidates.iter_mut() {
                candidate.watch = candidate.watch.filter(|told| *told >= lost);
            }
        }
    }

    /// Objects that somebody may yet see.
    fn objects(&self) -> impl Iterator<Item = &Object> {
        let store = &self.store;
        let answers = self.candidates.iter().flat_map(|candidate| &candidate.pending);
        let answers = answers.filter_map(|pending| pending.answer.as_ref());
        let found = self.candidates.iter().filter_map(|candidate| match &candidate.reading {
            Some(Reading::Found(object)) => object.as_ref(),
            _ => None,
        });
        let history = store.history.iter().filter_map(|(_, object)| object.as_ref());
        let objects = store.object.iter().chain(&store.archive).chain(history);
        objects.chain(answers.flatten()).chain(found)
    }

    /// Electors forget the records that they cannot see again.
    fn forget(&mut self, lab: &Lab) {
        let pairs = |object: &Object| {
            let stamp = object.stamp.map(|stamp| (stamp.said.acquired, stamp.said.renewed));
            [Some((object.said.acquired, object.said.renewed)), stamp]
        };
        let times: Vec<(u32, u32)> = self.objects().flat_map(pairs).flatten().collect();
        for candidate in &mut self.candidates {
            // Only times that are there can be forgotten.
            let held = &candidate.cell.held.times;
            if held.iter().all(|held| times.contains(held)) {
                continue;
            }
            // Who wrote it is looked at when an end is reported, too.
            let watches = candidate.watch.is_some() || lab.setting.deaths;
            candidate.cell = lab.other(&candidate.cell, ("forget", watches), |elector| {
                elector.forget(watches);
            });
        }
    }

    fn ranks(&self) -> Ranks {
        let mut ranks = Ranks::default();
        self.objects().for_each(|object| ranks.add(object));
        for candidate in self.candidates.iter().filter(|candidate| candidate.watch.is_some()) {
            // What its watch tells next may have been written on this.
            let seen = candidate.cell.held.seen;
            let bases = self.objects().filter_map(|object| object.stamp?.base);
            bases.filter(|base| seen == Some(*base)).for_each(|base| ranks.add_version(base));
        }
        ranks.add_version(self.store.version);
        self.store.history.iter().for_each(|(version, _)| ranks.add_version(*version));
        self.ghosts.iter().for_each(|wire| ranks.add_wire(wire));
        ranks.add_token(self.store.clock);
        if let Some((token, _)) = self.last_term {
            ranks.add_token(token);
        }
        for candidate in &self.candidates {
            candidate.wires.iter().for_each(|wire| ranks.add_wire(wire));
            candidate.cell.held.tokens.iter().for_each(|token| ranks.add_token(*token));
            candidate.watch.iter().for_each(|version| ranks.add_version(*version));
            for (process, serial) in &candidate.cell.held.serials {
                ranks.add_serial(*process, *serial);
            }
            for Pending { serial, .. } in &candidate.pending {
                ranks.add_serial(candidate.process, *serial);
            }
        }
        ranks.sort();
        ranks
    }

    fn rename(&mut self, lab: &Lab) {
        let ranks = self.ranks();
        let World { store, candidates, ghosts, last_term, .. } = self;
        store.object.iter_mut().chain(&mut store.archive).for_each(|object| ranks.object(object));
        for (version, object) in &mut store.history {
            *version = ranks.version(*version);
            object.iter_mut().for_each(|object| ranks.object(object));
        }
        store.version = ranks.version(store.version);
        store.times = ranks.moments();
        ghosts.iter_mut().for_each(|wire| ranks.wire(wire));
        store.clock = ranks.token(store.clock);
        if let Some((token, _)) = last_term {
            *token = ranks.token(*token);
        }
        for candidate in candidates {
            candidate.watch = candidate.watch.map(|version| ranks.version(version));
            candidate.note =
                candidate.note.and_then(|(uid, version)| Some((uid, ranks.note(version)?)));
            candidate.wires.iter_mut().for_each(|wire| ranks.wire(wire));
            for Pending { serial, answer } in &mut candidate.pending {
                ranks.serial_of(candidate.process, serial);
                answer.iter_mut().flatten().for_each(|object| ranks.object(object));
            }
            if let Some(Reading::Found(Some(object))) = &mut candidate.reading {
                ranks.object(object);
            }
            candidate.cell = lab.renamed(&candidate.cell, &ranks);
        }
    }

    /// A hash of the state: the same for all states that are the same.
    pub fn print(&self) -> u64 {
        let all = match self.candidates.len() {
            1 => 1,
            2 => 2,
            _ => ALL_PERMUTATIONS.len(),
        };
        (0..all).map(|permutation| self.print_as(permutation)).min().unwrap_or(0)
    }

    /// Its hash, if the candidates were called by the permutation with this number.
    fn print_as(&self, permutation: usize) -> u64 {
        let names = &ALL_PERMUTATIONS[permutation];
        let mut hasher = Renamed::new(names);
        let World { store, candidates, ghosts, dead, budget, last_term, finding: _ } = self;
        (store, ghosts, dead, budget, last_term).hash(&mut hasher);
        for name in 0..candidates.len() {
            let called = |index: &usize| usize::from(names[*index]) == name;
            let index = (0..candidates.len()).find(called).unwrap_or(name);
            let candidate = &candidates[index];
            let Candidate { cell, alive, process, pending, .. } = candidate;
            let Candidate { reading, watch, note, wires, acts, promised, early, .. } = candidate;
            (alive, acts, promised, early, process).hash(&mut hasher);
            if *alive {
                hasher.write_u64(cell.print(permutation));
                (pending, reading, watch, note, wires).hash(&mut hasher);
            }
        }
        hasher.finish()
    }
}
