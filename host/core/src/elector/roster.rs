//! The roster: what the policy sees of the other candidates, and how often it is asked because of them.
//! It is advice (I17): what the policy sees comes of it, how long a hand-over waits for its successor, and
//! whether this candidate says that it follows; no rule of safety reads it.

use super::unseen::Unseen;
use crate::event::Published;
use crate::policy::{Candidate, Cause, Causes, Signal, Value};
use crate::time::{Moment, millis};
use std::time::Duration;

/// An entry that did not change for longer is of a candidate that may be gone: it is written each minute
/// and a quarter at least.
const FRESH: Duration = Duration::from_secs(90);
/// The key under which a leader says on the roster to whom it hands over.
pub const SUCCESSOR: &str = "successor";

/// The other candidates as they last published themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Roster {
    all: Vec<Published>,
    unseen: Unseen,
}

impl Roster {
    /// Takes in all candidates as they are now. One that only says again what it said is younger, and
    /// nothing else: that others are alive is no reason to decide anew.
    pub(super) fn take_in(&mut self, now: Moment, all: Vec<Published>) {
        let same = self.all.len() == all.len()
            && self.all.iter().zip(&all).all(|(old, new)| says_the_same(old, new));
        self.all = all;
        if !same {
            self.unseen.arrived(now);
        }
    }

    /// Whether the policy is to be asked because of the roster now; says so once.
    pub(super) fn take_due(&mut self, now: Moment) -> bool {
        self.unseen.take_due(now)
    }

    /// The policy is asked for these reasons, and sees the roster, whatever they are.
    pub(super) fn shown(&mut self, now: Moment, causes: Causes) {
        self.unseen.shown(now, causes.has(Cause::RosterChanged));
    }

    /// When the elector has to look again.
    pub(super) fn wake(&self) -> Moment {
        self.unseen.wake()
    }

    /// Whether nothing speaks against a hand-over to that candidate: it is fresh here and does not say that
    /// it is not ready, or it is not known here at all.
    pub(super) fn may_follow(&self, name: &str, now: Moment) -> bool {
        let known = self.all.iter().find(|said| said.identity == name);
        known.is_none_or(|said| is_fresh(said, now) && said.ready != Some(false))
    }

    /// To whom that candidate says that it hands over.
    pub(super) fn successor_of(&self, name: &str, now: Moment) -> Option<&str> {
        let said = self.all.iter().find(|said| said.identity == name)?;
        let of = said.extra.iter().find(|(key, _)| key == SUCCESSOR);
        match of.filter(|_| is_fresh(said, now)) {
            Some((_, Value::Text(successor))) => Some(successor),
            _ => None,
        }
    }

    /// What the policy sees at `now`.
    pub(super) fn for_policy(&self, now: Moment) -> Vec<Candidate> {
        let candidate = |said: &Published| Candidate {
            identity: said.identity.clone(),
            age: millis(now.since(said.at)),
            ready: said.ready,
            zone: said.zone.clone(),
            policy: said.policy.clone(),
            signals: said.signals.iter().map(|signal| Signal::at(signal, now)).collect(),
            extra: said.extra.clone(),
        };
        self.all.iter().map(candidate).collect()
    }
}

fn is_fresh(said: &Published, now: Moment) -> bool {
    now.since(said.at) <= FRESH
}

/// All but how old it is.
fn says_the_same(old: &Published, new: &Published) -> bool {
    let Published { identity, at: _, ready, zone, policy, signals, extra } = old;
    (identity, ready, zone, policy, extra)
        == (&new.identity, &new.ready, &new.zone, &new.policy, &new.extra)
        && signals.len() == new.signals.len()
        && signals.iter().zip(&new.signals).all(|(old, new)| old.says_the_same(new))
}
