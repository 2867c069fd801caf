//! Writing the lock, and what an answer or the lack of one means.

use super::{Elector, Operation, OperationKind};
use crate::claim::{Landed, Sent};
use crate::event::{Base, Effect, Fencing, LockError, Notice, Purpose, Via, Write};
use crate::lock::{Lock, Mark, Record};
use crate::policy::{Cause, Outcome};
use crate::promise::Observed;
use crate::time::Moment;
use crate::view::Term;
use std::time::Duration;

/// The longest time that the API server's `Retry-After` is obeyed.
const LONGEST_THROTTLE: Duration = Duration::from_secs(60);

impl Elector {
    /// Begins or resumes a term. The guard has found the seat free.
    pub(super) fn write_claim(&mut self, lease: Duration) {
        let mine = self.seat.record().is_some_and(|record| self.wrote(record));
        // I14: an own record that still stands proves that no other term came between; a
        // compare-and-swap on it continues the term.
        let purpose =
            if mine && self.claim.term().is_some() { Purpose::Renew } else { Purpose::Acquire };
        let token = match self.claim.believed() {
            Some(term) if term.token > self.floor => Fencing::Keep(term.token),
            // I9: so is that of a term which goes on after belief lapsed: a store that was restored
            // meanwhile tells nothing of others.
            _ => self.new_token(),
        };
        let same_holder = self
            .seat
            .record()
            .is_some_and(|record| record.holder.as_deref() == Some(&self.config.identity));
        let write = Draft {
            purpose,
            holder: Some(self.config.identity.clone()),
            lease,
            transitions: self.seat.next_transitions(same_holder),
            token,
            successor: None,
        };
        self.send(write);
    }

    /// Gives the seat up. Belief has ended (I6).
    pub(super) fn write_release(&mut self, successor: Option<String>) {
        let write = Draft {
            purpose: Purpose::Release,
            holder: None,
            // client-go's one-second record, which its candidates know as a release.
            lease: Duration::from_secs(1),
            transitions: self.seat.next_transitions(true),
            token: Fencing::Keep(self.seat.token()),
            successor,
        };
        self.send(write);
    }

    /// Puts a lock that has gone missing back, without a holder: all wait it out like one that was
    /// cleared by hand (I7), and then take it by compare-and-swap.
    pub(super) fn write_reserve(&mut self) {
        let write = Draft {
            purpose: Purpose::Reserve,
            holder: None,
            lease: self.config.timing.longest_lease,
            transitions: self.seat.next_transitions(true),
            token: Fencing::Keep(self.seat.token()),
            successor: None,
        };
        self.send(write);
    }

    fn send(&mut self, draft: Draft) {
        self.serial += 1;
        let timing = &self.config.timing;
        // I4: a write names the version that it replaces, or creates.
        let base = match self.seat.record() {
            Some(record) => Base::Replace(record.version.clone()),
            None => Base::Create,
        };
        let deadline = self.now + timing.answer_timeout();
        let reply = self.reply(draft.purpose, draft.holder.as_ref(), draft.successor.as_ref());
        self.claim.send(Sent {
            serial: self.serial,
            purpose: draft.purpose,
            at: self.now,
            deadline: timing.deadline_for(draft.lease),
            base: base.clone(),
        });
        let kind = OperationKind::Write { serial: self.serial, purpose: draft.purpose };
        let go_on = self.now + timing.request_timeout();
        self.operation = Some(Operation { kind, sent: self.now, deadline: go_on });
        self.last_write = Some(self.now);
        self.out.push(Effect::Write(Write {
            purpose: draft.purpose,
            mark: Mark {
                incarnation: self.config.incarnation.clone(),
                serial: self.serial,
                base: self.seat.record().map(|record| record.version.clone()),
            },
            base,
            holder: draft.holder,
            duration: draft.lease,
            transitions: draft.transitions,
            token: draft.token,
            successor: draft.successor,
            reply,
            deadline,
        }));
    }

    pub(super) fn write_ended(&mut self, serial: u64, result: Result<Record, LockError>) {
        let awaited = self.operation.filter(|_| self.is_writing(serial));
        let Some(Operation { kind: OperationKind::Write { purpose, .. }, sent, .. }) = awaited
        else {
            return self.answered_late(serial, result);
        };
        self.operation = None;
        match result {
            Ok(record) => self.written(sent, record),
            Err(error) => self.not_written(serial, purpose, error),
        }
        self.consultation.ask_for(Cause::WriteFinished);
    }

