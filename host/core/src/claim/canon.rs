//! The canonical form of an own claim.

use super::{Claim, Sent};
use crate::canon::{NOW, Names, pass};
use crate::event::Base;
use crate::lock::Incarnation;
use crate::time::Moment;
use crate::view::Term;
use std::time::Duration;

impl Claim {
    /// Time passes, but for the moments of writes, which pass with what they are compared with: see
    /// the seat's. `drain` is how long the application has after the end of belief.
    pub(crate) fn pass(&mut self, passed: Duration, drain: Duration) {
        let Claim { term, believes, ended, sent: _, confirmed, version, released: _, bound } = self;
        if let Some(at) = bound {
            pass(at, passed, Duration::ZERO);
        }
        if let Some(Term { token: _, uid: _, transitions, since, until }) = term {
            *transitions = 0;
            *since = NOW;
            pass(until, passed, Duration::ZERO);
            if !*believes {
                *until = NOW;
            }
        } else {
            // Looked at together with a term only.
            *confirmed = 0;
            *version = None;
        }
        if let Some(at) = ended {
            pass(at, passed, drain);
        }
        *ended = ended.filter(|at| *at + drain > NOW);
    }

    /// How many writes' outcome is unknown or still awaited.
    pub(crate) fn unconfirmed(&self) -> usize {
        self.sent.len()
    }

    /// When the writes were sent whose outcome is unknown or still awaited.
    pub(crate) fn moments(&mut self) -> impl Iterator<Item = &mut Moment> {
        self.sent.iter_mut().map(|sent| &mut sent.at)
    }

    /// Gives what is compared new names.
    pub(crate) fn rename(&mut self, me: &Incarnation, names: &mut impl Names) {
        names.serial(me, &mut self.confirmed);
        for Sent { serial, base, .. } in &mut self.sent {
            names.serial(me, serial);
            if let Base::Replace(version) = base {
                names.base(version);
            }
        }
        if let Some(term) = &mut self.term {
            names.token(&mut term.token);
        }
        if let Some(version) = &mut self.version {
            names.base(version);
        }
    }
}
