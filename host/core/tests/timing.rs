//! I2: timing that leaves no room between the last believer and the first successor is refused.

use hotseat_core::config::{Timing, TimingError};
use std::time::Duration;

fn millis(lease: u64, deadline: u64, retry: u64) -> Timing {
    let [lease, deadline, retry] = [lease, deadline, retry].map(Duration::from_millis);
    Timing::new(lease, deadline, retry)
}

#[test]
fn known_timings_are_accepted() {
    for timing in [
        Timing::client_go(),
        Timing::from_ttl(Duration::from_secs(10)),
        Timing::from_ttl(Duration::from_secs(1)),
        millis(60_000, 15_000, 5000),
        millis(3000, 2000, 500),
    ] {
        assert_eq!(timing.check(), Ok(()), "{timing:?}");
    }
}

#[test]
fn timing_without_room_is_refused_with_the_inequality() {
    for timing in
        [millis(10_000, 10_000, 2000), millis(10_000, 9_900, 2000), millis(5000, 8000, 1000)]
    {
        let error = timing.check().unwrap_err();
        assert!(matches!(error, TimingError::NoRoom { .. }), "{timing:?}: {error}");
        assert!(error.to_string().contains("D/(1-rho) + S <= L/(1+rho) does not hold"), "{error}");
    }
}

#[test]
fn the_inequality_holds_to_the_edge_for_every_accepted_timing() {
    let mut accepted = 0;
    for lease in (1000_u64..20_000).step_by(500) {
        for deadline in (200..lease).step_by(100) {
            for (ppm, reaction) in
                [(0, 0), (10_000, 0), (10_000, 1000), (200_000, 0), (50_000, 3000)]
            {
                let mut timing = millis(lease, deadline, 100);
                timing.clock_error_ppm = ppm;
                timing.reaction = Duration::from_millis(reaction);
                let rho = f64::from(ppm) / 1e6;
                let stops = deadline as f64 / (1.0 - rho) + reaction as f64;
                let begins = lease as f64 / (1.0 + rho);
                assert_eq!(timing.check().is_ok(), stops <= begins + 1e-6, "{timing:?}");
                accepted += u32::from(timing.check().is_ok());
            }
        }
    }
    assert!(accepted > 1000, "only {accepted} timings were accepted");
}

#[test]
fn a_policys_shortest_lease_must_leave_room_too() {
    let mut timing = millis(15_000, 10_000, 2000);
    timing.reaction = Duration::from_secs(4);
    assert_eq!(timing.check(), Ok(()));
    timing.shortest_lease = Duration::from_secs(5);
    assert!(matches!(timing.check(), Err(TimingError::NoRoom { .. })));
}

#[test]
fn other_nonsense_is_refused_with_its_reason() {
    let cases = [
        (millis(900, 500, 100), "whole seconds"),
        (millis(15_000, 2000, 2000), "1.2 x the retry period"),
        (millis(15_000, 10_000, 5), "10ms or more"),
    ];
    for (timing, reason) in cases {
        let error = timing.check().unwrap_err().to_string();
        assert!(error.contains(reason), "{timing:?}: {error}");
    }
    let mut timing = Timing::client_go();
    timing.clock_error_ppm = 500_000;
    assert!(timing.check().unwrap_err().to_string().contains("less than 50%"));
    let mut timing = Timing::client_go();
    timing.longest_lease = Duration::from_secs(3);
    assert!(timing.check().unwrap_err().to_string().contains("widen the bounds"));
}

/// The last value that is taken, beside the first that is not.
#[test]
fn bounds_are_met_at_their_edge() {
    assert_eq!(millis(1_000, 500, 100).check(), Ok(()));
    assert_eq!(millis(15_000, 10_000, 10).check(), Ok(()));
    let too_short = Timing { retry_period: Duration::from_micros(9_999), ..Timing::client_go() };
    assert!(matches!(too_short.check(), Err(TimingError::RetryTooShort(_))));
    // More than 1.2 retry periods, and not as much.
    assert!(matches!(millis(15_000, 2_400, 2_000).check(), Err(TimingError::NoRetry { .. })));
    assert_eq!(millis(15_000, 2_401, 2_000).check(), Ok(()));
    let mut timing = millis(15_000, 1_000, 100);
    timing.clock_error_ppm = 499_999;
    assert_eq!(timing.check(), Ok(()));
}

#[test]
fn the_deadline_keeps_its_share_of_any_lease() {
    let timing = Timing::client_go();
    assert_eq!(timing.deadline_for(Duration::from_secs(15)), Duration::from_secs(10));
    assert_eq!(timing.deadline_for(Duration::from_secs(30)), Duration::from_secs(20));
    assert_eq!(timing.deadline_for(Duration::from_secs(3)), Duration::from_secs(2));
}

/// Of two renewals within one second, client-go sees one, and may wait for a second less.
#[test]
fn who_sees_whole_seconds_needs_a_second_more() {
    let seconds = Duration::from_secs;
    let room = |lease, deadline| {
        let mut timing = Timing::new(lease, deadline, Duration::from_millis(100));
        timing.clock_error_ppm = 0;
        timing
    };
    // D/(1-rho) + 1 s is 11 s, and L/(1+rho) is 10 s and 11.09 s.
    let clocks = |lease| Timing { clock_error_ppm: 100_000, ..room(lease, seconds(9)) };
    for (timing, is_enough) in [
        (clocks(seconds(11)), false),
        (clocks(Duration::from_millis(12_200)), true),
        (room(seconds(3), seconds(2)), true),
        (room(seconds(3), Duration::from_millis(2001)), false),
        (Timing::client_go(), true),
        (Timing::from_ttl(seconds(10)), true),
        (Timing::from_ttl(seconds(2)), false),
        (Timing { reaction: seconds(4), ..Timing::client_go() }, false),
        (Timing { shortest_lease: seconds(3), ..Timing::client_go() }, false),
    ] {
        assert_eq!(timing.check_whole_seconds().is_ok(), is_enough, "{timing:?}");
    }
}
