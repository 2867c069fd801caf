//! Random worlds: publications good and bad come at any time, while candidates are frozen, cut off
//! and started anew, stages fail, and policies that took over fail in force.

use super::*;

struct Run {
    world: World,
    dice: Dice,
    names: Vec<&'static str>,
    starts: u64,
    timing: Timing,
}

fn timing() -> Timing {
    let mut timing = Timing::client_go();
    timing.reaction = Duration::from_secs(2);
    timing.check().unwrap();
    timing
}

fn rollout_config(dice: &mut Dice) -> rollout::Config {
    let shadow = match dice.below(3) {
        0 => None,
        1 => Some(ShadowPeriod::Decisions(1 + dice.below(4) as u32)),
        _ => Some(ShadowPeriod::Time(Duration::from_secs(dice.below(60)))),
    };
    let differences = match dice.percent(50) {
        true => rollout::Allowance::Percent(dice.below(101) as u8),
        false => rollout::Allowance::Count(dice.below(4) as u32),
    };
    let gate = Gate { differences, may_resign: dice.percent(50) };
    rollout::Config { shadow, gate, ..at_once() }
}

impl Run {
    fn new(seed: u64, network: Network, hazards: Hazards) -> Run {
        let mut dice = Dice::new(seed);
        let mut run = Run {
            world: world(seed, network, hazards),
            names: Vec::new(),
            starts: 0,
            timing: timing(),
            dice: Dice::new(dice.bits()),
        };
        run.world.wall_clocks = true;
        for name in ["a", "b", "c"].into_iter().take(2 + run.dice.below(2) as usize) {
            run.starts += 1;
            let config = candidate(name, run.starts, run.timing);
            let ppm = run.dice.below(20_001) as i64 - 10_000;
            let index = run.world.add_with_rollout(config, rollout_config(&mut run.dice), ppm);
            run.world.think(index, Duration::from_millis(run.dice.below(50)));
            run.names.push(name);
            run.world.start(index);
        }
        run.world.publish(policy("good", ""));
        run
    }

    fn publish(&mut self, components: &[&str]) {
        let digest = components[self.dice.below(components.len() as u64) as usize];
        let settings = ["", "1", "bad"][self.dice.below(3) as usize];
        self.world.publish(policy(digest, settings));
    }

    fn pause(&mut self) -> Result<(), Broken> {
        let longest = if self.dice.percent(50) { 1 } else { 12 };
        let pause = self.dice.between(Duration::ZERO, Duration::from_secs(longest));
        self.world.run_for(pause)
    }

    fn disturb(&mut self) {
        let index = self.dice.below(self.names.len() as u64) as usize;
        match self.dice.below(16) {
            0..=6 => {
                let mut components = COMPONENTS.to_vec();
                components.push("chaotic");
                self.publish(&components);
            }
            7 => self.world.publish_unfit(),
            8 => self.world.cut_source(index, true),
            9 => (0..self.names.len()).for_each(|index| self.world.cut_source(index, false)),
            10 => {
                let length = self.dice.between(Duration::ZERO, Duration::from_secs(25));
                self.world.freeze(index, length);
            }
            11 => self.world.cut(index, true),
            12 | 13 => (0..self.names.len()).for_each(|index| self.world.cut(index, false)),
            14 => {
                self.starts += 1;
                let predecessor = self.world.note(index);
                let config = candidate(self.names[index], self.starts, self.timing);
                self.world.restart(index, Config { predecessor, ..config });
            }
            _ => {
                let thinking = Duration::from_millis(self.dice.below(600));
                self.world.think(index, thinking);
            }
        }
    }

    /// Nothing goes wrong any more, and everything that began comes to its end.
    fn calm_down(&mut self) -> Result<(), Broken> {
        self.world.network = Network::perfect();
        self.world.hazards = Hazards::none();
        for index in 0..self.names.len() {
            self.world.cut(index, false);
            self.world.cut_source(index, false);
            self.world.think(index, Duration::from_millis(3));
        }
        // A decision comes once in a minute at least, and trials have up to four.
        self.world.run_for(Duration::from_secs(600))
    }

    /// Where a rollout stands when nothing is left to happen.
    fn check_ends(&self) {
        for index in 0..self.names.len() {
            let report = self.world.report(index).unwrap();
            let on_its_way = report.candidate.as_ref().filter(|shown| shown.refusal.is_none());
            assert_eq!(on_its_way, None, "a candidate without an end");
            assert_eq!(report.source_error, None);
            let broken = report.active.as_ref().is_some_and(|active| active.broken);
            assert!(!broken || report.last_good.is_none(), "{report:?}");
        }
    }
}

