//! The ways to an election's locks: one, or two (I16).

use crate::lock::{Future, Lock};
use hotseat_core::electors::Which;
use hotseat_core::event::{Event, Notice};
use hotseat_core::lock::LastWrite;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;

/// The outer of two locks: while it is not held as well, nobody leads.
pub struct OuterLock {
    /// The lock.
    pub lock: Arc<dyn Lock>,
    /// Its last write by the process before this one at this site, as for the other lock.
    pub predecessor: Option<LastWrite>,
}

/// The ways to the locks, and back.
pub(crate) struct Ways {
    pub(crate) inner: Way,
    pub(crate) outer: Option<Way>,
}

/// The way to one lock.
pub(crate) struct Way {
    pub(crate) lock: Arc<dyn Lock>,
    pub(crate) events: Sender<Event>,
    pub(crate) restart_watch: Arc<Notify>,
}

impl Way {
    pub(crate) fn new(lock: Arc<dyn Lock>, events: Sender<Event>) -> Way {
        Way { lock, events, restart_watch: Arc::new(Notify::new()) }
    }

    /// Tells the election of every version of the lock.
    pub(crate) fn follow(&self) -> Future<()> {
        self.lock.follow(self.events.clone(), Arc::clone(&self.restart_watch))
    }
}

impl Ways {
    /// The way to that lock; effects about an outer one come where there are two.
    pub(crate) fn to(&self, which: Which) -> &Way {
        match (which, &self.outer) {
            (Which::Outer, Some(outer)) => outer,
            _ => &self.inner,
        }
    }
}

/// A request that failed names its lock, where there are two.
pub(crate) fn named(which: Which, mut notice: Notice) -> Notice {
    if which == Which::Outer
        && let Notice::WriteFailed { error, .. } | Notice::ReadFailed(error) = &mut notice
    {
        error.detail.insert_str(0, "the outer lock: ");
    }
    notice
}
