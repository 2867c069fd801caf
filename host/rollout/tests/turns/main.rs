//! A policy that candidates take one after the other.

mod bounds;
#[path = "../common/mod.rs"]
mod common;
mod order;
mod settled;
mod stopped;

use common::{World, config, policy, print};
use hotseat_rollout::{Config, Fleet, Objection, Peer, Policy, Turns};
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

/// The new policy took over here, and is on its way elsewhere.
fn taken(config: Config) -> World {
    let mut world = passed(config, led_by("z", &[peer("z", &old())]));
    world.take_over();
    assert_eq!(world.active(), &new());
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
