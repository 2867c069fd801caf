//! The state machine of one candidate: events in, effects out.
//!
//! ```text
//!           free, campaign, written                 resign, stop
//!  standby ------------------------> leading --------------------> stepping down
//!     ^                                 |                                |
//!     |      lapsed, lost               |          released, or not      |
//!     +---------------------------------+<-------------------------------+
//! ```
//!
//! One operation on the lock and one question to the policy are under way at a time. After each
//! event the elector looks at what is due ([`Elector::proceed`]); nothing else starts anything.

mod canon;
mod consult;
mod hand_over;
mod observe;
pub(crate) mod outer;
mod pace;
mod requests;
mod retire;
mod roster;
mod signals;
mod situation;
mod unseen;
pub(crate) mod whole;
mod write;

use crate::claim::Claim;
use crate::config::Config;
use crate::event::{Effect, Event, LockError, Notice, Purpose, StepDownReason, in_order};
use crate::lock::Token;
use crate::policy::{Attempts, Cause, Outcome};
use crate::seat::Seat;
use crate::time::Moment;
use crate::view::{SeenHolder, Term, View};
use consult::Consultation;
use hand_over::HandOver;
use outer::{Outer, Pursuit};
use requests::Asked;
use retire::Retirement;
use roster::Roster;
use signals::Signals;
use std::sync::Arc;
use std::time::Duration;

pub use roster::SUCCESSOR;
pub use situation::{Phase, Situation, Underway};

/// One candidate in one election: a value. Copies go on independently of each other, and two that
/// are equal answer equal events equally for ever.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Elector {
    /// Never changes, so that copies of an elector share it.
    config: Arc<Config>,
    now: Moment,
    started: Moment,
    seat: Seat,
    claim: Claim,
    consultation: Consultation,
    /// The operation on the lock that is under way.
    operation: Option<Operation>,
    /// A read is wanted, at this moment at the earliest.
    read_at: Option<Moment>,
    attempts: Attempts,
    /// The server does not take the content of what was written last.
    unfit: bool,
    last_success: Option<Moment>,
    last_write: Option<Moment>,
    last_read: Moment,
    /// No write before this moment: the API server asked for it.
    throttled_until: Moment,
    /// No campaign before this moment: this candidate has just resigned.
    resting_until: Moment,
    retirement: Option<Retirement>,
    /// A successor is waited for.
    announced: Option<HandOver>,
    /// The application acts for no term up to the one with this token.
    let_go: Token,
    /// Tokens of its terms are larger than this one: the other of two locks has seen it.
    floor: Token,
    /// The outer of two locks, where this elector has the inner one.
    outer: Option<Outer>,
    /// This elector has the outer of two locks.
    is_outer: bool,
    /// What people ask.
    asked: Asked,
    /// A claim that waits for the outer lock.
    pursuit: Option<Pursuit>,
    finished: bool,
    serial: u64,
    signals: Signals,
    roster: Roster,
    /// How many elections this process leads beside this one.
    seats_elsewhere: u32,
    identity_conflict: Option<String>,
    told_leader: String,
    shown: Option<View>,
    out: Vec<Effect>,
}

/// An operation on the lock that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Operation {
    kind: OperationKind,
    sent: Moment,
    /// Until when nothing else is begun while it is not answered.
    deadline: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum OperationKind {
    Read,
    Write { serial: u64, purpose: Purpose },
}

impl Elector {
    /// A candidate that has not begun; [`Event::Started`] begins it.
    ///
    /// The timing in `config` must have passed [`crate::config::Timing::check`] (I2).
    pub fn new(config: Config) -> Self {
        let consultation = Consultation::new(&config);
        Elector {
            consultation,
            now: Moment::ZERO,
            started: Moment::ZERO,
            seat: whole::seat_at_start(),
            claim: Claim::default(),
            operation: None,
            read_at: None,
            attempts: Attempts::default(),
            unfit: false,
            last_success: None,
            last_write: None,
            last_read: Moment::ZERO,
            throttled_until: Moment::ZERO,
            resting_until: Moment::ZERO,
            retirement: None,
            announced: None,
            let_go: Token::default(),
            floor: Token::default(),
            outer: None,
            is_outer: false,
            asked: Asked::default(),
            pursuit: None,
            finished: false,
            serial: 0,
            signals: Signals::default(),
            roster: Roster::default(),
            seats_elsewhere: 0,
            identity_conflict: None,
            told_leader: String::new(),
            shown: None,
            out: Vec::new(),
            config: Arc::new(config),
        }
    }

