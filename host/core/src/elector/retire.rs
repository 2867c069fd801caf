//! Stepping down on purpose: belief ends first, then the drain, then the release (I6).

use super::Elector;
use super::consult::ANSWER_WITHIN;
use crate::canon::pass;
use crate::event::{Effect, Notice, StepDownReason};
use crate::lock::Token;
use crate::policy::Cause;
use crate::time::Moment;
use std::time::Duration;

/// A leader that is giving up its seat, or a candidate that is about to stop.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Retirement {
    /// The process ends afterwards.
    pub(super) exits: bool,
    /// When the application has had its time to stop.
    drained_at: Moment,
    /// When the release is given up; the lease then expires by itself.
    give_up_at: Moment,
    /// The policy is asked for a successor, until this moment at the latest.
    asking_until: Option<Moment>,
    pub(super) successor: Option<String>,
    /// How long it leaves the seat to others afterwards.
    rest: Duration,
    /// How often the release was sent.
    tries: u32,
    /// It is not sent again before this moment.
    again_at: Moment,
}

impl Retirement {
    pub(super) fn wake(&self, now: Moment) -> Moment {
        let again = Some(self.again_at);
        let times = [Some(self.drained_at), self.asking_until, Some(self.give_up_at), again];
        times.into_iter().flatten().filter(|at| *at > now).min().unwrap_or(Moment::NEVER)
    }

    /// Time passes, for a search: see [`crate::canon`].
    pub(super) fn pass(&mut self, passed: Duration) {
        let Retirement {
            exits: _,
            drained_at,
            give_up_at,
            asking_until,
            successor: _,
            rest: _,
            tries,
            again_at,
        } = self;
        let moments = [Some(drained_at), Some(give_up_at), asking_until.as_mut(), Some(again_at)];
        moments.into_iter().flatten().for_each(|at| pass(at, passed, Duration::ZERO));
        // The pause that grows with them is shorter than a step of time.
        *tries = (*tries).min(2);
    }
}

impl Elector {
    /// The process shall stop.
    pub(super) fn stop(&mut self) {
        if let Some(retirement) = &mut self.retirement {
            retirement.exits = true;
            return;
        }
        let led = self.claim.stop_believing(self.now);
        if led {
            self.tell(Notice::SteppedDown(StepDownReason::Stopped));
        }
        self.begin(true, led, None);
        if led {
            self.consultation.ask_now(Cause::Stopping);
        }
    }

    /// The policy resigned, and the guard let it.
    pub(super) fn resign(&mut self, successor: Option<String>, reason: String) {
        self.step_down(successor, StepDownReason::Resigned(reason));
    }

    /// Belief ends, and the seat is given up after the drain.
    pub(super) fn step_down(&mut self, successor: Option<String>, why: StepDownReason) {
        let transferred = matches!(why, StepDownReason::Transferred(_));
        self.claim.stop_believing(self.now);
        self.tell(Notice::SteppedDown(why));
        self.begin(false, true, successor);
        if let Some(retirement) = self.retirement.as_mut().filter(|_| transferred) {
            // A request is carried out once, so that nothing goes to and fro by it. The successor has its
            // time, and others have some; then whoever is there leads, before nobody does.
            let while_left = self.config.timing.retry_period * 2;
            retirement.rest = while_left.min(self.config.timing.lease_duration);
        }
    }

    /// The application acts no more for the term with that token. What is left of its drain is not
    /// waited for (I6), and a term without an application that acts for it is given up.
    pub(super) fn application_let_go(&mut self, token: Token, rest: Duration, reason: String) {
        self.let_go = self.let_go.max(token);
        self.resting_until = self.resting_until.max(self.now + rest);
        let over = self.claim.believed().is_some_and(|term| term.token <= token);
        if over && self.retirement.is_none() {
            self.resign(None, reason);
        }
    }

