//! Objections, what a person may do about them, and the way back.

use super::common::{World, config, facts, policy, print, refusals};
use super::*;
use hotseat_rollout::{Event, Fact, Rejected};

#[test]
fn an_objection_stops_those_who_wait_and_a_person_lets_them_go_on() {
    let mut world = passed(turns("b"), led_by("z", &[peer("a", &old())]));
    let effects = world.fleet(led_by("z", &[objects("a", &policy("other", ""))]));
    assert_eq!(refusals(&effects), [], "to another policy");
    let effects = world.fleet(led_by("z", &[objects("a", &policy("b", "1"))]));
    assert_eq!(refusals(&effects), [], "to other settings");
    let effects = world.fleet(led_by("z", &[objects("y", &new()), objects("a", &new())]));
    let why = "a refused it at settings: no: publish another one, or have this one skip the others";
    assert_eq!(refusals(&effects), [("turn", why.to_owned())]);
    assert_eq!((world.active(), world.report().waits_for), (&old(), vec![]));
    assert_eq!(world.report().rejected, None, "it has nothing against it itself");
    assert_eq!(world.report().stopped_by.as_deref(), Some("a"));
    // It stays so when the one that objected is gone: who comes anew knows nothing of it.
    world.fleet(led_by("z", &[peer("a", &new())]));
    world.passes(SOAK * 20);
    assert_eq!(world.taking_over(), None);
    // Another policy is not what the person meant.
    world.event(Event::Skip(print(&policy("b", "1"))));
    assert_eq!(world.stage(), None);
    assert_eq!(world.report().stopped_by.as_deref(), Some("a"));
    world.event(Event::Skip(print(&new())));
    assert_eq!(world.report().stopped_by, None);
    world.pass_all();
    assert_eq!(world.taking_over(), Some(&new()));
    world.take_over();
    world.fleet(led_by("z", &[objects("a", &new())]));
    assert_eq!(world.taking_over(), None, "nor does it go back");
}

/// The person knew of the objection.
#[test]
fn what_a_person_lets_go_on_does_not_go_back_for_the_same_objection() {
    let mut world = passed(turns("b"), led_by("z", &[objects("a", &new())]));
    assert_eq!(world.report().stopped_by.as_deref(), Some("a"));
    world.event(Event::Skip(print(&new())));
    world.pass_all();
    world.take_over();
    world.fleet(led_by("z", &[objects("a", &new()), peer("z", &old())]));
    assert_eq!((world.taking_over(), world.active()), (None, &new()));
}

#[test]
fn whoever_waits_need_not_if_a_person_says_so() {
    let mut world = passed(turns("b"), led_by("z", &[peer("a", &old())]));
    world.event(Event::Skip(print(&old())));
    waits(&world, &["a"]);
    world.event(Event::Skip(print(&new())));
    assert_eq!(world.taking_over(), Some(&new()));
}

#[test]
fn an_objection_while_others_still_come_brings_the_policy_before_back() {
    let mut world = taken(turns("b"));
    world.passes(SOAK * 2);
    let effects = world.fleet(led_by("z", &[objects("z", &new())]));
    assert_eq!(refusals(&effects)[0].0, "turn");
    assert_eq!(world.taking_over(), Some(&old()));
    let effects = world.take_over();
    assert!(matches!(facts(&effects)[..], [Fact::TookOver { restored: true, .. }]), "{effects:?}");
    let report = world.report();
    let shown = report.candidate.expect("the refused one");
    assert_eq!((shown.policy, shown.stage), (Some(new()), "turn"));
    assert_eq!((report.last_good, report.rejected), (None, None), "the new one is not good");
    assert_eq!(report.stopped_by.as_deref(), Some("z"));
    // Found again it is refused again, for as long as the other one objects.
    world.found(&new());
    world.pass_all();
    assert_eq!(world.shown_refusal().map(|refusal| refusal.stage), Some("turn"));
    world.event(Event::Skip(print(&new())));
    world.pass_all();
    assert_eq!(world.taking_over(), Some(&new()));
}

#[test]
fn what_cannot_come_back_at_once_comes_back_later() {
    let mut world = taken(turns("b"));
    world.fleet(led_by("z", &[objects("z", &new())]));
    world.not_taken_over();
    assert_eq!(world.taking_over(), None);
    world.fleet(led_by("z", &[]));
    let effects = world.passes(Duration::from_secs(10));
    assert_eq!(refusals(&effects), [], "said once");
    assert_eq!(world.taking_over(), Some(&old()));
}

/// What is wrong with it later is each candidate's own, as without turns.
#[test]
fn once_all_run_it_and_one_has_led_by_it_nobody_goes_back() {
    let mut world = taken(turns("b"));
    let runs = |world: &World| Peer { heard: world.now, ..peer("z", &new()) };
    // Nobody leads, so that a policy which fails only in who leads has shown nothing.
    let fleet = led_by("z", &[runs(&world)]);
    world.fleet(Fleet { leader: None, ..fleet.clone() });
    world.passes(SOAK * 3);
    world.fleet(fleet);
    let is_left = |world: &World| {
        let mut world = world.clone();
        world.fleet(led_by("z", &[objects("z", &new())]));
        world.taking_over() == Some(&old())
    };
    world.passes(SOAK - MOMENT);
    world.fleet(led_by("z", &[runs(&world)]));
    assert!(is_left(&world), "it was heard of a moment too early");
    world.passes(SOAK * 3);
    assert!(is_left(&world), "what it does since is not known");
    world.fleet(led_by("z", &[runs(&world)]));
    assert!(!is_left(&world));
}

