//! What happens, said once for all who observe it.

use crate::lock::Future;
use crate::name::ElectionName;
use crate::rights::MissingRights;
use hotseat_core::event::{Account, AskId, Notice};
use hotseat_core::policy::{Decision, Failure};
use hotseat_core::time::Moment;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Something that happened in an election.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// The elector tells it.
    Elector(Notice),
    /// The rollout of the policy tells it.
    Policy(hotseat_rollout::Fact),
    /// A decision was made and judged.
    Decided(Box<Decided>),
    /// A policy was asked: the time of the call, without waiting, and its fuel.
    Asked {
        /// The time.
        time: Duration,
        /// The fuel.
        fuel: u64,
    },
    /// The policy in shadow decided otherwise than the active one, or failed.
    ShadowDiffered(Box<ShadowDiffered>),
    /// The account lacks these rights. Said when it is found, and again only once others are missing.
    RightsMissing(Arc<MissingRights>),
    /// The account has all the rights that are needed. Said once at the start, and again after some
    /// were missing.
    RightsGiven,
    /// A request went to the API server. The verb is one of a closed set, such as `update`.
    Requested(&'static str),
}

/// A decision, and whose it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// The digest of the policy that was asked; none if there was none.
    pub policy: Option<String>,
    /// The decision, from the question to what became of it.
    pub account: Account,
}

/// Two answers to one question.
#[derive(Clone, Debug, PartialEq)]
pub struct ShadowDiffered {
    /// The question.
    pub ask: AskId,
    /// The digest of the policy in shadow.
    pub digest: String,
    /// What the active policy decided.
    pub active: Decision,
    /// What the one in shadow decided, or why it did not.
    pub candidate: Result<Decision, Failure>,
}

/// A fact with its election and its moment.
#[derive(Clone, Copy, Debug)]
pub struct Occurrence<'a> {
    /// In which election.
    pub election: &'a ElectionName,
    /// When.
    pub at: Moment,
    /// What.
    pub fact: &'a Fact,
}

/// Whoever makes something of facts. It is called where they happen, mostly in the election's loop,
/// so it never waits.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn observe(&self, occurrence: Occurrence<'_>);

    /// The election has ended: finish what is under way within that time.
    fn finish(&self, _patience: Duration) -> Future<()> {
        Box::pin(std::future::ready(()))
    }
}

/// Where an election says its facts. Cheap to clone.
#[derive(Clone)]
pub struct Facts(Arc<Inner>);

struct Inner {
    election: ElectionName,
    now: fn() -> Moment,
    observers: OnceLock<Vec<Arc<dyn Observer>>>,
}

impl Facts {
    /// The facts of that election, by that clock; nobody observes them yet.
    pub fn new(election: ElectionName, now: fn() -> Moment) -> Facts {
        Facts(Arc::new(Inner { election, now, observers: OnceLock::new() }))
    }

    /// Lets these observe all facts from now on, in this order. Once: others come too late.
    ///
    /// An observer may hold the facts itself, as one that sends requests does, so they cannot be
    /// there from the start.
    pub fn observe_by(&self, observers: Vec<Arc<dyn Observer>>) {
        let _ = self.0.observers.set(observers);
    }

    /// Which election they are of.
    pub fn election(&self) -> &ElectionName {
        &self.0.election
    }

    /// Something happened.
    pub fn say(&self, fact: &Fact) {
        let at = (self.0.now)();
        for observer in self.0.observers.get().into_iter().flatten() {
            observer.observe(Occurrence { election: &self.0.election, at, fact });
        }
    }

    /// The election has ended: every observer finishes, each within that time.
    pub async fn finish(&self, patience: Duration) {
        for observer in self.0.observers.get().into_iter().flatten() {
            observer.finish(patience).await;
        }
    }
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Facts").field(&self.0.election).finish()
    }
}
