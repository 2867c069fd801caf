//! What is found, from the source to taking over.

mod common;

use common::{World, config, facts, policy, refusal, refusals};
use hotseat_rollout::{About, Effect, Event, Fact, Passed, Stage, StageEnd};
use std::time::Duration;

#[test]
fn a_publication_goes_through_all_stages_and_takes_over() {
    let (mut world, a) = (World::new(config()), policy("a", "{}"));
    let found = facts(&world.found(&a));
    assert_eq!(found[0], Fact::CandidateFound { policy: a.clone(), source: "file:a".into() });
    assert_eq!(found[1], Fact::StageBegan { stage: "compile", policy: a.clone() });
    for (stage, next) in [
        (Stage::Prepare, "settings"),
        (Stage::Settings, "migrate"),
        (Stage::Migrate, "dry-run"),
        (Stage::DryRun, "take-over"),
    ] {
        assert_eq!(world.stage(), Some((stage, &a)));
        world.pass();
        assert_eq!(world.report().candidate.expect("it is under way").stage, next);
    }
    assert_eq!(world.taking_over(), Some(&a));
    world.take_over();
    let report = world.report();
    assert_eq!((report.candidate, report.swaps, report.restored), (None, 1, 0));
    assert_eq!(report.active.map(|active| (active.policy, active.since)), Some((a, world.now)));
}

#[test]
fn one_that_is_found_before_anything_is_active_waits_for_nothing() {
    // The registry answers while the standard policy is still being compiled.
    let mut world = World::new(config());
    world.found(&config().standard);
    world.found(&policy("a", ""));
    world.settle();
    assert_eq!(world.active(), &policy("a", ""));
}

#[test]
fn the_newest_one_wins_and_the_running_job_is_awaited() {
    let (mut world, b) = (World::new(config()), policy("b", ""));
    world.found(&policy("a", ""));
    let effects = world.found(&b);
    assert!(facts(&effects).contains(&Fact::GivenUp { policy: policy("a", "") }));
    assert_eq!(world.stage(), Some((Stage::Prepare, &policy("a", ""))), "it cannot be interrupted");
    let shown = world.report().candidate.expect("the newest one");
    assert_eq!((shown.policy.as_ref(), shown.stage), (Some(&b), "found"));
    let effects = world.refuse("compile");
    assert_eq!(refusals(&effects), [], "what comes of it does not count");
    assert_eq!(world.stage(), Some((Stage::Prepare, &b)));
}

#[test]
fn a_newer_one_waits_for_the_takeover_that_is_awaited() {
    let (a, b) = (policy("a", ""), policy("b", ""));
    let mut world = World::with(config(), &[&a]);
    world.found(&policy("hold", ""));
    world.pass_all();
    world.found(&b);
    assert_eq!(world.run, None);
    world.take_over();
    assert_eq!(world.report().last_good, Some(a));
    assert_eq!(world.stage(), Some((Stage::Prepare, &b)));
    assert_eq!(world.report().candidate.and_then(|shown| shown.policy), Some(b));
}

#[test]
fn what_is_active_is_not_swapped() {
    let a = policy("a", "");
    let mut world = World::with(config(), &[&a]);
    assert_eq!(facts(&world.found(&a)), [Fact::Settled]);
    world.found(&policy("b", ""));
    world.refuse("imports");
    assert!(world.report().candidate.is_some());
    assert_eq!(facts(&world.found(&a)), [Fact::Settled]);
    assert_eq!(world.report().candidate, None);
    world.found(&policy("b", ""));
    let given_up = Fact::GivenUp { policy: policy("b", "") };
    assert_eq!(facts(&world.found(&a)), [given_up, Fact::Settled]);
    assert_eq!(world.report().swaps, 1);
}

#[test]
fn going_back_while_another_one_takes_over_swaps_twice() {
    let (a, b) = (policy("a", ""), policy("b", ""));
    let mut world = World::with(config(), &[&a]);
    world.found(&b);
    world.pass_all();
    assert!(!facts(&world.found(&a)).contains(&Fact::Settled), "it is active, but not for long");
    world.settle();
    assert_eq!((world.active(), world.report().swaps), (&a, 3));
    // And there again: it is what takes over.
    let mut world = World::with(config(), &[&a]);
    world.found(&b);
    world.pass_all();
    world.found(&a);
    assert_eq!(facts(&world.found(&b)), [Fact::GivenUp { policy: a }]);
    assert_eq!(world.report().candidate.map(|shown| shown.stage), Some("take-over"));
    world.take_over();
    assert_eq!((world.active(), world.report().candidate), (&b, None));
}