    /// The answer to a write that was no longer waited for. It says what a read would: that the
    /// write landed, and belief counts from its sending (I1); or surely did not.
    fn answered_late(&mut self, serial: u64, result: Result<Record, LockError>) {
        let Some(sent) = self.claim.sent_at(serial) else {
            // Something else has settled it since.
            return;
        };
        match result {
            Ok(record) => {
                self.written(sent, record);
                self.leave_what_is_moot();
            }
            Err(LockError { outcome: Outcome::Denied | Outcome::Throttled, .. }) => {
                self.claim.refuse(serial);
            }
            // I5: as unknown as before.
            Err(_) => {}
        }
    }

    /// An own write has been found to have landed after all. What was begun because it had not
    /// answered is not waited for: a renewal that replaces a version which is gone, or a read that
    /// was to find this out. The time that is left of the belief is needed for the next renewal.
    pub(super) fn leave_what_is_moot(&mut self) {
        let moot = match self.operation.map(|operation| operation.kind) {
            None => true,
            Some(OperationKind::Read) => !self.claim.has_unconfirmed(),
            Some(OperationKind::Write { serial, .. }) => self.claim.sent_at(serial).is_none(),
        };
        if moot {
            self.operation = None;
            self.read_at = None;
            self.consultation.ask_for(Cause::WriteFinished);
        }
    }

    fn written(&mut self, sent: Moment, record: Record) {
        let may_lead = self.may_lead();
        let before = self.claim.term().cloned();
        if let Some(sent) = self.claim.confirm(self.now, &record, Landed::Answered, may_lead) {
            let reason = self.consultation.reason().to_owned();
            self.succeeded(sent, before, &reason);
        }
        let lock = Lock::Present(record);
        // A watch may have been faster, and may already tell of what came after.
        let via = Via::Read { asked: sent, requested: false };
        if !self.seat.is_stale(&lock, via) {
            self.take_in(lock, Observed::Answer, false);
        }
    }

    /// A write of this process is known to have landed.
    pub(super) fn succeeded(&mut self, sent: Sent, before: Option<Term>, reason: &str) {
        self.attempts.last = Outcome::Written;
        self.attempts.failures = 0;
        self.unfit = false;
        self.last_success = Some(sent.at);
        match sent.purpose {
            Purpose::Release => return self.tell(Notice::Released),
            Purpose::Reserve => return self.tell(Notice::Reserved),
            Purpose::Acquire => self.drain_after(sent.at),
            Purpose::Renew => {}
        }
        let Some(term) = self.claim.believed().cloned() else {
            return;
        };
        let known = before.filter(|before| before.since == term.since);
        let notice = match known {
            None => Notice::BecameLeader {
                token: term.token,
                transitions: term.transitions,
                reason: reason.to_owned(),
            },
            Some(_) if self.told_leader == self.config.identity => Notice::Renewed,
            Some(_) => Notice::ResumedTerm { token: term.token },
        };
        self.tell(notice);
    }

    pub(super) fn not_written(&mut self, serial: u64, purpose: Purpose, error: LockError) {
        self.attempts.last = error.outcome;
        self.attempts.failures = self.attempts.failures.saturating_add(1);
        self.unfit = error.of_content;
        match error.outcome {
            // I5: whether it landed is not known, or somebody else's write did.
            Outcome::TimedOut | Outcome::Unreachable | Outcome::Conflict => {
                self.read_at = Some(self.now);
            }
            Outcome::Throttled => {
                self.claim.refuse(serial);
                let pause = error.retry_after.unwrap_or(self.config.timing.retry_period / 2);
                self.throttled_until = self.now + pause.min(LONGEST_THROTTLE);
            }
            Outcome::Denied | Outcome::None | Outcome::Written => self.claim.refuse(serial),
        }
        self.tell(Notice::WriteFailed { purpose, error });
    }

    /// Whether a confirmed write may make this candidate believe.
    pub(super) fn may_lead(&self) -> bool {
        self.retirement.is_none()
    }
}

/// The parts of a write that its purpose decides.
struct Draft {
    purpose: Purpose,
    holder: Option<String>,
    lease: Duration,
    transitions: u64,
    token: Fencing,
    successor: Option<String>,
}
