//! What costs more than it seems ends within the policy's own limits.

use std::time::Duration;

use hotseat_core::policy::{Failure, FailureKind};
use hotseat_engine::Limits;

use super::common::floods::{self, Flood};
use super::common::{MUCH_FUEL, input, limits, load};

fn ends(flood: &Flood, limits: &Limits) -> Failure {
    load(&flood.build()).decide(&input(), limits).unwrap_err()
}

#[test]
fn handles_without_end() {
    for flood in [floods::handles(), floods::polls()] {
        let failure = ends(&flood, &limits());
        assert_eq!(failure.kind, FailureKind::Trapped, "{failure:?}");
        assert!(failure.detail.contains("handle limit exceeded"), "{failure:?}");
    }
}

#[test]
fn more_bytes_than_the_policy_may_have() {
    for flood in [floods::one_write(), floods::chance(33 << 20)] {
        let failure = ends(&flood, &limits());
        assert_eq!(failure.kind, FailureKind::OutOfMemory, "{}: {failure:?}", flood.name);
    }
    // More than there are addresses for.
    let failure = ends(&floods::chance(u64::MAX), &limits());
    assert_eq!(failure.kind, FailureKind::Trapped, "{failure:?}");
}

#[test]
fn bytes_without_end() {
    for flood in [floods::writes(), floods::chance(60_000)] {
        let failure = ends(&flood, &limits());
        assert_eq!(failure.kind, FailureKind::OutOfFuel, "{}: {failure:?}", flood.name);
    }
}

/// Strings cost no fuel between two components, so that the clock has to end this.
#[test]
fn strings_without_end() {
    let limits = Limits { wall: Duration::from_millis(200), ..limits() };
    let failure = ends(&floods::names(), &limits);
    assert_eq!(failure.kind, FailureKind::TimedOut, "{failure:?}");
}

/// Each call enters a function of the blindfold's, which looks at the clock.
#[test]
fn calls_in_a_straight_line() {
    let policy = load(&floods::straight_line(20_000).build());
    let (_, spent) = policy.decide(&input(), &limits()).unwrap();
    assert!(spent.fuel > 20_000, "{spent:?}");
    // By the clock, where there is fuel for more; and a call that came to its end too late counts as
    // too late.
    let limits = Limits { fuel: MUCH_FUEL, wall: spent.wall / 100, ..limits() };
    let failure = policy.decide(&input(), &limits).unwrap_err();
    assert_eq!(failure.kind, FailureKind::TimedOut, "{failure:?}");
}