#[test]
fn the_same_one_again_changes_nothing() {
    let (mut world, a) = (World::new(config()), policy("a", ""));
    world.found(&a);
    world.pass();
    let before = world.rollout.clone();
    assert_eq!(world.found(&a), []);
    assert_eq!(world.rollout, before);
}

#[test]
fn other_settings_are_another_publication() {
    let (a, b) = (policy("a", "1"), policy("a", "2"));
    let mut world = World::with(config(), &[&a]);
    world.found(&b);
    world.pass();
    let effects = world.refuse("settings");
    assert_eq!(refusals(&effects), [("settings", "because".to_owned())]);
    assert_eq!(world.active(), &a, "neither bytes nor settings change");
    world.found(&b);
    world.settle();
    assert_eq!((world.active(), world.report().last_good), (&b, Some(a)));
}

#[test]
fn a_refusal_names_the_stage_and_what_the_policy_says_of_itself() {
    let mut world = World::new(config());
    world.found(&policy("a", ""));
    let (job, ..) = world.run.clone().expect("a job");
    let about = About { name: "a".into(), version: "2".into(), ..About::default() };
    let end = StageEnd::Passed(Passed::Prepared(about.clone()));
    assert!(
        facts(&world.event(Event::StageEnded { job, end }))
            .contains(&Fact::Prepared { policy: policy("a", ""), about: about.clone() })
    );
    let effects = world.refuse("settings");
    assert_eq!(
        facts(&effects),
        [Fact::Refused {
            policy: Some(policy("a", "")),
            about: Some(about),
            source: "file:a".into(),
            refusal: refusal("settings"),
        }]
    );
    let shown = world.report().candidate.expect("the refused one");
    assert_eq!((shown.stage, shown.refusal), ("settings", Some(refusal("settings"))));
}

#[test]
fn one_that_was_refused_is_tried_again_when_it_is_found_again() {
    let mut world = World::new(config());
    world.found(&policy("a", ""));
    world.refuse("compile");
    world.found(&policy("a", ""));
    world.settle();
    assert_eq!(world.active(), &policy("a", ""));
}

#[test]
fn one_that_cannot_take_over_is_refused() {
    let mut world = World::with(config(), &[&policy("a", "")]);
    world.found(&policy("b", ""));
    world.pass_all();
    let effects = world.not_taken_over();
    let told = Fact::NotTakenOver { policy: policy("b", ""), why: "no thread".into() };
    assert_eq!(facts(&effects)[0], told);
    assert_eq!(refusals(&effects), [("take-over", "no thread".to_owned())]);
    assert_eq!(world.active(), &policy("a", ""));
    let shown = world.report().candidate.expect("the refused one");
    assert_eq!((shown.policy, shown.stage), (Some(policy("b", "")), "take-over"));
    // With a newer one on its way, that is the one to show.
    world.found(&policy("b", ""));
    world.pass_all();
    world.found(&policy("hold", ""));
    world.not_taken_over();
    assert_eq!(world.report().candidate.and_then(|it| it.policy), Some(policy("hold", "")));
}

#[test]
fn what_the_source_refuses_changes_nothing_and_is_reported_once() {
    let a = policy("a", "");
    let mut world = World::with(config(), &[&a]);
    assert_eq!(refusals(&world.refused_by_source("signature")).len(), 1);
    assert_eq!(world.refused_by_source("signature"), [], "reported before");
    assert_eq!(world.shown_refusal(), Some(refusal("signature")));
    assert_eq!(world.report().candidate.and_then(|shown| shown.policy), None);
    assert_eq!(world.active(), &a);
    assert_eq!(facts(&world.found(&a)), [Fact::Settled]);
    assert_eq!(world.shown_refusal(), None);
    assert_eq!(refusals(&world.refused_by_source("signature")).len(), 1);
}