    /// Takes one event at the moment `now` and says what is to be done, in the order of
    /// [`crate::event::Effect`].
    ///
    /// `now` must not run backwards; if it does, the latest moment so far counts.
    pub fn step(&mut self, now: Moment, event: Event) -> Vec<Effect> {
        self.now = self.now.max(now);
        self.lapse();
        if !self.finished {
            self.handle(event);
            self.proceed();
        }
        in_order(std::mem::take(&mut self.out))
    }

    /// What may be said of the election.
    pub fn view(&self) -> View {
        View {
            identity: self.config.identity.clone(),
            term: self.believed_term(),
            seen: self.seen_holder().filter(|_| self.has_read_outer()),
            outer: self.outer.as_ref().and_then(|outer| outer.seen.clone()),
            last_success: self.last_success,
            failures: self.attempts.failures,
            stopping: self.retirement.as_ref().is_some_and(|retirement| retirement.exits),
            draining: self.retirement.is_some() && self.claim.term().is_some(),
            successor: self.announced_successor().map(ToOwned::to_owned),
            next: self.claim.term().is_none() && self.is_next(),
        }
    }

    /// The lock as this elector sees it.
    pub(super) fn seen_holder(&self) -> Option<SeenHolder> {
        let own = self.config.timing.lease_duration;
        self.seat.lock().map(|lock| SeenHolder {
            holder: lock.record().and_then(|record| record.holder.clone()),
            foreign: !lock.record().is_some_and(|record| self.wrote(record)),
            transitions: lock.record().map_or(0, |record| record.transitions),
            since: self.seat.since(),
            heard: self.seat.heard(),
            until: self.seat.expires_at(own),
        })
    }

