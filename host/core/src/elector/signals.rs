//! Signals: what the policy sees of them, and how often it is asked because of them. They are advice (I17):
//! nothing else comes of them.

use super::unseen::Unseen;
use crate::event::Reported;
use crate::policy::{self, Cause, Causes, Source, Value};
use crate::time::{Moment, millis};

/// The signals as they were last reported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Signals {
    all: Vec<Reported>,
    unseen: Unseen,
    /// The pod or its node began to go away since the policy was asked last.
    drains: bool,
}

impl Signals {
    /// Takes in all signals as they are now. A report that only repeats what was said makes a
    /// signal younger, and nothing else: an application's heartbeat is no reason to decide anew.
    pub(super) fn take_in(&mut self, now: Moment, all: Vec<Reported>) {
        let same = self.all.len() == all.len()
            && self.all.iter().zip(&all).all(|(old, new)| old.says_the_same(new));
        let goes = |all: &[Reported]| all.iter().any(is_about_to_go);
        self.drains |= goes(&all) && !goes(&self.all);
        self.all = all;
        if !same {
            self.unseen.arrived(now);
        }
    }

    /// Whether the policy is to be asked because of signals now; says so once.
    pub(super) fn take_due(&mut self, now: Moment) -> bool {
        self.unseen.take_due(now)
    }

    /// The policy is asked for these reasons, and sees the signals, whatever they are. What is a cause
    /// besides, since it sees it now, is added.
    pub(super) fn shown(&mut self, now: Moment, causes: &mut Causes) {
        self.unseen.shown(now, causes.has(Cause::SignalChanged));
        if std::mem::take(&mut self.drains) {
            causes.add(Cause::Drain);
        }
    }

    /// When the elector has to look again.
    pub(super) fn wake(&self) -> Moment {
        self.unseen.wake()
    }

    /// What the policy sees at `now`.
    pub(super) fn for_policy(&self, now: Moment) -> Vec<policy::Signal> {
        self.all.iter().map(|said| policy::Signal::at(said, now)).collect()
    }
}

impl Reported {
    /// Whether the other is the same signal with the same value, however old.
    pub(super) fn says_the_same(&self, other: &Reported) -> bool {
        (&self.key, self.source, &self.value) == (&other.key, other.source, &other.value)
    }
}

impl policy::Signal {
    /// What was reported, with its ages at `now`.
    pub(super) fn at(said: &Reported, now: Moment) -> policy::Signal {
        policy::Signal {
            key: said.key.clone(),
            source: said.source,
            value: said.value.clone(),
            age: millis(now.since(said.at)),
            unchanged_for: millis(now.since(said.since)),
        }
    }
}

/// Whether it says that this candidate's pod, or its node, is about to go away; nobody else's word for
/// it counts.
fn is_about_to_go(said: &Reported) -> bool {
    let key = match said.source {
        Source::Pod => "pod.terminating",
        Source::Node => "node.draining",
        _ => return false,
    };
    said.key == key && said.value == Value::Flag(true)
}
