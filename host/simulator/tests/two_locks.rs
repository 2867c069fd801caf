//! A candidate with two locks, scene by scene (I16).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use hotseat_core::config::{Config, Timing};
use hotseat_core::electors::Which;
use hotseat_core::event::{Effect, Event, Notice, Purpose, StepDownReason};
use hotseat_core::failures::DEFAULT_SHARE;
use hotseat_core::lock::{Incarnation, Record, Token, Version};
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::{Action, Decision};
use hotseat_core::request::{Requests, TransferRequest};
use hotseat_core::rule;
use hotseat_core::time::Moment;
use hotseat_simulator::{Locks, Network, Policy, Store, World};
use std::time::Duration;

#[path = "two_locks/sight.rs"]
mod sight;

const A_WHILE: Duration = Duration::from_secs(3);
const REACTION: Duration = Duration::from_secs(2);

fn config(name: &str) -> Config {
    let mut timing = Timing::client_go();
    timing.reaction = REACTION;
    timing.check().unwrap();
    Config {
        election: "web".to_owned(),
        namespace: "shop".to_owned(),
        identity: name.to_owned(),
        incarnation: Incarnation {
            site: format!("site-{name}"),
            nonce: format!("nonce-{name}"),
            home: None,
        },
        predecessor: None,
        timing,
        drain: REACTION,
        warm_up: Duration::ZERO,
        preemptions_per_hour: 6,
        on_failure: OnFailure::Standard,
        failure_share: DEFAULT_SHARE,
        seed: 1,
    }
}

fn by_rule() -> Policy {
    Box::new(|input| Ok(rule::decide(input)))
}

/// A world with candidates of those locks, which have run for a while.
fn world(fleet: &[Locks]) -> World {
    let mut world = World::new(1, Network::perfect());
    world.record();
    for (locks, name) in fleet.iter().zip(["a", "b", "c"]) {
        world.add_on(*locks, config(name), by_rule(), 0);
    }
    (0..fleet.len()).for_each(|index| world.start(index));
    world.run_for(A_WHILE).unwrap();
    world
}

/// Another elector's record, as if it had just been written.
fn held_by(name: &str, store: &mut Store, token: u64) {
    store.put(Record {
        version: Version(String::new()),
        uid: String::new(),
        holder: Some(name.to_owned()),
        duration: Some(Duration::from_secs(15)),
        transitions: 3,
        token: Token(token),
        mark: None,
        released: false,
        times: format!("written by {name}"),
        successor: None,
        requests: Requests::default(),
    });
}

fn holder(store: &Store) -> Option<String> {
    store.read().record().and_then(|record| record.holder.clone())
}

/// When somebody heard this first, and when a write of that purpose was sent first since then.
fn first(world: &World, wanted: impl Fn(&Effect) -> bool) -> Option<Moment> {
    let effects = world.recorded.iter().flatten();
    effects.filter(|(_, _, effect)| wanted(effect)).map(|(at, _, _)| *at).next()
}

fn sends(purpose: Purpose) -> impl Fn(&Effect) -> bool {
    move |effect| matches!(effect, Effect::Write(write) if write.purpose == purpose)
}

#[test]
fn both_are_taken_the_outer_first_and_have_one_token() {
    let world = world(&[Locks::Both]);
    assert!(world.leads(0));
    let [outer, inner] = [&world.outer, &world.store].map(|store| store.read().record().cloned());
    let (outer, inner) = (outer.unwrap(), inner.unwrap());
    assert_eq!((outer.holder.as_deref(), inner.holder.as_deref()), (Some("a"), Some("a")));
    assert_eq!(outer.token, inner.token);
    assert_eq!(world.view(0).term.as_ref().map(|term| term.token), Some(inner.token));
    // Marks are never given to two writes.
    assert_ne!(outer.mark, inner.mark);
    let acquired = world.recorded.iter().flatten().filter_map(|(at, _, effect)| match effect {
        Effect::Write(write) if write.purpose == Purpose::Acquire => Some((*at, write.mark.serial)),
        _ => None,
    });
    let acquired: Vec<_> = acquired.collect();
    assert_eq!(acquired.len(), 2, "{acquired:?}");
    assert!(acquired[0].0 < acquired[1].0 && acquired[0].1 > acquired[1].1, "{acquired:?}");
}

