//! The journal: each decision with the whole of what it was made on, each swap of the policy, and
//! where a policy in shadow would have decided otherwise.
//!
//! A [`Record`] is one line of JSON with a version. A [`Journal`] keeps the last ones in memory and,
//! if there is one, appends all of them to a file on a thread of its own; whoever records never
//! waits. A [`Reader`] reads them back, so that decisions can be replayed: what was recorded and
//! what is read are equal.
#![forbid(unsafe_code)]

mod file;
mod journal;
mod problem;
mod reader;
mod record;
mod ring;
mod wire;
mod writer;

pub use file::OpenError;
pub use journal::Journal;
pub use problem::Problem;
pub use reader::{LineError, Reader};
pub use record::{Body, Decided, Record, Shadow, Swap};
pub use ring::Bounds;
pub use wire::{Encoder, decision_form, input_form, read_input};

/// The version of the records that this crate writes. It reads all from 1 on: those of version 1
/// name no election, and those before 3 have one cause, and signals without a source.
pub const VERSION: u64 = 3;
/// The longest line that is written and read, in bytes: 1 MiB. With the largest settings and
/// memories that a policy may have, a decision fits.
pub const LONGEST_LINE: usize = 1 << 20;
