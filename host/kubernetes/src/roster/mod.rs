//! The roster in the cluster: a Lease for each candidate, with what it says of itself in an annotation.
//!
//! [`RosterKeeper`] writes this candidate's and follows the others', beside the election and only while
//! something asks for it. Anybody who may create Leases in the namespace can put an entry there, so what
//! is read is advice (I17): bounded in number and size, and left out where it cannot be read.

mod codec;
mod following;
mod lease;
mod listing;
mod name;
mod neighbours;
mod publish;
mod table;

pub use codec::Parsed as ParsedEntry;
pub(crate) use codec::read_any as read_entry;
#[cfg(feature = "fuzzing")]
pub(crate) use codec::write as write_entry;
pub use listing::{Row, Rows, list_roster};
pub use name::ROSTER;
pub(crate) use name::label_value;
pub use table::{
    MOST_BYTES as ROSTER_MOST_BYTES, MOST_ENTRIES as ROSTER_MOST, STALE as ROSTER_STALE,
    Seen as RosterSeen, Table as RosterTable,
};

use crate::connection::Connection;
use crate::exchange::{Channel, Lane};
use crate::kind::LockKind;
use crate::target::Pace;
use hotseat_election::{ElectionName, Facts, Future, Observer, Occurrence, Right, Status};
use kube::Resource as _;
use kube::core::{DynamicObject, Request};
use lease::OwnLease;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What a candidate says of itself, on its Lease of the roster.
pub const CANDIDATE: &str = "hotseat.dev/candidate";

/// The answers have no deadline of the election's. Silence is ended by bookmarks each minute.
const PACE: Pace = Pace {
    answer: Duration::from_secs(10),
    silence: Duration::from_secs(90),
    shortest: Duration::from_millis(500),
    longest: Duration::from_secs(120),
};
/// How long the own entry may take to be taken back.
const PATIENCE_AT_END: Duration = Duration::from_secs(2);

/// Where a candidate is.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its election.
    pub election: ElectionName,
    /// Its name.
    pub identity: String,
    /// The pod that it is in, if that is known.
    pub pod: Option<Pod>,
}

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID, if that is known.
    pub uid: Option<String>,
}

impl Place {
    /// What tells it from other candidates: its pod and its name, as two of them may share a pod or a
    /// host.
    fn site(&self) -> String {
        match &self.pod {
            Some(Pod { namespace, name, .. }) => format!("{namespace}/{name}/{}", self.identity),
            None => self.identity.clone(),
        }
    }

    /// The pod as the owner of the Lease, with which that is deleted. An owner of another namespace
    /// would count as gone.
    fn owner(&self) -> Option<Value> {
        let pod = self.pod.as_ref().filter(|pod| pod.namespace == self.election.namespace())?;
        let uid = pod.uid.as_ref()?;
        Some(json!({"apiVersion": "v1", "kind": "Pod", "name": pod.name, "uid": uid}))
    }
}

/// What the roster is kept for beside a policy that asks for it; nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// It is kept whether a policy asks for it or not.
    pub always: bool,
    /// While it is kept, the seats that are held on this node are counted, and reported as a signal.
    pub seats: bool,
}

/// Words for people that this crate does not know.
#[derive(Clone, Copy, Debug)]
pub struct Hints {
    /// What to do where a right is missing.
    pub rights: &'static str,
}

/// The rights that the roster of an election needs, in its namespace. Which candidates there will be is
/// not known, so no names can be in them.
pub fn roster_rights(namespace: &str) -> Vec<Right> {
    let right = |verb| Right {
        group: LockKind::Leases.group(),
        resource: LockKind::Leases.resource(),
        verb,
        namespace: namespace.to_owned(),
        name: None,
    };
    ["create", "list", "watch", "patch", "delete"].map(right).into()
}

/// Keeps the roster of an election. Cheap to clone.
#[derive(Clone)]
pub struct RosterKeeper(Arc<Inner>);

struct Inner {
    over: watch::Sender<bool>,
    keeping: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        let keeping = self.keeping.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(keeping) = keeping {
            keeping.abort();
        }
    }
}

