//! Threads as they are on systems other than Linux, where policies are checked and replayed: their
//! priority is the process's, and none is lowered by another. There is no election to take time from.

/// A thread.
pub(crate) struct ThreadId;

impl ThreadId {
    /// The thread that asks.
    pub(crate) fn current() -> ThreadId {
        ThreadId
    }

    /// Leaves it as it is.
    pub(crate) fn lower_priority(&self) {}
}
