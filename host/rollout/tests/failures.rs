//! Policies that fail in force, and what replaces them.

mod common;

use common::{World, config, facts, forgotten, policy, refusals};
use hotseat_rollout::{Effect, Event, Fact, Policy, Stage};
use std::time::Duration;

fn a() -> Policy {
    policy("a", "")
}

fn b() -> Policy {
    policy("b", "")
}

fn hold() -> Policy {
    policy("hold", "")
}

fn broken(effects: &[Effect]) -> Vec<Option<Policy>> {
    let next = |fact| match fact {
        Fact::Broken { next, .. } => Some(next),
        _ => None,
    };
    facts(effects).into_iter().filter_map(next).collect()
}

#[test]
fn the_last_good_one_takes_over_at_once_and_the_bad_one_never_again() {
    let mut world = World::with(config(), &[&a(), &b()]);
    assert_eq!(broken(&world.event(Event::Failed)), [Some(a())]);
    assert_eq!(world.taking_over(), Some(&a()));
    let effects = world.take_over();
    assert!(
        facts(&effects).iter().any(|fact| matches!(fact, Fact::TookOver { restored: true, .. }))
    );
    let report = world.report();
    assert_eq!((report.swaps, report.restored, report.last_good), (3, 1, None));
    let effects = world.found(&b());
    let why = "failed in force before: publish other bytes or other settings".to_owned();
    assert_eq!(refusals(&effects), [("known-bad", why)]);
    // With other settings it may.
    world.found(&policy("b", "other"));
    world.settle();
    assert_eq!(world.active(), &policy("b", "other"));
    assert_eq!(world.report().last_good, Some(a()));
}

#[test]
fn the_standard_one_follows_only_where_it_may() {
    let mut world = World::with(config(), &[&a()]);
    assert_eq!(broken(&world.event(Event::Failed)), [Some(config().standard)]);
    assert_eq!(world.taking_over(), Some(&config().standard), "it was compiled before");
    world.take_over();
    assert_eq!(world.report().active.map(|active| active.source), Some("builtin".to_owned()));

    let mut world = World::with(config(), &[&hold()]);
    assert_eq!(world.run, None, "it is not even compiled");
    assert_eq!(broken(&world.event(Event::Failed)), [None]);
    assert_eq!(world.taking_over(), None);
    assert!(world.report().active.is_some_and(|active| active.broken));
    assert_eq!(world.event(Event::Failed), [], "said once");
    world.found(&b());
    world.settle();
    assert_eq!((world.active(), world.report().last_good), (&b(), None));
}

#[test]
fn the_standard_one_that_fails_stays() {
    let mut world = World::with(config(), &[&a()]);
    world.event(Event::Failed);
    world.take_over();
    assert_eq!(broken(&world.event(Event::Failed)), [None]);
    assert_eq!(world.active(), &config().standard);
}

#[test]
fn a_failure_before_the_standard_one_is_compiled_waits_for_it() {
    let mut world = World::new(config());
    world.found(&a());
    world.pass_all();
    world.take_over();
    assert_eq!(world.stage(), Some((Stage::Prepare, &config().standard)));
    assert_eq!(broken(&world.event(Event::Failed)), [Some(config().standard)]);
    assert_eq!(world.taking_over(), None);
    world.pass();
    assert_eq!(world.taking_over(), Some(&config().standard));
}

#[test]
fn a_failing_policy_hurries_the_standard_one_before_the_candidate() {
    let mut world = World::new(config());
    world.found(&a());
    world.pass_all();
    world.found(&b());
    world.take_over();
    assert_eq!(world.stage(), Some((Stage::Prepare, &b())), "the candidate goes before it");
    world.event(Event::Failed);
    world.pass();
    assert_eq!(world.stage(), Some((Stage::Prepare, &config().standard)));
    world.pass();
    world.take_over();
    world.settle();
    assert_eq!((world.active(), world.report().last_good), (&b(), Some(config().standard)));
}

#[test]
fn a_standard_one_that_does_not_load_is_reported_and_retried_after_the_next_swap() {
    let mut world = World::new(config());
    world.found(&a());
    world.pass_all();
    world.take_over();
    let effects = world.refuse("compile");
    assert!(matches!(facts(&effects)[..], [Fact::NoFallback(_)]));
    assert_eq!(forgotten(&effects), [config().standard.digest]);
    assert_eq!(world.run, None);
    assert_eq!(broken(&world.event(Event::Failed)), [None]);
    world.found(&b());
    world.pass_all();
    world.take_over();
    assert_eq!(world.stage(), Some((Stage::Prepare, &config().standard)));
}

#[test]
fn a_failure_does_not_break_the_one_that_takes_over() {
    let mut world = World::with(config(), &[&a()]);
    world.found(&b());
    world.pass_all();
    assert_eq!(broken(&world.event(Event::Failed)), [Some(b())], "it is the next");
    world.take_over();
    assert_eq!(world.active(), &b());
    assert_eq!(world.report().last_good, None, "what failed is not good");
    world.found(&b());
    assert_eq!(world.report().candidate, None, "the new one is not bad");
}

#[test]
fn if_the_next_one_cannot_take_over_the_last_good_one_does() {
    let mut world = World::with(config(), &[&a(), &b()]);
    world.found(&hold());
    world.pass_all();
    world.event(Event::Failed);
    world.not_taken_over();
    assert_eq!(world.taking_over(), Some(&a()));
    // And if that one cannot, the standard one; and if that one cannot, again at the next failure.
    world.not_taken_over();
    assert_eq!(world.taking_over(), Some(&config().standard));
    world.not_taken_over();
    assert_eq!(world.taking_over(), None);
    assert_eq!(broken(&world.event(Event::Failed)), [], "said before");
    assert_eq!(world.taking_over(), Some(&a()));
}

