//! The boot-time clock: the only clock that the election knows.

use hotseat_core::time::Moment;
use rustix::time::{ClockId, clock_gettime};
#[cfg(target_os = "linux")]
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
#[cfg(target_os = "linux")]
use std::os::fd::OwnedFd;
use std::time::Duration;
#[cfg(target_os = "linux")]
use tokio::io::unix::AsyncFd;

/// Goes on in suspend.
#[cfg(target_os = "linux")]
const CLOCK: ClockId = ClockId::Boottime;
/// Goes on in suspend on macOS, where the offline commands run.
#[cfg(not(target_os = "linux"))]
const CLOCK: ClockId = ClockId::Monotonic;

/// Now, on `CLOCK_BOOTTIME`, which goes on while the machine is suspended. `Instant` would stop
/// there, and a leader would wake believing in a lease that is long gone.
pub fn now() -> Moment {
    let time = clock_gettime(CLOCK);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    Moment::at(Duration::new(seconds, nanos))
}

/// How long from now until then; zero if it has passed.
pub fn until(then: Moment) -> Duration {
    then.since(now())
}

/// A wake-up on the boot-time clock: it comes after a suspend at once, if it is due.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub struct Alarm(AsyncFd<OwnedFd>);

#[cfg(target_os = "linux")]
impl Alarm {
    /// An alarm that is not set. Must be made inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// The system refuses a timer.
    pub fn new() -> std::io::Result<Alarm> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Boottime, flags)?;
        #[allow(
            deprecated,
            reason = "its replacement is unsafe, to make callers promise what an OwnedFd keeps anyway"
        )]
        let timer = AsyncFd::new(timer)?;
        Ok(Alarm(timer))
    }

    /// Sets it; what was set before is forgotten. A moment that has passed comes at once.
    ///
    /// # Errors
    ///
    /// The system refuses.
    pub fn set(&self, at: Moment) -> std::io::Result<()> {
        let at = at.since_origin().max(Duration::from_nanos(1));
        let seconds = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
        let value = Timespec { tv_sec: seconds, tv_nsec: at.subsec_nanos().into() };
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let spec = Itimerspec { it_interval: zero, it_value: value };
        timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::ABSTIME, &spec)?;
        Ok(())
    }

    /// Waits for it.
    ///
    /// # Errors
    ///
    /// The system refuses.
    pub async fn ring(&self) -> std::io::Result<()> {
        loop {
            let mut guard = self.0.readable().await?;
            let mut ticks = [0; 8];
            match rustix::io::read(self.0.get_ref(), &mut ticks) {
                Ok(_) => {
                    guard.clear_ready();
                    return Ok(());
                }
                Err(rustix::io::Errno::AGAIN) => guard.clear_ready(),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// There is none: only Linux has a timer on this clock, and the sidecar runs on Linux only.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub struct Alarm(std::convert::Infallible);

#[cfg(not(target_os = "linux"))]
impl Alarm {
    /// Refuses.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn new() -> std::io::Result<Alarm> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    /// Sets it.
    ///
    /// # Errors
    ///
    /// None, as there is no alarm.
    pub fn set(&self, _at: Moment) -> std::io::Result<()> {
        match self.0 {}
    }

    /// Waits for it.
    ///
    /// # Errors
    ///
    /// None, as there is no alarm.
    pub async fn ring(&self) -> std::io::Result<()> {
        match self.0 {}
    }
}
