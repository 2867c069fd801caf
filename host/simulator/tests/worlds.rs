//! Random worlds: bad networks on which writes are lost, late or arrive twice, drifting clocks, frozen and
//! killed processes, hands that delete, relabel, edit and replace the lock or put earlier records back,
//! restored backups, chaotic policies.
//!
//! `HOTSEAT_SEED=N` runs them with that seed only, `HOTSEAT_WORLDS=N` with the first N seeds; a
//! failure prints its seed.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use hotseat_core::config::{Config, Timing};
use hotseat_core::event::{Effect, Event};
use hotseat_core::failures::DEFAULT_SHARE;
use hotseat_core::lock::{Incarnation, Lock, Record, Token};
use hotseat_core::on_failure::OnFailure;
use hotseat_core::request::TransferRequest;
use hotseat_core::rule;
use hotseat_core::view::View;
use hotseat_simulator::{Broken, Dice, Network, Policy, World, chaotic, random_timing};
use std::time::Duration;

/// What hands do to the lock in a world. A process that never saw the lock takes a missing one for
/// a new election, so deletions and fresh processes are not mixed: docs/limits.md names it.
#[derive(Clone, Copy, PartialEq)]
enum Hands {
    DeleteAndClear,
    RestartAndClear,
}

fn config(name: &str, site: &str, nonce: u64, timing: Timing) -> Config {
    Config {
        election: "web".to_owned(),
        namespace: "shop".to_owned(),
        identity: name.to_owned(),
        incarnation: Incarnation { site: site.to_owned(), nonce: nonce.to_string(), home: None },
        predecessor: None,
        timing,
        drain: timing.reaction,
        warm_up: Duration::ZERO,
        preemptions_per_hour: 60,
        // Each of the three in some process of most worlds.
        on_failure: OnFailure::ALL[nonce as usize % OnFailure::ALL.len()],
        failure_share: DEFAULT_SHARE,
        seed: nonce,
    }
}

struct Run {
    world: World,
    dice: Dice,
    names: Vec<String>,
    timing: Timing,
    starts: u64,
    hands: Hands,
    chaos: bool,
    /// All candidates have seen a holder in the lock.
    met: bool,
}

impl Run {
    fn new(seed: u64, hands: Hands, chaos: bool, network: Network) -> Self {
        let mut dice = Dice::new(seed);
        let timing = random_timing(&mut dice, 3);
        timing.check().unwrap();
        let mut run = Run {
            world: World::new(seed, network),
            timing,
            names: Vec::new(),
            starts: 0,
            hands,
            chaos,
            met: false,
            dice,
        };
        run.world.record();
        // Memories of a token go with the lock and with processes; the wall clock is left.
        run.world.wall_clocks = true;
        for name in ["a", "b", "c"].iter().take(2 + run.dice.below(2) as usize) {
            run.starts += 1;
            let config = config(name, &format!("site-{name}"), run.starts, run.timing);
            let policy = run.policy();
            let ppm = run.dice.below(20_001) as i64 - 10_000;
            let index = run.world.add(config, policy, ppm);
            run.names.push((*name).to_owned());
            run.world.start(index);
        }
        run
    }

    fn policy(&mut self) -> Policy {
        if self.chaos {
            chaotic(self.dice.bits())
        } else {
            Box::new(|input| Ok(rule::decide(input)))
        }
    }

    fn go(&mut self, steps: u64) -> Result<(), Broken> {
        for _ in 0..steps {
            let pause = self.dice.between(Duration::from_millis(1), Duration::from_secs(8));
            self.world.run_for(pause)?;
            self.disturb()?;
        }
        self.world.run_for(Duration::from_secs(60))
    }

    /// The end of what the candidates told, for whoever looks into a seed.
    fn tell(&self) {
        let told = |effect: &Effect| {
            use Effect::{Account, Ask, Show, WakeAt};
            !matches!(effect, Ask { .. } | WakeAt(_) | Show(_) | Account(_))
        };
        let effects = self.world.recorded.iter().flatten();
        let effects: Vec<_> = effects.filter(|(_, _, effect)| told(effect)).collect();
        for (at, index, effect) in effects.iter().rev().take(100).rev() {
            println!("{at} {}: {effect:?}", self.names[*index]);
        }
    }