#[test]
fn who_holds_either_lock_is_waited_out_and_named() {
    for which in [Which::Inner, Which::Outer] {
        let mut world = World::new(1, Network::perfect());
        let store = if which == Which::Inner { &mut world.store } else { &mut world.outer };
        held_by("x", store, 0);
        world.add_on(Locks::Both, config("a"), by_rule(), 0);
        world.start(0);
        world.run_for(Duration::from_secs(14)).unwrap();
        assert_eq!(world.answer(0), "x", "{which:?}");
        let other = if which == Which::Inner { &world.outer } else { &world.store };
        assert_eq!(holder(other), None, "{which:?}: the other one is left to others meanwhile");
        world.run_for(Duration::from_secs(4)).unwrap();
        assert!(world.leads(0), "{which:?}");
    }
}

#[test]
fn belief_ends_with_the_earlier_deadline() {
    for which in [Which::Inner, Which::Outer] {
        let mut world = world(&[Locks::Both]);
        let before = world.view(0).term.as_ref().unwrap().token;
        world.unreachable = Some(which);
        world.run_for(Duration::from_secs(7)).unwrap();
        assert!(world.leads(0), "{which:?}: the deadline of the last write");
        world.run_for(Duration::from_secs(4)).unwrap();
        assert!(!world.leads(0), "{which:?}");
        let lapsed = |(_, _, notice): &(Moment, usize, Notice)| {
            matches!(notice, Notice::SteppedDown(StepDownReason::Lapsed))
        };
        assert_eq!(world.notices.iter().filter(|told| lapsed(told)).count(), 1, "{which:?}");
        // The term goes on once it is back, by a new token, or another begins.
        world.unreachable = None;
        world.run_for(Duration::from_secs(40)).unwrap();
        assert!(world.leads(0), "{which:?}");
        let token = world.view(0).term.as_ref().unwrap().token;
        assert!(token > before, "{which:?}: {token} after {before}");
        assert_eq!(world.store.token(), token, "{which:?}");
        assert!(world.outer.token() >= token, "{which:?}: who has the outer lock alone reads it");
    }
}

#[test]
fn who_loses_one_lock_stops_then_drains_and_then_gives_the_other_up() {
    for which in [Which::Inner, Which::Outer] {
        let mut world = world(&[Locks::Both]);
        let store = if which == Which::Inner { &mut world.store } else { &mut world.outer };
        held_by("x", store, 0);
        let lost = world.now;
        world.announce();
        world.run_for(Duration::from_millis(10)).unwrap();
        assert!(!world.leads(0), "{which:?}");
        world.run_for(Duration::from_secs(4)).unwrap();
        let released = first(&world, sends(Purpose::Release)).expect("a release");
        assert!(released >= lost + REACTION, "{which:?}: {released} after {lost}");
        let other = if which == Which::Inner { &world.outer } else { &world.store };
        assert_eq!(holder(other), None, "{which:?}");
        assert_eq!(world.answer(0), "x", "{which:?}");
    }
}

#[test]
fn a_leader_that_stops_gives_both_up_after_its_reaction_time() {
    let mut world = world(&[Locks::Both, Locks::Both, Locks::Outer]);
    let leader = world.leader().unwrap();
    let stopped = world.now;
    world.tell(leader, Event::Stop);
    assert!(!world.leads(leader));
    world.run_for(REACTION + Duration::from_millis(500)).unwrap();
    assert!(first(&world, sends(Purpose::Release)).unwrap() >= stopped + REACTION);
    assert_eq!(world.situation(leader), None, "it has finished");
    world.run_for(Duration::from_secs(1)).unwrap();
    let next = world.leader().expect("somebody follows at once");
    assert_ne!(next, leader);
}

