//! The lock as observed, and when it may be taken.

use crate::event::Via;
use crate::lock::{Incarnation, Lock, Record};
use crate::time::Moment;
use std::cmp::Ordering;
use std::time::Duration;

mod canon;

/// What this candidate saw of the lock, with the moments of its own clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Seat {
    lock: Option<Lock>,
    /// When the content was first seen here.
    since: Moment,
    /// When the object was last accepted in another version: reads asked for before are stale.
    changed: Moment,
    /// When it was last confirmed.
    heard: Moment,
    /// What the last holder was promised.
    promise: Option<Promise>,
    /// The last transitions seen; survives a deletion of the lock.
    transitions: Option<u64>,
    /// The lock is missing, and was when it was read first.
    new: bool,
}

/// Until when somebody else may believe.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Promise {
    holder: Option<String>,
    until: Moment,
}

/// How long to wait for holders, and whether there can be one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waits {
    /// The candidate's own lease duration, where a record has none (I3).
    pub(crate) own_lease: Duration,
    /// The longest that a candidate of this election may have been promised, where no record tells.
    pub(crate) longest_lease: Duration,
    /// This candidate believed until this observation, so nobody else does.
    pub(crate) leads: bool,
    /// The watch has begun anew: a lock that was missing before and is missing now may have been
    /// there between.
    pub(crate) blind: bool,
}

/// What an observation brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// The same content, perhaps in a new version.
    Same,
    /// Something happened to the seat.
    Changed,
}

/// Whose record it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// This process wrote it and nobody since.
    Mine,
    /// An earlier process of this site and name wrote it; it is dead.
    Predecessor,
    /// Anybody else's, or nobody's.
    Foreign,
}

impl Seat {
    pub(crate) fn lock(&self) -> Option<&Lock> {
        self.lock.as_ref()
    }

    pub(crate) fn record(&self) -> Option<&Record> {
        self.lock.as_ref().and_then(Lock::record)
    }

    pub(crate) fn since(&self) -> Moment {
        self.since
    }

    pub(crate) fn heard(&self) -> Moment {
        self.heard
    }

    /// Whether the lock was there once and is not now.
    pub(crate) fn is_missing(&self) -> bool {
        !self.new && matches!(self.lock, Some(Lock::Absent(_)))
    }

    /// Whether somebody else may believe, or might have until lately.
    pub(crate) fn is_promised(&self) -> bool {
        self.promise.is_some()
    }

    /// The transitions that the next holder has to write.
    pub(crate) fn next_transitions(&self, same_holder: bool) -> u64 {
        match (self.transitions, same_holder) {
            (None, _) => 0,
            (Some(count), true) => count,
            (Some(count), false) => count + 1,
        }
    }

    /// The record's duration, or the candidate's own where the record has none (I3).
    pub(crate) fn duration_of(record: &Record, own: Duration) -> Duration {
        record.duration.unwrap_or(own)
    }

    /// Whether an observation is older than what is known. Versions order what a watch tells; a
    /// consistent read is right whatever its number (a restored store counts from further back),
    /// unless it was asked for before the last change.
    pub(crate) fn is_stale(&self, lock: &Lock, via: Via) -> bool {
        let Some(known) = &self.lock else {
            return false;
        };
        let order = match (lock.version(), known.version()) {
            (Some(new), Some(old)) => new.order(old),
            _ => None,
        };
        match (order, via) {
            (Some(Ordering::Greater | Ordering::Equal), _) | (None, Via::Watch) => false,
            (Some(Ordering::Less), Via::Watch) => true,
            (_, Via::Read { asked, .. }) => asked < self.changed,
        }
    }

    /// Takes an observation in that is not stale.
    pub(crate) fn accept(&mut self, now: Moment, lock: Lock, whose: Whose, waits: Waits) -> News {
        self.heard = now;
        let same_version = self.lock.as_ref().is_some_and(|known| *known == lock);
        let same = match (&self.lock, &lock) {
            (Some(Lock::Present(old)), Lock::Present(new)) => old.same_content(new),
            (Some(Lock::Absent(old)), Lock::Absent(new)) => {
                !waits.blind && (new.is_none() || old == new)
            }
            _ => false,
        };
        if !same_version {
            self.changed = now;
        }
        if let Some(record) = lock.record() {
            self.transitions = Some(record.transitions);
        }
        let first = self.lock.is_none();
        if !same {
            self.since = now;
            // A new election has had no leader to wait for. README names what that leaves open.
            self.new = first && lock.record().is_none();
            self.promise =
                if self.new { None } else { self.next_promise(now, &lock, whose, waits) };
        }
        self.lock = Some(lock);
        if same { News::Same } else { News::Changed }
    }

    /// Until when the content just seen binds this candidate.
    fn next_promise(
        &self,
        now: Moment,
        lock: &Lock,
        whose: Whose,
        waits: Waits,
    ) -> Option<Promise> {
        let old = self.promise.as_ref();
        let at_least = |until: Moment| old.map_or(until, |old| old.until.max(until));
        let Lock::Present(record) = lock else {
            // I7: a deleted lock does not end what its last holder was promised, seen or not: there
            // may have been another since the last record that was seen.
            let until = at_least(now + waits.longest_lease);
            return (!waits.leads).then_some(Promise { holder: None, until });
        };
        let duration = Self::duration_of(record, waits.own_lease);
        match (&record.holder, whose) {
            (_, Whose::Mine | Whose::Predecessor) => None,
            // A true release: nobody believes any more. So it is with a record never held.
            (None, Whose::Foreign) if record.released || !record.was_held() => None,
            // I7: a holder cleared by hand.
            (None, Whose::Foreign) => {
                let until = at_least(now + duration);
                (!waits.leads).then_some(Promise { holder: None, until })
            }
            // I3: the record's duration, from local receipt.
            (Some(holder), Whose::Foreign) => {
                let same = old.is_none_or(|old| old.holder.as_ref() == Some(holder));
                // Where the name changed with no release between, whoever edited it cannot have
                // made the one before stop believing.
                let until = if same { now + duration } else { at_least(now + duration) };
                Some(Promise { holder: Some(holder.clone()), until })
            }
        }
    }

    /// From when on this candidate may take the seat; none until the lock was read.
    pub(crate) fn free_at(&self) -> Option<Moment> {
        self.lock.as_ref()?;
        Some(self.promise.as_ref().map_or(Moment::ZERO, |promise| promise.until))
    }

    /// When the content expires as observed here.
    pub(crate) fn expires_at(&self, own: Duration) -> Moment {
        match self.record() {
            Some(record) if record.holder.is_some() => self.since + Self::duration_of(record, own),
            _ => self.since,
        }
    }
}

/// Whose a record is that this process did not write (I8): a name proves nothing, the site of the
/// incarnation does if the shell holds that site.
pub(crate) fn whose(
    record: &Record,
    identity: &str,
    incarnation: &Incarnation,
    site_exclusive: bool,
) -> Whose {
    let here = record.mark.as_ref().is_some_and(|mark| {
        mark.incarnation.site == incarnation.site && mark.incarnation.nonce != incarnation.nonce
    });
    if site_exclusive && here && record.holder.as_deref() == Some(identity) {
        return Whose::Predecessor;
    }
    Whose::Foreign
}
