//! The boot-time clock: the only clock that the election knows.

use hotseat_core::time::Moment;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Now, on `CLOCK_BOOTTIME`, which goes on while the machine is suspended. `Instant` would stop
/// there, and a leader would wake believing in a lease that is long gone.
pub fn now() -> Moment {
    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    Moment::at(Duration::new(seconds, nanos))
}

/// How long from now until then; zero if it has passed.
pub fn until(then: Moment) -> Duration {
    then.since(now())
}
