//! Fleets that take a policy one candidate after the other: whatever happens to them meanwhile they end on
//! one policy, the old one or the new one, and never on one that fails.

use super::worlds::{seeds, tell_facts};
use super::*;
use hotseat_rollout::{Report, Turns};
use std::collections::BTreeSet;

const SOAK: Duration = Duration::from_secs(20);
const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn taking_turns(name: &str) -> rollout::Config {
    let turns = Turns { name: name.to_owned(), soak: SOAK, at_once: 1 };
    rollout::Config { turns: Some(turns), ..at_once() }
}

/// Candidates of which one leads, all by the old policy.
struct Fleet {
    world: World,
    count: usize,
    starts: u64,
    /// Began anew after the new policy was published: the old one is nowhere for them.
    newcomers: BTreeSet<usize>,
}

fn old() -> rollout::Policy {
    policy("good", "")
}

impl Fleet {
    fn new(seed: u64, count: usize) -> Fleet {
        let mut world = world(seed, Network::perfect(), Hazards::none());
        world.wall_clocks = true;
        for (index, name) in NAMES.iter().take(count).enumerate() {
            let config = candidate(name, index as u64 + 1, timing());
            world.add_with_rollout(config, taking_turns(name), 0);
            world.think(index, Duration::from_millis(3));
            world.start(index);
        }
        world.publish(old());
        world.run_for(secs(60)).unwrap();
        let mut fleet = Fleet { world, count, starts: 100, newcomers: BTreeSet::new() };
        assert!(fleet.all_run(&old()) && fleet.world.leader().is_some());
        fleet.world.facts.clear();
        fleet
    }

    fn all_run(&self, policy: &rollout::Policy) -> bool {
        (0..self.count).all(|index| active(&self.world, index).as_ref() == Some(policy))
    }

    fn run_for(&mut self, time: Duration) {
        self.world.run_for(time).unwrap();
    }

    #[track_caller]
    fn until(&mut self, what: &str, wanted: impl Fn(&Fleet) -> bool) {
        for _ in 0..40_000 {
            if wanted(self) {
                return;
            }
            self.run_for(Duration::from_millis(100));
        }
        panic!("not within an hour: {what}");
    }

    fn restart(&mut self, index: usize) {
        self.starts += 1;
        self.newcomers.insert(index);
        let predecessor = self.world.note(index);
        let config = candidate(NAMES[index], self.starts, timing());
        self.world.restart(index, Config { predecessor, ..config });
    }

    /// Who took which policy over, and when, in short.
    fn takeovers(&self) -> Vec<(Moment, usize, String)> {
        let took = |(at, index, fact): &(Moment, usize, Fact)| match fact {
            Fact::TookOver { policy, .. } => Some((*at, *index, policy.digest.clone())),
            _ => None,
        };
        self.world.facts.iter().filter_map(took).collect()
    }

    fn report(&self, index: usize) -> Report {
        self.world.report(index).unwrap()
    }

    /// Those who wait for others with it.
    fn stage(&self, index: usize) -> &'static str {
        self.report(index).candidate.map_or("", |candidate| candidate.stage)
    }
}

fn timing() -> Timing {
    let mut timing = Timing::client_go();
    timing.reaction = secs(2);
    timing
}

#[test]
fn a_good_policy_reaches_the_standbys_one_by_one_and_then_the_leader() {
    for count in [1, 3, 4] {
        let mut fleet = Fleet::new(7, count);
        let leader = fleet.world.leader().unwrap();
        let new = policy("holding", "1");
        fleet.world.publish(new.clone());
        fleet.until("all run it", |fleet| fleet.all_run(&new));
        let takeovers = fleet.takeovers();
        let mut order: Vec<usize> = (0..count).filter(|index| *index != leader).collect();
        order.push(leader);
        assert_eq!(takeovers.iter().map(|it| it.1).collect::<Vec<_>>(), order);
        for pair in takeovers.windows(2) {
            let apart = pair[1].0.since(pair[0].0);
            assert!(apart >= SOAK && apart < SOAK + secs(5), "{apart:?}");
        }
        assert!(fleet.world.leads(leader) && lapses(&fleet.world).is_empty());
    }
}

