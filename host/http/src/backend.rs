//! What the server shows besides the election, and where it counts.

use hotseat_core::time::Moment;
use std::fmt;

/// What the rest of the program lets the server show, and how it counts what is asked. Nothing here
/// waits.
pub trait Backend: Send + Sync {
    /// The metrics at that moment as OpenMetrics text.
    ///
    /// # Errors
    ///
    /// A value cannot be written as text.
    fn metrics(&self, now: Moment) -> Result<String, fmt::Error>;

    /// The last records of the journal as JSON lines, at most that many, the oldest first.
    fn journal(&self, most: usize) -> String;

    /// A request to the page of that path was answered with this status; an empty path is a page
    /// that there is not, or a request that hyper answered itself.
    fn answered(&self, path: &'static str, status: u16);

    /// So many connections are open.
    fn connections(&self, open: usize);
}
