//! Clocks that stand at the candidate's uptime.

use crate::Blindfold;
use crate::bindings::exports::wasi::clocks::{monotonic_clock, wall_clock};
use crate::bindings::exports::wasi::io::poll::Pollable;
use crate::bindings::hotseat::blindfold::host;
use crate::streams::ready;

/// A millisecond, which is how finely the clocks are set, in nanoseconds.
const TICK: u64 = 1_000_000;

impl monotonic_clock::Guest for Blindfold {
    /// Never 0: Go's runtime takes that for a broken clock, and ends itself.
    fn now() -> u64 {
        host::uptime().saturating_mul(TICK).max(1)
    }

    fn resolution() -> u64 {
        TICK
    }

    fn subscribe_instant(_: u64) -> Pollable {
        ready()
    }

    fn subscribe_duration(_: u64) -> Pollable {
        ready()
    }
}

impl wall_clock::Guest for Blindfold {
    fn now() -> wall_clock::Datetime {
        datetime(host::uptime())
    }

    fn resolution() -> wall_clock::Datetime {
        datetime(1)
    }
}

fn datetime(milliseconds: u64) -> wall_clock::Datetime {
    let nanoseconds = (milliseconds % 1000) * TICK;
    wall_clock::Datetime {
        seconds: milliseconds / 1000,
        // Less than a second, so it fits.
        nanoseconds: u32::try_from(nanoseconds).unwrap_or_default(),
    }
}
