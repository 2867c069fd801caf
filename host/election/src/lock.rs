//! The port to the lock.

use hotseat_core::event::{Event, LockError, Write};
use hotseat_core::lock;
use hotseat_core::time::Moment;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;

/// What a port gives back: work that may run on its own task.
pub type Future<T> = Pin<Box<dyn std::future::Future<Output = T> + Send>>;

/// The object that candidates compete for.
///
/// An implementation keeps I4: what it writes names the version that it replaces, or creates.
pub trait Lock: Send + Sync {
    /// Reads the lock, consistently, until the deadline.
    ///
    /// The error is what went wrong; never a conflict.
    fn read(&self, deadline: Moment) -> Future<Result<lock::Lock, LockError>>;

    /// Carries out a write until its deadline.
    ///
    /// The error is what went wrong. After a timeout or a lost connection the write may have
    /// landed, or may still.
    fn write(&self, write: Write) -> Future<Result<lock::Record, LockError>>;

    /// Tells the election of every version of the lock, as
    /// [`Via`](hotseat_core::event::Via) promises, until nobody listens. `restart` begins anew what
    /// has fallen silent.
    fn follow(&self, events: Sender<Event>, restart: Arc<Notify>) -> Future<()>;
}

impl<L: Lock + ?Sized> Lock for Arc<L> {
    fn read(&self, deadline: Moment) -> Future<Result<lock::Lock, LockError>> {
        (**self).read(deadline)
    }

    fn write(&self, write: Write) -> Future<Result<lock::Record, LockError>> {
        (**self).write(write)
    }

    fn follow(&self, events: Sender<Event>, restart: Arc<Notify>) -> Future<()> {
        (**self).follow(events, restart)
    }
}
