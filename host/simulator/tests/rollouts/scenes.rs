//! Where an election and the rollout of its policy meet.

use super::*;
use hotseat_core::elector::Underway;
use std::cell::Cell;
use std::rc::Rc;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A world of one candidate with this rollout, which leads by `good`.
fn led(config: rollout::Config) -> World {
    let mut world = world(5, Network::perfect(), Hazards::none());
    let index = world.add_with_rollout(candidate("a", 1, Timing::client_go()), config, 0);
    world.think(index, millis(3));
    world.start(index);
    world.publish(policy("good", ""));
    world.run_for(millis(5000)).unwrap();
    assert_eq!((world.leader(), active(&world, 0)), (Some(0), Some(policy("good", ""))));
    world
}

/// What is reported of policies from now on, in short.
fn told(world: &World, from: usize) -> Vec<String> {
    let words = world.facts[from..].iter().filter_map(|(_, _, fact)| {
        Some(match fact {
            Fact::CandidateFound { policy, .. } => format!("found {}", policy.digest),
            Fact::StageBegan { stage, policy } => format!("{stage} {}", policy.digest),
            Fact::TookOver { policy, restored, .. } => match restored {
                true => format!("back to {}", policy.digest),
                false => format!("to {}", policy.digest),
            },
            Fact::Broken { policy, .. } => format!("broken {}", policy.digest),
            Fact::Refused { policy, refusal, .. } => {
                let digest = policy.as_ref().map_or("", |policy| &policy.digest);
                format!("refused at {} {digest}", refusal.stage)
            }
            _ => return None,
        })
    });
    words.collect()
}

fn runs_until(world: &mut World, wanted: impl Fn(&World) -> bool) {
    for _ in 0..600_000 {
        if wanted(world) {
            return;
        }
        world.run_for(millis(1)).unwrap();
    }
    panic!("not within ten minutes");
}

/// I13: a publication takes over while a renewal is on its way to the server, and back, and at every
/// other moment of a heartbeat. The renewal counts, and the next one comes in its time.
#[test]
fn a_swap_that_ends_while_a_renewal_is_in_flight_costs_no_renewal() {
    let mut in_flight = 0;
    for after in 0..250 {
        let mut world = led(at_once());
        world.network.held_writes = millis(400);
        world.run_for(millis(8 * after)).unwrap();
        let found = world.facts.len();
        world.publish(policy("holding", ""));
        runs_until(&mut world, |world| active(world, 0) == Some(policy("holding", "")));
        let operation = world.situation(0).unwrap().operation;
        in_flight += u32::from(matches!(operation, Underway::Write(_)));
        world.run_for(millis(20_000)).unwrap();
        assert!(told(&world, found).contains(&"to holding".to_owned()));
        assert!(lapses(&world).is_empty() && world.terms() == 1);
        let gap = longest_gap(&world);
        assert!(gap <= millis(2900), "{gap:?} between two renewals, published after {after}");
    }
    assert!(in_flight > 20, "only {in_flight} swaps met a renewal");
}

/// The policy that fails is replaced at once, and the candidate has to show anew, beside what took
/// over, that it may.
#[test]
fn a_policy_that_fails_during_a_trial_is_replaced_and_the_trial_begins_anew() {
    let mut world = led(rollout::Config { shadow: Some(ShadowPeriod::Decisions(8)), ..at_once() });
    let traps = Rc::new(Cell::new(false));
    let switch = Rc::clone(&traps);
    let decides = Box::new(move |_| traps_later(Rc::clone(&switch)));
    world.know("later", Component { decides, ..Component::default() });
    world.publish(policy("later", ""));
    runs_until(&mut world, |world| active(world, 0) == Some(policy("later", "")));
    let found = world.facts.len();
    world.publish(policy("holding", ""));
    world.run_for(millis(5000)).unwrap();
    assert_eq!(told(&world, found).last().unwrap(), "shadow holding");
    traps.set(true);
    world.run_for(millis(60_000)).unwrap();
    assert_eq!(
        told(&world, found),
        [
            "found holding",
            "compile holding",
            "settings holding",
            "migrate holding",
            "dry-run holding",
            "shadow holding",
            "broken later",
            "back to good",
            "migrate holding",
            "dry-run holding",
            "shadow holding",
            "to holding",
        ]
    );
    assert!(world.leads(0) && lapses(&world).is_empty());
}

/// As the rule until the switch is turned, and never again.
fn traps_later(traps: Rc<Cell<bool>>) -> hotseat_simulator::Policy {
    Box::new(move |input| if traps.get() { trap() } else { Ok(rule::decide(input)) })
}

/// A publication that is found while the last good policy takes over comes after it: it migrates
/// from what is in force then, and the one that failed is not its measure.
#[test]
fn a_publication_found_while_the_last_good_one_comes_back_follows_it() {
    let mut world = led(at_once());
    world.publish(policy("trapping", ""));
    world.run_for(millis(1000)).unwrap();
    world.hazards.takeovers = [millis(1500); 2];
    runs_until(&mut world, |world| world.report(0).unwrap().active.unwrap().broken);
    assert_eq!(active(&world, 0), Some(policy("trapping", "")));
    let found = world.facts.len();
    world.publish(policy("holding", ""));
    world.publish_unfit();
    world.run_for(millis(3)).unwrap();
    world.publish(policy("holding", "1"));
    world.run_for(millis(10_000)).unwrap();
    assert_eq!(
        told(&world, found),
        [
            "refused at signature ",
            "found holding",
            "back to good",
            "compile holding",
            "settings holding",
            "migrate holding",
            "dry-run holding",
            "to holding",
        ]
    );
    assert_eq!(active(&world, 0), Some(policy("holding", "1")));
    assert!(world.leads(0) && lapses(&world).is_empty());
    // What failed does not take over again.
    world.publish(policy("trapping", ""));
    world.run_for(millis(10_000)).unwrap();
    assert_eq!(told(&world, found).last().unwrap(), "refused at known-bad trapping");
}

/// One publication: where its new settings are refused, neither they nor its bytes go live.
#[test]
fn a_refused_publication_changes_neither_policy_nor_settings() {
    let mut world = led(at_once());
    world.publish(policy("picky", "1"));
    world.run_for(millis(5000)).unwrap();
    let found = world.facts.len();
    world.publish(policy("picky", "bad"));
    world.run_for(millis(5000)).unwrap();
    assert_eq!(told(&world, found).last().unwrap(), "refused at settings picky");
    // Each question is checked for the settings that are in force.
    assert_eq!(active(&world, 0), Some(policy("picky", "1")));
    assert!(world.leads(0));
}

/// Threads that do not come back, of a policy in force: two of them, and the last good one is back.
/// No question waits for them.
#[test]
fn a_policy_whose_threads_do_not_come_back_costs_no_renewal() {
    let mut world = led(at_once());
    let found = world.facts.len();
    world.publish(policy("hanging", ""));
    world.run_for(millis(20_000)).unwrap();
    let left_behind =
        world.facts.iter().filter(|told| matches!(told.2, Fact::LeftBehind { .. })).count();
    // Two are enough; a question may be on its way to a third.
    assert!((2..=3).contains(&left_behind), "{left_behind}");
    let told = told(&world, found);
    assert_eq!(told[told.len() - 3..], ["to hanging", "broken hanging", "back to good"]);
    assert!(lapses(&world).is_empty() && longest_gap(&world) <= LONGEST_GAP);
}
