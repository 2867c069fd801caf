//! How long anything may take, whatever the others say or do not say.

use super::*;

/// A candidate that does not come along, as one with another source, costs its own time and no more.
#[test]
fn each_is_waited_for_once_and_not_for_ever() {
    let fleet = led_by("z", &[peer("a", &old()), peer("b", &old()), peer("z", &old())]);
    let mut world = passed(turns("c"), fleet);
    waits(&world, &["a", "b"]);
    world.passes(SOAK + PATIENCE);
    waits(&world, &["b"]);
    takes_over_after(&mut world, SOAK + PATIENCE);
}

/// However many names there are, this candidate keeps its own place.
#[test]
fn names_that_were_made_up_push_nobody_out_of_the_line() {
    let names: Vec<String> = (0..300).map(|number| format!("b{number:03}")).collect();
    let peers: Vec<Peer> = names.iter().map(|name| peer(name, &old())).collect();
    let world = passed(turns("a"), led_by("z", &peers));
    assert_eq!(world.taking_over(), Some(&new()), "it is the first: {:?}", world.report());
}

/// Entries that come, go and change their mind as their forger likes.
#[test]
fn whatever_is_forged_holds_a_policy_up_for_a_bounded_time() {
    let names: Vec<String> = (0..300).map(|number| format!("{number:06}")).collect();
    // Half of them say that they run it, each time another half.
    let fleet = |flip: usize| {
        let say = |(at, name): (usize, &String)| {
            peer(name, &if (at + flip).is_multiple_of(2) { new() } else { old() })
        };
        led_by("z", &names.iter().enumerate().map(say).collect::<Vec<_>>())
    };
    let mut world = passed(turns("z"), fleet(0));
    let (begun, most) = (world.now, (SOAK + PATIENCE) * 257);
    for flip in 1.. {
        world.passes(Duration::from_secs(350));
        if !world.waits() {
            break;
        }
        world.fleet(fleet(flip));
        assert!(world.now.since(begun) <= most, "{:?}", world.report());
    }
    assert_eq!(world.taking_over(), Some(&new()));
    // Nor do those who say that they run it, and then that they do not.
    let mut world = passed(turns("z"), led_by("z", &[peer("a", &old())]));
    let begun = world.now;
    for flip in 0.. {
        world.passes(Duration::from_secs(50));
        if !world.waits() {
            break;
        }
        world.fleet(led_by("z", &[peer("a", &if flip % 2 == 0 { new() } else { old() })]));
    }
    assert!(world.now.since(begun) <= SOAK + PATIENCE + Duration::from_secs(50));
    assert_eq!(world.taking_over(), Some(&new()));
}

#[test]
fn who_sees_nobody_waits_for_a_while_and_what_was_not_seen_does_not_count() {
    // Nothing has been heard of the roster yet.
    let mut world = World::with(turns("b"), &[&old()]);
    world.found(&new());
    world.pass_all();
    waits(&world, &[]);
    takes_over_after(&mut world, PATIENCE);

    let mut world = passed(turns("b"), led_by("z", &[peer("a", &new())]));
    world.passes(SOAK / 2);
    world.fleet(Fleet { known: false, ..led_by("z", &[peer("a", &new())]) });
    world.passes(PATIENCE - MOMENT);
    waits(&world, &["a"]);
    world.fleet(led_by("z", &[peer("a", &new())]));
    world.passes(SOAK / 2 - MOMENT);
    waits(&world, &["a"]);
    // The second time there is little left of what it may take.
    world.fleet(Fleet { known: false, ..led_by("z", &[peer("a", &new())]) });
    takes_over_after(&mut world, MOMENT);
}

/// What happened meanwhile is not known: neither that somebody ran it, nor that somebody did not.
#[test]
fn nobody_is_passed_over_for_a_time_in_which_nobody_was_seen() {
    let seen = || led_by("z", &[peer("a", &old())]);
    let unseen = || Fleet { known: false, ..seen() };
    let mut world = passed(turns("b"), seen());
    world.passes(Duration::from_secs(100));
    world.fleet(unseen());
    world.passes(Duration::from_secs(290));
    world.fleet(unseen());
    world.fleet(seen());
    waits(&world, &["a"]);
    takes_over_after(&mut world, SOAK + PATIENCE - Duration::from_secs(100));
}

/// More names than that may stand in the way, and a person reads a few.
#[test]
fn the_first_eight_are_named() {
    let names: Vec<String> = (0..12).map(|number| format!("{number:02}")).collect();
    let peers: Vec<Peer> = names.iter().map(|name| peer(name, &old())).collect();
    let world = passed(turns("b"), led_by("z", &peers));
    let first: Vec<&str> = names.iter().take(8).map(String::as_str).collect();
    waits(&world, &first);
}

/// It had its soak as well as its delay.
#[test]
fn nobody_is_passed_over_before_the_soak_and_the_delay_are_over() {
    let mut world = passed(turns("b"), led_by("z", &[peer("a", &old())]));
    world.passes(SOAK / 2 + PATIENCE);
    // Looked at in between, it still has half of its soak.
    world.fleet(led_by("z", &[peer("a", &old())]));
    waits(&world, &["a"]);
    takes_over_after(&mut world, SOAK / 2);
}
