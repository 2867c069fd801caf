//! The Kubernetes shell: the lock, its watch, Events, the access check, and the ConfigMap that a
//! policy may come from.
//!
//! Only this module knows kube. What it tells the election is in the core's words: locks, records
//! and troubles.

mod access;
mod backoff;
mod codec;
mod config_map;
mod connection;
mod credentials;
mod events;
mod exchange;
mod follow;
mod keeper;
mod lock;
mod pick;
mod target;
mod transport;
mod trouble;
mod warm;
mod watch;

pub use access::{Need, config_map_needs, election_needs, keep_checking_access};
pub use codec::{PAUSED, SUCCESSOR, WRITE};
pub use config_map::watch_config_map;
pub use connection::Connection;
pub use credentials::Credentials;
pub use events::Events;
pub use lock::LeaseLock;
pub use warm::keep_warm;
pub use watch::watch;
