//! A timer for systems without timerfd, where policies are checked and replayed: setting it wakes the
//! thread that waits, to look at the new time.

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub(crate) struct Timer {
    at: Mutex<Option<Instant>>,
    changed: Condvar,
}

impl Timer {
    /// A timer that is not set.
    #[allow(clippy::unnecessary_wraps, reason = "the kernel's timer can fail")]
    pub(crate) fn new() -> io::Result<Timer> {
        Ok(Timer { at: Mutex::default(), changed: Condvar::new() })
    }

    /// Sets it, or stops it.
    #[allow(clippy::unnecessary_wraps, reason = "the kernel's timer can fail")]
    pub(crate) fn set(&self, rest: Option<Duration>) -> io::Result<()> {
        *self.lock() = rest.map(|rest| Instant::now() + rest);
        self.changed.notify_all();
        Ok(())
    }

    /// Waits for it. It is not set afterwards.
    #[allow(clippy::unnecessary_wraps, reason = "the kernel's timer can fail")]
    pub(crate) fn wait(&self) -> io::Result<()> {
        let mut at = self.lock();
        loop {
            let rest = at.map(|at| at.saturating_duration_since(Instant::now()));
            at = match rest {
                Some(Duration::ZERO) => {
                    *at = None;
                    return Ok(());
                }
                Some(rest) => {
                    let waited = self.changed.wait_timeout(at, rest);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(at).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        // One value, set at once: a panic elsewhere cannot leave half of it.
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
