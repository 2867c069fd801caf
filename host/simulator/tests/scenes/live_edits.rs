//! What a hand's edit of a living leader's record costs (docs/decisions/0006): belief ends by what the leader
//! sees, it begins a new term at once, and nobody else leads between.

use super::*;
use hotseat_simulator::{Network, World};

/// An answer takes two of them.
const STEP: Duration = Duration::from_millis(1);

/// From its sight of the edit, the leader needs a decision and one write, each of a few milliseconds here.
const AT_ONCE: Duration = Duration::from_millis(100);

/// What a hand does to a record.
type Edit = fn(&mut Record);

/// How long after the edit its leader leads again, seen by it and two standbys.
fn until_it_leads_again(world: &mut World, change: Edit) -> Duration {
    let leader = world.leader().expect("somebody leads");
    let term = |world: &World| world.view(leader).term.as_ref().map(|term| term.token);
    let before = term(world);
    assert!(world.store.edit(change));
    world.announce();
    let (edited, mut lost) = (world.now, false);
    while !(lost && world.leads(leader)) {
        world.run_for(STEP).unwrap();
        lost |= !world.leads(leader);
        assert!(world.leader().is_none_or(|index| index == leader), "a standby leads");
        // More than the lease of 15 s.
        let past = world.now.since(edited);
        assert!(
            past < Duration::from_secs(20),
            "it has lost its term: {lost}, and does not lead again"
        );
    }
    assert!(term(world) > before, "belief ended, and the same term goes on");
    world.now.since(edited)
}

#[test]
fn i7_a_leader_whose_mark_or_renew_time_alone_is_edited_leads_on_in_a_new_term() {
    let edits: [(&str, Edit); 2] = [
        ("the mark is gone", |record| record.mark = None),
        ("the renew time is another", |record| {
            record.mark = None;
            record.times = format!("{} edited", record.times);
        }),
    ];
    for (edit, change) in edits {
        let mut world = World::new(7, Network::perfect());
        for name in ["a", "b", "c"] {
            let index = world.add(candidate(name, Duration::ZERO), by_rule(), 0);
            world.start(index);
        }
        world.run_for(Duration::from_secs(5)).unwrap();
        let transitions = |world: &World| world.store.read().record().unwrap().transitions;
        let before = transitions(&world);
        // At any moment between two renewals.
        for _ in 0..8 {
            world.run_for(Duration::from_millis(1_730)).unwrap();
            let gap = until_it_leads_again(&mut world, change);
            assert!(gap < AT_ONCE, "{edit}: it led again only after {gap:?}");
        }
        assert_eq!(transitions(&world), before, "{edit}: the holder has not changed");
    }
}
