//! How often this candidate turns to the API server: the host's own pace, whatever the policy
//! wants. Each retry of each kind has a pause, and the pauses grow (I18).

use super::Elector;
use crate::policy::Outcome;
use crate::time::Moment;
use std::time::Duration;

/// The pause after a first conflict: it is news from others, not a failure of this candidate, and
/// what was read since may be written upon at once.
const AFTER_CONFLICT: Duration = Duration::from_millis(5);
/// The longest pause while the server does not take what would be written. A change of the object ends
/// it; what refuses may be the server's own policy, too, whose change nobody sees.
const LONGEST_UNFIT: Duration = Duration::from_secs(120);

impl Elector {
    /// No claim is written before this moment.
    pub(super) fn paced_until(&self) -> Moment {
        let Some(at) = self.last_write else {
            return Moment::ZERO;
        };
        let quarter = self.config.timing.retry_period / 4;
        if self.attempts.failures == 0 {
            return at + quarter;
        }
        let first = match self.attempts.last {
            Outcome::Conflict => AFTER_CONFLICT,
            _ => quarter,
        };
        let grown = self.grown(first);
        // A leader has its deadline, which bounds how often it can try. And whatever made an
        // earlier write fail may have changed with the seat, or with the rest of the object.
        let is_news = self.seat.since() > at || (self.unfit && self.seat.changed() > at);
        let pause = match self.claim.believed().is_some() || is_news {
            true => grown.min(quarter),
            false => grown,
        };
        at + pause
    }

    /// A lock that is missing is not put back before this moment.
    pub(super) fn reserve_paced_until(&self) -> Moment {
        let half = self.config.timing.retry_period / 2;
        self.last_write.map_or(Moment::ZERO, |at| at + self.grown(half))
    }

    /// The pause before the next try to give the seat up, after so many. The second goes at once:
    /// after a conflict, what was read since says what to write upon.
    pub(super) fn release_pause(&self, tries: u32) -> Duration {
        match tries.checked_sub(2) {
            None => Duration::ZERO,
            Some(more) => doubled(AFTER_CONFLICT, more).min(self.config.timing.retry_period),
        }
    }

    /// The pause after a read that failed. It grows with the time since anything was heard of the
    /// lock.
    pub(super) fn read_pause(&self) -> Duration {
        let retry = self.config.timing.retry_period;
        if self.claim.believed().is_some() {
            return retry / 2;
        }
        let deaf = self.now.since(self.seat.heard().max(self.started));
        (deaf / 2).clamp(retry / 2, retry * 2)
    }

    /// Twice as long with each failure in a row. What the server refuses takes longest: it will
    /// refuse it again, unless somebody changes something; and if that can only be the object, whose
    /// change is seen, there is no use in trying.
    fn grown(&self, first: Duration) -> Duration {
        let retry = self.config.timing.retry_period;
        let longest = match self.attempts.last {
            Outcome::Denied if self.unfit => LONGEST_UNFIT.max(retry * 4),
            Outcome::Denied => retry * 4,
            _ => retry,
        };
        doubled(first, self.attempts.failures.saturating_sub(1)).min(longest)
    }
}

/// Twice as long, so many times.
fn doubled(length: Duration, times: u32) -> Duration {
    length.saturating_mul(1 << times.min(16))
}