/// The election says once that its policy fails. That nothing could take over then must not leave
/// a policy in force that fails for ever.
#[test]
fn what_could_not_take_over_is_tried_again_after_a_while() {
    let mut world = World::with(config(), &[&a(), &b()]);
    world.event(Event::Failed);
    world.not_taken_over();
    assert_eq!(world.taking_over(), Some(&config().standard));
    world.not_taken_over();
    for seconds in [10, 20, 40, 80, 160, 300, 300] {
        world.wait(Duration::from_millis(seconds * 1000 - 1));
        world.found(&b());
        assert_eq!(world.taking_over(), None, "too early");
        world.wait(Duration::from_millis(1));
        world.event(Event::Woke);
        assert_eq!(world.taking_over(), Some(&a()));
        world.not_taken_over();
        world.not_taken_over();
    }
    world.settle();
    assert_eq!(world.active(), &a());
}

#[test]
fn a_standard_one_that_did_not_load_is_tried_again_while_it_is_needed() {
    let mut world = World::new(config());
    world.found(&a());
    world.pass_all();
    world.take_over();
    world.refuse("compile");
    world.wait(Duration::from_secs(3600));
    assert_eq!(world.event(Event::Woke), [], "nothing fails");
    world.event(Event::Failed);
    world.refuse("compile");
    assert_eq!(world.run, None);
    // It was refused twice by then, and pauses begin at a minute.
    for seconds in [120, 240, 480, 600, 600] {
        world.wait(Duration::from_millis(seconds * 1000 - 1));
        world.event(Event::Woke);
        assert_eq!(world.run, None, "too early");
        world.wait(Duration::from_millis(1));
        world.event(Event::Woke);
        world.refuse("compile");
    }
    world.wait(Duration::from_secs(600));
    world.event(Event::Woke);
    world.pass();
    world.take_over();
    assert_eq!(world.active(), &config().standard);
}

#[test]
fn a_candidate_under_way_migrates_from_the_restored_policy() {
    let mut world = World::with(config(), &[&a(), &b()]);
    world.found(&hold());
    world.pass();
    world.pass();
    world.pass();
    assert_eq!(world.stage(), Some((Stage::DryRun, &hold())));
    world.event(Event::Failed);
    world.take_over();
    world.pass();
    assert_eq!(world.taking_over(), None, "it was tried with the memory of the one that failed");
    assert_eq!(world.stage(), Some((Stage::Migrate, &hold())));
    world.settle();
    assert_eq!((world.active(), world.report().last_good), (&hold(), Some(a())));
}

#[test]
fn the_failed_one_on_its_way_again_is_refused() {
    let mut world = World::with(config(), &[&a(), &b()]);
    // Asked back while the other one takes over, it fails before that has happened.
    world.found(&a());
    world.pass_all();
    world.found(&b());
    let effects = world.event(Event::Failed);
    assert_eq!(refusals(&effects).len(), 1, "{effects:?}");
    assert_eq!(refusals(&effects)[0].0, "known-bad");
    world.settle();
    assert_eq!(world.active(), &a());
}

#[test]
fn a_failure_of_nothing_changes_nothing() {
    assert_eq!(World::new(config()).event(Event::Failed), []);
}

#[test]
fn two_threads_left_behind_are_enough() {
    let mut world = World::with(config(), &[&a(), &b()]);
    let effects = world.left_behind(&b());
    assert_eq!(facts(&effects), [Fact::LeftBehind { digest: b().digest, times: 1 }]);
    let effects = world.left_behind(&b());
    assert_eq!(broken(&effects), [Some(a())]);
    world.take_over();
    for settings in ["", "other"] {
        let effects = world.found(&policy("b", settings));
        let why = "two threads did not come back from it: publish other bytes".to_owned();
        assert_eq!(refusals(&effects), [("known-bad", why)]);
    }
    assert_eq!(world.report().left_behind, 2);
}

#[test]
fn threads_of_the_candidate_the_last_good_and_the_standard_one_count() {
    let mut world = World::with(config(), &[&a(), &b()]);
    world.found(&hold());
    world.left_behind(&hold());
    assert_eq!(refusals(&world.left_behind(&hold()))[0].0, "known-bad");
    world.left_behind(&a());
    world.left_behind(&a());
    assert_eq!(world.report().last_good, None);
    world.left_behind(&config().standard);
    world.left_behind(&config().standard);
    assert_eq!(broken(&world.event(Event::Failed)), [None], "nothing good is left");
}

#[test]
fn so_many_bad_ones_are_remembered() {
    let names: Vec<String> = (0..33).map(|number| format!("hold-{number}")).collect();
    let mut world = World::with(config(), &[]);
    for name in &names[..32] {
        world.found(&policy(name, ""));
        world.settle();
        world.event(Event::Failed);
    }
    assert_eq!(refusals(&world.found(&policy(&names[0], "")))[0].0, "known-bad");
    // Threads of digests that nobody uses do not displace those of the active one.
    world.found(&policy("b", ""));
    world.settle();
    world.left_behind(&b());
    for name in &names {
        world.left_behind(&policy(name, ""));
    }
    assert_eq!(broken(&world.left_behind(&b())).len(), 1);
}
