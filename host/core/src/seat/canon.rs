//! The canonical form of what was seen of the lock.

use super::Seat;
use crate::canon::{NOW, Names, pass, rename_lock};
use crate::config::Timing;
use crate::lock::{Lock, Mark, Record, Token};
use crate::time::Moment;
use std::time::Duration;

impl Seat {
    /// Time passes. `asked` are the moments at which the requests were sent that
    /// may have an answer yet.
    pub(crate) fn pass<'a>(
        &mut self,
        passed: Duration,
        timing: &Timing,
        asked: impl Iterator<Item = &'a mut Moment>,
    ) {
        let Seat {
            lock,
            since,
            held_since,
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
        // Only the policy wants to know for how long.
        *held_since = held_since.map(|_| NOW);
        // When a standby that hears nothing reads; nobody waits for news of an empty seat.
        let longest = record.and_then(|record| record.duration).unwrap_or_default();
        let silent = (timing.retry_period * 2).max(longest.max(timing.longest_lease) / 3);
        pass(heard, passed, silent);
        if record.is_none_or(|record| record.holder.is_none()) {
            *heard = NOW - silent;
        }
        pass_changed(changed, passed, timing.renew_deadline, asked);
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

/// When the object changed is only compared with when the requests were sent that may have an answer
/// yet: one before the other is all that counts. A write that was sent longer ago than `longest`
/// gives no belief, so it may be made older still.
fn pass_changed<'a>(
    changed: &mut Moment,
    passed: Duration,
    longest: Duration,
    asked: impl Iterator<Item = &'a mut Moment>,
) {
    let before = *changed;
    pass(changed, passed, longest);
    let mut nothing = true;
    for asked in asked {
        nothing = false;
        let stale = *asked < before;
        pass(asked, passed, longest);
        if stale && *asked >= *changed {
            *asked = *changed - Duration::from_secs(1);
        }
    }
    if nothing {
        *changed = NOW - longest;
    }
}
