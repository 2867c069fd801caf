//! The canonical form of what was seen of the lock.

use super::Seat;
use crate::canon::{NOW, Names, pass, rename_lock};
use crate::config::Timing;
use crate::lock::{Lock, Mark, Record, Token};
use crate::time::Moment;
use std::time::Duration;

impl Seat {
    /// Time passes. `asked` is when the read or write under way was sent.
    pub(crate) fn pass(&mut self, passed: Duration, timing: &Timing, asked: Option<&mut Moment>) {
        let Seat {
            lock,
            since,
            changed,
            heard,
            promise,
            transitions,
            token: _,
            new: _,
            vanished: _,
        } = self;
        let record = lock.as_ref().and_then(Lock::record);
        // How long a leader goes on without its lock; of a record that is there only the policy
        // and 4040 want to know its age.
        let short = timing.retry_period / 2;
        pass(since, passed, short);
        if record.is_some() {
            *since = NOW - short;
        }
        // When a standby that hears nothing reads; nobody waits for news of an empty seat.
        let longest = record.and_then(|record| record.duration).unwrap_or_default();
        let silent = (timing.retry_period * 2).max(longest.max(timing.longest_lease) / 3);
        pass(heard, passed, silent);
        if record.is_none_or(|record| record.holder.is_none()) {
            *heard = NOW - silent;
        }
        pass_changed(changed, passed, asked);
        promise.pass(passed);
        // How often is for people; whether it was changed is not.
        *transitions = transitions.map(|count| count.min(1));
    }

    /// Whether it has ever seen a record.
    pub(crate) fn has_met(&self) -> bool {
        self.transitions.is_some()
    }

    /// Gives what is compared new names.
    pub(crate) fn rename(&mut self, names: &mut impl Names) {
        if let Some(lock) = &mut self.lock {
            rename_lock(lock, names);
        }
        names.token(&mut self.token);
    }

    /// A record that can never be seen again differs from all that will be. What it says is still
    /// looked at by what comes directly after it, if a watch can tell that.
    pub(crate) fn forget(&mut self, mine: bool, watches: bool) {
        let Some(Lock::Present(record)) = &mut self.lock else { return };
        // Its token is among those seen.
        let Record { times, mark, released, token, .. } = record;
        // Those of no record; empty ones mean that they are missing.
        "-".clone_into(times);
        *released = false;
        *token = Token::default();
        match mark {
            Some(Mark { serial, base, .. }) if watches && !mine => {
                *serial = 0;
                *base = None;
            }
            Some(Mark { base, .. }) if mine => *base = None,
            _ => *mark = None,
        }
    }
}

/// When the object changed is only compared with when a request under way was sent: one before the
/// other is all that counts.
fn pass_changed(changed: &mut Moment, passed: Duration, asked: Option<&mut Moment>) {
    let second = Duration::from_secs(1);
    let Some(asked) = asked else {
        *changed = NOW - second * 3;
        return;
    };
    let stale = *asked < *changed;
    *asked = if stale { NOW - second * 2 } else { (*asked - passed).max(NOW - second) };
    *changed = NOW - if stale { second } else { second * 3 };
}
