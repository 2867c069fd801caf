//! Make before break: a leader that goes of its own will says first who shall follow it, leads on while
//! that candidate says that it is not ready, and goes once it is, or when that has taken too long.
//!
//! What is known of the successor is advice (I17): the leader believes no longer by it than by its
//! renewals, and all that a forged entry can do is to make it wait, within the bound, or not wait.

use super::Elector;
use crate::canon::pass;
use crate::event::Notice;
use crate::policy::Action;
use crate::time::Moment;
use std::time::Duration;

/// A hand-over that was announced and waits for the successor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct HandOver {
    to: String,
    /// It waits until then at most.
    until: Moment,
}

impl HandOver {
    /// Time passes, for a search: see [`crate::canon`].
    pub(super) fn pass(&mut self, passed: Duration) {
        pass(&mut self.until, passed, Duration::ZERO);
    }
}

impl Elector {
    /// Until when the hand-over to that candidate waits, which is announced with the first question; none
    /// if it is to go on now. It waits until `at_most`, whatever the operator allows.
    pub(super) fn waits_for(&mut self, to: &str, at_most: Moment) -> Option<Moment> {
        let longest = self.config.warm_up;
        if longest.is_zero() || self.roster.may_follow(to, self.now) {
            return None;
        }
        if self.announced.as_ref().is_none_or(|announced| announced.to != to) {
            let until = (self.now + longest).min(at_most);
            if until <= self.now {
                return None;
            }
            self.announced = Some(HandOver { to: to.to_owned(), until });
            let within = until.since(self.now);
            self.tell(Notice::HandingOver { to: to.to_owned(), within });
        }
        let until = self.announced.as_ref().map(|announced| announced.until.min(at_most));
        until.filter(|until| self.now < *until)
    }

    /// A decision was made, or failed: a hand-over that nobody wants any more is no longer announced.
    pub(super) fn keep_announced_for(&mut self, action: Option<&Action>) {
        let Some(HandOver { to, .. }) = &self.announced else {
            return;
        };
        let resigns = matches!(action, Some(Action::Resign(Some(name))) if name == to);
        if !resigns && self.wanted_successor().as_ref() != Some(to) {
            self.withdraw_announcement();
        }
    }

    /// Whoever does not believe has nothing to hand over, and who must stay does not go.
    pub(super) fn keep_announced_while_leading(&mut self) {
        if self.announced.is_some() && (self.claim.believed().is_none() || self.is_paused()) {
            self.withdraw_announcement();
        }
    }

    fn withdraw_announcement(&mut self) {
        let Some(HandOver { to, .. }) = self.announced.take() else {
            return;
        };
        // A leader that goes to it has done what it said.
        if self.claim.believed().is_some() {
            self.tell(Notice::HandOverWithdrawn { to });
        }
    }

    /// Whom this leader has announced.
    pub(super) fn announced_successor(&self) -> Option<&str> {
        let announced = self.announced.as_ref().filter(|_| self.claim.believed().is_some());
        announced.map(|announced| announced.to.as_str())
    }

    /// Whether this candidate, which does not lead, is the one that follows: the leader says so on the
    /// roster, or somebody asked for it.
    pub(super) fn is_next(&self) -> bool {
        let me = &self.config.identity;
        let holder = self.seat.record().and_then(|record| record.holder.as_deref());
        let Some(holder) = holder.filter(|holder| holder != me) else {
            return false;
        };
        self.names_me() || self.roster.successor_of(holder, self.now) == Some(me)
    }
}