    /// Whether all candidates have seen a holder at once, ever: one that never saw the lock is a
    /// fresh process, too.
    fn have_met(&mut self) -> bool {
        let sees_holder = |index| {
            let view: &View = self.world.view(index);
            view.seen.as_ref().is_some_and(|seen| seen.holder.is_some())
        };
        self.met = self.met || (0..self.names.len()).all(sees_holder);
        self.met
    }

    fn disturb(&mut self) -> Result<(), Broken> {
        let met = self.have_met();
        let index = self.dice.below(self.names.len() as u64) as usize;
        let length = self.dice.between(Duration::from_millis(50), Duration::from_secs(25));
        match self.dice.below(14) {
            0 | 1 => self.world.freeze(index, length),
            2 | 3 => self.world.cut(index, true),
            4 | 5 => (0..self.names.len()).for_each(|index| self.world.cut(index, false)),
            6 if self.dice.percent(50) => self.report(index),
            6 => drop(self.world.store.relabel()),
            7 => self.edit()?,
            8 if self.hands == Hands::DeleteAndClear => {
                if met {
                    self.world.store.delete();
                }
            }
            8 => self.restart(index),
            9 => self.world.let_go(index),
            10 | 11 => self.ask(),
            12 => self.replace_by_force(),
            _ => {
                let policy = self.policy();
                self.world.swap(index, policy);
                let thinking = Duration::from_millis(self.dice.below(900));
                self.world.think(index, thinking);
            }
        }
        self.world.announce();
        Ok(())
    }

    /// People ask for a pause or its end, and for another leader, who may be there or not.
    fn ask(&mut self) {
        let to = self.dice.below(self.names.len() as u64 + 1) as usize;
        let to = self.names.get(to).cloned().unwrap_or_else(|| "nobody".to_owned());
        let (what, within) = (self.dice.below(5), Duration::from_secs(1 + self.dice.below(60)));
        let until = format!("asked at {}", self.world.now);
        self.world.store.edit(|record| {
            let requests = &mut record.requests;
            match what {
                0 => requests.paused = !requests.paused,
                1 => requests.preferred = Some(to),
                _ => {
                    let by = "somebody".to_owned();
                    requests.transfer =
                        Some(TransferRequest { to, by, within, until, refused: None });
                }
            }
        });
    }

    /// A hand, another elector or a backup changes the record in any way.
    fn edit(&mut self) -> Result<(), Broken> {
        let before = self.world.store.history().len() as u64;
        let seconds = 1 + self.dice.below(40);
        let number = self.starts * 1000 + self.world.store.version();
        let edit: &dyn Fn(&mut Record) = match self.dice.below(11) {
            0 => &|record| record.holder = None,
            1 => &|record| record.duration = None,
            2 => &|record| record.duration = Some(Duration::from_secs(seconds)),
            3 => &|record| record.transitions = 0,
            4 => &|record| record.times = format!("edited {number}"),
            5 => &|record| {
                (record.holder, record.duration, record.transitions) = (None, None, 0);
                record.times.clear();
            },
            // The annotation, and with it what the object remembers of tokens.
            6 => &|record| record.token = Token(0),
            7 => &|record| record.holder = Some("other".to_owned()),
            // client-go's release, whoever held the seat.
            8 => &|record| {
                (record.holder, record.released) = (None, true);
                record.duration = Some(Duration::from_secs(1));
                record.times = format!("released {number}");
            },
            _ if before > 0 => {
                let index = self.dice.below(before) as usize;
                let old = self.world.store.history().nth(index).unwrap().clone();
                return self.put_back(old);
            }
            _ => &|_| {},
        };
        self.world.store.edit(|record| {
            record.mark = None;
            record.released = false;
            edit(record);
        });
        Ok(())
    }

    /// `kubectl replace --force`: a hand deletes the object and at once creates another, with another UID, of
    /// what it has in a file: the record as it stands, mark and all, or an edited one. Nobody reads a missing
    /// lock meanwhile, so fresh processes are there, too; a watch tells that it was gone.
    fn replace_by_force(&mut self) {
        let Lock::Present(mut record) = self.world.store.read() else { return };
        if self.dice.percent(50) {
            record.mark = None;
            record.released = false;
            record.duration = Some(Duration::from_secs(1 + self.dice.below(40)));
            match self.dice.below(3) {
                0 => record.holder = None,
                1 => record.holder = Some("other".to_owned()),
                _ => {}
            }
        }
        self.world.store.delete();
        self.world.announce();
        self.world.store.put(record);
    }

