//! The lock as observed, and when it may be taken.

use crate::elector::whole::Whole;
use crate::event::Via;
use crate::lock::{Incarnation, Lock, MOST_TRANSITIONS, Record, Token};
use crate::promise::{Observed, Promise, Proof};
use crate::time::Moment;
use std::cmp::Ordering;
use std::time::Duration;

mod canon;

/// What this candidate saw of the lock, with the moments of its own clock. Like the promise in it, it is
/// neither copied nor begun anew but with a whole elector.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Seat {
    lock: Option<Lock>,
    /// When the content was first seen here.
    since: Moment,
    /// When the holder was first seen here to hold it without a break; none if nobody does.
    held_since: Option<Moment>,
    /// When the object was last accepted in another version: reads asked for before are stale.
    changed: Moment,
    /// When it was last confirmed.
    heard: Moment,
    /// Until when others may believe.
    promise: Promise,
    /// The most transitions seen; survives a deletion or an edit of the lock.
    transitions: Option<u64>,
    /// The largest fencing token seen; survives the same.
    token: Token,
    /// The lock is missing, and was when it was read first.
    new: bool,
    /// The lock went missing under this candidate's own belief.
    vanished: bool,
}

/// How long to wait for holders.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    /// The candidate's own lease duration, where a record has none (I3).
    pub(crate) own_lease: Duration,
    /// The longest that a candidate of this election may have been promised, where no record tells.
    pub(crate) longest_lease: Duration,
    /// The watch has begun anew: a lock that was missing before and is missing now may have been
    /// there between.
    pub(crate) blind: bool,
}

/// What an observation proves beside what the records themselves show.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The record is the last that this process wrote.
    pub(crate) mine: Option<Proof>,
    /// This candidate believed until now.
    pub(crate) believed: Option<Proof>,
    /// The record is the last that a dead process wrote.
    pub(crate) dead: Option<Proof>,
    /// The holder in the record is this candidate's own name.
    pub(crate) names_me: bool,
}

/// What an observation brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The same content, perhaps in a new version.
    Same,
    /// Something happened to the seat.
    Changed,
}

impl Seat {
    /// Nothing was seen yet.
    pub(crate) fn at_start(whole: &Whole) -> Seat {
        Seat {
            lock: None,
            since: Moment::ZERO,
            held_since: None,
            changed: Moment::ZERO,
            heard: Moment::ZERO,
            promise: Promise::at_start(whole),
            transitions: None,
            token: Token::default(),
            new: false,
            vanished: false,
        }
    }

    /// That of an elector which is copied.
    pub(crate) fn copy(&self, whole: &Whole) -> Seat {
        Seat { lock: self.lock.clone(), promise: self.promise.copy(whole), ..*self }
    }

    pub(crate) fn lock(&self) -> Option<&Lock> {
        self.lock.as_ref()
    }

    pub(crate) fn record(&self) -> Option<&Record> {
        self.lock.as_ref().and_then(Lock::record)
    }

    pub(crate) fn since(&self) -> Moment {
        self.since
    }

    /// When the holder was first seen here to hold it without a break; none if nobody does.
    pub(crate) fn held_since(&self) -> Option<Moment> {
        self.held_since
    }

    /// When the object was last seen in another version, whatever is in it.
    pub(crate) fn changed(&self) -> Moment {
        self.changed
    }

    pub(crate) fn heard(&self) -> Moment {
        self.heard
    }

    /// Whether the lock was there once and is not now.
    pub(crate) fn is_missing(&self) -> bool {
        !self.new && matches!(self.lock, Some(Lock::Absent(_)))
    }

    /// Whether the lock went missing while this candidate believed, so that nobody else did.
    pub(crate) fn vanished_from_me(&self) -> bool {
        self.vanished
    }

    /// The transitions that the next holder has to write: never fewer than were seen, and never
    /// more than the API can store.
    pub(crate) fn next_transitions(&self, same_holder: bool) -> u64 {
        match (self.transitions, same_holder) {
            (None, _) => 0,
            (Some(count), true) => count,
            (Some(count), false) => count.saturating_add(1).min(MOST_TRANSITIONS),
        }
    }

