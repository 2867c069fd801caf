//! A candidate that decides beside the active policy.

mod common;

use common::{World, config, facts, policy, refusals};
use hotseat_rollout::{Allowance, Config, Effect, Event, Fact, Gate, Policy, ShadowPeriod, Trial};
use std::time::Duration;

fn decisions(count: u32, differences: Allowance) -> Config {
    let gate = Gate { differences, ..Gate::default() };
    Config { shadow: Some(ShadowPeriod::Decisions(count)), gate, ..config() }
}

fn seconds(count: u64, differences: Allowance) -> Config {
    let shadow = Some(ShadowPeriod::Time(Duration::from_secs(count)));
    Config { shadow, ..decisions(1, differences) }
}

/// `a` is active, and `b` decides beside it.
fn beside(config: Config) -> World {
    let mut world = World::with(config, &[&a()]);
    world.found(&b());
    world.pass_all();
    assert_eq!(world.shadow.as_ref().map(|shadow| &shadow.1), Some(&b()));
    assert_eq!(world.report().candidate.map(|shown| shown.stage), Some("shadow"));
    world
}

fn a() -> Policy {
    policy("a", "")
}

fn b() -> Policy {
    policy("b", "")
}

fn is_refused(world: &World, effects: &[Effect], why: &str) {
    assert_eq!(refusals(effects), [("shadow", why.to_owned())]);
    assert_eq!((world.shadow.as_ref(), world.taking_over()), (None, None));
    assert_eq!(world.active(), &a());
}

#[test]
fn the_first_policy_has_nothing_to_decide_beside() {
    let mut world = World::new(decisions(3, Allowance::Count(0)));
    world.found(&a());
    world.pass_all();
    assert_eq!(world.taking_over(), Some(&a()));
}

#[test]
fn one_that_decides_the_same_takes_over_after_its_decisions() {
    let mut world = beside(decisions(3, Allowance::Count(0)));
    for _ in 0..2 {
        let told = facts(&world.answer(false, false));
        assert_eq!(told, [Fact::ShadowAnswered { differs: false }]);
        assert_eq!(world.taking_over(), None);
    }
    world.answer(false, false);
    assert_eq!((world.shadow.as_ref(), world.taking_over()), (None, Some(&b())));
}

#[test]
fn five_differences_of_five_are_refused() {
    let mut world = beside(decisions(5, Allowance::Percent(10)));
    let effects = world.answer(true, false);
    is_refused(&world, &effects, "differed in 1 of 1 decisions: at most 10 % of 5 may");
    let mut world = beside(seconds(30, Allowance::Percent(10)));
    for _ in 0..5 {
        assert_eq!(refusals(&world.answer(true, false)), [], "the rest may be the same");
    }
    world.wait(Duration::from_secs(30));
    let effects = world.event(Event::Woke);
    is_refused(&world, &effects, "differed in 5 of 5 decisions: at most 10 % may");
    let trial = Trial { decisions: 5, differences: 5, resignations: 0 };
    assert_eq!(world.report().candidate.map(|shown| shown.trial), Some(trial));
}

#[test]
fn a_share_is_refused_as_soon_as_it_cannot_be_met() {
    let mut world = beside(decisions(20, Allowance::Percent(10)));
    for _ in 0..2 {
        world.answer(true, false);
    }
    world.answer(false, false);
    let effects = world.answer(true, false);
    is_refused(&world, &effects, "differed in 3 of 4 decisions: at most 10 % of 20 may");
    let mut world = beside(decisions(20, Allowance::Percent(10)));
    for decision in 0..20 {
        world.answer(decision < 2, false);
    }
    assert_eq!(world.taking_over(), Some(&b()), "two of twenty are a tenth");
}

#[test]
fn a_count_is_refused_as_soon_as_it_is_exceeded() {
    for config in [decisions(9, Allowance::Count(1)), seconds(9, Allowance::Count(1))] {
        let mut world = beside(config);
        world.answer(true, false);
        let effects = world.answer(true, false);
        is_refused(&world, &effects, "differed in 2 of 2 decisions: at most 1 may");
    }
}

