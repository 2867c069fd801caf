//! The Kubernetes API for elections: the lock and its watch, Events on it, the check of the
//! account's rights, the ConfigMap that a policy may come from, pods, and the credentials for all of them.
//!
//! Only this crate knows kube. What it tells an election is in the core's words: locks, records and
//! troubles. [`LeaseLock`] is the lock, [`EventRecorder`] and [`RightsCheck`] observe facts.
#![forbid(unsafe_code)]

mod access;
mod backoff;
mod codec;
mod config_map;
mod connection;
mod credentials;
mod deaths;
mod events;
mod exchange;
mod follow;
mod keeper;
mod leader_label;
mod lock;
mod pick;
mod target;
mod transport;
mod trouble;
mod warm;
mod watch;
mod words;

pub use access::{RightsCheck, config_map_rights};
pub use codec::{PAUSED, SUCCESSOR, WRITE};
pub use config_map::{Seen, watch_config_map};
pub use connection::Connection;
pub use credentials::Credentials;
pub use deaths::{DeathWatch, last_words, pod_watch_rights};
pub use events::EventRecorder;
pub use exchange::VERBS;
pub use leader_label::{LEADS, LabelledLock, LeaderLabel, LeaderMarks};
pub use lock::{FollowPace, LeaseLock};
