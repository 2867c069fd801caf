//! Every order of events up to a depth, for two publications and the standard policy.

mod common;

use common::{World, config, policy, print, refusal};
use hotseat_core::time::Moment;
use hotseat_rollout::{Config, Event, Fleet, Objection, Peer, ShadowPeriod, Turns};
use std::collections::HashSet;
use std::time::Duration;

/// What may happen next; what answers something only if it was asked for.
fn successors(world: &World) -> Vec<World> {
    let mut next = Vec::new();
    let mut then = |happens: &dyn Fn(&mut World)| {
        let mut after = world.clone();
        happens(&mut after);
        next.push(after);
    };
    let (first, second) = (policy("a", ""), policy("hold", ""));
    then(&|world| drop(world.found(&first)));
    then(&|world| drop(world.found(&second)));
    then(&|world| {
        drop(world.event(Event::Refused { source: "file:a".into(), refusal: refusal("digest") }));
    });
    then(&|world| drop(world.event(Event::Failed)));
    then(&|world| drop(world.event(Event::LeftBehind { digest: first.digest.clone() })));
    if world.has_turns() {
        for fleet in fleets() {
            then(&|world| drop(world.fleet(fleet.clone())));
        }
        then(&|world| drop(world.event(Event::Skip(print(&second)))));
        then(&|world| drop(world.passes(Duration::from_secs(400))));
    }
    if world.run.is_some() {
        then(&|world| drop(world.pass()));
        then(&|world| drop(world.refuse("compile")));
    }
    if world.takeover.is_some() {
        then(&|world| drop(world.take_over()));
        then(&|world| drop(world.not_taken_over()));
    }
    if let Some((job, _)) = world.shadow {
        then(&|world| drop(world.answer(false, false)));
        then(&|world| drop(world.answer(true, true)));
        then(&|world| drop(world.event(Event::ShadowFailed { job, why: "trap".into() })));
    }
    next
}

/// What may be seen of two others, of whom one comes before `b`.
fn fleets() -> Vec<Fleet> {
    let (first, second) = (print(&policy("a", "")), print(&policy("hold", "")));
    let peer = |name: &str, runs: &_| Peer {
        name: name.to_owned(),
        runs: Some(Clone::clone(runs)),
        objection: None,
        // As if they were heard of all the time.
        heard: Moment::NEVER,
    };
    let objects = Objection { to: second.clone(), why: "refused it".to_owned() };
    let fleet = |leader: &str, peers| Fleet { known: true, leader: Some(leader.to_owned()), peers };
    vec![
        Fleet::default(),
        fleet("c", vec![peer("a", &first), peer("c", &first)]),
        fleet("b", vec![peer("a", &second), peer("c", &second)]),
        fleet(
            "c",
            vec![peer("a", &second), Peer { objection: Some(objects), ..peer("c", &first) }],
        ),
    ]
}

fn search(name: &str, config: Config, start: &dyn Fn(&mut World), depth: usize) {
    let mut first = World::new(config);
    start(&mut first);
    let mut seen = HashSet::from([first.clone()]);
    let mut edge = vec![first];
    for _ in 0..depth {
        let mut next = Vec::new();
        for world in edge {
            for after in successors(&world) {
                if seen.insert(after.clone()) {
                    after.clone().check_progress();
                    next.push(after);
                }
            }
        }
        edge = next;
    }
    println!("{name}: {} states, {} events deep", seen.len(), depth);
}

fn with_shadow() -> Config {
    Config { shadow: Some(ShadowPeriod::Decisions(2)), ..config() }
}

/// From the beginning: nothing is active.
#[test]
fn every_order_from_nothing() {
    search("from nothing", config(), &|_| {}, DEPTH);
}

/// One is active, and the other one decides beside it.
#[test]
fn every_order_from_a_trial() {
    search("from a trial", with_shadow(), &trial, DEPTH);
}

/// One is active, one good, and the next one is about to be.
#[test]
fn every_order_from_a_takeover() {
    search("from a takeover", config(), &takeover, DEPTH);
}

/// One is active, and the other one waits for a candidate before this one.
#[test]
fn every_order_from_a_line() {
    let turns = Turns { name: "b".to_owned(), soak: Duration::from_secs(30), at_once: 1 };
    search("from a line", Config { turns: Some(turns), ..config() }, &line, DEPTH - 2);
}

const DEPTH: usize = 7;

fn line(world: &mut World) {
    world.found(&policy("a", ""));
    world.settle();
    world.fleet(fleets()[1].clone());
    world.found(&policy("hold", ""));
    while !world.waits() {
        world.pass();
    }
}

fn trial(world: &mut World) {
    world.found(&policy("a", ""));
    world.settle();
    world.found(&policy("hold", ""));
    while world.shadow.is_none() {
        world.pass();
    }
}

fn takeover(world: &mut World) {
    for digest in ["hold", "a"] {
        world.found(&policy(digest, ""));
        world.settle();
    }
    world.found(&policy("hold", "other"));
    while world.takeover.is_none() {
        world.pass();
    }
}
