//! The Kubernetes shell: the lock, its watch, Events, the access check, and the ConfigMap that a
//! policy may come from.
//!
//! Only this module knows kube. What it tells the election is in the core's words: locks, records
//! and troubles.

mod access;
mod codec;
mod config_map;
mod connection;
mod credentials;
mod events;
mod keeper;
mod lock;
mod transport;
mod trouble;
mod watch;

pub use access::{Need, check_access, config_map_needs, election_needs};
pub use codec::{PAUSED, SUCCESSOR, WRITE};
pub use config_map::{Seen, watch_config_map};
pub use connection::Connection;
pub use credentials::Credentials;
pub use events::Events;
pub use lock::LeaseLock;
pub use watch::watch;