#[test]
fn who_loses_the_race_for_the_inner_lock_leaves_the_outer_one_to_others() {
    let mut world = World::new(1, Network::perfect());
    world.add_on(Locks::Both, config("a"), by_rule(), 0);
    world.start(0);
    // Right after it has taken the outer one.
    while holder(&world.outer).is_none() {
        world.run_for(Duration::from_micros(100)).unwrap();
        assert!(world.now < Moment::from_millis(60_000));
    }
    assert_eq!(holder(&world.store), None);
    held_by("x", &mut world.store, 0);
    world.announce();
    world.run_for(A_WHILE).unwrap();
    assert_eq!(holder(&world.outer), None, "given up");
    assert!(
        first(&world, |effect| matches!(effect, Effect::Tell(Notice::BecameLeader { .. })))
            .is_none()
    );
    assert_eq!(world.answer(0), "x");
}

#[test]
fn a_token_is_larger_than_all_that_either_lock_had() {
    for (outer, inner) in [(500, 1000), (1000, 500)] {
        let mut world = World::new(1, Network::perfect());
        held_by("x", &mut world.outer, outer);
        held_by("x", &mut world.store, inner);
        world.add_on(Locks::Both, config("a"), by_rule(), 0);
        world.start(0);
        world.run_for(Duration::from_secs(20)).unwrap();
        assert!(world.leads(0));
        let token = world.view(0).term.as_ref().unwrap().token;
        assert!(token > Token(1000), "{token}");
        assert_eq!((world.outer.token(), world.store.token()), (token, token));
    }
}

/// Somebody who has the inner lock alone leads while the outer one is on its way to another. What the outer
/// record has got is then no token for a term: the other term has had it.
#[test]
fn a_token_that_the_inner_lock_has_had_meanwhile_begins_no_term() {
    let mut world = World::new(1, Network::perfect());
    world.record();
    let quick = |nonce: &str| {
        let mut config = config("b");
        let [lease, deadline, retry] = [4000, 2000, 500].map(Duration::from_millis);
        config.timing = Timing::new(lease, deadline, retry);
        config.timing.longest_lease = Duration::from_secs(15);
        (config.timing.reaction, config.drain) = (retry / 5, retry / 5);
        config.incarnation.nonce = nonce.to_owned();
        config
    };
    let b = world.add_on(Locks::Inner, quick("first"), by_rule(), 0);
    world.start(b);
    world.run_for(A_WHILE).unwrap();
    world.tell(b, Event::Stop);
    world.run_for(A_WHILE).unwrap();
    assert_eq!((holder(&world.store), world.store.token()), (None, Token(1)));

    let a = world.add_on(Locks::Both, config("a"), by_rule(), 0);
    world.start(a);
    world.network.held_writes = Duration::from_secs(2);
    let claims = |world: &World| {
        let mut effects = world.recorded.iter().flatten();
        effects.any(|(_, index, effect)| *index == a && sends(Purpose::Acquire)(effect))
    };
    while !claims(&world) {
        world.run_for(Duration::from_millis(10)).unwrap();
        assert!(world.now < Moment::from_millis(60_000));
    }
    world.network.held_writes = Duration::ZERO;
    let again = Config { predecessor: world.note(b), ..quick("second") };
    world.restart(b, again);
    world.run_for(Duration::from_millis(500)).unwrap();
    assert!(world.leads(b));
    let token = world.store.token();
    world.tell(b, Event::Stop);
    world.run_for(Duration::from_millis(500)).unwrap();
    assert_eq!(holder(&world.store), None);
    assert!(!world.leads(a), "the outer lock is still on its way");

    world.run_for(A_WHILE).unwrap();
    assert!(world.leads(a));
    let own = world.view(a).term.as_ref().unwrap().token;
    assert!(own > token, "{own} after {token}");
    assert_eq!((world.outer.token(), world.store.token()), (own, own));
}

/// A policy that wants nothing keeps neither lock from others.
#[test]
fn a_leader_whose_policy_waits_for_ever_loses_both() {
    let mut world = world(&[Locks::Both, Locks::Outer]);
    let waits: Policy = Box::new(|input| {
        let mut decision = rule::decide(input);
        decision.action = Action::Wait;
        Ok(decision)
    });
    if !world.leads(0) {
        // The other one was faster: it goes, and the first follows.
        world.kill(1);
        world.run_for(Duration::from_secs(20)).unwrap();
        let incarnation =
            Incarnation { site: "site-b".to_owned(), nonce: "again".to_owned(), home: None };
        world.restart(1, Config { incarnation, ..config("b") });
    }
    assert!(world.leads(0));
    world.swap(0, waits);
    world.run_for(Duration::from_secs(60)).unwrap();
    assert_eq!(world.leader(), Some(1));
}

