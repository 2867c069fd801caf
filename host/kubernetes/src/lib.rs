//! The Kubernetes API for elections: the lock and its watch, Events on it, the check of the
//! account's rights, the ConfigMap that a policy may come from, pods, and the credentials for all of them.
//!
//! Only this crate knows kube. What it tells an election is in the core's words: locks, records and
//! errors. [`ObjectLock`] is the lock, [`EventRecorder`] and [`RightsCheck`] observe facts.
#![forbid(unsafe_code)]

mod access;
mod asking;
mod backoff;
mod causes;
mod codec;
mod config_map;
mod connection;
mod credentials;
mod deaths;
mod events;
mod exchange;
mod follow;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod inspect;
mod keeper;
mod kind;
mod leader_label;
mod leases;
mod lists;
mod lock;
mod lock_error;
mod only;
mod owner;
mod pick;
mod regarding;
mod rights;
mod roster;
mod surroundings;
mod target;
mod terms;
mod transport;
mod warm;
mod watch;
mod words;

pub use access::RightsCheck;
pub use asking::{Asking, PodIs};
pub use codec::{
    LEADER, PAUSE, PauseNote, SKIP, SUCCESSOR, SkipNote, TRANSFER, TransferNote, WRITE,
};
pub use config_map::{Seen, watch_config_map};
pub use connection::Connection;
pub use credentials::{Credentials, context_namespace};
pub use deaths::{DeathWatch, last_words, pod_watch_rights};
pub use events::EventRecorder;
pub use exchange::VERBS;
pub use inspect::{Greeting, Inspector, NotWritten, Sight};
pub use kind::LockKind;
pub use leader_label::{LEADS, LabelledLock, LeaderLabel, LeaderMarks};
pub use leases::{
    CandidateLease, LeaseContent, LeaseNews, SeenLease, follow_leases, leases_rights,
};
pub use lock::{FollowPace, LockExtras, ObjectLock};
pub use owner::{Owner, OwnerError, OwnerName};
pub use regarding::Regarding;
pub use rights::{Roles, config_map_rights, event_rights, rights_to_see_events};
pub use roster::{
    CANDIDATE, Hints, ParsedEntry, Place, Pod as RosterPod, ROSTER, ROSTER_MOST, ROSTER_MOST_BYTES,
    ROSTER_STALE, RosterKeeper, RosterSeen, RosterTable, Row as RosterRow, Rows as RosterRows,
    Wanted as RosterWanted, list_roster, roster_rights,
};
pub use surroundings::{NodeName, Surrounding};
pub use terms::{Term, list_terms};
