//! A clock that goes on while the machine is suspended.

use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// `Instant`, which does not go on in suspend, and the time in suspend as far as `/proc/uptime` shows it,
/// in steps of 10 ms. The standard library has no `CLOCK_BOOTTIME`.
#[derive(Debug)]
pub(crate) struct Clock {
    origin: Instant,
    /// Kept open, so that no lack of file descriptors can stop it. None: a system without it.
    uptime: Option<File>,
    /// What the machine's uptime is ahead of `origin`, at the start; in milliseconds.
    base: u64,
    /// The time in suspend since then, in milliseconds.
    suspended: AtomicU64,
}

impl Clock {
    pub(crate) fn new() -> Clock {
        let origin = Instant::now();
        let uptime = File::open("/proc/uptime").ok();
        let base = uptime.as_ref().and_then(millis).unwrap_or(0);
        Clock { origin, uptime, base, suspended: AtomicU64::new(0) }
    }

    /// Since the clock was made.
    pub(crate) fn now(&self) -> Duration {
        let passed = self.origin.elapsed();
        self.at(passed, self.uptime.as_ref().and_then(millis))
    }

    /// When `passed` has passed by the one clock and the other shows `uptime`.
    fn at(&self, passed: Duration, uptime: Option<u64>) -> Duration {
        let since = uptime.unwrap_or(0).saturating_sub(self.base);
        let asleep = since.saturating_sub(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX));
        let before = self.suspended.fetch_max(asleep, Ordering::Relaxed);
        passed + Duration::from_millis(before.max(asleep))
    }
}

/// The first number of `/proc/uptime`, seconds with two digits behind the point, in milliseconds.
fn millis(file: &File) -> Option<u64> {
    let mut text = [0; 64];
    let length = read_at_start(file, &mut text)?;
    let first = str::from_utf8(text.get(..length)?).ok()?.split_whitespace().next()?;
    let (seconds, hundredths) = first.split_once('.')?;
    Some(seconds.parse::<u64>().ok()? * 1000 + hundredths.parse::<u64>().ok()? * 10)
}

#[cfg(unix)]
fn read_at_start(file: &File, text: &mut [u8]) -> Option<usize> {
    std::os::unix::fs::FileExt::read_at(file, text, 0).ok()
}

#[cfg(not(unix))]
fn read_at_start(_: &File, _: &mut [u8]) -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn time_in_suspend_counts_and_it_never_goes_back() {
        let clock = Clock { base: 5000, ..Clock::new() };
        assert_eq!(clock.at(SECOND, Some(6000)), SECOND);
        assert_eq!(clock.at(SECOND, None), SECOND, "where nothing is known of it");
        assert_eq!(clock.at(2 * SECOND, Some(67_000)), 62 * SECOND, "a minute asleep");
        assert_eq!(clock.at(3 * SECOND, Some(67_990)), 63 * SECOND, "it is read in steps");
        assert_eq!(clock.at(3 * SECOND, None), 63 * SECOND, "what is known stays known");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_uptime_of_this_machine_is_read() {
        let clock = Clock::new();
        assert!(clock.base > 0);
        let before = clock.now();
        assert!(clock.now() >= before);
    }
}