#[test]
fn a_policy_that_fails_only_as_leader_brings_the_fleet_back() {
    let mut fleet = Fleet::new(7, 3);
    let leader = fleet.world.leader().unwrap();
    fleet.world.publish(policy("leaderless", ""));
    fleet.until("the leader tries it", |fleet| {
        active(&fleet.world, leader) == Some(policy("leaderless", ""))
    });
    assert!(fleet.all_run(&policy("leaderless", "")));
    fleet.until("all are back", |fleet| fleet.all_run(&old()));
    fleet.run_for(secs(1800));
    assert!(fleet.all_run(&old()) && lapses(&fleet.world).is_empty() && fleet.world.leads(leader));
    // Each says once why it does not run it, all in the same words but the one that saw it.
    let stopped = fleet.world.facts.iter().filter_map(|(_, _, fact)| match fact {
        Fact::Refused { refusal, .. } => Some((refusal.stage, refusal.why.clone())),
        _ => None,
    });
    let why = format!("{} saw it fail in force", NAMES[leader]);
    let stopped: Vec<_> = stopped.collect();
    assert!(stopped.len() == 2 && stopped[0] == stopped[1], "{stopped:?}");
    assert!(stopped[0].0 == "turn" && stopped[0].1.starts_with(&why), "{stopped:?}");
}

#[test]
fn a_refusal_by_the_first_keeps_the_others_as_they_are() {
    let mut fleet = Fleet::new(7, 4);
    fleet.world.publish(policy("picky", "bad"));
    fleet.run_for(secs(1800));
    assert!(fleet.all_run(&old()) && fleet.takeovers().is_empty());
}

/// The leader dies in the middle, and a standby that has the new policy is the next: it fails there.
#[test]
fn a_leader_that_dies_in_the_middle_leaves_the_rest_to_see_it() {
    let mut fleet = Fleet::new(7, 4);
    let leader = fleet.world.leader().unwrap();
    fleet.world.publish(policy("leaderless", ""));
    fleet.until("two have it", |fleet| fleet.takeovers().len() == 2);
    fleet.world.kill(leader);
    fleet.until("another leads", |fleet| fleet.world.leader().is_some_and(|next| next != leader));
    fleet.run_for(secs(1200));
    let rest: Vec<usize> = (0..4).filter(|index| *index != leader).collect();
    for index in &rest {
        assert_eq!(active(&fleet.world, *index), Some(old()), "{}", NAMES[*index]);
    }
    // The one that died begins with what there is, and is the only one to run it.
    fleet.restart(leader);
    fleet.run_for(secs(1200));
    for index in rest {
        assert_eq!(active(&fleet.world, index), Some(old()), "{}", NAMES[index]);
    }
    assert!(fleet.world.leader().is_some());
}

#[test]
fn one_that_is_cut_off_in_the_middle_is_waited_for_and_comes_along() {
    for digest in ["holding", "leaderless"] {
        let mut fleet = Fleet::new(7, 4);
        let leader = fleet.world.leader().unwrap();
        let cut = (0..4).filter(|index| *index != leader).nth(1).unwrap();
        fleet.world.publish(policy(digest, ""));
        fleet.until("one has it", |fleet| fleet.takeovers().len() == 1);
        fleet.world.cut(cut, true);
        fleet.world.cut_source(cut, true);
        // Its entry is still seen.
        fleet.run_for(secs(120));
        assert_eq!(fleet.stage(leader), "turn", "the leader has not gone before");
        fleet.world.cut(cut, false);
        fleet.world.cut_source(cut, false);
        fleet.run_for(secs(1800));
        let wanted = if digest == "holding" { policy(digest, "") } else { old() };
        assert!(fleet.all_run(&wanted), "{digest}");
    }
}

#[test]
fn a_person_lets_them_go_on_and_nobody_waits_any_more() {
    let mut fleet = Fleet::new(7, 4);
    let new = policy("holding", "1");
    fleet.world.publish(new.clone());
    fleet.until("one has it", |fleet| fleet.takeovers().len() == 1);
    fleet.world.skip_turns(&new);
    fleet.run_for(secs(5));
    assert!(fleet.all_run(&new));
    // Where one refused it, too: that one has its own reason.
    let mut fleet = Fleet::new(7, 3);
    fleet.world.hazards.not_taken_over = 100;
    fleet.world.publish(new.clone());
    fleet.until("one refuses it", |fleet| (0..3).any(|index| fleet.stage(index) == "take-over"));
    fleet.world.hazards = Hazards::none();
    fleet.until("all are stopped", |fleet| {
        (0..3).filter(|index| fleet.stage(*index) == "turn").count() == 2
    });
    fleet.run_for(secs(600));
    assert!(fleet.all_run(&old()));
    fleet.world.skip_turns(&new);
    fleet.run_for(secs(30));
    let run = (0..3).filter(|index| active(&fleet.world, *index) == Some(new.clone())).count();
    assert_eq!(run, 2, "all but the one that refused it");
}

