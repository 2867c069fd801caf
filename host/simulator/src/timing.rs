//! Timings for random worlds.

use crate::dice::Dice;
use hotseat_core::config::Timing;
use std::time::Duration;

/// A timing of one of three shapes, with the longest reaction time that it takes, and a longest lease of up
/// to `longest` lease durations.
pub fn random_timing(dice: &mut Dice, longest: u64) -> Timing {
    let mut timing = match dice.below(3) {
        0 => Timing::client_go(),
        1 => Timing::from_ttl(Duration::from_secs(10)),
        _ => {
            let [lease, deadline, retry] = [6000, 4000, 800].map(Duration::from_millis);
            Timing::new(lease, deadline, retry)
        }
    };
    // S as long as I2 allows.
    let rho = f64::from(timing.clock_error_ppm) / 1e6;
    let room = timing.lease_duration.as_secs_f64() / (1.0 + rho)
        - timing.renew_deadline.as_secs_f64() / (1.0 - rho);
    timing.reaction = Duration::from_secs_f64(room * 0.99);
    timing.longest_lease = timing.lease_duration * (1 + dice.below(longest) as u32);
    timing
}
