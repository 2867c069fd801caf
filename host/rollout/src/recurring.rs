//! What goes wrong again and again is said when it begins, rarely while it lasts, and when it is
//! over.

use hotseat_core::time::Moment;
use std::time::Duration;

/// Said again after this, and then after twice as long each time.
const FIRST_REMINDER: Duration = Duration::from_secs(60);
const LATEST_REMINDER: Duration = Duration::from_secs(3600);
/// Once it worked, a failure that comes after so long without one begins a new row.
const CALM: Duration = Duration::from_secs(60);
/// And so does one after so long where nobody says that it worked: longer than any pause between attempts.
const LONG_CALM: Duration = Duration::from_secs(3600);
/// How many reasons of one row are said. A server that gives another reason each time does not get
/// a line for each.
const MOST_REASONS: usize = 8;

/// One thing that may go wrong many times in a row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Recurring {
    /// The reasons that were said in this row.
    said: Vec<String>,
    said_at: Moment,
    reminder: Duration,
    last: Moment,
    /// Failures since it worked last.
    failures: u64,
    /// A line says that it fails, and none yet that it works again.
    open: bool,
}

impl Recurring {
    /// It failed. Gives how often in a row, if that is to be said aloud.
    pub fn failed(&mut self, now: Moment, reason: &str) -> Option<u64> {
        let calm = now.since(self.last);
        if calm >= LONG_CALM || self.failures == 0 && calm >= CALM {
            self.said.clear();
        }
        self.last = now;
        self.failures += 1;
        // Amounts, ports and times in it do not make it another reason.
        let reason: String = reason.chars().filter(|c| !c.is_ascii_digit()).collect();
        if !self.said.contains(&reason) && self.said.len() < MOST_REASONS {
            self.said.push(reason);
            self.reminder = FIRST_REMINDER;
        } else if now.since(self.said_at) >= self.reminder {
            self.reminder = (self.reminder * 2).min(LATEST_REMINDER);
        } else {
            return None;
        }
        self.said_at = now;
        self.open = true;
        Some(self.failures)
    }

    /// It worked. Gives how often it had failed in a row, if that was reported.
    pub fn worked(&mut self) -> Option<u64> {
        let failures = std::mem::take(&mut self.failures);
        std::mem::take(&mut self.open).then_some(failures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::at(Duration::from_secs(1000 + seconds))
    }

    #[test]
    fn a_failure_is_said_when_it_begins_and_rarely_while_it_lasts() {
        let mut writes = Recurring::default();
        let said: Vec<u64> =
            (0..1000).filter(|second| writes.failed(at(*second), "no").is_some()).collect();
        assert_eq!(said, [0, 60, 180, 420, 900]);
        assert_eq!(writes.worked(), Some(1000));
        assert_eq!(writes.worked(), None, "it is said once that it is over");
    }

    #[test]
    fn another_reason_is_said_and_another_number_is_none() {
        let mut writes = Recurring::default();
        assert_eq!(writes.failed(at(0), "used: 3"), Some(1));
        assert_eq!(writes.failed(at(1), "used: 4"), None);
        assert_eq!(writes.failed(at(2), "no answer"), Some(3));
        assert_eq!(writes.failed(at(3), "used: 3"), None, "it was said in this row");
        let many = (0..30).filter(|n| writes.failed(at(4), &"x".repeat(*n)).is_some()).count();
        assert_eq!(many, MOST_REASONS - 2);
    }

    /// The pauses of what is tried again grow beyond what is calm for others.
    #[test]
    fn what_is_tried_seldom_is_one_row_until_it_works() {
        let mut lookups = Recurring::default();
        let said: Vec<u64> =
            (0..20).filter(|n| lookups.failed(at(n * 120), "no").is_some()).collect();
        assert_eq!(said, [0, 1, 2, 4, 8, 16]);
        assert_eq!(lookups.worked(), Some(20));
        assert_eq!(lookups.failed(at(20 * 120), "no"), Some(1), "it worked, and then was calm");
        assert_eq!(lookups.failed(at(20 * 120 + 1), "no"), None);
    }

    #[test]
    fn a_failure_now_and_then_fills_no_log() {
        let mut writes = Recurring::default();
        let mut lines = 0;
        for second in 0..600 {
            lines += u64::from(writes.failed(at(second), "no").is_some());
            lines += u64::from(writes.worked().is_some());
        }
        assert!(lines <= 10, "{lines} lines in ten minutes");
        assert_eq!(writes.failed(at(700), "no"), Some(1), "it begins anew after a calm minute");
    }
}