/// What the random worlds went through, so that they are known not to be quiet.
#[derive(Debug, Default)]
struct Seen {
    took_over: usize,
    restored: usize,
    refused: usize,
    left_behind: usize,
    shadows: usize,
    not_taken_over: usize,
}

impl Seen {
    fn count(&mut self, world: &World) {
        for (_, _, fact) in &world.facts {
            match fact {
                Fact::TookOver { restored: true, .. } => self.restored += 1,
                Fact::TookOver { .. } => self.took_over += 1,
                Fact::Refused { .. } => self.refused += 1,
                Fact::LeftBehind { .. } => self.left_behind += 1,
                Fact::ShadowAnswered { .. } => self.shadows += 1,
                Fact::NotTakenOver { .. } => self.not_taken_over += 1,
                _ => {}
            }
        }
    }

    /// One world alone may be a quiet one.
    fn check(&self, worlds: usize) {
        println!("{worlds} worlds: {self:?}");
        let Seen { took_over, restored, refused, left_behind, shadows, not_taken_over } = *self;
        let counts = [took_over, restored, refused, left_behind, shadows, not_taken_over];
        assert!(worlds < 20 || counts.iter().all(|count| *count > worlds), "{self:?}");
    }
}

pub(super) fn seeds(count: u64) -> Vec<u64> {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().expect(name));
    match number("HOTSEAT_SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("HOTSEAT_WORLDS").unwrap_or(count)).collect(),
    }
}

fn tell(run: &Run) {
    tell_facts(&run.world, &run.names);
}

/// Prints the last facts of a world whose seed was asked for.
pub(super) fn tell_facts(world: &World, names: &[&str]) {
    if std::env::var_os("HOTSEAT_SEED").is_some() {
        for (at, index, fact) in world.facts.iter().rev().take(60).rev() {
            println!("{at} {}: {fact:?}", names[*index]);
        }
    }
}

#[test]
fn a_seed_gives_its_world_again() {
    let life = |seed| {
        let mut run = Run::new(seed, Network::bad(), Hazards::bad());
        for _ in 0..40 {
            run.pause().unwrap();
            run.disturb();
        }
        (run.world.facts, run.world.notices)
    };
    for seed in 1..=5 {
        assert_eq!(life(seed), life(seed), "seed {seed}");
    }
    assert_ne!(life(1).0, life(2).0);
}

/// Nothing of it makes a second leader, loses a publication, lets a refused one change anything, or
/// brings a bad one back.
#[test]
fn policies_come_into_force_whatever_happens_around_them() {
    let seeds = seeds(WORLDS);
    let mut seen = Seen::default();
    for seed in &seeds {
        let mut run = Run::new(*seed, Network::bad(), Hazards::bad());
        let mut go = || {
            for _ in 0..40 {
                run.pause()?;
                run.disturb();
            }
            run.calm_down()
        };
        if let Err(broken) = go() {
            tell(&run);
            panic!("seed {seed}: {broken}");
        }
        run.check_ends();
        seen.count(&run.world);
    }
    seen.check(seeds.len());
}

/// Whatever policies come, fail and go: a leader whose policies do not resign renews in its time.
#[test]
fn renewals_go_on_while_policies_come_and_go() {
    let leading: Vec<&str> =
        COMPONENTS.into_iter().filter(|digest| *digest != "resigning").collect();
    for seed in seeds(WORLDS) {
        let mut run = Run::new(seed, Network::perfect(), Hazards::none());
        let mut go = || {
            // Somebody leads before anything is published that may fail.
            run.world.run_for(Duration::from_secs(60))?;
            run.world.hazards = Hazards::bad();
            for _ in 0..40 {
                run.publish(&leading);
                run.pause()?;
            }
            run.calm_down()
        };
        if let Err(broken) = go() {
            tell(&run);
            panic!("seed {seed}: {broken}");
        }
        let lapses = lapses(&run.world);
        assert!(lapses.is_empty() && run.world.terms() == 1, "seed {seed}: {lapses:?}");
        let gap = longest_gap(&run.world);
        assert!(gap <= LONGEST_GAP, "seed {seed}: {gap:?} without a renewal");
        run.check_ends();
    }
}

/// In `make test`: some seconds.
const WORLDS: u64 = 250;
