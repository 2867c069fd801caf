//! I13 through a whole life: candidates start, lead, lose answers, are cut off, come back and stop,
//! and a swap in each of the states that the elector goes through changes nothing of it.

use super::{by_rule, candidate, millis};
use hotseat_core::elector::{Phase, Situation, Underway};
use hotseat_core::event::{Event, Notice, Purpose, StepDownReason};
use hotseat_simulator::{Network, World};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a life lasts, in milliseconds.
const END: u64 = 56_000;

/// A new leader may come this much later or sooner than without a swap, since a question more
/// changes what is drawn from then on.
const TOLERANCE: u128 = 100;

/// What a life comes to.
#[derive(Debug, Default)]
struct Life {
    /// Who became leader, and at which millisecond.
    terms: Vec<(usize, u128)>,
    /// How each term ended.
    ends: Vec<StepDownReason>,
    /// The states of the two candidates at each millisecond, if the life was lived without a swap;
    /// else those that the swap came upon.
    states: Vec<[Option<Situation>; 2]>,
}

/// Something that is done to the two candidates.
type Act = fn(&mut World);

/// What is done, at these milliseconds.
const SCRIPT: [(u64, Act); 9] = [
    (0, |world| world.start(0)),
    // After any jitter, so that it is known who leads first.
    (30, |world| world.start(1)),
    // The answer to a renewal gets lost: whether it landed is read from the record.
    (6_000, |world| world.network.lost_answers = 100),
    (8_500, |world| world.network.lost_answers = 0),
    // The leader hears nothing any more, lapses, and is followed.
    (12_000, |world| world.cut(0, true)),
    (34_000, |world| world.cut(0, false)),
    // The answers take their time while one after the other stops.
    (40_000, |world| world.network.delay = millis(40)),
    (41_000, |world| world.tell(1, Event::Stop)),
    (50_000, |world| world.tell(0, Event::Stop)),
];

/// Lives it, and swaps the policy of both candidates at this millisecond.
fn live(swap: Option<u64>) -> Life {
    let mut world = World::new(5, Network::perfect());
    for name in ["a", "b"] {
        let index = world.add(candidate(name, Duration::from_secs(1)), by_rule(), 0);
        world.think(index, millis(3));
    }
    let start = world.now;
    let mut life = Life::default();
    for at in 0..END {
        let act = SCRIPT.iter().find(|(when, _)| *when == at);
        if act.is_none() && swap.is_some_and(|swap| swap != at) {
            continue;
        }
        world.run_until(start + millis(at)).unwrap();
        if swap.is_none_or(|swap| swap == at) {
            life.states.push([world.situation(0), world.situation(1)]);
        }
        if swap == Some(at) {
            (0..2).for_each(|index| world.swap(index, by_rule()));
        }
        if let Some((_, act)) = act {
            act(&mut world);
        }
    }
    world.run_until(start + millis(END)).unwrap();
    for (at, index, notice) in &world.notices {
        match notice {
            Notice::BecameLeader { .. } => {
                life.terms.push((*index, at.since(start).as_millis()));
            }
            Notice::SteppedDown(why) => life.ends.push(why.clone()),
            _ => {}
        }
    }
    life
}

/// When to swap: where a state begins, and in between.
fn moments(plain: &Life) -> Vec<u64> {
    let begins = |at: u64| {
        let at = usize::try_from(at).unwrap();
        plain.states[at] != plain.states[at - 1]
    };
    (3..END).filter(|at| begins(*at) || begins(*at - 1) || at % 50 == 0).collect()
}

#[test]
fn i13_a_swap_in_every_state_of_a_life_changes_nothing_of_it() {
    let plain = live(None);
    assert_eq!(plain.terms.iter().map(|(who, _)| *who).collect::<Vec<_>>(), [0, 1, 0]);
    assert_eq!(
        plain.ends,
        [StepDownReason::Lapsed, StepDownReason::Stopped, StepDownReason::Stopped]
    );
    let mut met = BTreeSet::new();
    for swap in moments(&plain) {
        let with = live(Some(swap));
        assert_eq!(with.ends, plain.ends, "a swap at {swap} ms");
        assert_eq!(with.terms.len(), plain.terms.len(), "a swap at {swap} ms");
        for (with, plain) in with.terms.iter().zip(&plain.terms) {
            let moved = with.1.abs_diff(plain.1);
            assert!(with.0 == plain.0 && moved <= TOLERANCE, "a swap at {swap} ms: {with:?}");
        }
        met.extend(with.states.into_iter().flatten().flatten());
    }
    let lived: BTreeSet<Situation> = plain.states.iter().flatten().flatten().copied().collect();
    assert!(lived.is_subset(&met), "no swap in {:?}", lived.difference(&met));
    let met_in = |phase, operation| {
        met.iter().any(|state| state.phase == phase && state.operation == operation)
    };
    for (phase, operation) in [
        (Phase::Standby, Underway::Nothing),
        (Phase::Standby, Underway::Read),
        (Phase::Standby, Underway::Write(Purpose::Acquire)),
        (Phase::Leading, Underway::Nothing),
        (Phase::Leading, Underway::Read),
        (Phase::Leading, Underway::Write(Purpose::Renew)),
        (Phase::SteppingDown, Underway::Nothing),
        (Phase::SteppingDown, Underway::Write(Purpose::Release)),
    ] {
        assert!(met_in(phase, operation), "no swap met {phase:?} with {operation:?}");
    }
    assert!(met.iter().any(|state| state.unsure), "no swap met an unknown outcome");
    assert!(met.iter().any(|state| state.asking), "no swap met an open question");
}
