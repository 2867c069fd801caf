//! Two locks (I16): what the elector of the inner lock knows of the outer one, and what it wants of
//! it. `electors` ties the two together.
//!
//! The outer lock is taken first and is never held without reason: only while the inner one is held
//! or about to be. Nothing here lets either elector do what it could not do alone; it holds the
//! inner one back until the outer lock is this process's own, and ends its belief with it.

use super::Elector;
use crate::event::{Fencing, Notice, StepDownReason};
use crate::guard::{OuterIs, Ruling, judge};
use crate::lock::Token;
use crate::policy::{Action, Cause};
use crate::time::Moment;
use crate::view::SeenHolder;
use std::time::Duration;

/// The outer lock, as its elector stands at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Outer {
    /// Until when it may be believed to be this process's own; the origin of the clock if it may not.
    until: Moment,
    /// This process holds a term in it, believed in or not, and is not giving it up.
    held: bool,
    /// The fencing token of that term, as it is in the record.
    token: Token,
    /// When it may be taken; none until it was read.
    free_at: Option<Moment>,
    /// What was seen of it; none until it was read.
    pub(super) seen: Option<SeenHolder>,
    pub(super) successor: Option<String>,
    pub(super) paused: bool,
}

impl Outer {
    fn is_own(&self, now: Moment) -> bool {
        self.held && now < self.until
    }

    /// Whether something happened that the policy has to see. Own renewals are not.
    fn is_news_after(&self, known: &Outer) -> bool {
        let advice = |outer: &Outer| (outer.held, outer.successor.clone(), outer.paused);
        let since = |outer: &Outer| outer.seen.as_ref().map(|seen| seen.since);
        advice(self) != advice(known) || (!self.held && since(self) != since(known))
    }
}

/// A claim that the guard has let pass and that waits for the outer lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pursuit {
    /// The lease that was decided on.
    lease: Duration,
    /// When it is given up.
    until: Moment,
    /// When it is looked at again, without an event.
    pub(super) again_at: Moment,
}

/// For the elector of the outer lock.
impl Elector {
    /// How this elector's lock stands, for the elector of the inner one.
    pub(crate) fn as_outer(&self) -> Outer {
        let record = self.seat.record();
        let retiring = self.retirement.is_some() || self.finished;
        let mine = record.is_some_and(|record| self.wrote(record));
        let term = self.claim.term().filter(|_| !retiring);
        Outer {
            until: self.claim.believed().and_then(|_| self.claim.until()).unwrap_or(Moment::ZERO),
            held: term.is_some(),
            token: term.map_or(Token::default(), |term| term.token),
            free_at: match mine {
                _ if retiring => Some(self.now + self.config.timing.lease_duration),
                true => Some(self.resting_until),
                false => self.free_at(),
            },
            seen: self.seen_holder(),
            successor: record.and_then(|record| record.successor.clone()),
            paused: record.is_some_and(|record| record.requests.paused),
        }
    }

    /// What the inner lock wants of this one has changed: its token is to be larger than `floor`, and
    /// the policy is asked.
    pub(crate) fn prompt(&mut self, floor: Token) {
        self.floor = floor;
        self.consultation.ask_for(Cause::SeatChanged);
    }

    /// From now on this elector has the outer of two locks. Before its first event. The serial of its
    /// next write is larger than those: no two writes of a process have one mark.
    pub(crate) fn stand_without(&mut self, serial: u64) {
        self.is_outer = true;
        self.serial = self.serial.max(serial);
    }
}

/// For the elector of the inner lock.
impl Elector {
    /// From now on this elector has the inner of two locks. Before its first event.
    pub(crate) fn stand_within(&mut self) {
        self.outer = Some(Outer::default());
        self.claim.bound_by(self.now, Moment::ZERO);
    }

    /// Time has passed, whatever comes next: belief ends by the deadline that it had (I16). True if
    /// it did.
    pub(crate) fn catch_up(&mut self, now: Moment) -> bool {
        self.now = self.now.max(now);
        let believed = self.claim.believed().is_some();
        self.lapse();
        believed && self.claim.believed().is_none()
    }

    /// Takes in how the outer lock stands now. True if that is news.
    pub(crate) fn learn(&mut self, now: Moment, outer: Outer) -> bool {
        let lapsed = self.catch_up(now);
        if self.outer.as_ref() == Some(&outer) {
            return lapsed;
        }
        self.claim.bound_by(self.now, outer.until);
        if self.outer.as_ref().is_some_and(|known| outer.is_news_after(known)) {
            self.consultation.ask_for(Cause::SeatChanged);
        }
        let holder = outer.seen.as_ref().and_then(|seen| seen.holder.clone());
        let lost = !outer.held;
        self.outer = Some(outer);
        if lost && self.claim.stop_believing(self.now) {
            self.tell(Notice::SteppedDown(StepDownReason::Lost(holder)));
            self.consultation.ask_for(Cause::SeatChanged);
        }
        self.lapse();
        true
    }

