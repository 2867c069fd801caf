//! What the operator decides: names and timing, checked before the election starts.

use crate::lock::{Incarnation, LastWrite};
use crate::on_failure::OnFailure;
use crate::policy::Pace;
use crate::time::millis;
use std::fmt;
use std::time::Duration;

/// The settings of an elector.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// The election's name, and the lock's: for the policy.
    pub election: String,
    /// The lock's namespace: for the policy.
    pub namespace: String,
    /// This candidate's name, as it stands in the lock while it holds it.
    pub identity: String,
    /// This process among all that ever had this name.
    pub incarnation: Incarnation,
    /// The last write of the process before this one at this site, if that process is known to be
    /// dead and its note was found (I8). Its record is taken over at once if it still stands under
    /// that version; any other is waited out like anybody's.
    pub predecessor: Option<LastWrite>,
    /// How long, how often.
    pub timing: Timing,
    /// Between the end of belief and the release, for the application to stop its work.
    pub drain: Duration,
    /// How long a leader that hands over on purpose waits at most for a successor that says it is not
    /// ready; zero: not at all.
    pub warm_up: Duration,
    /// How often in an hour a policy may resign in favour of a successor.
    pub preemptions_per_hour: u32,
    /// What decides until the first policy has taken over; each one brings its own.
    pub on_failure: OnFailure,
    /// More failures of the policy than this among its last hundred decisions bring the last good
    /// one back, from 0 to 100 (I12).
    pub failure_share: u8,
    /// Seed of the only source of chance.
    pub seed: u64,
}

/// The operator's timing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timing {
    /// L: how long others wait for a silent leader. At least 1 s, since the API counts seconds.
    pub lease_duration: Duration,
    /// D: how long a leader believes after sending its last successful write.
    pub renew_deadline: Duration,
    /// H: the pace of renewals and retries.
    pub retry_period: Duration,
    /// rho: how far two clocks' rates may differ from true, in parts per million, below 500,000.
    pub clock_error_ppm: u32,
    /// S: how long the application goes on after 4040 has stopped naming it.
    pub reaction: Duration,
    /// The shortest lease duration that a policy may choose.
    pub shortest_lease: Duration,
    /// The longest lease duration that a policy may choose.
    pub longest_lease: Duration,
}

/// The jitter factor of client-go: the renew deadline must exceed this many retry periods.
pub const JITTER: f64 = 1.2;
/// The default clock error: 1 %.
pub const CLOCK_ERROR_PPM: u32 = 10_000;

impl Timing {
    /// Timing by its three durations, with the default clock error, no time to react, and no choice
    /// for policies.
    pub fn new(lease_duration: Duration, renew_deadline: Duration, retry_period: Duration) -> Self {
        Timing {
            lease_duration,
            renew_deadline,
            retry_period,
            clock_error_ppm: CLOCK_ERROR_PPM,
            reaction: Duration::ZERO,
            shortest_lease: lease_duration,
            longest_lease: lease_duration,
        }
    }

    /// client-go's defaults: lease 15 s, deadline 10 s, retry 2 s.
    pub fn client_go() -> Self {
        Timing::new(Duration::from_secs(15), Duration::from_secs(10), Duration::from_secs(2))
    }

    /// The 0.4 image's `--ttl`: lease T, deadline T/2, retry T/4.
    pub fn from_ttl(ttl: Duration) -> Self {
        Timing::new(ttl, ttl / 2, ttl / 4)
    }

    /// Checks what the election rests on, I2 above all.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, with the numbers in it and what would remedy it.
    pub fn check(&self) -> Result<(), TimingError> {
        if self.lease_duration < Duration::from_secs(1) {
            return Err(TimingError::LeaseTooShort(self.lease_duration));
        }
        if self.retry_period < Duration::from_millis(10) {
            return Err(TimingError::RetryTooShort(self.retry_period));
        }
        if self.clock_error_ppm >= 500_000 {
            return Err(TimingError::ClockError(self.clock_error_ppm));
        }
        if self.shortest_lease > self.lease_duration || self.longest_lease < self.lease_duration {
            return Err(TimingError::Bounds(*self));
        }
        for lease in [self.lease_duration, self.shortest_lease] {
            let deadline = self.deadline_for(lease);
            if deadline.as_secs_f64() <= JITTER * self.retry_period.as_secs_f64() {
                return Err(TimingError::NoRetry { deadline, retry_period: self.retry_period });
            }
            self.check_room(lease, deadline)?;
        }
        Ok(())
    }

    /// I2: the slowest believer must have stopped before the fastest standby may begin.
    fn check_room(&self, lease: Duration, deadline: Duration) -> Result<(), TimingError> {
        let rho = f64::from(self.clock_error_ppm) / 1e6;
        let stops = deadline.as_secs_f64() / (1.0 - rho) + self.reaction.as_secs_f64();
        let begins = lease.as_secs_f64() / (1.0 + rho);
        if stops <= begins {
            return Ok(());
        }
        Err(TimingError::NoRoom { lease, deadline, rho, reaction: self.reaction, stops, begins })
    }

