//! Every order of events up to a depth, for two publications and the standard policy.

mod common;

use common::{World, config, policy, refusal};
use hotseat_rollout::{Config, Event, ShadowPeriod};
use std::collections::HashSet;

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

const DEPTH: usize = 7;

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