    /// Whether the outer lock is wanted, and then which token it has to exceed.
    pub(crate) fn wants_outer(&self) -> Option<Token> {
        if self.finished || self.retirement.is_some() {
            return None;
        }
        if self.claim.believed().is_some() {
            return Some(Token::default());
        }
        let soon = self.pursuit.is_some() || self.claim.has_unconfirmed_claim();
        (soon || self.now < self.keeps_outer_until()).then(|| self.seat.token())
    }

    /// A term whose belief has lapsed may go on, but the outer lock is not kept for it for ever: the
    /// policy may want nothing.
    pub(super) fn keeps_outer_until(&self) -> Moment {
        match (&self.outer, self.claim.term(), self.claim.ended()) {
            (Some(_), Some(_), Some(ended)) if self.claim.believed().is_none() => {
                ended + self.config.timing.renew_deadline
            }
            _ => Moment::ZERO,
        }
    }

    /// Where the outer lock stands, for a claim on the inner one.
    pub(super) fn outer_is(&self) -> OuterIs {
        let Some(outer) = &self.outer else { return OuterIs::Own };
        if outer.is_own(self.now) {
            // I9: a new term's token is in the outer record first, so that it is larger than those
            // of all terms before, by either lock, and no later one has it again.
            let newer = outer.token > self.seat.token() || outer.token == Token::LARGEST;
            return if newer { OuterIs::Own } else { OuterIs::Wanted };
        }
        match outer.free_at {
            None => OuterIs::Busy(self.now + Duration::from_secs(1)),
            Some(at) if self.now < at => OuterIs::Busy(at),
            Some(_) => OuterIs::Wanted,
        }
    }

    /// From when on both locks may be taken, if the inner one may at `inner`; none until both were
    /// read.
    pub(super) fn both_free_at(&self, inner: Option<Moment>) -> Option<Moment> {
        match &self.outer {
            Some(outer) if !outer.is_own(self.now) => Some(inner?.max(outer.free_at?)),
            _ => inner,
        }
    }

    /// Whether the outer lock was read, where there is one.
    pub(super) fn has_read_outer(&self) -> bool {
        self.outer.as_ref().is_none_or(|outer| outer.seen.is_some())
    }

    /// A claim may be written once the outer lock is this process's own.
    pub(super) fn claim_after_outer(&mut self, lease: Duration) {
        let until = self.now + self.config.timing.renew_deadline;
        self.pursuit = Some(Pursuit { lease, until, again_at: until });
    }

    /// Writes the claim that waits for the outer lock, if it may be written now, or gives it up.
    pub(super) fn pursue(&mut self) {
        let Some(Pursuit { lease, until, .. }) = self.pursuit else { return };
        if self.retirement.is_some() {
            self.pursuit = None;
            return;
        }
        if self.operation.is_some() {
            return;
        }
        let again_at = match judge(&Action::Campaign, &self.facts()) {
            Ruling::Claim => {
                self.pursuit = None;
                return self.write_claim(lease);
            }
            Ruling::ClaimAfterOuter if self.now < until => until,
            Ruling::Overrule(_, at) if at < until => at,
            _ => {
                self.pursuit = None;
                return self.consultation.ask_for(Cause::WriteFinished);
            }
        };
        self.pursuit = Some(Pursuit { lease, until, again_at });
    }

    /// I16: without the outer lock the inner one is no use, and kept from others.
    pub(super) fn leave_without_outer(&mut self) {
        let lost = self.outer.as_ref().is_some_and(|outer| !outer.held);
        if lost && self.retirement.is_none() && self.claim.term().is_some() {
            self.claim.stop_believing(self.now);
            self.begin(false, false, None);
        }
    }
}

/// Fencing tokens.
impl Elector {
    /// The token of a term that begins, or whose belief begins again: larger than every token that
    /// was ever seen here (I9). With two locks it is the one that the outer record has.
    pub(super) fn new_token(&self) -> Fencing {
        match &self.outer {
            Some(outer) => Fencing::Keep(outer.token),
            None => Fencing::New(self.seat.token().max(self.floor).next()),
        }
    }
}

#[cfg(test)]
mod tests;
