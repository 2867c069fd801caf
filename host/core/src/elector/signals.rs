//! Signals: what the policy sees of them, and how often it is asked because of them.

use crate::event::Reported;
use crate::policy::{self, Cause, Causes, Source, Value};
use crate::time::{Moment, millis};
use std::time::Duration;

/// Between two questions that signals cause. Whoever reports signals can keep the policy this busy
/// and no more; a change that comes sooner waits, and is told with all that came meanwhile.
const PACE: Duration = Duration::from_millis(100);

/// The signals as they were last reported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Signals {
    all: Vec<Reported>,
    /// Something changed that the policy has not seen; it is to be asked at this moment.
    due: Option<Moment>,
    /// The pod or its node began to go away since the policy was asked last.
    drains: bool,
    /// When the next question because of signals may be asked.
    paced_until: Moment,
}

impl Signals {
    /// Takes in all signals as they are now. A report that only repeats what was said makes a
    /// signal younger, and nothing else: an application's heartbeat is no reason to decide anew.
    pub(super) fn take_in(&mut self, now: Moment, all: Vec<Reported>) {
        let same = self.all.len() == all.len()
            && self.all.iter().zip(&all).all(|(old, new)| {
                (&old.key, old.source, &old.value) == (&new.key, new.source, &new.value)
            });
        let goes = |all: &[Reported]| all.iter().any(is_about_to_go);
        self.drains |= goes(&all) && !goes(&self.all);
        self.all = all;
        if !same && self.due.is_none() {
            self.due = Some(now.max(self.paced_until));
        }
    }

    /// Why the policy is to be asked because of signals now; says so once.
    pub(super) fn take_due(&mut self, now: Moment) -> Causes {
        let mut causes = Causes::default();
        if self.due.take_if(|due| now >= *due).is_some() {
            causes.add(Cause::SignalChanged);
            if std::mem::take(&mut self.drains) {
                causes.add(Cause::Drain);
            }
        }
        causes
    }

    /// The policy is asked for these reasons, and sees the signals, whatever they are.
    pub(super) fn shown(&mut self, now: Moment, causes: Causes) {
        self.due = None;
        if causes.has(Cause::SignalChanged) {
            self.paced_until = now + PACE;
        }
    }

    /// When the elector has to look again.
    pub(super) fn wake(&self) -> Moment {
        self.due.unwrap_or(Moment::NEVER)
    }

    /// What the policy sees at `now`.
    pub(super) fn for_policy(&self, now: Moment) -> Vec<policy::Signal> {
        let signal = |said: &Reported| policy::Signal {
            key: said.key.clone(),
            source: said.source,
            value: said.value.clone(),
            age: millis(now.since(said.at)),
            unchanged_for: millis(now.since(said.since)),
        };
        self.all.iter().map(signal).collect()
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
