//! From one lock to another in three steps, and back: fleets that are mixed of candidates of the old
//! lock, of both and of the new one, in random worlds as in `worlds.rs`. The checkers are always on:
//! whatever locks two candidates have, they never lead at a time, and tokens grow across all of them.
//!
//! `HOTSEAT_SEED=N` runs that seed only, `HOTSEAT_WORLDS=N` the first N; a failure prints its seed.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use hotseat_core::config::{Config, Timing};
use hotseat_core::electors::Which;
use hotseat_core::event::{Event, Notice};
use hotseat_core::failures::DEFAULT_SHARE;
use hotseat_core::lock::{Incarnation, LastWrite, Record, Token};
use hotseat_core::on_failure::OnFailure;
use hotseat_core::rule;
use hotseat_simulator::{Broken, Dice, Locks, Network, Policy, World, chaotic, random_timing};
use std::collections::BTreeSet;
use std::time::Duration;

/// The steps, there and back.
const THERE: [Locks; 3] = [Locks::Outer, Locks::Both, Locks::Inner];
const BACK: [Locks; 3] = [Locks::Inner, Locks::Both, Locks::Outer];
const NAMES: [&str; 3] = ["a", "b", "c"];

/// A fleet on its way.
struct Fleet {
    world: World,
    dice: Dice,
    timing: Timing,
    locks: [Locks; 3],
    starts: u64,
    chaos: bool,
    hands: bool,
    /// Which locks leaders had, seen after each step of time.
    led: BTreeSet<&'static str>,
}

impl Fleet {
    fn new(seed: u64, first: Locks, chaos: bool, network: Network) -> Self {
        let mut dice = Dice::new(seed ^ 0x5eed);
        let timing = random_timing(&mut dice, 2);
        timing.check().unwrap();
        let mut fleet = Fleet {
            world: World::new(seed, network),
            dice,
            timing,
            locks: [first; 3],
            starts: 0,
            chaos,
            hands: true,
            led: BTreeSet::new(),
        };
        fleet.world.wall_clocks = true;
        for index in 0..NAMES.len() {
            let config = fleet.config(index, true);
            let policy = fleet.policy();
            let ppm = fleet.dice.below(20_001) as i64 - 10_000;
            fleet.world.add_on(first, config, policy, ppm);
            fleet.world.start(index);
        }
        fleet
    }

    fn policy(&mut self) -> Policy {
        if self.chaos {
            chaotic(self.dice.bits())
        } else {
            Box::new(|input| Ok(rule::decide(input)))
        }
    }

    fn config(&mut self, index: usize, same_site: bool) -> Config {
        self.starts += 1;
        let name = NAMES[index];
        let site = match same_site {
            true => format!("site-{name}"),
            false => format!("site-{name}-{}", self.starts),
        };
        Config {
            election: "web".to_owned(),
            namespace: "shop".to_owned(),
            identity: name.to_owned(),
            incarnation: Incarnation { site, nonce: self.starts.to_string(), home: None },
            predecessor: None,
            timing: self.timing,
            drain: self.timing.reaction,
            warm_up: Duration::ZERO,
            preemptions_per_hour: 60,
            on_failure: OnFailure::ALL[self.starts as usize % OnFailure::ALL.len()],
            failure_share: DEFAULT_SHARE,
            seed: self.starts,
        }
    }

    /// All the steps, one member after the other at each.
    fn migrate(&mut self, steps: [Locks; 3]) -> Result<(), Broken> {
        self.live(8)?;
        for locks in &steps[1..] {
            let mut left: Vec<usize> = (0..NAMES.len()).collect();
            while !left.is_empty() {
                let index = left.remove(self.dice.below(left.len() as u64) as usize);
                self.replace(index, *locks)?;
                self.live(4)?;
            }
            // As docs/migrating.md has it: the next step begins a lease after the last of this one, since
            // candidates of the first step and of the third do not see each other.
            let lease = self.timing.stretch(self.timing.longest_lease);
            self.world.run_for(lease + self.timing.reaction)?;
            self.live(6)?;
        }
        self.world.run_for(Duration::from_secs(30))
    }

    /// A process ends, by a signal or at once, and another with those locks comes in its place.
    fn replace(&mut self, index: usize, locks: Locks) -> Result<(), Broken> {
        if self.dice.percent(60) {
            self.world.tell(index, Event::Stop);
            let pause = self.dice.between(Duration::from_millis(1), self.timing.lease_duration);
            self.world.run_for(pause)?;
        }
        self.world.kill(index);
        // A process of the same site finds the notes of the one before it, of each lock.
        let before = self.locks[index];
        let same = self.dice.percent(50);
        let note = |world: &World, lock| note_of(world, index, before, lock).filter(|_| same);
        let config = self.config(index, same);
        let (inner, outer) = (note(&self.world, Which::Inner), note(&self.world, Which::Outer));
        let (first, second) = match locks {
            Locks::Inner => (inner, None),
            Locks::Outer => (outer, None),
            Locks::Both => (inner, outer),
        };
        let config = Config { predecessor: first, ..config };
        self.locks[index] = locks;
        self.world.restart_on(index, locks, config, second);
        Ok(())
    }

    /// Time passes, and things go wrong.
    fn live(&mut self, steps: u64) -> Result<(), Broken> {
        for _ in 0..steps {
            let pause = self.dice.between(Duration::from_millis(1), Duration::from_secs(6));
            self.world.run_for(pause)?;
            if let Some(leader) = self.world.leader() {
                self.led.insert(match self.locks[leader] {
                    Locks::Inner => "inner",
                    Locks::Outer => "outer",
                    Locks::Both => "both",
                });
            }
            self.disturb()?;
        }
        Ok(())
    }

