//! What can be wrong with a line of a journal.

use crate::{LONGEST_LINE, VERSION};

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The source failed; there is nothing after this.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// It is longer than any record.
    #[error("is longer than {LONGEST_LINE} bytes: it is not a record of a journal")]
    TooLong,
    /// It is not a record, or no longer.
    #[error("is damaged or no record of a journal: {0}")]
    Damaged(String),
    /// It is the last line and has no end: the writer was stopped within it.
    #[error("is cut off: the journal's writer was stopped within it")]
    CutOff,
    /// Another version of Hotseat wrote it.
    #[error(
        "is a record of version {0}, and this program reads versions 1 to {VERSION}: use the hotseat that wrote it, or a later one"
    )]
    Version(u64),
    /// A kind of record of a later Hotseat.
    #[error("is a record of the kind `{}`, which this program does not know", plain(.0))]
    Kind(String),
    /// It refers to settings in a line that is missing.
    #[error("has its settings in an earlier line that is not here: give the whole journal")]
    NoSettings,
}

/// A word of a stranger's, for one line.
fn plain(word: &str) -> String {
    let cut = word.chars().take(64);
    cut.map(|c| if c.is_control() { ' ' } else { c }).collect()
}
