//! The end of the process that holds the lock, as the kubelet reports it of its pod (I15).
//!
//! [`DeathWatch`] puts itself in front of a lock, whichever it is. It sees in each record who holds the
//! lock, follows that process's pod, and tells the election when a status of the pod proves that the
//! process has ended (`proof`). The status is always one that was asked for, or came, after the record.
//! What it does not get to see costs nothing but the rest of the lease.

mod proof;

use super::backoff::Backoff;
use super::connection::Connection;
use super::exchange::{Channel, Lane};
use super::follow::Follower;
use super::target::{Followed, Pace, Target, Which};
use hotseat_core::event::{Event, LockError, Write};
use hotseat_core::lock::{Incarnation, Lock, Record, Version};
use hotseat_core::time::Moment;
use hotseat_election::{Facts, Future, Right};
use kube::core::Request;
use proof::Pod;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

pub use proof::last_words;

/// The answers have no deadline of the election's. Silence is ended by bookmarks each minute.
const PACE: Pace = Pace {
    answer: Duration::from_secs(10),
    silence: Duration::from_secs(90),
    shortest: Duration::from_millis(200),
    longest: Duration::from_secs(30),
};
/// What the lock's watch may have to say at a time.
const WAITING_EVENTS: usize = 16;
/// Who is followed for less than this was of no use to follow: the pause before the next one grows. A
/// lock changes hands more often than that where something is wrong with it, or somebody means harm.
const SHORT_HOLD: Duration = Duration::from_secs(10);

/// The right to follow pods, which a [`DeathWatch`] needs.
pub fn pod_watch_rights(namespace: &str) -> Vec<Right> {
    let right = |verb| Right {
        group: "",
        resource: "pods",
        verb,
        namespace: namespace.to_owned(),
        // Which pod will hold the lock is not known.
        name: None,
    };
    vec![right("list"), right("watch")]
}

/// A lock, beside which the pod of whoever holds it is followed.
pub struct DeathWatch<L> {
    lock: L,
    pods: Pods,
}

/// Where pods are followed, and by whom.
#[derive(Clone)]
struct Pods {
    channel: Channel,
    collection: Request,
    pace: Pace,
    me: Incarnation,
}

/// Who holds the lock, by which version of it; none where nobody's end could be proved.
type Holder = Option<(Incarnation, Version)>;

impl<L> DeathWatch<L> {
    /// Follows pods in that namespace, for the process `me`. The lock must be that of the election
    /// whose facts these are.
    pub fn new(
        lock: L,
        connection: Connection,
        facts: Facts,
        namespace: &str,
        me: Incarnation,
    ) -> DeathWatch<L> {
        let channel = Channel::new(connection, Lane::Other, facts);
        let collection = Request::new(format!("/api/v1/namespaces/{namespace}/pods"));
        DeathWatch { lock, pods: Pods { channel, collection, pace: PACE, me } }
    }
}

impl<L: hotseat_election::Lock> hotseat_election::Lock for DeathWatch<L> {
    fn read(&self, deadline: Moment) -> Future<Result<Lock, LockError>> {
        self.lock.read(deadline)
    }

    fn write(&self, write: Write) -> Future<Result<Record, LockError>> {
        self.lock.write(write)
    }

    fn follow(&self, events: Sender<Event>, restart: Arc<Notify>) -> Future<()> {
        let (to_relay, from_lock) = channel(WAITING_EVENTS);
        let following = self.lock.follow(to_relay, restart);
        let (holder, seen) = watch::channel(None);
        let pods = self.pods.clone();
        Box::pin(async move {
            // On a task of its own: what goes wrong there is not the lock's.
            let mut beside = JoinSet::new();
            beside.spawn(pods.watch(seen, events.clone()));
            tokio::select! {
                () = following => {}
                () = relay(from_lock, events, holder) => {}
            }
        })
    }
}

/// Hands on what the lock's watch tells, and keeps who holds the lock by that. The election hears
/// first: a death is never reported for a record that it has not seen.
async fn relay(mut from: Receiver<Event>, to: Sender<Event>, holder: watch::Sender<Holder>) {
    while let Some(event) = from.recv().await {
        let held = match &event {
            Event::Observed { lock, .. } => Some(holder_of(lock)),
            _ => None,
        };
        if to.send(event).await.is_err() {
            return;
        }
        if let Some(held) = held {
            holder.send_if_modified(|known| {
                let news = *known != held;
                *known = held;
                news
            });
        }
    }
}

fn holder_of(lock: &Lock) -> Holder {
    let record = lock.record().filter(|record| record.holder.is_some())?;
    let writer = &record.mark.as_ref()?.incarnation;
    writer.home.is_some().then(|| (writer.clone(), record.version.clone()))
}

impl Pods {
    /// Follows the pod of whoever holds the lock, until the election has ended.
    async fn watch(self, mut holder: watch::Receiver<Holder>, events: Sender<Event>) {
        let mut backoff = Backoff::new(self.pace.shortest, self.pace.longest);
        loop {
            let held = holder.borrow_and_update().clone();
            match held {
                Some((writer, _)) if writer != self.me => {
                    let began = Instant::now();
                    if self.attend(&writer, &mut holder, &events).await.is_none() {
                        return;
                    }
                    if began.elapsed() < SHORT_HOLD {
                        // Whoever holds it by then is the next.
                        sleep(backoff.pause(None)).await;
                    } else {
                        backoff.reset();
                    }
                }
                // An own record, or nobody's.
                _ => {
                    if holder.changed().await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Follows the pod of that process for as long as it holds the lock, and until its death was reported
    /// of each record of its. None when the election has ended.
    async fn attend(
        &self,
        writer: &Incarnation,
        holder: &mut watch::Receiver<Holder>,
        events: &Sender<Event>,
    ) -> Option<()> {
        let (into, mut statuses) = channel::<Pod>(1);
        let mut following = std::pin::pin!(self.follow(writer, into));
        loop {
            tokio::select! {
                () = &mut following => return Some(()),
                Some(pod) = statuses.recv() => {
                    if pod.proves_the_end_of(writer) {
                        break;
                    }
                }
                changed = holder.changed() => {
                    changed.ok()?;
                    if !is_of(&holder.borrow_and_update(), writer) {
                        return Some(());
                    }
                }
            }
        }
        tracing::debug!(process = %writer, "the process that holds the lock is reported to have ended");
        events.send(Event::Died(writer.clone())).await.ok()?;
        // It is dead and stays dead. What it has sent may still arrive: then the pod is read anew, so
        // that what is reported for that record is younger than the record.
        holder.changed().await.ok()
    }

    /// Follows that process's pod; each of its statuses goes into the channel.
    async fn follow(&self, writer: &Incarnation, into: Sender<Pod>) {
        let Some(home) = &writer.home else { return };
        let mut follower = Follower::new(Target {
            what: "the leader's pod",
            channel: self.channel.clone(),
            collection: self.collection.clone(),
            which: Which::Named(home.pod.clone()),
            verbs: ("list-pod", "watch-pod"),
            pace: self.pace,
        });
        let say = |sight| match sight {
            Followed::Read { object, .. } => object,
            Followed::Changed(pod) => Some(pod),
            // That a pod is gone says nothing of its processes, whatever it said last.
            Followed::Listed(_) | Followed::Deleted { .. } | Followed::Failed(_) => None,
        };
        follower.follow_on(&into, say).await;
    }
}

fn is_of(held: &Holder, writer: &Incarnation) -> bool {
    held.as_ref().is_some_and(|(other, _)| other == writer)
}

#[cfg(test)]
mod tests;
