//! What the elector makes of the lock as read or watched.

use super::{Elector, Operation, OperationKind};
use crate::claim::Landed;
use crate::event::{Effect, LockError, Notice, StepDownReason, Via};
use crate::lock::{Incarnation, Lock, Mark, Record};
use crate::policy::{Cause, Outcome};
use crate::promise::{Observed, Proof};
use crate::seat::{Change, Known, Wait};
use crate::time::Moment;

impl Elector {
    pub(super) fn observed(&mut self, lock: Lock, via: Via) {
        let silent = self.now >= self.silent_at();
        if let Via::Read { requested: true, .. } = via
            && self.is_reading()
        {
            self.operation = None;
            self.read_at = None;
        }
        if self.seat.is_stale(&lock, via) {
            if let Via::Read { .. } = via
                && self.claim.has_unconfirmed()
            {
                self.read_at = Some(self.now);
            }
            return;
        }
        if let Via::Read { .. } = via {
            self.read_at = None;
        }
        let blind = matches!(via, Via::Read { requested: false, .. });
        let observed = match via {
            Via::Watch => Observed::Next,
            Via::Read { .. } => Observed::Gap,
        };
        let change = self.take_in(lock, observed, blind);
        if change == Change::Changed && silent && matches!(via, Via::Read { requested: true, .. }) {
            // The watch should have told.
            self.out.push(Effect::RestartWatch);
        }
    }

    /// Takes in what the lock is now, by an observation or as the answer to an own write.
    pub(super) fn take_in(&mut self, lock: Lock, observed: Observed, blind: bool) -> Change {
        // The proofs are made before belief ends by what was seen.
        let believed = Proof::by_own_belief(&self.claim);
        let mut found = false;
        if let Lock::Present(record) = &lock {
            found = self.is_unsettled(record) && self.settle_own(record);
            let next = observed != Observed::Gap
                && self.seat.record().is_some_and(|seen| self.claim.stands_at(&seen.version));
            self.claim.adopt(self.now, record, &self.config.incarnation, next);
        }
        let known = self.known(&lock, believed);
        if known.mine.is_none() {
            self.lose(&lock);
        }
        if !self.awaits_answer_for(&lock) {
            self.claim.settle(lock.version());
        }
        if found {
            self.leave_what_is_moot();
        }
        self.note_identity_conflict(&lock, &known);
        let wait = Wait {
            own_lease: self.config.timing.lease_duration,
            longest_lease: self.config.timing.longest_lease,
            blind,
        };
        let changed = self.seat.changed();
        let change = self.seat.accept(self.now, lock, observed, known, wait);
        self.note_requests();
        // What had no room in the object may have it now.
        let may_fit = self.unfit && self.seat.changed() > changed;
        if change == Change::Changed || may_fit {
            self.consultation.ask_for(Cause::SeatChanged);
        }
        change
    }

    /// What is known of the lock just seen beside what it says.
    fn known(&self, lock: &Lock, believed: Option<Proof>) -> Known {
        let Some(record) = lock.record() else {
            return Known { believed, ..Known::default() };
        };
        let Self { claim, config, now, .. } = self;
        Known {
            mine: Proof::by_own_record(claim, *now, record, &config.identity, &config.incarnation),
            believed,
            dead: Proof::by_death(record, config.predecessor.as_ref(), &config.incarnation),
            names_me: record.holder.as_ref() == Some(&config.identity),
        }
    }

    /// Whether the record is the one that an own write of unknown outcome would have left. A write
    /// that still awaits its answer is left to that answer.
    fn is_unsettled(&self, record: &Record) -> bool {
        let Some(mark) = &record.mark else {
            return false;
        };
        mark.incarnation == self.config.incarnation && !self.is_writing(mark.serial)
    }

    /// I5: the mark in the record tells that the write landed; belief counts from its sending. True
    /// if that was not known before.
    fn settle_own(&mut self, record: &Record) -> bool {
        let may_lead = self.may_lead();
        let before = self.claim.term().cloned();
        let Some(sent) = self.claim.confirm(self.now, record, Landed::Found, may_lead) else {
            return false;
        };
        self.tell(Notice::FoundOwnWrite);
        self.succeeded(sent, before, "an own write of unknown outcome was found");
        true
    }

    fn awaits_answer_for(&self, lock: &Lock) -> bool {
        let mark = lock.record().and_then(|record| record.mark.as_ref());
        mark.is_some_and(|mark| {
            mark.incarnation == self.config.incarnation && self.is_writing(mark.serial)
        })
    }

    pub(super) fn wrote(&self, record: &Record) -> bool {
        self.claim.wrote(self.now, record, &self.config.identity, &self.config.incarnation)
    }

