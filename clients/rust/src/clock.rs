//! A clock that goes on while the machine is suspended.

use std::fs::File;
use std::io::{Read, Seek};
use std::time::{Duration, Instant};

/// `Instant`, which does not go on in suspend, and the time in suspend as far as `/proc/uptime` shows it,
/// in steps of 10 ms. The standard library has no `CLOCK_BOOTTIME`.
#[derive(Debug)]
pub(crate) struct Clock {
    origin: Instant,
    /// Kept open, so that no lack of file descriptors can stop it. None: a system without it.
    uptime: Option<File>,
    /// By how much the machine's uptime was seen to be ahead of `origin`.
    ahead: Duration,
}

impl Default for Clock {
    fn default() -> Clock {
        let uptime = File::open("/proc/uptime").ok();
        Clock { origin: Instant::now(), uptime, ahead: Duration::ZERO }
    }
}

impl Clock {
    /// Since the machine started, or since the clock was made where that is not known.
    pub(crate) fn now(&mut self) -> Duration {
        let passed = self.origin.elapsed();
        self.at(passed, self.uptime.as_ref().and_then(since_boot))
    }

    /// When `passed` has passed by the one clock and the other shows `uptime`.
    fn at(&mut self, passed: Duration, uptime: Option<Duration>) -> Duration {
        self.ahead = self.ahead.max(uptime.unwrap_or_default().saturating_sub(passed));
        passed + self.ahead
    }
}

/// The first number of `/proc/uptime`, in seconds.
fn since_boot(mut file: &File) -> Option<Duration> {
    let mut text = [0; 64];
    file.rewind().ok()?;
    let length = file.read(&mut text).ok()?;
    let first = str::from_utf8(text.get(..length)?).ok()?.split_whitespace().next()?;
    Duration::try_from_secs_f64(first.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn time_in_suspend_counts_and_it_never_goes_back() {
        let mut clock = Clock::default();
        assert_eq!(clock.at(SECOND, Some(6 * SECOND)), 6 * SECOND);
        assert_eq!(clock.at(SECOND, None), 6 * SECOND, "where nothing is known of it");
        assert_eq!(clock.at(2 * SECOND, Some(67 * SECOND)), 67 * SECOND, "a minute asleep");
        assert_eq!(
            clock.at(3 * SECOND, Some(Duration::from_millis(67_990))),
            68 * SECOND,
            "it is read in steps"
        );
        assert_eq!(clock.at(3 * SECOND, None), 68 * SECOND, "what is known stays known");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_uptime_of_this_machine_is_read() {
        let mut clock = Clock::default();
        let before = clock.now();
        assert!(clock.ahead > Duration::ZERO);
        assert!(clock.now() >= before);
    }
}
