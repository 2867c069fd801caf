//! The priority of a thread, which another one lowers.

use rustix::process::{Pid, setpriority_process};
use rustix::thread::gettid;

/// The lowest priority that there is. Whoever is left behind takes no time from the election.
const LOWEST: i32 = 19;

/// A thread, by the id that the kernel has for it.
pub(crate) struct ThreadId(Pid);

impl ThreadId {
    /// The thread that asks.
    pub(crate) fn current() -> ThreadId {
        ThreadId(gettid())
    }

    /// Lets it run after all others.
    pub(crate) fn lower_priority(&self) {
        // It is only slower without.
        let _ = setpriority_process(Some(self.0), LOWEST);
    }
}