/// What may happen while a fleet takes a policy.
fn disturb(fleet: &mut Fleet, dice: &mut Dice) {
    let index = dice.below(fleet.count as u64) as usize;
    match dice.below(14) {
        0..=2 => {
            let time = dice.between(Duration::ZERO, secs(40));
            fleet.world.freeze(index, time);
        }
        3..=5 => fleet.world.cut(index, true),
        6..=8 => (0..fleet.count).for_each(|index| {
            fleet.world.cut(index, false);
            fleet.world.cut_source(index, false);
        }),
        9 => fleet.world.cut_source(index, true),
        10 => fleet.world.forget_entry(index),
        11 => {
            // No longer: a policy that is too slow fails, be it good or bad.
            let thinking = Duration::from_millis(dice.below(50));
            fleet.world.think(index, thinking);
        }
        _ if dice.percent(30) => fleet.restart(index),
        _ => {}
    }
}

/// Runs a world with its publication through all that goes wrong, and then for as long as everything takes.
fn life(seed: u64, new: &rollout::Policy) -> (Fleet, Result<(), Broken>) {
    let mut dice = Dice::new(seed);
    let count = 2 + dice.below(3) as usize;
    let mut fleet = Fleet::new(seed, count);
    let mut go = |fleet: &mut Fleet| -> Result<(), Broken> {
        fleet.world.network = Network::bad();
        fleet.world.hazards = Hazards { refused: 0, not_taken_over: 0, ..Hazards::bad() };
        fleet.world.publish(new.clone());
        for _ in 0..dice.below(60) {
            let pause = dice.between(Duration::ZERO, secs(12));
            fleet.world.run_for(pause)?;
            disturb(fleet, &mut dice);
        }
        fleet.world.network = Network::perfect();
        fleet.world.hazards = Hazards::none();
        for index in 0..fleet.count {
            fleet.world.cut(index, false);
            fleet.world.cut_source(index, false);
            fleet.world.think(index, Duration::from_millis(3));
        }
        fleet.world.run_for(secs(2400))
    };
    let outcome = go(&mut fleet);
    (fleet, outcome)
}

fn lived(seed: u64, new: &rollout::Policy) -> Fleet {
    let (fleet, outcome) = life(seed, new);
    if let Err(broken) = outcome {
        tell_facts(&fleet.world, &NAMES);
        panic!("seed {seed}: {broken}");
    }
    fleet
}

/// Any interleaving with crashes, partitions, freezes and vanished entries: a good policy reaches all.
#[test]
fn whatever_happens_a_good_policy_reaches_all_of_a_fleet() {
    for seed in seeds(WORLDS) {
        let new = policy("holding", "1");
        let fleet = lived(seed, &new);
        if !fleet.all_run(&new) {
            tell_facts(&fleet.world, &NAMES);
            let run: Vec<_> = (0..fleet.count).map(|index| active(&fleet.world, index)).collect();
            panic!("seed {seed}: {run:?}");
        }
    }
}

/// A policy that fails in whoever leads: all who had the old one run it in the end. Who began anew
/// meanwhile has no other than the standard one to go to, and goes there once it leads. Its objection is
/// gone with it: whoever saw nothing of the others for as long as it stood keeps the policy until it leads.
#[test]
fn whatever_happens_a_policy_that_fails_as_leader_is_nowhere_in_the_end() {
    let (mut back, mut newcomers) = (0, 0);
    let seeds = seeds(WORLDS);
    for seed in &seeds {
        let new = policy("leaderless", "");
        let fleet = lived(*seed, &new);
        let leader = fleet.world.leader();
        for (index, name) in NAMES.iter().enumerate().take(fleet.count) {
            let runs = active(&fleet.world, index);
            let is_new = fleet.newcomers.contains(&index);
            let fits = match is_new {
                false if fleet.newcomers.is_empty() => runs == Some(old()),
                false => runs == Some(old()) || leader != Some(index),
                true => leader != Some(index) || runs != Some(new.clone()),
            };
            if !fits || leader.is_none() {
                tell_facts(&fleet.world, &NAMES);
                panic!("seed {seed}: {name} runs {runs:?}, led by {leader:?}");
            }
        }
        newcomers += fleet.newcomers.len();
        back += fleet.takeovers().iter().filter(|(_, _, digest)| digest == "good").count();
    }
    println!("{} worlds: {back} came back, {newcomers} began anew", seeds.len());
    assert!(seeds.len() < 20 || (back > seeds.len() && newcomers > seeds.len() / 4));
}

/// In `make test`: some seconds.
const WORLDS: u64 = 60;
