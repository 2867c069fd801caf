//! Moments and milliseconds, at their ends.

use hotseat_core::time::{Moment, millis, millis_up};
use std::time::Duration;

#[test]
fn moments_add_up() {
    let moment = Moment::from_millis(1_500);
    assert_eq!(moment, Moment::at(Duration::from_millis(1_500)));
    assert_eq!(moment.since_origin(), Duration::from_millis(1_500));
    assert_eq!(moment + Duration::from_millis(500), Moment::from_millis(2_000));
    assert_eq!(moment - Duration::from_millis(500), Moment::from_millis(1_000));
    assert_eq!(Moment::from_millis(2_000).since(moment), Duration::from_millis(500));
    assert_eq!(moment.to_string(), "1.500s");
}

#[test]
fn moments_stop_at_their_ends() {
    let moment = Moment::from_millis(1);
    assert_eq!(moment.since(Moment::NEVER), Duration::ZERO);
    assert_eq!(moment - Duration::MAX, Moment::ZERO);
    assert_eq!(moment + Duration::MAX, Moment::NEVER);
    assert_eq!(Moment::at(Duration::MAX), Moment::NEVER);
}

#[test]
fn what_has_passed_is_rounded_down_and_what_is_left_up() {
    let nanos = Duration::from_nanos;
    for (length, down, up) in
        [(nanos(0), 0, 0), (nanos(1), 0, 1), (nanos(999_999), 0, 1), (nanos(1_000_000), 1, 1)]
    {
        assert_eq!((millis(length), millis_up(length)), (down, up), "{length:?}");
    }
    assert_eq!((millis(Duration::MAX), millis_up(Duration::MAX)), (u64::MAX, u64::MAX));
}
