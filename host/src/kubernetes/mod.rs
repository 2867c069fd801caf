//! The Kubernetes shell: the lock, its watch, Events and the access check.
//!
//! Only this module knows kube. What it tells the election is in the core's words: locks, records
//! and troubles.

mod access;
mod codec;
mod connection;
mod events;
mod lock;
mod trouble;
mod watch;

pub use access::check_access;
pub use codec::{PAUSED, SUCCESSOR, WRITE};
pub use connection::{Connection, Credentials};
pub use events::Events;
pub use lock::LeaseLock;
pub use watch::watch;
