//! Electors as wholes: one that begins, and the copy of another.
//!
//! What a candidate saw of the lock, and what it promised others on that, is begun and copied here and
//! nowhere else, with the elector that it belongs to (I7): a seat of its own, put into the place of another,
//! would end a promise that no proof has ended.

use super::Elector;
use crate::seat::Seat;

/// That a whole elector is made. It is made in this file alone, so that nothing else makes what asks for it.
pub struct Whole(());

/// The seat of an elector that begins.
pub(super) fn seat_at_start() -> Seat {
    Seat::at_start(&Whole(()))
}

impl Clone for Elector {
    fn clone(&self) -> Elector {
        Elector {
            config: self.config.clone(),
            now: self.now,
            started: self.started,
            seat: self.seat.copy(&Whole(())),
            claim: self.claim.clone(),
            consultation: self.consultation.clone(),
            operation: self.operation,
            read_at: self.read_at,
            attempts: self.attempts,
            unfit: self.unfit,
            last_success: self.last_success,
            last_write: self.last_write,
            last_read: self.last_read,
            throttled_until: self.throttled_until,
            resting_until: self.resting_until,
            retirement: self.retirement.clone(),
            announced: self.announced.clone(),
            let_go: self.let_go,
            floor: self.floor,
            outer: self.outer.clone(),
            is_outer: self.is_outer,
            asked: self.asked.clone(),
            pursuit: self.pursuit,
            finished: self.finished,
            serial: self.serial,
            signals: self.signals.clone(),
            roster: self.roster.clone(),
            seats_elsewhere: self.seats_elsewhere,
            identity_conflict: self.identity_conflict.clone(),
            told_leader: self.told_leader.clone(),
            shown: self.shown.clone(),
            out: self.out.clone(),
        }
    }
}
