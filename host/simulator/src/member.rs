//! One candidate of a world, with its own clock.

use crate::check::Believer;
use crate::world::Policies;
use hotseat_core::config::Config;
use hotseat_core::elector::Elector;
use hotseat_core::event::Event;
use hotseat_core::lock::{LastWrite, Token};
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::{Decision, Failure, Input};
use hotseat_core::time::Moment;
use hotseat_core::view::View;
use std::time::Duration;

/// What answers a candidate's questions.
pub type Policy = Box<dyn FnMut(&Input) -> Result<Decision, Failure>>;

/// One candidate with its clock and its ways to the API server.
pub struct Member {
    pub(crate) elector: Elector,
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
    pub(crate) fn new(config: Config, policy: Policy, clock_ppm: i64, offset: Duration) -> Self {
        let reaction = config.timing.reaction;
        let on_failure = config.on_failure;
        Member {
            elector: Elector::new(config),
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
            reading: None,
            note: None,
            watch: Watch::default(),
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
