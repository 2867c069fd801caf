//! What is made of facts: log lines, metrics, and the journal. Events on the lock are made in
//! `hotseat-kubernetes`, and `/v1/policy` in `hotseat-election`.

mod journal;
mod log;
mod metrics;

pub use journal::{JournalFile, JournalKeeper};
pub use log::Log;
pub use metrics::Metrics;