    /// An earlier record comes back, by a hand or by a backup of the store.
    fn put_back(&mut self, old: Record) -> Result<(), Broken> {
        if self.dice.percent(70) {
            self.world.store.put(old);
            return Ok(());
        }
        // As docs/http.md has it: no API server answers for the longest lease, and versions are raised.
        (0..self.names.len()).for_each(|index| self.world.cut(index, true));
        self.world.run_for(self.timing.stretch(self.timing.longest_lease))?;
        let version = self.world.store.version() + 1000;
        self.world.store.restore(old, version);
        (0..self.names.len()).for_each(|index| self.world.cut(index, false));
        Ok(())
    }

    /// Pods are reported to have ended (I15): some at once, some when another process of their name has
    /// led for long.
    fn report(&mut self, index: usize) {
        let at_once = self.dice.percent(50);
        let longest = if at_once { Duration::from_millis(50) } else { Duration::from_secs(40) };
        self.world.report_ends(index, longest);
    }

    /// A process ends, by a signal or at once, and another comes in its place: in the same pod, or
    /// under the same name in another one.
    fn restart(&mut self, index: usize) {
        self.starts += 1;
        let name = self.names[index].clone();
        // A process of the same site finds the note of the one before it.
        let same = self.dice.percent(60);
        let site =
            if same { format!("site-{name}") } else { format!("site-{name}-{}", self.starts) };
        let predecessor = self.world.note(index).filter(|_| same);
        if self.dice.percent(30) {
            self.world.tell(index, Event::Stop);
        }
        let config = Config { predecessor, ..config(&name, &site, self.starts, self.timing) };
        self.world.restart(index, config);
        if self.dice.percent(70) {
            self.report(index);
        }
    }
}

fn seeds(count: u64) -> Vec<u64> {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().expect(name));
    match number("HOTSEAT_SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("HOTSEAT_WORLDS").unwrap_or(count)).collect(),
    }
}

fn hold(count: u64, hands: Hands, chaos: bool, network: fn() -> Network) {
    let (mut terms, mut repeated, mut landed) = (0, 0, 0);
    let repeats = network().repeated_writes > 0;
    for seed in seeds(count) {
        let mut run = Run::new(seed, hands, chaos, network());
        if let Err(broken) = run.go(40) {
            if std::env::var_os("HOTSEAT_SEED").is_some() {
                run.tell();
            }
            panic!("seed {seed}: {broken}");
        }
        terms += run.world.terms();
        repeated += run.world.repeated.arrived;
        landed += run.world.repeated.landed;
    }
    // One world alone may be a quiet one.
    let worlds = seeds(count).len() as u64;
    assert!(worlds == 1 || terms > worlds, "only {terms} terms: the worlds are too quiet");
    assert!(worlds == 1 || !repeats || repeated > worlds, "only {repeated} writes arrived twice");
    // A create after a deletion is rare.
    let deletes = hands == Hands::DeleteAndClear && worlds >= 1000;
    assert!(!repeats || !deletes || landed > 0, "{repeated} writes arrived twice, and none landed");
}

#[test]
fn one_believer_on_a_bad_network() {
    hold(1200, Hands::RestartAndClear, false, Network::bad);
}

#[test]
fn one_believer_with_deletions() {
    hold(1200, Hands::DeleteAndClear, false, || Network { silent_events: 0, ..Network::bad() });
}

#[test]
fn one_believer_with_chaotic_policies() {
    hold(1200, Hands::RestartAndClear, true, Network::bad);
    hold(600, Hands::DeleteAndClear, true, Network::perfect);
}

#[test]
fn somebody_leads_again_once_the_trouble_is_over() {
    for seed in seeds(1000) {
        let mut run = Run::new(seed, Hands::RestartAndClear, false, Network::bad());
        run.go(20).unwrap();
        run.world.network = Network::perfect();
        (0..run.names.len()).for_each(|index| run.world.cut(index, false));
        run.world.run_for(Duration::from_secs(120)).unwrap();
        assert!(run.world.leader().is_some(), "seed {seed}: nobody leads");
    }
}