/// Nobody has the one before.
#[test]
fn who_began_with_it_stays_with_it() {
    let mut world = World::new(turns("b"));
    world.fleet(led_by("z", &[objects("z", &new())]));
    world.found(&new());
    world.settle();
    world.passes(SOAK);
    assert_eq!((world.active(), world.taking_over()), (&new(), None));
}

/// A publication that is taken back before the leader had it: nobody goes behind what was there before.
#[test]
fn what_was_active_all_the_time_is_not_left_for_an_older_one() {
    let mut world = World::with(turns("b"), &[&policy("oldest", ""), &old()]);
    world.fleet(led_by("z", &[peer("a", &old())]));
    world.found(&new());
    world.pass_all();
    assert!(facts(&world.found(&old())).contains(&Fact::Settled));
    world.fleet(led_by("z", &[objects("a", &old())]));
    assert_eq!(world.taking_over(), None);
}

#[test]
fn what_this_candidate_refused_or_fell_back_from_is_what_the_others_hear() {
    let rejected = |world: &World| world.report().rejected;
    let is = |why: &str| Some(Rejected { policy: new(), why: why.to_owned() });
    let mut world = World::with(turns("b"), &[&old()]);
    world.found(&new());
    world.pass();
    world.refuse("settings");
    assert_eq!(rejected(&world), is("refused it at settings: because"));
    world.found(&policy("c", ""));
    assert_eq!(rejected(&world), None, "a newer one is what matters");
    world.settle();
    world.fleet(led_by("b", &[]));
    world.found(&new());
    world.pass_all();
    world.take_over();
    assert_eq!(rejected(&world), None);
    world.event(Event::Failed);
    assert_eq!(rejected(&world), is("saw it fail in force"));
    world.take_over();
    world.found(&new());
    assert!(rejected(&world).is_some_and(|it| it.why.starts_with("refused it at known-bad")));
    // The standard policy in its place has nothing to do with the publication.
    let mut world = World::with(config(), &[&old()]);
    world.event(Event::Failed);
    assert!(rejected(&world).is_some_and(|rejected| rejected.policy == old()));
    world.take_over();
    world.event(Event::Failed);
    assert!(rejected(&world).is_some_and(|rejected| rejected.policy == old()));
}

/// What went wrong with it once went well the second time.
#[test]
fn nothing_is_held_against_what_took_over_after_all() {
    let mut world = passed(turns("b"), led_by("b", &[]));
    world.not_taken_over();
    assert!(world.report().rejected.is_some());
    world.found(&new());
    assert!(world.report().rejected.is_some(), "it is not known yet whether it does now");
    world.pass_all();
    world.take_over();
    assert_eq!((world.active(), world.report().rejected), (&new(), None));
}

/// A mounted ConfigMap may come later than what a person says on the lock.
#[test]
fn a_person_may_say_so_before_the_policy_is_found() {
    let mut world = World::with(turns("b"), &[&old()]);
    world.fleet(led_by("z", &[peer("a", &old()), objects("y", &new())]));
    world.event(Event::Skip(print(&new())));
    world.found(&new());
    world.pass_all();
    assert_eq!(world.taking_over(), Some(&new()));
    // It is said of that one alone.
    let other = policy("c", "");
    let mut world = World::with(turns("b"), &[&old()]);
    world.fleet(led_by("z", &[peer("a", &old())]));
    world.event(Event::Skip(print(&new())));
    world.found(&other);
    world.pass_all();
    waits(&world, &["a"]);
}

/// A person's word comes again with each read of the lock.
#[test]
fn a_person_who_says_so_again_has_nothing_begun_anew() {
    let mut world = passed(turns("b"), led_by("z", &[peer("a", &old())]));
    world.event(Event::Skip(print(&new())));
    world.take_over();
    let effects = world.event(Event::Skip(print(&new())));
    assert!(effects.is_empty(), "it was not stopped, and runs: {effects:?}");
}

/// A newer publication has the first word: it is what all come to run.
#[test]
fn nobody_goes_back_while_a_newer_one_is_on_its_way() {
    let newer = policy("c", "");
    let mut world = taken(turns("b"));
    world.found(&newer);
    // About the one before, which nobody wants any more.
    world.fleet(led_by("z", &[objects("z", &new())]));
    assert_eq!((world.taking_over(), world.active()), (None, &new()));
    assert_eq!(world.stage().map(|(_, policy)| policy), Some(&newer));
}

/// The standard policy is published, is stopped, and has to stand in for one that fails all the same.
#[test]
fn what_stands_in_for_a_failing_policy_is_not_stopped_any_more() {
    let standard = turns("b").standard;
    let mut world = World::with(turns("b"), &[&old()]);
    world.fleet(led_by("z", &[objects("z", &standard)]));
    world.found(&standard);
    world.pass_all();
    assert_eq!(world.report().stopped_by.as_deref(), Some("z"));
    world.event(Event::Failed);
    world.settle();
    assert_eq!((world.active(), world.report().stopped_by), (&standard, None));
}
