//! A policy that candidates take one after the other.

mod common;

use common::{World, config, facts, policy, print, refusals};
use hotseat_rollout::{
    Config, Effect, Event, Fact, Fleet, Objection, Peer, Policy, Rejected, ShadowPeriod, Turns,
};
use std::time::Duration;

const SOAK: Duration = Duration::from_secs(60);
/// What a candidate has beside the soak before it is passed over.
const PATIENCE: Duration = Duration::from_secs(300);
const MOMENT: Duration = Duration::from_millis(1);

fn old() -> Policy {
    policy("a", "")
}

fn new() -> Policy {
    policy("b", "2")
}

/// The candidate of that name waits for others.
fn turns(name: &str) -> Config {
    let turns = Turns { name: name.to_owned(), soak: SOAK, at_once: 1 };
    Config { turns: Some(turns), ..config() }
}

fn peer(name: &str, runs: &Policy) -> Peer {
    Peer { name: name.to_owned(), runs: Some(print(runs)), ..Peer::default() }
}

fn objects(name: &str, to: &Policy) -> Peer {
    let why = "refused it at settings: no".to_owned();
    Peer { objection: Some(Objection { to: print(to), why }), ..peer(name, &old()) }
}

fn led_by(leader: &str, peers: &[Peer]) -> Fleet {
    Fleet { known: true, leader: Some(leader.to_owned()), peers: peers.to_vec() }
}

/// The old policy is active, the new one passed all checks, and this is what is seen of the others.
fn passed(config: Config, fleet: Fleet) -> World {
    let mut world = World::with(config, &[&old()]);
    world.fleet(fleet);
    world.found(&new());
    world.pass_all();
    world
}

/// It waits, for these.
#[track_caller]
fn waits(world: &World, names: &[&str]) {
    assert!(world.waits(), "{:?}", world.report().candidate);
    assert_eq!(world.taking_over(), None);
    assert_eq!(world.report().waits_for, names);
}

/// It takes over now, and did not a moment ago.
#[track_caller]
fn takes_over_after(world: &mut World, time: Duration) {
    world.passes(time - MOMENT);
    assert_eq!(world.taking_over(), None, "too early");
    world.passes(MOMENT);
    assert_eq!(world.taking_over(), Some(&new()), "{:?}", world.report());
}

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

#[test]
fn an_objection_stops_those_who_wait_and_a_person_lets_them_go_on() {
    let mut world = passed(turns("b"), led_by("z", &[peer("a", &old())]));
    let effects = world.fleet(led_by("z", &[objects("a", &policy("other", ""))]));
    assert_eq!(refusals(&effects), [], "to another policy");
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

#[test]
fn whoever_waits_need_not_if_a_person_says_so() {
    let mut world = passed(turns("b"), led_by("z", &[peer("a", &old())]));
    world.event(Event::Skip(print(&old())));
    waits(&world, &["a"]);
    world.event(Event::Skip(print(&new())));
    assert_eq!(world.taking_over(), Some(&new()));
}

/// The new policy took over here, and is on its way elsewhere.
fn taken(config: Config) -> World {
    let mut world = passed(config, led_by("z", &[peer("z", &old())]));
    world.take_over();
    assert_eq!(world.active(), &new());
    world
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
