//! The watch on the lock: what is seen becomes events of the election.

use super::lock::LeaseLock;
use crate::clock;
use futures_util::TryStreamExt;
use hotseat_core::event::{Event, Trouble, Via};
use hotseat_core::lock::{Lock, Version};
use hotseat_core::policy::Outcome;
use hotseat_core::time::Moment;
use kube::api::{WatchEvent, WatchParams};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc::Sender};

/// How long the server lets a watch run. Below the 240 s after which some load balancers drop an
/// idle connection.
pub(super) const WATCH_SECONDS: u32 = 220;
/// Between attempts to watch, doubling.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// While watching is forbidden the lock is polled, and watching is tried again after this long.
const FORBIDDEN_PAUSE: Duration = Duration::from_secs(60);

/// Watches until the receiver of the events is gone. `restart` begins the watch anew, `poll` is
/// the pace of polling where watching is forbidden, `timeout` bounds each answer.
pub async fn watch(
    lock: LeaseLock,
    events: Sender<Event>,
    restart: Arc<Notify>,
    poll: Duration,
    timeout: Duration,
) {
    let watcher = Watcher { lock, events, restart, poll, timeout };
    let mut pause = SHORTEST_PAUSE;
    while !watcher.events.is_closed() {
        match watcher.list_and_follow(&mut pause).await {
            Ok(()) => pause = SHORTEST_PAUSE,
            Err(trouble) if trouble.outcome == Outcome::Denied => {
                tracing::warn!(reason = %trouble.detail, "the lock cannot be watched, so it is polled");
                watcher.poll_for(FORBIDDEN_PAUSE).await;
            }
            Err(trouble) => {
                tracing::debug!(reason = %trouble.detail, "the watch begins anew");
                let wanted = trouble.retry_after.unwrap_or(pause);
                tokio::time::sleep(wanted.min(LONGEST_PAUSE).max(jittered(pause))).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

struct Watcher {
    lock: LeaseLock,
    events: Sender<Event>,
    restart: Arc<Notify>,
    poll: Duration,
    timeout: Duration,
}

impl Watcher {
    /// Reads the lock, and follows it from there for as long as no change can be missed.
    async fn list_and_follow(&self, pause: &mut Duration) -> Result<(), Trouble> {
        let asked = clock::now();
        let (lock, mut version) = self.lock.list(asked + self.timeout).await?;
        self.tell(lock, Via::Read { asked, requested: false }).await;
        loop {
            let followed = tokio::select! {
                followed = self.follow(&mut version) => followed,
                () = self.restart.notified() => return Ok(()),
                () = self.events.closed() => return Ok(()),
            };
            match followed {
                Ok(Followed::Ended) => *pause = SHORTEST_PAUSE,
                Ok(Followed::Expired) => return Ok(()),
                Err(trouble) if trouble.outcome == Outcome::Denied => return Err(trouble),
                // The version is still at hand: going on from it misses nothing.
                Err(trouble) => {
                    tracing::debug!(reason = %trouble.detail, "the watch was cut off");
                    tokio::time::sleep(jittered(*pause)).await;
                    *pause = (*pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Follows one watch request to its end.
    async fn follow(&self, version: &mut String) -> Result<Followed, Trouble> {
        let params = WatchParams::default().fields(&self.lock.selector()).timeout(WATCH_SECONDS);
        let deadline = clock::now() + self.timeout;
        let from = version.clone();
        let stream = self
            .lock
            .request("watch", deadline, || async { self.lock.api().watch(&params, &from).await });
        let mut stream = pin!(stream.await?);
        loop {
            let event = match stream.try_next().await {
                Ok(Some(event)) => event,
                Ok(None) => return Ok(Followed::Ended),
                Err(error) => return Err(super::trouble::trouble(&error)),
            };
            match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    version
                        .clone_from(&object.metadata.resource_version.clone().unwrap_or_default());
                    let lock = self.lock.take(object);
                    self.tell(lock, Via::Watch).await;
                }
                WatchEvent::Deleted(object) => {
                    let gone = object.metadata.resource_version.unwrap_or_default();
                    version.clone_from(&gone);
                    self.tell(Lock::Absent(Some(Version(gone))), Via::Watch).await;
                }
                WatchEvent::Bookmark(bookmark) => {
                    version.clone_from(&bookmark.metadata.resource_version);
                }
                WatchEvent::Error(status) if status.code == 410 => return Ok(Followed::Expired),
                WatchEvent::Error(status) => {
                    return Err(super::trouble::trouble(&kube::Error::Api(status)));
                }
            }
        }
    }

    /// Polls the lock for a while.
    async fn poll_for(&self, length: Duration) {
        let end = clock::now() + length;
        while clock::now() < end && !self.events.is_closed() {
            let asked = clock::now();
            match self.lock.read(asked + self.timeout).await {
                Ok(lock) => self.tell(lock, Via::Read { asked, requested: true }).await,
                Err(trouble) => {
                    tracing::debug!(reason = %trouble.detail, "the lock could not be polled");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(jittered(self.poll)) => {}
                () = self.events.closed() => {}
            }
        }
    }

    async fn tell(&self, lock: Lock, via: Via) {
        // An error means that the election has ended; the loops above notice.
        let _ = self.events.send(Event::Observed { lock, via }).await;
    }
}

/// How a watch ended without trouble.
enum Followed {
    /// The server closed it in time.
    Ended,
    /// The version is too old to go on from.
    Expired,
}

/// From one to one and a half of the length, so that candidates do not come back in step.
pub(super) fn jittered(length: Duration) -> Duration {
    let now: Moment = clock::now();
    let share = f64::from(now.since_origin().subsec_nanos() % 1000) / 2000.0;
    length.mul_f64(1.0 + share)
}