    pub(super) fn begin(&mut self, exits: bool, led: bool, successor: Option<String>) {
        self.announced = None;
        let timing = &self.config.timing;
        // I6: the application may act on the last answer for so long after the end of belief, also
        // where that was a lapse some time ago.
        let drain = timing.stretch(self.config.drain);
        let drained_at = self.claim.ended().map_or(self.now, |at| (at + drain).max(self.now));
        self.retirement = Some(Retirement {
            exits,
            drained_at,
            give_up_at: drained_at + timing.renew_deadline / 2,
            asking_until: (exits && led).then(|| self.now + ANSWER_WITHIN),
            successor,
            // Whoever resigns leaves the seat to others for a lease, or two of its kind would pass it
            // to and fro.
            rest: timing.lease_duration,
            tries: 0,
            again_at: Moment::ZERO,
        });
    }

    /// I6 for a term that began while the process was stopping, so that it never believed in it. It
    /// may have followed at once on the dead process before it at this site, on whose last answer
    /// the application may still act.
    pub(super) fn drain_after(&mut self, sent: Moment) {
        let timing = &self.config.timing;
        let drained_at = sent + timing.stretch(self.config.drain);
        if let Some(retirement) = &mut self.retirement
            && drained_at > retirement.drained_at
        {
            retirement.drained_at = drained_at;
            retirement.give_up_at = drained_at + timing.renew_deadline / 2;
        }
    }

    /// The policy has named a successor, or has not.
    pub(super) fn successor_named(&mut self, successor: Option<String>) {
        if let Some(retirement) = &mut self.retirement {
            retirement.asking_until = None;
            retirement.successor = successor;
        }
    }

    /// The next step of giving the seat up, if one is due.
    pub(super) fn retire(&mut self) {
        let Some(retirement) = self.retirement.clone() else {
            return;
        };
        let asking = retirement.asking_until.is_some_and(|until| self.now < until);
        let over = self.now >= retirement.give_up_at;
        // Tokens grow, so that who let go of a later term let go of this one.
        let let_go = self.claim.term().is_some_and(|term| term.token <= self.let_go);
        // What is given up already, or was lost to another, waits for no drain.
        let held = self.claim.term().is_some() || self.claim.has_unconfirmed();
        let draining = held && self.now < retirement.drained_at && !let_go;
        if !over && (self.operation.is_some() || asking || draining) {
            return;
        }
        let mine = self.claim.term().is_some()
            && self.seat.record().is_some_and(|record| self.wrote(record));
        let unknown = self.claim.has_unconfirmed();
        if !mine && !unknown {
            self.retired(&retirement);
        } else if over {
            self.tell(Notice::NotReleased("no answer in time".to_owned()));
            self.retired(&retirement);
        } else if self.read_at.is_some() {
            // I5: what is there is not known. The read that is due comes first.
        } else if mine {
            // I6: the record read back is this incarnation's, and the compare-and-swap keeps it so.
            self.release(retirement);
        } else {
            let pause = self.config.timing.retry_period / 4;
            self.read_at = Some(self.now.max(self.last_read + pause));
        }
    }

    /// Sends the release, unless one was refused just now.
    fn release(&mut self, mut retirement: Retirement) {
        if retirement.tries > 0 && self.now < retirement.again_at.max(self.throttled_until) {
            retirement.again_at = retirement.again_at.max(self.throttled_until);
            self.retirement = Some(retirement);
            return;
        }
        retirement.tries = retirement.tries.saturating_add(1);
        retirement.again_at = self.now + self.release_pause(retirement.tries);
        let successor = self.wanted_successor().or_else(|| retirement.successor.clone());
        self.retirement = Some(retirement);
        self.write_release(successor);
    }

    fn retired(&mut self, retirement: &Retirement) {
        self.retirement = None;
        self.claim.lose(self.now);
        if retirement.exits {
            self.finished = true;
            self.show();
            self.out.push(Effect::Finished);
            return;
        }
        let rest = self.now + retirement.rest;
        self.resting_until = self.resting_until.max(rest);
        self.consultation.ask_for(Cause::SeatChanged);
    }
}
