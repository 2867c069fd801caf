//! The watch on the lock: what is seen becomes events of the election.

use super::backoff::{Backoff, jittered};
use super::follow::{Follower, Left};
use super::lock::ObjectLock;
use super::target::{Followed, Pace};
use hotseat_core::event::{Event, Via};
use hotseat_core::lock::{Lock, Version};
use hotseat_election::clock;
use kube::core::DynamicObject;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc::Sender};

/// Between attempts to watch, doubling.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The core notices the silence of a watch on a lock that is held; this is for one that is not.
const SILENCE: Duration = Duration::from_secs(90);
/// While the lock cannot be watched it is polled, and watching is tried again after this long,
/// doubling.
const SHORTEST_POLLING: Duration = Duration::from_secs(60);
const LONGEST_POLLING: Duration = Duration::from_secs(600);

/// Watches until the receiver of the events is gone. `restart` begins the watch anew, `poll` is
/// the pace of polling where watching is forbidden, `timeout` bounds each answer.
pub(super) async fn watch(
    lock: ObjectLock,
    events: Sender<Event>,
    restart: Arc<Notify>,
    poll: Duration,
    timeout: Duration,
) {
    let (shortest, longest) = (SHORTEST_PAUSE, LONGEST_PAUSE);
    let pace = Pace { answer: timeout, silence: SILENCE, shortest, longest };
    let mut follower = Follower::new(lock.target(pace));
    let mut polling = Backoff::new(SHORTEST_POLLING, LONGEST_POLLING);
    let say = |sight: Followed<DynamicObject>| match sight {
        Followed::Read { object, asked } => {
            let seen = object.map_or(Lock::Absent(None), |object| lock.take(object));
            Some(Event::Observed { lock: seen, via: Via::Read { asked, requested: false } })
        }
        Followed::Changed(object) => {
            Some(Event::Observed { lock: lock.take(object), via: Via::Watch })
        }
        Followed::Deleted { version, .. } => {
            let gone = Lock::Absent(Some(Version(version)));
            Some(Event::Observed { lock: gone, via: Via::Watch })
        }
        // The election reads by itself what it has to know.
        Followed::Listed(_) | Followed::Failed(_) => None,
    };
    while let Left::Impossible(error) = follower.follow(&events, &restart, say).await {
        tracing::debug!(reason = %error.detail, "the lock is polled");
        poll_for(polling.pause(None), &lock, &events, poll, timeout).await;
    }
}

/// Polls the lock for a while.
async fn poll_for(
    length: Duration,
    lock: &ObjectLock,
    events: &Sender<Event>,
    pace: Duration,
    timeout: Duration,
) {
    let end = clock::now() + length;
    // What fails is asked for less often, since the server may have its reasons.
    let mut backoff = Backoff::new(pace, pace * 4);
    while clock::now() < end && !events.is_closed() {
        let asked = clock::now();
        let pause = match lock.read_now(asked + timeout).await {
            Ok(lock) => {
                backoff.reset();
                let via = Via::Read { asked, requested: true };
                // An error means that the election has ended.
                let _ = events.send(Event::Observed { lock, via }).await;
                jittered(pace)
            }
            Err(error) => {
                tracing::debug!(reason = %error.detail, "the lock could not be polled");
                backoff.pause(error.retry_after)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = events.closed() => {}
        }
    }
}