    /// Checks I2 for candidates that see whole seconds of the renew times, as client-go's do: two
    /// renewals within one second are one to them, so they may wait for a second less.
    ///
    /// # Errors
    ///
    /// A lease leaves no such second, with the numbers in it.
    pub fn check_whole_seconds(&self) -> Result<(), TimingError> {
        for lease in [self.lease_duration, self.shortest_lease] {
            let deadline = self.deadline_for(lease);
            let rho = f64::from(self.clock_error_ppm) / 1e6;
            let stops = deadline.as_secs_f64() / (1.0 - rho) + self.reaction.as_secs_f64();
            let begins = lease.as_secs_f64() / (1.0 + rho);
            if stops + 1.0 > begins {
                return Err(TimingError::WholeSeconds { lease, deadline, stops, begins });
            }
        }
        Ok(())
    }

    /// The renew deadline that belongs to a lease duration: it keeps its share of it, so that I2
    /// holds for every lease from the shortest on.
    pub fn deadline_for(&self, lease: Duration) -> Duration {
        let share = self.renew_deadline.as_secs_f64() / self.lease_duration.as_secs_f64();
        if lease == self.lease_duration { self.renew_deadline } else { lease.mul_f64(share) }
    }

    /// A length of true time by a clock that may run fast: wait this long, and it has passed.
    pub fn stretch(&self, length: Duration) -> Duration {
        let rho = f64::from(self.clock_error_ppm) / 1e6;
        length.mul_f64(1.0 / (1.0 - rho))
    }

    /// How long one request to the API server is waited for before another is made: three fit into
    /// a renew deadline.
    pub fn request_timeout(&self) -> Duration {
        self.renew_deadline / 3
    }

    /// How long the answer to a request still counts, though others were made since: an answer to a
    /// write that comes later gives no belief (I1).
    pub fn answer_timeout(&self) -> Duration {
        self.renew_deadline
    }

    /// The timing as the policy sees it.
    pub fn pace(&self) -> Pace {
        Pace {
            lease_duration: millis(self.lease_duration),
            renew_deadline: millis(self.renew_deadline),
            retry_period: millis(self.retry_period),
            shortest_lease: millis(self.shortest_lease),
            longest_lease: millis(self.longest_lease),
        }
    }
}

/// Why a timing is refused.
#[derive(Clone, Debug, PartialEq)]
pub enum TimingError {
    /// The API counts whole seconds from 1.
    LeaseTooShort(Duration),
    /// Requests would follow one another without a pause.
    RetryTooShort(Duration),
    /// Clocks that far off cannot be planned with; in parts per million.
    ClockError(u32),
    /// The policy's bounds leave the operator's own lease duration out.
    Bounds(Timing),
    /// Not even one retry fits before the deadline.
    NoRetry {
        /// The renew deadline.
        deadline: Duration,
        /// The retry period.
        retry_period: Duration,
    },
    /// I2 is broken for candidates that see whole seconds.
    WholeSeconds {
        /// L.
        lease: Duration,
        /// D.
        deadline: Duration,
        /// As in [`TimingError::NoRoom`].
        stops: f64,
        /// As in [`TimingError::NoRoom`], for who sees fractions of seconds.
        begins: f64,
    },
    /// I2 is broken.
    NoRoom {
        /// L.
        lease: Duration,
        /// D.
        deadline: Duration,
        /// The clock error as a share.
        rho: f64,
        /// S.
        reaction: Duration,
        /// When the last believer has stopped, in seconds after its write.
        stops: f64,
        /// When the first successor may begin, in seconds after that write.
        begins: f64,
    },
}

impl fmt::Display for TimingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TimingError::LeaseTooShort(lease) => {
                write!(
                    f,
                    "the lease duration is {lease:?}, but a Lease counts whole seconds: give 1s or more"
                )
            }
            TimingError::RetryTooShort(retry) => {
                write!(f, "the retry period is {retry:?}: give 10ms or more")
            }
            TimingError::ClockError(ppm) => {
                write!(f, "the clock error is {}%: give less than 50%", f64::from(*ppm) / 1e4)
            }
            TimingError::Bounds(timing) => write!(
                f,
                "the lease duration {:?} is outside the bounds {:?} to {:?} for policies: widen the bounds",
                timing.lease_duration, timing.shortest_lease, timing.longest_lease
            ),
            TimingError::NoRetry { deadline, retry_period } => write!(
                f,
                "the renew deadline {deadline:?} must be longer than {JITTER} x the retry period {retry_period:?}: shorten the retry period or lengthen the deadline"
            ),
            TimingError::WholeSeconds { lease, deadline, stops, begins } => write!(
                f,
                "the lease duration L {lease:?} is not more than a second longer than the renew deadline D {deadline:?}, reaction and clock error included: client-go and the 0.4 image see whole seconds, so that they may follow {:.3}s after a write in which a leader believes for {stops:.3}s: lengthen L, or shorten D",
                begins - 1.0
            ),
            TimingError::NoRoom { lease, deadline, rho, reaction, stops, begins } => write!(
                f,
                "D/(1-rho) + S <= L/(1+rho) does not hold: {deadline:?}/(1-{rho}) + {reaction:?} = {stops:.3}s, {lease:?}/(1+{rho}) = {begins:.3}s: lengthen the lease duration L, or shorten the renew deadline D or the reaction time S"
            ),
        }
    }
}

impl std::error::Error for TimingError {}
