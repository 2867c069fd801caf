//! One candidate of a world, with its own clock.

use crate::check::Believer;
use crate::policies::Policies;
use crate::policy::Policy;
use hotseat_core::config::Config;
use hotseat_core::electors::{Electors, Which};
use hotseat_core::event::Event;
use hotseat_core::lock::{Incarnation, LastWrite, Token};
use hotseat_core::on_failure::OnFailure;
use hotseat_core::time::Moment;
use hotseat_core::view::View;
use std::time::Duration;

/// Which locks a candidate has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locks {
    /// The inner one alone: [`crate::World::store`].
    Inner,
    /// The outer one alone: [`crate::World::outer`].
    Outer,
    /// Both.
    Both,
}

impl Locks {
    /// Which of the candidate's own locks there are: the only one counts as the inner one.
    pub(crate) fn slots(self) -> &'static [Which] {
        match self {
            Locks::Inner | Locks::Outer => &[Which::Inner],
            Locks::Both => &[Which::Inner, Which::Outer],
        }
    }

    /// The store of one of the candidate's own locks.
    pub(crate) fn store(self, slot: Which) -> Which {
        if self == Locks::Outer { Which::Outer } else { slot }
    }
}

/// One candidate with its clock and its ways to the API server.
pub struct Member {
    pub(crate) electors: Electors,
    pub(crate) locks: Locks,
    pub(crate) policy: Policy,
    /// Its policies come into force by a rollout, and `policy` is not asked.
    pub(crate) policies: Option<Box<Policies>>,
    /// What decides in the place of each of its policies, as the operator wants it.
    pub(crate) on_failure: OnFailure,
    /// True nanoseconds to local ones, in parts per million above or below 1.
    pub(crate) clock_ppm: i64,
    pub(crate) clock_offset: Duration,
    pub(crate) view: View,
    pub(crate) wake: Moment,
    pub(crate) generation: u64,
    pub(crate) alive: bool,
    /// Stopped by a signal until this moment; what arrives waits.
    pub(crate) frozen_until: Moment,
    /// Nothing comes through, in either direction.
    pub(crate) cut_off: bool,
    /// How long the application acts on an answer after belief ended.
    pub(crate) reaction: Duration,
    pub(crate) believer: Believer,
    /// The token of its last term.
    pub(crate) last_token: Option<Token>,
    /// Its application acts for no term up to the one with this token.
    pub(crate) let_go: Token,
    /// How long the policy takes.
    pub(crate) thinking: Duration,
    /// What concerns each of its locks, the inner one first.
    pub(crate) ways: [Way; 2],
    pub(crate) incarnation: Incarnation,
    /// Its processes that were killed, oldest first.
    pub(crate) ended: Vec<Incarnation>,
}

/// A candidate's dealings with one of its locks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Way {
    /// The deadline of the read that was asked for and is not answered.
    pub(crate) reading: Option<Moment>,
    /// The last write that was answered, as a process notes it for the next one of its site.
    pub(crate) note: Option<LastWrite>,
    pub(crate) watch: Watch,
}

/// A candidate's watch: a stream that tells every version in order, until it ends.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Watch {
    /// Which stream it is; what comes from an older one is lost.
    pub(crate) stream: u64,
    /// It tells what happens. If not, it is cut off, or silent with nobody noticing.
    pub(crate) flows: bool,
    /// When its last event arrives: later ones do not overtake it.
    pub(crate) last: Moment,
}

impl Member {
    /// One that is not started. `clock_ppm` is the error of its clock's rate.
    pub(crate) fn new(
        config: Config,
        locks: Locks,
        policy: Policy,
        clock_ppm: i64,
        offset: Duration,
    ) -> Self {
        let reaction = config.timing.reaction;
        let on_failure = config.on_failure;
        let incarnation = config.incarnation.clone();
        Member {
            electors: electors(config, locks, None),
            locks,
            policy,
            policies: None,
            on_failure,
            clock_ppm,
            clock_offset: offset,
            view: View::default(),
            wake: Moment::NEVER,
            generation: 0,
            alive: false,
            frozen_until: Moment::ZERO,
            cut_off: false,
            reaction,
            believer: Believer::default(),
            last_token: None,
            let_go: Token::default(),
            thinking: Duration::ZERO,
            ways: Default::default(),
            incarnation,
            ended: Vec::new(),
        }
    }

    /// What concerns one of its locks.
    pub(crate) fn way(&mut self, slot: Which) -> &mut Way {
        match slot {
            Which::Inner => &mut self.ways[0],
            Which::Outer => &mut self.ways[1],
        }
    }

    /// Its process ends, and another takes its place, alive or not: on those locks, with the last write
    /// of a dead process to the outer of two.
    pub(crate) fn end(&mut self, next: Option<(Config, Locks, Option<LastWrite>)>) {
        self.generation += 1;
        self.ended.push(self.incarnation.clone());
        self.view = View::default();
        self.alive = false;
        if let Some((config, locks, predecessor)) = next {
            self.incarnation = config.incarnation.clone();
            self.locks = locks;
            self.electors = electors(config, locks, predecessor);
            self.frozen_until = Moment::ZERO;
        }
    }

    /// Its policy takes over, or takes over anew.
    pub(crate) fn taken_over(&self) -> Event {
        let on_failure = self.on_failure;
        Event::Swapped { memory: Vec::new(), settings: String::new(), on_failure }
    }

    /// What its clock shows at a true moment.
    pub(crate) fn local(&self, at: Moment) -> Moment {
        let nanos = i128::try_from(at.since_origin().as_nanos()).unwrap_or(i128::MAX);
        let local = nanos + nanos * i128::from(self.clock_ppm) / 1_000_000;
        Moment::at(Duration::from_nanos(u64::try_from(local).unwrap_or(0)) + self.clock_offset)
    }

    /// When its clock shows this, rounded up.
    pub(crate) fn true_time(&self, local: Moment) -> Moment {
        let nanos = local.since_origin().saturating_sub(self.clock_offset).as_nanos();
        let nanos = i128::try_from(nanos).unwrap_or(i128::MAX);
        let at = nanos * 1_000_000 / (1_000_000 + i128::from(self.clock_ppm)) + 2;
        Moment::at(Duration::from_nanos(u64::try_from(at).unwrap_or(u64::MAX)))
    }
}

/// The electors for those locks; `predecessor` is of the outer one of two.
pub(crate) fn electors(config: Config, locks: Locks, predecessor: Option<LastWrite>) -> Electors {
    match locks {
        Locks::Inner | Locks::Outer => Electors::one(config),
        Locks::Both => Electors::two(config, predecessor),
    }
}
