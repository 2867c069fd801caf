//! How much of the reaction time S the grace may take, so that the command is dead within S.

use hotseat_core::config::Timing;
use std::time::Duration;

/// What is left of S for the kernel to end what SIGKILL was sent to, and for this program to notice
/// the end of belief on a busy machine: a tenth of S, within these bounds.
const LEAST_MARGIN: Duration = Duration::from_millis(50);
const MOST_MARGIN: Duration = Duration::from_secs(1);

/// The longest grace for a reaction time: by a clock that may be slow, with a margin.
pub(crate) fn longest_grace(reaction: Duration, clock_error_ppm: u32) -> Duration {
    let margin = (reaction / 10).clamp(LEAST_MARGIN, MOST_MARGIN);
    reaction.saturating_sub(margin).mul_f64(1.0 - rho(clock_error_ppm))
}

/// The reaction time that a grace needs.
pub(crate) fn needed_reaction(grace: Duration, clock_error_ppm: u32) -> Duration {
    let true_time = grace.mul_f64(1.0 / (1.0 - rho(clock_error_ppm)));
    // A ninth of the rest is a tenth of the whole; a millisecond for what is rounded.
    true_time + (true_time / 9).clamp(LEAST_MARGIN, MOST_MARGIN) + Duration::from_millis(1)
}

/// The longest reaction time that lease duration and renew deadline leave (I2), in whole milliseconds.
pub(crate) fn longest_reaction(timing: &Timing) -> Duration {
    let rho = rho(timing.clock_error_ppm);
    let room = |lease: Duration| {
        let stops = timing.deadline_for(lease).as_secs_f64() / (1.0 - rho);
        (lease.as_secs_f64() / (1.0 + rho) - stops).max(0.0)
    };
    let room = room(timing.lease_duration).min(room(timing.shortest_lease));
    // A room that is below zero was refused, and one that is too large for a duration cannot be.
    Duration::try_from_secs_f64((room * 1000.0).floor() / 1000.0).unwrap_or_default()
}

fn rho(clock_error_ppm: u32) -> f64 {
    f64::from(clock_error_ppm) / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotseat_core::config::CLOCK_ERROR_PPM;

    #[test]
    fn what_is_left_by_default_fits() {
        let mut timing = Timing::client_go();
        let longest = longest_reaction(&timing);
        assert_eq!(longest, Duration::from_millis(4750));
        timing.reaction = longest;
        assert_eq!(timing.check(), Ok(()));
        timing.reaction += Duration::from_millis(1);
        assert!(timing.check().is_err(), "it is the longest");
    }

    #[test]
    fn a_grace_fits_into_the_reaction_time_that_it_needs() {
        for millis in [0, 1, 100, 449, 450, 451, 2_000, 8_999, 9_001, 60_000] {
            let grace = Duration::from_millis(millis);
            let needed = needed_reaction(grace, CLOCK_ERROR_PPM);
            assert!(longest_grace(needed, CLOCK_ERROR_PPM) >= grace, "{grace:?} {needed:?}");
            // By the slowest clock, it ends before S is over.
            assert!(grace.mul_f64(1.0 / 0.99) + LEAST_MARGIN <= needed, "{grace:?} {needed:?}");
        }
        assert_eq!(longest_grace(Duration::ZERO, CLOCK_ERROR_PPM), Duration::ZERO);
    }
}