/// Two electors that wake each other would keep the process busy.
#[test]
fn two_locks_cause_few_wake_ups() {
    let mut world = world(&[Locks::Both, Locks::Both, Locks::Outer]);
    world.recorded.as_mut().unwrap().clear();
    world.run_for(Duration::from_secs(60)).unwrap();
    let count = |world: &World, index: usize| {
        let effects = world.recorded.iter().flatten();
        effects
            .filter(|(_, of, effect)| *of == index && matches!(effect, Effect::WakeAt(_)))
            .count()
    };
    for index in 0..3 {
        let steps = count(&world, index);
        assert!(steps < 60 * 10, "{index}: {steps} steps in a minute");
    }
}

/// The outer lock has no policy of its own that a pause could be meant for.
#[test]
fn a_pause_on_either_lock_keeps_the_leader_and_no_lock_that_it_has_lost() {
    for which in [Which::Inner, Which::Outer] {
        let mut world = world(&[Locks::Both]);
        let store = if which == Which::Inner { &mut world.store } else { &mut world.outer };
        store.edit(|record| record.requests.paused = true);
        world.announce();
        world.run_for(Duration::from_millis(100)).unwrap();
        let resigns: Policy =
            Box::new(|input| Ok(Decision { action: Action::Resign(None), ..rule::decide(input) }));
        world.swap(0, resigns);
        world.run_for(A_WHILE * 3).unwrap();
        assert!(world.leads(0), "{which:?}");
        held_by("x", &mut world.store, 0);
        world.announce();
        world.run_for(A_WHILE).unwrap();
        assert_eq!(holder(&world.outer), None, "{which:?}: given up");
    }
}

fn transfer(to: &str) -> Option<TransferRequest> {
    Some(TransferRequest {
        to: to.to_owned(),
        by: "ann".to_owned(),
        within: Duration::from_secs(30),
        until: format!("for {to}"),
        refused: None,
    })
}

/// There is one place to ask, and the answer at the other says so, once.
#[test]
fn what_is_asked_on_the_outer_lock_is_refused_there_with_what_to_do() {
    let mut world = world(&[Locks::Both, Locks::Both]);
    let leader = world.leader().unwrap();
    let [own, other] = if leader == 0 { ["a", "b"] } else { ["b", "a"] };
    let asked = |world: &World| world.outer.read().record().unwrap().requests.transfer.clone();
    world.outer.edit(|record| record.requests.transfer = transfer(other));
    world.announce();
    world.run_for(A_WHILE).unwrap();
    assert_eq!(world.leader(), Some(leader));
    let refused = asked(&world).unwrap().refused.unwrap();
    assert!(refused.ends_with("on its Lease: ask there for the transfer"), "{refused}");
    let told = world.recorded.iter().flatten().filter(|(_, _, effect)| {
        matches!(effect, Effect::Tell(Notice::TransferRefused { to, .. }) if to == other)
    });
    assert_eq!(told.count(), 1);
    // Who is asked for and leads already has nothing to refuse.
    world.outer.edit(|record| record.requests.transfer = transfer(own));
    world.announce();
    world.run_for(A_WHILE).unwrap();
    assert_eq!((world.leader(), asked(&world)), (Some(leader), None));
}

#[test]
fn both_locks_are_handed_over_as_somebody_asks() {
    let mut world = world(&[Locks::Both, Locks::Both, Locks::Both]);
    let leader = world.leader().unwrap();
    for to in (0..3).filter(|index| *index != leader) {
        let name = ["a", "b", "c"][to];
        world.store.edit(|record| record.requests.transfer = transfer(name));
        world.announce();
        world.run_for(REACTION + Duration::from_millis(800)).unwrap();
        assert_eq!(world.leader(), Some(to));
        assert_eq!(world.store.read().record().unwrap().requests, Requests::default());
    }
}