impl RosterKeeper {
    /// Begins to keep it while a policy asks for it, or for what is wanted. Must be called inside the tokio runtime
    /// that serves the election, whose facts and status these are. `version` is the program's.
    pub fn start(
        connection: Connection,
        facts: Facts,
        status: Status,
        place: Place,
        version: &'static str,
        wanted: Wanted,
        hints: Hints,
    ) -> RosterKeeper {
        let channel = Channel::new(connection, Lane::Other, facts);
        RosterKeeper::begin(Keeper { channel, status, place, version, wanted, hints })
    }

    fn begin(keeper: Keeper) -> RosterKeeper {
        let over = watch::Sender::new(false);
        let keeping = tokio::spawn(keeper.keep(over.subscribe()));
        RosterKeeper(Arc::new(Inner { over, keeping: Mutex::new(Some(keeping)) }))
    }
}

impl Observer for RosterKeeper {
    fn observe(&self, _: Occurrence<'_>) {}

    fn finish(&self, patience: Duration) -> Future<()> {
        self.0.over.send_replace(true);
        let keeping = self.0.keeping.lock().unwrap_or_else(PoisonError::into_inner).take();
        Box::pin(async move {
            if let Some(mut keeping) = keeping
                && tokio::time::timeout(patience, &mut keeping).await.is_err()
            {
                keeping.abort();
            }
        })
    }
}

/// What keeping it takes.
struct Keeper {
    channel: Channel,
    status: Status,
    place: Place,
    version: &'static str,
    wanted: Wanted,
    hints: Hints,
}

impl Keeper {
    async fn keep(self, over: watch::Receiver<bool>) {
        let collection = collection(&self.place.election);
        let mut lease = OwnLease::new(self.channel.clone(), collection, self.place.clone());
        while !self.is_over(&over) {
            self.until(&over, |keeper, over| keeper.is_wanted() || keeper.is_over(over)).await;
            if self.is_over(&over) {
                break;
            }
            self.status.change_roster(|roster| roster.wanted = true);
            let table = table::Table::of_others(&self.place.identity, &lease.name);
            let channel = self.channel.clone();
            let name = lease.name.clone();
            tokio::select! {
                () = self.count_seats(&name) => {}
                () = publish::publish(&mut lease, &self.status, self.version, self.hints) => {}
                () = following::follow(channel, &self.place.election, table, &self.status) => {}
                () = self.until(&over, |keeper, over| {
                    !keeper.is_wanted() || keeper.is_over(over)
                }) => {}
            }
            // Nobody hands over to one that is about to end.
            publish::take_back(&mut lease, &self.status).await;
            self.status.change_roster(|roster| *roster = Default::default());
        }
    }

    /// Counts the seats of this node for as long as it is polled, if that is wanted.
    async fn count_seats(&self, own: &str) {
        match self.wanted.seats {
            true => {
                let (channel, leases) = (self.channel.clone(), collection(&self.place.election));
                neighbours::count(channel, leases, own, &self.status).await;
            }
            false => std::future::pending().await,
        }
    }

    fn is_wanted(&self) -> bool {
        self.wanted.always || self.status.policy_wants_roster()
    }

    /// The election is about to end, or has ended.
    fn is_over(&self, over: &watch::Receiver<bool>) -> bool {
        *over.borrow() || self.status.view().stopping
    }

    async fn until(
        &self,
        over: &watch::Receiver<bool>,
        is: impl Fn(&Keeper, &watch::Receiver<bool>) -> bool,
    ) {
        let (mut policies, mut views) = (self.status.policies(), self.status.views());
        let mut ending = over.clone();
        while !is(self, over) {
            tokio::select! {
                _ = policies.changed() => {}
                _ = views.changed() => {}
                // Nobody keeps this any more where it cannot be sent.
                told = ending.changed() => if told.is_err() { std::future::pending().await },
            }
        }
    }
}

fn collection(election: &ElectionName) -> Request {
    let leases = LockKind::Leases.api_resource();
    Request::new(DynamicObject::url_path(&leases, Some(election.namespace())))
}

#[cfg(test)]
mod tests;
