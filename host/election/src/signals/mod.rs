//! Signals: facts that the application reports and the host probes, on their way to the policy.
//!
//! The store has the last report of each. [`relay`] hands all of them to the election when one
//! comes, changes or goes; the core decides whether that is a reason to ask the policy.

mod key;
mod relay;
mod store;

pub use key::{Key, KeyError};
pub use relay::relay;
pub use store::{Full, Held, MOST_SIGNALS, Report, Store};

/// The longest value that an application may report, in bytes; of several texts all together.
pub const LONGEST_TEXT: usize = 1024;