#[test]
fn one_that_would_resign_is_refused_at_once_unless_it_may() {
    let mut world = beside(decisions(9, Allowance::Count(9)));
    let effects = world.answer(true, true);
    is_refused(&world, &effects, "would resign where the active policy does not");
    let mut config = decisions(2, Allowance::Count(9));
    config.gate.may_resign = true;
    let mut world = beside(config);
    world.answer(true, true);
    world.answer(true, true);
    assert_eq!(world.taking_over(), Some(&b()));
}

#[test]
fn one_that_fails_is_refused() {
    let mut world = beside(decisions(9, Allowance::Count(9)));
    let (job, _) = world.shadow.clone().expect("a shadow");
    let effects = world.event(Event::ShadowFailed { job, why: "trap: unreachable".into() });
    is_refused(&world, &effects, "trap: unreachable");
}

#[test]
fn a_time_ends_when_it_is_over_and_not_before_the_first_decision() {
    let mut world = beside(seconds(30, Allowance::Percent(10)));
    world.answer(false, false);
    world.wait(Duration::from_secs(29));
    let woke = world.event(Event::Woke);
    assert!(matches!(woke[..], [Effect::WakeAt(_)]), "too early: {woke:?}");
    world.wait(Duration::from_secs(1));
    world.event(Event::Woke);
    assert_eq!(world.taking_over(), Some(&b()));

    let mut world = beside(seconds(30, Allowance::Percent(10)));
    world.wait(Duration::from_secs(60));
    assert_eq!(world.event(Event::Woke), [], "nothing was asked, so nothing is shown");
    world.answer(false, false);
    assert_eq!(world.taking_over(), Some(&b()));
}

#[test]
fn a_newer_publication_ends_it_at_once() {
    let mut world = beside(seconds(30, Allowance::Percent(10)));
    let (job, _) = world.shadow.clone().expect("a shadow");
    let effects = world.found(&policy("hold", ""));
    assert!(effects.contains(&Effect::StopShadow));
    assert_eq!(world.stage().map(|(_, policy)| policy.clone()), Some(policy("hold", "")));
    assert_eq!(world.event(Event::ShadowAnswered { job, differs: true, resigns: true }), []);
    assert_eq!(world.event(Event::ShadowFailed { job, why: "late".into() }), []);
    world.settle();
    assert_eq!(world.active(), &policy("hold", ""));
}

#[test]
fn it_begins_anew_beside_a_policy_that_is_restored() {
    let mut world = World::with(decisions(2, Allowance::Count(0)), &[&policy("good", ""), &a()]);
    world.found(&b());
    world.pass_all();
    world.answer(false, false);
    let effects = world.event(Event::Failed);
    assert!(effects.contains(&Effect::StopShadow));
    let shown = world.report().candidate.expect("it is under way");
    assert_eq!((shown.stage, shown.trial), ("migrate", Trial::default()));
    world.take_over();
    assert_eq!(world.active(), &policy("good", ""));
    world.pass();
    world.pass();
    world.answer(false, false);
    assert_eq!(world.taking_over(), None, "one decision beside the restored policy is not two");
    world.answer(false, false);
    assert_eq!(world.taking_over(), Some(&b()));
}

#[test]
fn an_active_policy_that_fails_is_no_measure() {
    let hold = policy("hold", "");
    // Before the trial, which would have no answers to compare with.
    let mut world = World::with(decisions(2, Allowance::Count(0)), &[&hold]);
    world.event(Event::Failed);
    world.found(&b());
    world.pass_all();
    assert_eq!(world.taking_over(), Some(&b()));
    // And in it.
    let mut world = World::with(decisions(2, Allowance::Count(0)), &[&hold]);
    world.found(&b());
    world.pass_all();
    world.event(Event::Failed);
    assert_eq!((world.shadow.as_ref(), world.taking_over()), (None, Some(&b())));
}