    /// The largest fencing token that was seen here (I9).
    pub(crate) fn token(&self) -> Token {
        self.token
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
    pub(crate) fn accept(
        &mut self,
        now: Moment,
        lock: Lock,
        observed: Observed,
        known: Known,
        wait: Wait,
    ) -> Change {
        self.heard = now;
        let same_version = self.lock.as_ref().is_some_and(|seen| *seen == lock);
        let same = self.is_same(&lock, observed, wait.blind);
        if !same_version {
            self.changed = now;
        }
        if let Some(record) = lock.record() {
            let most = self.transitions.unwrap_or(0).max(record.transitions);
            self.transitions = Some(most.min(MOST_TRANSITIONS));
            self.token = self.token.max(record.token);
        }
        let before = self.lock.replace(lock);
        self.promise.first_sight(before.as_ref());
        if same {
            return Change::Same;
        }
        self.since = now;
        self.held_since = self.held_since_after(now, before.as_ref());
        // A new election has had no leader to wait for. docs/limits.md names what that leaves open.
        self.new = before.is_none() && self.record().is_none();
        self.vanished = self.record().is_none() && known.believed.is_some();
        if !self.new {
            self.promise_anew(now, before.as_ref(), observed, known, wait);
        }
        Change::Changed
    }

    /// A term of the same holder goes on; the lock counts those of others.
    fn held_since_after(&self, now: Moment, before: Option<&Lock>) -> Option<Moment> {
        let held = self.record().filter(|record| record.holder.is_some())?;
        let same = before.and_then(Lock::record).is_some_and(|before| {
            (&before.holder, before.transitions) == (&held.holder, held.transitions)
        });
        self.held_since.filter(|_| same).or(Some(now))
    }

    /// Whether the seat is as it was: the same content in a version that nobody can have written
    /// between. After a gap another version proves the contrary, whatever is in it: the holder may
    /// have renewed since, and an older record of its may have been put back.
    fn is_same(&self, lock: &Lock, observed: Observed, blind: bool) -> bool {
        match (&self.lock, lock) {
            (Some(Lock::Present(old)), Lock::Present(new)) => {
                old.same_content(new) && (observed != Observed::Gap || old.version == new.version)
            }
            (Some(Lock::Absent(old)), Lock::Absent(new)) => !blind && (new.is_none() || old == new),
            _ => false,
        }
    }

    /// I7, the one rule: what proves that others believe no longer ends the promise to them, and
    /// all else is waited out in full from its own sight.
    fn promise_anew(
        &mut self,
        now: Moment,
        before: Option<&Lock>,
        observed: Observed,
        known: Known,
        wait: Wait,
    ) {
        let was_free = self.promise.until() <= now && observed != Observed::Gap;
        let Some(Lock::Present(record)) = &self.lock else {
            // A deleted lock does not end what its last holder was promised, seen or not: there may
            // have been another since the last record that was seen.
            match known.believed {
                Some(proof) => self.promise.end(proof),
                None => self.promise.wait_for_all(now + wait.longest_lease),
            }
            return;
        };
        let duration = Self::duration_of(record, wait.own_lease);
        let full = now + duration.max(wait.longest_lease);
        let before = before.unwrap_or(&Lock::Absent(None));
        if let Some(proof) = known.mine.or(known.dead) {
            return self.promise.end(proof);
        }
        if let Some(proof) = Proof::by_release(before, record, observed) {
            return self.promise.end(proof);
        }
        if let Some(proof) = Proof::by_fresh_write(before, record, observed) {
            self.promise.end(proof);
            // I3: the record's duration, from local receipt. Its mark covers it.
            return self.promise.wait_for_holder(now + duration);
        }
        if let Some(proof) = Proof::by_foreign_release(before, record, observed) {
            return self.promise.end(proof);
        }
        match known.believed {
            // Whoever edited the own record away cannot have made anybody else believe, unless it
            // named an elector that believes what it reads.
            Some(proof) if record.holder.is_none() || known.names_me => self.promise.end(proof),
            Some(proof) => {
                self.promise.end(proof);
                match &record.mark {
                    // An earlier record, put back: whom it names is not who wrote it there.
                    Some(_) => self.promise.wait_for_all(full),
                    None => self.promise.wait_for_holder(full),
                }
            }
            None if observed != Observed::Next => self.promise.wait_for_all(full),
            None => self.wait_for_unproven(before, full, was_free),
        }
    }

    /// The next version is not a Hotseat's write. Where other electors hold the seat, or it was free
    /// here, one of them may have renewed or taken over, which ends nothing and concerns nobody
    /// else. Over a Hotseat's record anything may have happened.
    fn wait_for_unproven(&mut self, before: &Lock, full: Moment, was_free: bool) {
        let (before, record) = (before.record(), self.record());
        let held = record.filter(|record| record.mark.is_none() && record.holder.is_some());
        let foreign = before.filter(|before| {
            before.mark.is_none() && held.is_some_and(|held| held.uid == before.uid)
        });
        match (held, foreign) {
            (Some(held), Some(before)) if before.holder == held.holder => {
                self.promise.wait_for_holder(full);
            }
            (Some(_), foreign) if foreign.is_some() || was_free => {
                self.promise.wait_for_next_holder(full);
            }
            _ => self.promise.wait_for_all(full),
        }
    }

    /// The process is reported to have ended (I15). If it wrote the record seen last, what it was
    /// promised ends `after` now. True if that is sooner than before.
    pub(crate) fn died(&mut self, now: Moment, dead: &Incarnation, after: Duration) -> bool {
        let record = self.lock.as_ref().and_then(Lock::record);
        let proof = record.and_then(|record| Proof::by_report(record, dead));
        proof.is_some_and(|proof| self.promise.end_at(proof, now + after))
    }

    /// From when on this candidate may take the seat; none until the lock was read.
    pub(crate) fn free_at(&self) -> Option<Moment> {
        self.lock.as_ref()?;
        Some(self.promise.until())
    }

    /// When the content expires as observed here.
    pub(crate) fn expires_at(&self, own: Duration) -> Moment {
        match self.record() {
            Some(record) if record.holder.is_some() => self.since + Self::duration_of(record, own),
            _ => self.since,
        }
    }
}