    fn disturb(&mut self) -> Result<(), Broken> {
        let index = self.dice.below(NAMES.len() as u64) as usize;
        let length = self.dice.between(Duration::from_millis(50), Duration::from_secs(20));
        match self.dice.below(10) {
            0 | 1 => self.world.freeze(index, length),
            2 => self.world.cut(index, true),
            3 | 4 => (0..NAMES.len()).for_each(|index| self.world.cut(index, false)),
            5 => {
                self.world.store.relabel();
                self.world.outer.relabel();
            }
            6 | 7 if self.hands => self.edit(),
            6 | 7 => {
                let either = [None, Some(Which::Inner), Some(Which::Outer)];
                self.world.unreachable = either[self.dice.below(3) as usize];
            }
            8 => self.replace(index, self.locks[index])?,
            _ => {
                let policy = self.policy();
                self.world.swap(index, policy);
            }
        }
        self.world.announce();
        Ok(())
    }

    /// A hand, another elector or a backup changes the record of either lock.
    fn edit(&mut self) {
        let number = self.starts * 1000 + self.world.store.version();
        let seconds = 1 + self.dice.below(40);
        let choice = self.dice.below(8);
        let back = self.dice.percent(30);
        let at_outer = self.dice.percent(50);
        let pick = self.dice.bits();
        let store = if at_outer { &mut self.world.outer } else { &mut self.world.store };
        let before = store.history().len() as u64;
        if back && before > 0 {
            let old = store.history().nth((pick % before) as usize).unwrap().clone();
            return store.put(old);
        }
        let edit: &dyn Fn(&mut Record) = match choice {
            0 => &|record| record.holder = None,
            1 => &|record| record.duration = None,
            2 => &|record| record.duration = Some(Duration::from_secs(seconds)),
            3 => &|record| record.transitions = 0,
            4 => &|record| record.times = format!("edited {number}"),
            5 => &|record| record.token = Token(0),
            6 => &|record| record.holder = Some("other".to_owned()),
            _ => &|record| {
                (record.holder, record.released) = (None, true);
                record.duration = Some(Duration::from_secs(1));
                record.times = format!("released {number}");
            },
        };
        store.edit(|record| {
            record.mark = None;
            record.released = false;
            edit(record);
        });
    }
}

/// The last write of a process with those locks to the inner or the outer one.
fn note_of(world: &World, index: usize, had: Locks, lock: Which) -> Option<LastWrite> {
    match (had, lock) {
        (Locks::Inner, Which::Inner) | (Locks::Outer, Which::Outer) => world.note(index),
        (Locks::Both, _) => world.note_of(index, lock),
        _ => None,
    }
}

fn seeds(count: u64) -> Vec<u64> {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().expect(name));
    match number("HOTSEAT_SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("HOTSEAT_WORLDS").unwrap_or(count)).collect(),
    }
}

fn hold(count: u64, steps: [Locks; 3], chaos: bool, network: fn() -> Network) {
    let mut led = BTreeSet::new();
    for seed in seeds(count) {
        let mut fleet = Fleet::new(seed, steps[0], chaos, network());
        if let Err(broken) = fleet.migrate(steps) {
            if std::env::var_os("HOTSEAT_SEED").is_some() {
                for (at, index, notice) in fleet.world.notices.iter().rev().take(80).rev() {
                    if !matches!(notice, Notice::Decided { .. } | Notice::Renewed) {
                        println!("{at} {}: {notice:?}", NAMES[*index]);
                    }
                }
            }
            panic!("seed {seed}: {broken}");
        }
        led.append(&mut fleet.led);
    }
    if seeds(count).len() > 20 {
        assert_eq!(led.len(), 3, "leaders of each kind: {led:?}");
    }
}

#[test]
fn one_believer_on_the_way_there() {
    hold(150, THERE, false, Network::bad);
}

#[test]
fn one_believer_on_the_way_back() {
    hold(150, BACK, false, Network::bad);
}

#[test]
fn one_believer_with_chaotic_policies() {
    hold(100, THERE, true, Network::bad);
    hold(100, BACK, true, Network::perfect);
}

/// In each mixture that a step goes through, and whoever was lost on the way.
#[test]
fn somebody_leads_in_each_mixture() {
    let mixtures = [
        [Locks::Outer, Locks::Outer, Locks::Both],
        [Locks::Outer, Locks::Both, Locks::Both],
        [Locks::Both, Locks::Both, Locks::Both],
        [Locks::Both, Locks::Both, Locks::Inner],
        [Locks::Both, Locks::Inner, Locks::Inner],
    ];
    for seed in seeds(8) {
        for mixture in mixtures {
            let mut fleet = Fleet::new(seed, Locks::Both, false, Network::bad());
            fleet.hands = false;
            let context = |what: &str| format!("seed {seed}, {mixture:?}: {what}");
            let held = |lived: Result<(), Broken>, when: &str| {
                lived.unwrap_or_else(|broken| panic!("{}: {broken}", context(when)));
            };
            for (index, locks) in mixture.into_iter().enumerate() {
                held(fleet.replace(index, locks), "replaced");
            }
            held(fleet.live(10), "lived");
            (fleet.world.network, fleet.world.unreachable) = (Network::perfect(), None);
            (0..NAMES.len()).for_each(|index| fleet.world.cut(index, false));
            held(fleet.world.run_for(Duration::from_secs(120)), "calm");
            assert!(fleet.world.leader().is_some(), "{}", context("nobody leads"));
            // And when its leader is killed, somebody else.
            let leader = fleet.world.leader().unwrap();
            fleet.world.kill(leader);
            held(fleet.world.run_for(Duration::from_secs(90)), "without the leader");
            assert!(fleet.world.leader().is_some(), "{}", context("nobody follows"));
        }
    }
}