    /// Somebody else's record: whatever this candidate believed, it is over (I1).
    fn lose(&mut self, lock: &Lock) {
        if self.claim.lose(self.now) {
            let holder = lock.record().and_then(|record| record.holder.clone());
            self.tell(Notice::SteppedDown(StepDownReason::Lost(holder)));
        }
    }

    /// I15: a process has ended. Its own belief with it, but its application may go on until S after
    /// the last answer that it got.
    pub(super) fn died(&mut self, dead: &Incarnation) {
        let timing = &self.config.timing;
        // Each process has the S of its own application, and says so.
        let said = dead.home.as_ref().map_or(timing.reaction, |home| home.reaction);
        let reaction = timing.reaction.max(said);
        let after = timing.stretch(reaction);
        if *dead == self.config.incarnation || !self.seat.died(self.now, dead, after) {
            return;
        }
        let holder = self.seat.record().and_then(|record| record.holder.clone());
        let free_in = self.seat.free_at().map_or(after, |at| at.since(self.now));
        self.tell(Notice::HolderDied { holder: holder.unwrap_or_default(), free_in });
        self.consultation.ask_for(Cause::SeatChanged);
    }

    /// I8: the own name by another process that is alive, as its changes show.
    fn note_identity_conflict(&mut self, lock: &Lock, known: &Known) {
        let foreign = known.names_me && known.mine.is_none() && known.dead.is_none();
        let Some(record) = lock.record().filter(|_| foreign) else {
            return;
        };
        let own = |mark: &Mark| mark.incarnation == self.config.incarnation;
        if record.mark.as_ref().is_some_and(own) {
            // An own record that was put back.
            return;
        }
        let was_conflict = self.seat.record().is_some_and(|old| {
            old.holder == record.holder && !old.same_content(record) && old.uid == record.uid
        });
        let name = match &record.mark {
            Some(mark) => mark.incarnation.to_string(),
            None => "another elector".to_owned(),
        };
        if was_conflict && self.identity_conflict.as_ref() != Some(&name) {
            self.identity_conflict = Some(name.clone());
            self.tell(Notice::IdentityConflict(name));
        }
    }

    pub(super) fn read(&mut self) {
        let timing = &self.config.timing;
        let deadline = self.now + timing.answer_timeout();
        let go_on = self.now + timing.request_timeout();
        self.operation =
            Some(Operation { kind: OperationKind::Read, sent: self.now, deadline: go_on });
        self.read_at = None;
        self.last_read = self.now;
        self.out.push(Effect::Read { deadline });
    }

    pub(super) fn read_failed(&mut self, error: LockError) {
        if self.is_reading() {
            self.operation = None;
            self.could_not_read(error);
        }
    }

    pub(super) fn could_not_read(&mut self, error: LockError) {
        // A policy is not asked because of a read, so the pace of retries is the host's.
        let mut pause = self.read_pause();
        if error.outcome == Outcome::Throttled {
            pause = pause.max(error.retry_after.unwrap_or_default());
        }
        let pause = pause.min(self.config.timing.renew_deadline);
        self.read_at = Some(self.now + pause);
        self.tell(Notice::ReadFailed(error));
    }

    fn is_reading(&self) -> bool {
        matches!(self.operation, Some(Operation { kind: OperationKind::Read, .. }))
    }

    pub(super) fn is_writing(&self, wanted: u64) -> bool {
        matches!(self.operation, Some(Operation { kind: OperationKind::Write { serial, .. }, .. })
            if serial == wanted)
    }

    /// When this candidate may take the seat, as far as the lock and its own rest go. Of two locks,
    /// this one alone.
    pub(super) fn free_at(&self) -> Option<Moment> {
        let free = self.seat.free_at()?.max(self.resting_until);
        let is_late = self.now >= self.goes_on_until();
        if self.seat.is_missing() && (!self.seat.vanished_from_me() || is_late) {
            // Nobody takes it before it is back and waited out.
            return Some(free.max(self.now + self.config.timing.longest_lease));
        }
        Some(free)
    }

    /// I7: when a lock that has gone missing is put back without a holder. A create compares with
    /// nothing, so it proves that the lock is missing and not that nobody had it since it was last
    /// seen to be; the record that is put back is then waited out and taken by compare-and-swap.
    pub(super) fn reserve_at(&self) -> Moment {
        if !self.seat.is_missing() || self.retirement.is_some() {
            return Moment::NEVER;
        }
        self.goes_on_until().max(self.reserve_paced_until()).max(self.throttled_until)
    }

    /// How long a leader that saw its own lock vanish may go on by a create: its news get old.
    fn goes_on_until(&self) -> Moment {
        self.seat.since() + self.config.timing.retry_period / 2
    }
}
