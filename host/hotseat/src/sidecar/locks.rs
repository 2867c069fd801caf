//! The lock or locks of an election: which objects, and what they get beside the seat.

use crate::sidecar::note::{Note, Noted};
use hotseat_core::config::Timing;
use hotseat_core::lock::LastWrite;
use hotseat_election::{Facts, Lock, OuterLock};
use hotseat_kubernetes::{
    Connection, FollowPace, LockExtras, LockKind, ObjectLock, Owner, OwnerName, Regarding,
};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// Which objects are the lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LockChoice {
    /// A Lease.
    #[default]
    Leases,
    /// An annotation on Endpoints, as with the 0.4 image.
    Endpoints,
    /// An annotation on a ConfigMap.
    ConfigMaps,
    /// The annotation on Endpoints and the Lease, both: on the way from one to the other.
    EndpointsLeases,
    /// The annotation on a ConfigMap and the Lease, both.
    ConfigMapsLeases,
}

impl LockChoice {
    /// All of them.
    pub const ALL: [LockChoice; 5] = [
        LockChoice::Leases,
        LockChoice::Endpoints,
        LockChoice::ConfigMaps,
        LockChoice::EndpointsLeases,
        LockChoice::ConfigMapsLeases,
    ];

    /// What each of them is, for people.
    pub const MEANINGS: &str = "leases, a Lease; endpoints or configmaps, an annotation on such an object, as the 0.4 image and old client-go have it; endpointsleases or configmapsleases, both, on the way from one to the other";

    /// The lock that decisions are about; of two the one that is taken last.
    fn inner(self) -> LockKind {
        match self {
            LockChoice::Leases | LockChoice::EndpointsLeases | LockChoice::ConfigMapsLeases => {
                LockKind::Leases
            }
            LockChoice::Endpoints => LockKind::Endpoints,
            LockChoice::ConfigMaps => LockKind::ConfigMaps,
        }
    }

    /// The lock that is taken first, where there are two (I16).
    fn outer(self) -> Option<LockKind> {
        match self {
            LockChoice::EndpointsLeases => Some(LockKind::Endpoints),
            LockChoice::ConfigMapsLeases => Some(LockKind::ConfigMaps),
            LockChoice::Leases | LockChoice::Endpoints | LockChoice::ConfigMaps => None,
        }
    }

    /// The objects of the API that take part, in the order in which they are taken: decisions are
    /// about the last one.
    pub fn kinds(self) -> Vec<LockKind> {
        self.outer().into_iter().chain([self.inner()]).collect()
    }

    /// Whether candidates may take part that know nothing but the annotation.
    pub fn is_annotated(self) -> bool {
        self.kinds().into_iter().any(LockKind::is_annotated)
    }

    /// The words for all of them, for people: `leases, endpoints, configmaps or ..`.
    pub fn words() -> String {
        let words = LockChoice::ALL.map(LockChoice::as_str);
        let [most @ .., last] = &words;
        format!("{} or {last}", most.join(", "))
    }

    /// The word for it, as client-go had it.
    pub fn as_str(self) -> &'static str {
        match self {
            LockChoice::Leases => "leases",
            LockChoice::Endpoints => "endpoints",
            LockChoice::ConfigMaps => "configmaps",
            LockChoice::EndpointsLeases => "endpointsleases",
            LockChoice::ConfigMapsLeases => "configmapsleases",
        }
    }
}

impl fmt::Display for LockChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The operator's wants of the lock.
#[derive(Clone, Debug, Default)]
pub struct LockOptions {
    /// Which objects.
    pub choice: LockChoice,
    /// Labels on them.
    pub labels: BTreeMap<String, String>,
    /// With what they are deleted; none: with nothing.
    pub owner: Option<OwnerName>,
}

/// The locks of an election, made.
pub struct Locks {
    /// The lock that decisions are about.
    pub lock: Arc<dyn Lock>,
    /// The one that is taken first, where there are two.
    pub outer: Option<OuterLock>,
    /// The last write to the lock by the process before this one.
    pub predecessor: Option<LastWrite>,
    /// The object of [`Locks::lock`] as Events name it.
    pub regarding: Regarding,
    /// Looks the owner up, where one is wanted; to be aborted at the end.
    pub looking: Option<JoinHandle<()>>,
}

impl Locks {
    /// The locks that the options want. Must be called within a tokio runtime.
    pub fn new(
        options: &LockOptions,
        timing: &Timing,
        note: &Note,
        connection: &Connection,
        facts: &Facts,
    ) -> Locks {
        let pace = FollowPace {
            poll: timing.retry_period,
            // Where answers take longer than that, no leader can hold its term either.
            answer: timing.renew_deadline / 2,
            warm: timing.request_timeout(),
        };
        let (owner, looking) = match &options.owner {
            None => (None, None),
            Some(name) => {
                let (owner, looking) =
                    Owner::look_up(name.clone(), connection.clone(), facts.clone());
                (Some(owner), Some(looking))
            }
        };
        let extras = LockExtras { labels: options.labels.clone(), owner };
        let make = |kind: LockKind| -> (Arc<dyn Lock>, Option<LastWrite>, Regarding) {
            let (connection, facts) = (connection.clone(), facts.clone());
            let lock = ObjectLock::new(kind, connection, facts, pace, extras.clone());
            let regarding = lock.regarding();
            let note = note.of(kind);
            let predecessor = note.predecessor();
            (Arc::new(Noted::new(lock, note)), predecessor, regarding)
        };
        let (lock, predecessor, regarding) = make(options.choice.inner());
        let outer = options.choice.outer().map(|kind| {
            let (lock, predecessor, _) = make(kind);
            OuterLock { lock, predecessor }
        });
        Locks { lock, outer, predecessor, regarding, looking }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_annotation_is_what_all_but_leases_have() {
        for choice in LockChoice::ALL {
            assert_eq!(choice.is_annotated(), choice.as_str() != "leases");
        }
    }

    #[test]
    fn the_annotation_is_taken_first_and_the_lease_last() {
        assert_eq!(LockChoice::EndpointsLeases.outer(), Some(LockKind::Endpoints));
        assert_eq!(LockChoice::ConfigMapsLeases.outer(), Some(LockKind::ConfigMaps));
        assert_eq!(LockChoice::EndpointsLeases.inner(), LockKind::Leases);
        assert_eq!(LockChoice::Endpoints.outer(), None);
    }
}