#[test]
fn what_the_source_refuses_meanwhile_is_shown_when_the_candidate_has_ended() {
    for refused in [false, true] {
        let mut world = World::new(config());
        world.found(&policy("a", ""));
        world.pass();
        assert_eq!(refusals(&world.refused_by_source("digest")).len(), 1, "reported at once");
        assert_eq!(world.refused_by_source("digest"), []);
        assert_eq!(world.shown_refusal(), None, "the candidate goes on");
        if refused {
            assert_eq!(refusals(&world.refuse("settings")).len(), 1);
        } else {
            world.settle();
            assert_eq!(world.active(), &policy("a", ""));
        }
        assert_eq!(world.shown_refusal(), Some(refusal("digest")));
    }
    // What is found after it is newer than both.
    let mut world = World::new(config());
    world.found(&policy("a", ""));
    world.refused_by_source("digest");
    world.found(&policy("b", ""));
    world.settle();
    assert_eq!(world.report().candidate, None);
}

#[test]
fn a_source_that_gives_nothing_is_reported_when_that_changes() {
    let mut world = World::new(config());
    let why = |why: &str| Event::Unavailable(why.to_owned());
    let first = Fact::SourceUnavailable { why: "timed out".into(), times: 1 };
    assert_eq!(world.event(why("timed out")), [Effect::Tell(first)]);
    let since = world.report().source_unavailable_since.unwrap();
    world.passes(Duration::from_secs(1));
    assert_eq!(world.event(why("timed out")), []);
    assert_eq!(world.event(why("refused")).len(), 1);
    assert_eq!(world.report().source_error.as_deref(), Some("refused"));
    assert_eq!(world.report().source_unavailable_since, Some(since), "it is one outage");
    let over = Fact::SourceAvailable { failures: 3 };
    assert_eq!(facts(&world.found(&policy("a", "")))[0], over);
    assert_eq!(world.report().source_error, None);
    assert_eq!(world.report().source_unavailable_since, None);
    world.passes(Duration::from_secs(60));
    world.event(why("timed out"));
    let over = Fact::SourceAvailable { failures: 1 };
    assert_eq!(facts(&world.refused_by_source("digest"))[0], over);
}

/// Each is an Event and a line in the log.
#[test]
fn a_source_s_reasons_are_told_once_whatever_varies_in_them() {
    let mut world = World::new(config());
    let mut told = |why: String| world.event(Event::Unavailable(why)).len();
    let stamped: Vec<usize> = (0..20).map(|n| told(format!("503 at 12:00:{n}"))).collect();
    assert_eq!((stamped[0], stamped.iter().sum::<usize>()), (1, 1), "{stamped:?}");
    assert_eq!(told("refused".to_owned()), 1);
    assert_eq!(told("503 at 12:01:00".to_owned()), 0, "it was told before");
    let made_up: usize = (0..100).map(|n| told("x".repeat(n))).sum();
    assert!((1..10).contains(&made_up), "{made_up}");
    assert_eq!(world.report().source_error, Some("x".repeat(99)), "the newest is shown");
}

/// One that comes and goes fills no log, one that stays away is not forgotten, and the report is exact.
#[test]
fn a_source_that_comes_and_goes_is_told_rarely() {
    let mut world = World::new(config());
    let mut told = 0;
    for _ in 0..600 {
        world.passes(Duration::from_secs(1));
        told += world.event(Event::Unavailable("no".to_owned())).len();
        assert_eq!(world.report().source_unavailable_since, Some(world.now));
        told += facts(&world.found(&policy("a", ""))).iter().filter(|it| is_available(it)).count();
        assert_eq!(world.report().source_unavailable_since, None);
    }
    assert!((2..=10).contains(&told), "{told}");
    let mut away = Vec::new();
    world.passes(Duration::from_secs(3600));
    for second in 0..1000 {
        world.passes(Duration::from_secs(1));
        if !world.event(Event::Unavailable("no".to_owned())).is_empty() {
            away.push(second);
        }
    }
    assert_eq!(away, [0, 60, 180, 420, 900]);
}

fn is_available(fact: &Fact) -> bool {
    matches!(fact, Fact::SourceAvailable { .. })
}