    /// The term that is believed in, until the earlier of two deadlines where there are two (I16).
    fn believed_term(&self) -> Option<Term> {
        let term = self.claim.believed()?;
        Some(Term { until: self.claim.until().unwrap_or(term.until), ..term.clone() })
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Started => {
                self.started = self.now;
                self.consultation.ask_for(Cause::Started);
                // The watch begins with a read; this one is for when it does not.
                self.read_at = Some(self.now + self.config.timing.retry_period);
            }
            Event::Timer => {}
            Event::Observed { lock, via } => self.observed(lock, via),
            Event::ReadFailed(error) => self.read_failed(error),
            Event::WriteEnded { serial, result } => self.write_ended(serial, result),
            Event::Decided { ask, answer } => self.decided(ask, answer),
            Event::Swapped { memory, settings, on_failure } => {
                self.consultation.swap(memory, settings, on_failure);
            }
            Event::Signals(signals) => self.signals.take_in(self.now, signals),
            Event::SeatsElsewhere(count) => self.seats_elsewhere = count,
            Event::Roster(roster) => self.roster.take_in(self.now, roster),
            Event::LetGo { token, rest, reason } => self.application_let_go(token, rest, reason),
            Event::Died(incarnation) => self.died(&incarnation),
            Event::Stop => self.stop(),
        }
    }

    /// Starts what is due, in the order of importance, and says when to look again.
    fn proceed(&mut self) {
        self.go_on_without_answer();
        self.leave_without_outer();
        self.keep_announced_while_leading();
        self.retire();
        if self.operation.is_none() && self.now >= self.read_due() {
            self.read();
        }
        if self.operation.is_none() && self.now >= self.reserve_at() {
            self.write_reserve();
        }
        self.pursue();
        self.consult();
        self.tell_leader();
        self.show();
        if !self.finished {
            self.out.push(Effect::WakeAt(self.next_wake()));
        }
    }

    /// I1: belief ends when the deadline passes, whatever else happens at that moment.
    fn lapse(&mut self) {
        if self.claim.lapse(self.now) {
            self.tell(Notice::SteppedDown(StepDownReason::Lapsed));
            self.consultation.ask_for(Cause::SeatChanged);
        }
    }

    /// Three requests fit into a renew deadline, so one that is not answered after a third of it is
    /// not waited for: it may be lost. It may be slow as well, and its answer counts when it comes.
    fn go_on_without_answer(&mut self) {
        let Some(operation) = self.operation.take_if(|operation| self.now >= operation.deadline)
        else {
            return;
        };
        let waited = operation.deadline.since(operation.sent);
        let detail = format!("no answer within {waited:.1?}");
        let error =
            LockError { outcome: Outcome::TimedOut, retry_after: None, of_content: false, detail };
        match operation.kind {
            OperationKind::Read => self.could_not_read(error),
            OperationKind::Write { serial, purpose } => {
                self.not_written(serial, purpose, error);
                self.consultation.ask_for(Cause::WriteFinished);
            }
        }
    }

    /// When the lock is to be read. A read that is planned is the next one, also for a standby that
    /// has heard nothing: it would else repeat a read that fails as fast as the answers come.
    fn read_due(&self) -> Moment {
        self.read_at.unwrap_or_else(|| self.silent_at())
    }

    /// When a standby that heard nothing reads: after about two heartbeats. The holder's pace is
    /// not known, a third of its lease bounds it.
    fn silent_at(&self) -> Moment {
        let Some(record) = self.seat.record().filter(|record| record.holder.is_some()) else {
            return Moment::NEVER;
        };
        if self.claim.believed().is_some() {
            return Moment::NEVER;
        }
        let timing = &self.config.timing;
        let lease = Seat::duration_of(record, timing.lease_duration);
        self.seat.heard() + (timing.retry_period * 2).max(lease / 3)
    }

    fn next_wake(&self) -> Moment {
        let mut wake = self.consultation.wake().min(self.signals.wake()).min(self.roster.wake());
        if let Some(until) = self.claim.believed().and_then(|_| self.claim.until()) {
            wake = wake.min(until);
        }
        if let Some(pursuit) = &self.pursuit {
            wake = wake.min(pursuit.again_at);
        }
        if self.now < self.keeps_outer_until() {
            wake = wake.min(self.keeps_outer_until());
        }
        match &self.operation {
            Some(operation) => wake = wake.min(operation.deadline),
            None => {
                wake = wake.min(self.read_due()).min(self.reserve_at());
            }
        }
        if let Some(retirement) = &self.retirement {
            wake = wake.min(retirement.wake(self.now));
        }
        if !self.told_leader.is_empty() && self.claim.believed().is_none() {
            // It is named by the lock, or by the outer of two: what has run out names nobody.
            let inner = self.seat.expires_at(self.config.timing.lease_duration);
            let outer = self.outer.as_ref().and_then(|outer| outer.seen.as_ref());
            let ends = [Some(inner), outer.map(|seen| seen.until)].into_iter().flatten();
            wake = ends.filter(|at| *at > self.now).fold(wake, Moment::min);
        }
        // Never in the past, or a shell would spin.
        wake.max(self.now + Duration::from_millis(1))
    }

    fn tell_leader(&mut self) {
        let view = self.view();
        let leader = view.leader(self.now);
        if leader != self.told_leader {
            self.told_leader = leader.to_owned();
            let name = self.told_leader.clone();
            self.tell(Notice::LeaderChanged(name));
        }
    }

    fn show(&mut self) {
        let view = self.view();
        if self.shown.as_ref() != Some(&view) {
            self.shown = Some(view.clone());
            self.out.push(Effect::Show(Box::new(view)));
        }
    }

    fn tell(&mut self, notice: Notice) {
        self.out.push(Effect::Tell(notice));
    }
}
