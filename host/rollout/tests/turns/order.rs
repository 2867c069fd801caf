//! Who takes it when.

use super::common::{World, config, facts, policy};
use super::*;
use hotseat_rollout::{Effect, Event, Fact, ShadowPeriod};

#[test]
fn without_turns_nobody_waits_whatever_the_others_do() {
    let fleet = led_by("z", &[peer("a", &old()), objects("z", &new())]);
    let world = passed(config(), fleet);
    assert_eq!(world.taking_over(), Some(&new()));
}

#[test]
fn a_standby_waits_until_the_one_before_has_run_it_for_the_soak() {
    let mut world = passed(turns("b"), led_by("z", &[peer("a", &old()), peer("z", &old())]));
    waits(&world, &["a"]);
    world.passes(Duration::from_secs(100));
    let well = led_by("z", &[peer("a", &new()), peer("c", &old()), peer("z", &old())]);
    world.fleet(well.clone());
    waits(&world, &["a"]);
    world.passes(SOAK / 2);
    // Seen again, it keeps its age.
    world.fleet(well);
    takes_over_after(&mut world, SOAK / 2);
}

#[test]
fn one_that_runs_it_with_other_settings_does_not_run_it() {
    let other = policy("b", "1");
    let mut world = passed(turns("b"), led_by("z", &[peer("a", &other)]));
    world.passes(SOAK * 2);
    waits(&world, &["a"]);
}

#[test]
fn one_that_began_anew_is_well_for_as_long_as_it_is_now() {
    let mut world = passed(turns("b"), led_by("z", &[peer("a", &new())]));
    world.passes(SOAK / 2);
    world.fleet(led_by("z", &[Peer { runs: None, ..peer("a", &old()) }]));
    world.passes(SOAK);
    waits(&world, &["a"]);
    world.fleet(led_by("z", &[peer("a", &new())]));
    takes_over_after(&mut world, SOAK);
}

#[test]
fn the_leader_comes_last_and_alone() {
    let mut config = turns("a");
    config.turns.as_mut().unwrap().at_once = 9;
    let mut world = passed(config, led_by("a", &[peer("b", &old()), peer("c", &old())]));
    waits(&world, &["b", "c"]);
    world.fleet(led_by("a", &[peer("b", &new()), peer("c", &new())]));
    world.passes(SOAK / 2);
    // Who comes to lead meanwhile comes last as well, and who does not lead any more is a standby.
    world.fleet(led_by("c", &[peer("b", &new()), peer("c", &new())]));
    assert_eq!(world.taking_over(), Some(&new()), "a is the first of the standbys");
}

#[test]
fn so_many_at_a_time() {
    let fleet = |on: usize| {
        let names = ["a", "b", "c"].iter().enumerate();
        let peers = names.map(|(at, name)| peer(name, &if at < on { new() } else { old() }));
        led_by("z", &peers.collect::<Vec<_>>())
    };
    let mut config = turns("d");
    config.turns.as_mut().unwrap().at_once = 2;
    let mut world = passed(config, fleet(0));
    waits(&world, &["a", "b", "c"]);
    world.fleet(fleet(2));
    waits(&world, &["a", "b", "c"]);
    takes_over_after(&mut world, SOAK);
}

#[test]
fn the_first_policy_and_one_after_a_failing_one_are_needed_at_once() {
    let fleet = || led_by("z", &[peer("a", &old()), objects("z", &new())]);
    let mut world = World::new(turns("b"));
    world.fleet(fleet());
    world.found(&new());
    world.pass_all();
    assert_eq!(world.taking_over(), Some(&new()));

    let hold = policy("hold", "");
    let mut world = World::with(turns("b"), &[&hold]);
    world.fleet(led_by("z", &[peer("a", &old())]));
    world.found(&new());
    world.pass_all();
    waits(&world, &["a"]);
    world.event(Event::Failed);
    assert_eq!(world.taking_over(), Some(&new()));
}

#[test]
fn a_newer_one_ends_the_wait_and_a_trial_ends_before_it() {
    let shadow = Some(ShadowPeriod::Decisions(1));
    let fleet = led_by("z", &[peer("a", &old())]);
    let mut world = passed(Config { shadow, ..turns("b") }, fleet);
    let effects = world.answer(false, false);
    assert!(effects.contains(&Effect::StopShadow), "{effects:?}");
    waits(&world, &["a"]);
    let newer = policy("c", "");
    assert_eq!(facts(&world.found(&newer))[0], Fact::GivenUp { policy: new() });
    assert_eq!(world.report().waits_for, [""; 0]);
    assert_eq!(world.stage().map(|(_, policy)| policy), Some(&newer));
}

/// It has to migrate anew once it is its turn.
#[test]
fn what_is_restored_meanwhile_is_what_it_migrates_from() {
    let mut world = World::with(turns("b"), &[&policy("good", ""), &old()]);
    world.fleet(led_by("z", &[peer("a", &old())]));
    world.found(&new());
    world.pass_all();
    waits(&world, &["a"]);
    world.event(Event::Failed);
    world.take_over();
    assert_eq!(world.active(), &policy("good", ""));
    world.pass();
    world.pass();
    waits(&world, &["a"]);
}

/// A source says the same again whenever it is read.
#[test]
fn what_is_found_again_begins_no_wait_anew() {
    let mut world = passed(turns("b"), led_by("z", &[peer("a", &new())]));
    world.passes(SOAK / 2);
    world.found(&new());
    waits(&world, &["a"]);
    takes_over_after(&mut world, SOAK / 2);
}

/// Whoever leads need not be on the roster, and then nobody waits for it.
#[test]
fn who_leads_elsewhere_is_a_standby_here() {
    let mut world = passed(turns("a"), led_by("a", &[peer("b", &old())]));
    waits(&world, &["b"]);
    world.fleet(led_by("somebody", &[peer("b", &old())]));
    assert_eq!(world.taking_over(), Some(&new()));
}
