//! I13: a swap happens between two decisions and costs no renewal, at whatever moment it comes.

use super::{by_rule, candidate};
use hotseat_core::event::Notice;
use hotseat_core::time::Moment;
use hotseat_simulator::{Network, World};
use std::time::Duration;

/// Runs a leader for 30 s and swaps its policy at these milliseconds. Gives the renewals' times.
fn renewals(swaps: &[u64]) -> Vec<Moment> {
    let mut world = World::new(5, Network::perfect());
    for name in ["a", "b"] {
        let index = world.add(candidate(name, Duration::ZERO), by_rule(), 0);
        world.think(index, Duration::from_millis(3));
        world.start(index);
    }
    let start = world.now;
    let mut leader = None;
    for swap in swaps.iter().copied().chain([30_000]) {
        world.run_until(start + Duration::from_millis(swap)).unwrap();
        leader = leader.or(world.leader());
        for index in 0..2 {
            world.swap(index, by_rule());
        }
    }
    let stepped = world.notices.iter().filter(|told| matches!(told.2, Notice::SteppedDown(_)));
    assert_eq!(stepped.count(), 0, "swaps at {swaps:?}");
    let renewed = world.notices.iter().filter(|told| told.2 == Notice::Renewed);
    renewed.map(|told| told.0).collect()
}

fn longest_gap(times: &[Moment]) -> Duration {
    times.windows(2).map(|pair| pair[1].since(pair[0])).max().unwrap()
}

#[test]
fn i13_a_swap_at_every_point_of_a_heartbeat_misses_no_renewal() {
    let plain = renewals(&[]);
    assert!(plain.len() >= 13, "{}", plain.len());
    // Two renewals and all between them, millisecond by millisecond: each state of the core, and
    // each point between a question or a write and its answer.
    for at in 6000..10_100 {
        let with = renewals(&[at]);
        assert!(with.len() >= plain.len(), "a swap at {at} ms cost a renewal");
        assert!(longest_gap(&with) <= longest_gap(&plain) + Duration::from_millis(20), "{at}");
    }
}

#[test]
fn i13_a_thousand_swaps_in_a_row_miss_no_renewal() {
    let plain = renewals(&[]);
    let swaps: Vec<u64> = (0..1000).map(|n| 3000 + n * 7).collect();
    let with = renewals(&swaps);
    assert!(with.len() + 1 >= plain.len(), "{} of {}", with.len(), plain.len());
    assert!(longest_gap(&with) <= Duration::from_millis(2100), "{:?}", longest_gap(&with));
}
