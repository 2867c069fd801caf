//! What people ask of three candidates, and what becomes of the seat.

use super::people::transfer;
use super::*;
use hotseat_core::request::TransferRequest;
use hotseat_simulator::{Network, World};

/// Three candidates by the built-in rule, the first of which leads.
fn three() -> World {
    let mut world = World::new(7, Network::perfect());
    for name in ["a", "b", "c"] {
        let index = world.add(candidate(name, Duration::ZERO), by_rule(), 0);
        world.start(index);
        world.run_for(Duration::from_secs(1)).unwrap();
    }
    assert_eq!(world.leader(), Some(0));
    world
}

fn asked(world: &mut World, change: impl FnOnce(&mut Requests)) {
    world.store.edit(|record| change(&mut record.requests));
    world.announce();
}

fn requests(world: &World) -> Requests {
    world.store.read().record().unwrap().requests.clone()
}

#[test]
fn the_candidate_that_was_asked_for_takes_the_seat_first() {
    for (to, index) in [("b", 1), ("c", 2)] {
        let mut world = three();
        asked(&mut world, |requests| requests.transfer = transfer(to));
        world.run_for(millis(500)).unwrap();
        assert_eq!(world.leader(), Some(index), "{to}");
        assert_eq!(requests(&world), Requests::default());
        world.run_for(Duration::from_secs(120)).unwrap();
        assert_eq!((world.leader(), world.terms()), (Some(index), 2), "{to} stays");
    }
}

/// Who has resigned rests for a lease, but not from people.
#[test]
fn the_seat_can_be_asked_back_at_once() {
    let mut world = three();
    for (to, index) in [("b", 1), ("a", 0), ("b", 1)] {
        let request = TransferRequest { until: format!("round {index}"), ..transfer(to).unwrap() };
        asked(&mut world, |requests| requests.transfer = Some(request));
        world.run_for(millis(600)).unwrap();
        assert_eq!(world.leader(), Some(index), "{to}");
    }
}

#[test]
fn a_transfer_to_a_candidate_that_is_not_there_ends_with_somebody_leading() {
    for by_coordinator in [false, true] {
        let mut world = three();
        world.kill(2);
        asked(&mut world, |requests| match by_coordinator {
            false => requests.transfer = transfer("c"),
            true => requests.preferred = Some("c".to_owned()),
        });
        world.run_for(Duration::from_secs(10)).unwrap();
        assert_eq!(world.leader(), Some(1), "the other one that lives");
        assert_eq!(requests(&world), Requests::default(), "it is carried out once only");
        world.run_for(Duration::from_secs(120)).unwrap();
        assert_eq!((world.leader(), world.terms()), (Some(1), 2));
    }
}

/// With nobody else there the old leader leads again, well before a lease is over.
#[test]
fn a_leader_that_handed_over_to_nobody_leads_again() {
    let mut world = World::new(7, Network::perfect());
    let leader = world.add(candidate("a", Duration::ZERO), by_rule(), 0);
    world.start(leader);
    world.run_for(Duration::from_secs(1)).unwrap();
    asked(&mut world, |requests| requests.transfer = transfer("z"));
    world.run_for(millis(500)).unwrap();
    assert_eq!(world.leader(), None);
    world.run_for(Duration::from_secs(6)).unwrap();
    assert_eq!(world.leader(), Some(leader));
}

#[test]
fn a_leader_that_dies_leaves_the_transfer_to_the_next() {
    let mut world = three();
    world.kill(0);
    let long = TransferRequest { within: Duration::from_secs(60), ..transfer("c").unwrap() };
    asked(&mut world, |requests| requests.transfer = Some(long));
    world.run_for(Duration::from_secs(50)).unwrap();
    assert_eq!(world.leader(), Some(2));
    assert_eq!(requests(&world), Requests::default());
}

#[test]
fn while_paused_nobody_moves_and_an_empty_seat_is_taken() {
    let mut world = three();
    asked(&mut world, |requests| requests.paused = true);
    world.run_for(millis(100)).unwrap();
    let resigns = |input: &Input| match input.observation.claim {
        Some(_) => Ok(decision(Action::Resign(Some("c".to_owned())))),
        None => Ok(decision(Action::Campaign)),
    };
    (0..3).for_each(|index| world.swap(index, Box::new(resigns)));
    world.run_for(Duration::from_secs(300)).unwrap();
    assert_eq!((world.leader(), world.terms()), (Some(0), 1), "nobody moves");
    world.kill(0);
    world.run_for(Duration::from_secs(60)).unwrap();
    let follows = world.leader();
    assert!(follows.is_some_and(|index| index != 0), "the seat of the dead leader is taken");
    assert_eq!(world.terms(), 2);
    asked(&mut world, |requests| requests.paused = false);
    world.run_for(Duration::from_secs(5)).unwrap();
    assert!(world.terms() > 2, "once it is over the policy resigns as it likes");
}
