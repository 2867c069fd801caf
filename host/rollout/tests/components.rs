//! Which components are kept, and until when.

mod common;

use common::{World, config, forgotten, policy};
use hotseat_rollout::{Event, Policy};

fn a() -> Policy {
    policy("a", "")
}

fn b() -> Policy {
    policy("b", "")
}

#[test]
fn one_that_is_given_up_goes_with_the_end_of_its_job() {
    let mut world = World::new(config());
    world.found(&a());
    assert_eq!(forgotten(&world.found(&b())), Vec::<&str>::new(), "its job runs");
    assert_eq!(forgotten(&world.pass()), [a().digest]);
}

#[test]
fn the_last_good_one_is_kept_until_another_one_is() {
    let mut world = World::with(config(), &[&a(), &b()]);
    world.found(&policy("hold", ""));
    world.pass_all();
    let effects = world.take_over();
    // Nor is the standard one needed where it may not follow.
    assert_eq!(forgotten(&effects), [a().digest, config().standard.digest]);
}

#[test]
fn one_that_was_refused_is_kept_for_other_settings_until_another_one_is_found() {
    let mut world = World::with(config(), &[&a()]);
    world.found(&b());
    world.pass();
    assert_eq!(forgotten(&world.refuse("settings")), Vec::<&str>::new());
    assert_eq!(forgotten(&world.refused_by_source("digest")), Vec::<&str>::new());
    assert_eq!(forgotten(&world.found(&policy("b", "other"))), Vec::<&str>::new());
    world.refuse("settings");
    assert_eq!(forgotten(&world.found(&a())), [b().digest]);
}

#[test]
fn one_that_failed_is_kept_while_it_is_what_was_found_last() {
    let mut world = World::with(config(), &[&a(), &b()]);
    world.event(Event::Failed);
    assert_eq!(forgotten(&world.take_over()), Vec::<&str>::new());
    assert_eq!(forgotten(&world.found(&a())), [b().digest]);
}

#[test]
fn one_that_is_found_again_is_kept_again() {
    let mut world = World::with(config(), &[&a()]);
    for _ in 0..2 {
        world.found(&b());
        world.refuse("compile");
        assert_eq!(forgotten(&world.found(&a())), [b().digest]);
    }
}
