//! Time as a value.
//!
//! The core never asks a clock. A shell hands in a [`Moment`] with every event, read from a clock
//! that goes on during suspend (`CLOCK_BOOTTIME` on Linux), and a test hands in what it likes.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// A point on the local boot-time clock: nanoseconds since an origin that never changes while the
/// process lives. Moments of two machines have nothing to do with each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// The origin of the clock.
    pub const ZERO: Moment = Moment(0);
    /// Later than every moment that a clock will show.
    pub const NEVER: Moment = Moment(u64::MAX);

    /// The moment `since_origin` after the origin; saturates after 584 years.
    pub fn at(since_origin: Duration) -> Moment {
        Moment(u64::try_from(since_origin.as_nanos()).unwrap_or(u64::MAX))
    }

    /// The moment that many seconds after the origin.
    pub const fn from_secs(seconds: u64) -> Moment {
        Moment(seconds.saturating_mul(1_000_000_000))
    }

    /// The moment that many milliseconds after the origin.
    pub fn from_millis(millis: u64) -> Moment {
        Moment::at(Duration::from_millis(millis))
    }

    /// The time from the origin to this moment.
    pub fn since_origin(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// The time from `earlier` to this moment; zero if `earlier` is later.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;

    fn add(self, length: Duration) -> Moment {
        let nanos = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        Moment(self.0.saturating_add(nanos))
    }
}

impl Sub<Duration> for Moment {
    type Output = Moment;

    fn sub(self, length: Duration) -> Moment {
        let nanos = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        Moment(self.0.saturating_sub(nanos))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}s", self.0 / 1_000_000_000, self.0 / 1_000_000 % 1000)
    }
}

/// Whole milliseconds of a length, rounded down: the unit of the policy contract.
pub fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

/// Whole milliseconds of a length, rounded up: for "how long until", so that whoever waits that
/// long has waited long enough.
pub fn millis_up(length: Duration) -> u64 {
    u64::try_from(length.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
