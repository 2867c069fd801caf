//! The canonical form of an elector: see [`crate::canon`].

use super::{Elector, Operation, OperationKind};
use crate::canon::{NOW, Names, pass};
use crate::lock::Record;
use crate::policy::{Attempts, Outcome};
use crate::view::Term;
use std::sync::Arc;
use std::time::Duration;

impl Elector {
    /// Time passes, and what no event can tell apart any more becomes the same. Right for a policy
    /// that may answer anything and is asked again at once, and for time that passes in steps of at
    /// least half a retry period.
    pub fn pass(&mut self, passed: Duration) {
        let timing = self.config.timing;
        let (half, none) = (timing.retry_period / 2, Duration::ZERO);
        let operation = self.operation.as_mut().map(|operation| &mut operation.sent);
        let asked = operation.into_iter().chain(self.claim.moments());
        self.seat.pass(passed, &timing, asked);
        if let Some(Operation { deadline, .. }) = &mut self.operation {
            // The search decides when an operation ends; here it never ends by itself.
            *deadline = NOW + timing.longest_lease;
        }
        // Belief ends by the clock, whether or not the process runs (I10).
        self.claim.pass(passed, timing.stretch(self.config.drain));
        self.now = NOW;
        self.lapse();
        self.claim.pass(none, timing.stretch(self.config.drain));
        self.consultation.pass(passed, half);
        self.pass_paces(passed);
        self.asked.pass(passed);
        if let Some(retirement) = &mut self.retirement {
            retirement.pass(passed);
        }
        if let Some(announced) = &mut self.announced {
            announced.pass(passed);
        }
        self.forget_words();
    }

    /// The moments before which nothing is sent.
    fn pass_paces(&mut self, passed: Duration) {
        let timing = self.config.timing;
        let (half, none) = (timing.retry_period / 2, Duration::ZERO);
        if let Some(at) = &mut self.read_at {
            pass(at, passed, none);
        }
        // After a conflict the pace is a few milliseconds, less than any step of time here.
        let conflict = self.attempts.last == Outcome::Conflict;
        if let Some(at) = &mut self.last_write {
            pass(at, passed, half);
        }
        self.last_write = self.last_write.filter(|at| *at + half > NOW && !conflict);
        pass(&mut self.last_read, passed, timing.retry_period / 4);
        pass(&mut self.throttled_until, passed, none);
        pass(&mut self.resting_until, passed, none);
    }

    /// What is only ever said to people, or to a policy.
    fn forget_words(&mut self) {
        self.started = NOW;
        self.attempts = Attempts::default();
        self.unfit = false;
        self.last_success = None;
        self.identity_conflict = None;
        self.told_leader.clear();
        self.shown = None;
        self.out.clear();
        if self.finished {
            self.retirement = None;
        }
    }

    /// Gives all that is only compared new names.
    pub fn rename(&mut self, names: &mut impl Names) {
        let Elector { config, seat, claim, operation, serial, .. } = self;
        let me = &config.incarnation.clone();
        seat.rename(names);
        claim.rename(me, names);
        names.serial(me, serial);
        if let Some(last) = &config.predecessor {
            let mut last = last.clone();
            names.base(&mut last.version);
            if Some(&last) != config.predecessor.as_ref() {
                Arc::make_mut(config).predecessor = Some(last);
            }
        }
        if let Some(Operation { kind: OperationKind::Write { serial, .. }, .. }) = operation {
            names.serial(me, serial);
        }
    }

    /// The record seen last can never be seen again: what only a record that equals it would look
    /// at is forgotten. `watches`: its watch may tell of what comes directly after it.
    pub fn forget(&mut self, watches: bool) {
        let mine = self.seat.record().is_some_and(|record| self.wrote(record));
        self.seat.forget(mine, watches);
    }

    /// The term, while it believes.
    pub fn believed(&self) -> Option<&Term> {
        self.claim.believed()
    }

    /// The record that it saw last.
    pub fn sees(&self) -> Option<&Record> {
        self.seat.record()
    }

    /// How long it still waits for the seat; none if it has not read the lock.
    pub fn seat_is_free_in(&self) -> Option<Duration> {
        self.free_at().map(|at| at.since(NOW))
    }

    /// When the request under way was sent; `now` if there is none.
    pub fn asked_at(&self) -> crate::time::Moment {
        self.operation.map_or(NOW, |operation| operation.sent)
    }

    /// Whether something would come of a [`crate::event::Event::Timer`] now.
    pub fn is_due(&self) -> bool {
        self.retirement.is_some() || self.next_wake() <= NOW + Duration::from_millis(1)
    }

    /// Whether it has ever seen a record, so that a missing lock is not a new election to it.
    pub fn has_met(&self) -> bool {
        self.seat.has_met()
    }

    /// The write that it waits for the answer of.
    pub fn awaits(&self) -> Option<u64> {
        match self.operation?.kind {
            OperationKind::Write { serial, .. } => Some(serial),
            OperationKind::Read => None,
        }
    }

    /// Whether an answer to this write would tell it anything.
    pub fn is_unsettled_write(&self, serial: u64) -> bool {
        self.claim.sent_at(serial).is_some()
    }

    /// How many of its writes have no known outcome.
    pub fn unconfirmed(&self) -> usize {
        self.claim.unconfirmed()
    }
}
