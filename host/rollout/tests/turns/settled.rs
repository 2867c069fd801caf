//! When a policy has come through the whole election, and that nobody goes back with it then.

use super::common::{World, config, refusals};
use super::*;
use hotseat_rollout::Effect;

/// It runs the new policy, and was heard of now.
fn runs(world: &World, name: &str) -> Peer {
    Peer { heard: world.now, ..peer(name, &new()) }
}

/// An objection now would bring the old policy back.
fn is_left(world: &World) -> bool {
    let mut world = world.clone();
    world.fleet(led_by("z", &[objects("z", &new())]));
    world.taking_over() == Some(&old())
}

/// The candidate runs it, `z` leads by it, and nobody else is there.
fn settled() -> World {
    let mut world = taken(turns("b"));
    world.fleet(led_by("z", &[runs(&world, "z")]));
    world.passes(SOAK);
    assert!(is_left(&world), "nobody was heard of since");
    world.fleet(led_by("z", &[runs(&world, "z")]));
    assert!(!is_left(&world));
    world
}

fn is_woken(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::WakeAt(_)))
}

/// Who has come through is settled for itself: whoever joins with the old policy is its own concern.
#[test]
fn nobody_is_watched_any_more() {
    let mut world = settled();
    world.passes(SOAK + PATIENCE);
    let effects = world.fleet(led_by("z", &[peer("a", &old()), runs(&world, "z")]));
    assert!(!is_woken(&effects), "{effects:?}");
}

/// A policy that fails only in who leads shows nothing while nobody does.
#[test]
fn somebody_has_to_lead_by_it() {
    let mut world = taken(turns("b"));
    let nobody = |world: &World| Fleet { leader: None, ..led_by("z", &[runs(world, "z")]) };
    world.fleet(nobody(&world));
    world.passes(SOAK);
    world.fleet(nobody(&world));
    assert!(is_left(&world));
}

/// A leader without a roster says nothing, so that nothing is waited for of it.
#[test]
fn a_leader_that_is_not_part_of_it_is_not_waited_for() {
    let mut world = taken(turns("b"));
    world.fleet(led_by("somebody", &[runs(&world, "z")]));
    world.passes(SOAK);
    world.fleet(led_by("somebody", &[runs(&world, "z")]));
    assert!(!is_left(&world));
}

/// Its time came and went, and it is looked at no more.
#[test]
fn one_that_was_passed_over_holds_nothing_up() {
    let fleet = |world: &World| led_by("z", &[peer("a", &old()), runs(world, "z")]);
    let mut world = World::with(turns("b"), &[&old()]);
    world.fleet(fleet(&world));
    world.found(&new());
    world.pass_all();
    takes_over_after(&mut world, SOAK + PATIENCE);
    world.take_over();
    world.passes(SOAK);
    world.fleet(fleet(&world));
    assert!(!is_left(&world));
}

/// Nothing but time passes for a leader that all others have come through before.
#[test]
fn the_end_of_the_own_soak_as_the_leader_is_not_slept_through() {
    let mut world = taken(turns("b"));
    let led_by_itself = |world: &World| led_by("b", &[runs(world, "z")]);
    world.fleet(led_by("z", &[runs(&world, "z")]));
    world.passes(SOAK * 2);
    world.fleet(led_by_itself(&world));
    world.passes(SOAK - MOMENT);
    assert!(is_left(&world));
    world.passes(MOMENT);
    assert!(!is_left(&world));
}

/// What the others came through before this candidate ran it says nothing of a leader that came after.
#[test]
fn nothing_is_settled_for_one_that_does_not_run_it() {
    let mut world = World::with(turns("b"), &[&old()]);
    world.found(&new());
    world.fleet(led_by("z", &[runs(&world, "z")]));
    // It is compiled for so long that the others would not wait for it any more.
    world.passes(SOAK + PATIENCE);
    world.fleet(led_by("z", &[runs(&world, "z")]));
    world.fleet(led_by("y", &[runs(&world, "z"), runs(&world, "y")]));
    world.pass_all();
    world.take_over();
    assert!(is_left(&world), "nobody has led by it for the soak");
}

/// Once it was said that the policy before comes back, it does: others have heard of it.
#[test]
fn a_way_back_that_was_begun_is_gone_though_all_come_through_meanwhile() {
    let mut world = taken(turns("b"));
    world.fleet(led_by("z", &[runs(&world, "z")]));
    world.passes(SOAK);
    world.fleet(led_by("z", &[runs(&world, "z"), objects("y", &new())]));
    assert_eq!(world.taking_over(), Some(&old()));
    world.not_taken_over();
    // The one that objects is gone, and all others run it well.
    world.fleet(led_by("z", &[runs(&world, "z")]));
    world.passes(Duration::from_secs(10));
    assert_eq!(world.taking_over(), Some(&old()));
}

/// An objection comes again with each change of the roster.
#[test]
fn one_way_back_at_a_time() {
    let mut world = taken(turns("b"));
    world.fleet(led_by("z", &[objects("z", &new())]));
    let effects = world.fleet(led_by("z", &[objects("y", &new()), objects("z", &new())]));
    assert_eq!((refusals(&effects), world.taking_over()), (vec![], Some(&old())));
    assert_eq!(world.report().stopped_by.as_deref(), Some("z"));
}

#[test]
fn without_turns_nobody_goes_back() {
    let mut world = taken(config());
    world.fleet(led_by("z", &[objects("z", &new())]));
    assert_eq!((world.taking_over(), world.active()), (None, &new()));
}

/// It did not come from another policy, so that it has nothing to go back to, and watches nobody.
#[test]
fn who_began_with_it_is_woken_for_nobody() {
    let mut first = World::new(turns("b"));
    first.found(&new());
    first.settle();
    let effects = first.fleet(led_by("z", &[peer("a", &old())]));
    assert!(!is_woken(&effects), "{effects:?}");
}
