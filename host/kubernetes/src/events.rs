//! Events on the Lease, as client-go writes them, so that `kubectl describe lease` and `kubectl get
//! events` tell the story; and on the own pod what keeps it from leading at all.

use super::connection::Connection;
use super::exchange::{Channel, Lane};
use super::regarding::Regarding;
use crate::words::Words;
use hotseat_election::{Facts, Future, Observer, Said};
use hotseat_text::visible;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, EventSource};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Resource as _;
use kube::api::{ObjectMeta, PostParams};
use kube::core::Request;
use serde::de::IgnoredAny;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// An Event that does not get through in this time is let go: it must never hold an election up.
const PATIENCE: Duration = Duration::from_secs(5);

/// An Event waits for so long before it is sent. It tells of a change of the seat, and the server
/// would store it before the very write that ends the change, such as the release of a leader that
/// has just stepped down.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest message that the API server takes of some kinds of Events, in bytes.
const LONGEST_NOTE: usize = 1024;

/// Writes Events on one Lease, of the facts that people look for there.
#[derive(Clone)]
pub struct EventRecorder(Arc<Inner>);

struct Inner {
    channel: Channel,
    lock: Regarding,
    pod: Option<Regarding>,
    identity: String,
    count: AtomicU64,
    /// True once Events do not wait any more.
    hurry: watch::Sender<bool>,
    /// Events on their way.
    under_way: Mutex<JoinSet<()>>,
    /// For facts that are said on other threads than the election's.
    runtime: Handle,
}

impl EventRecorder {
    /// Events on the lock of the election whose facts these are, by the candidate of that identity,
    /// and on its pod if that is known. Must be called within the runtime that serves the election.
    pub fn new(
        connection: Connection,
        facts: Facts,
        identity: &str,
        lock: Regarding,
        pod: Option<Regarding>,
    ) -> EventRecorder {
        EventRecorder(Arc::new(Inner {
            channel: Channel::new(connection, Lane::Other, facts),
            lock,
            pod,
            identity: identity.to_owned(),
            count: AtomicU64::new(0),
            hurry: watch::Sender::new(false),
            under_way: Mutex::default(),
            runtime: Handle::current(),
        }))
    }

    /// Writes an Event in the background.
    fn write(&self, words: &Words, about: &Regarding) {
        let mut event = self.event(words, about);
        let (inner, about) = (Arc::clone(&self.0), about.clone());
        let sending = async move {
            let mut hurry = inner.hurry.subscribe();
            // Either way it is time.
            let _ = tokio::time::timeout(PAUSE, hurry.wait_for(|hurry| *hurry)).await;
            // The lock may have been read only meanwhile.
            event.involved_object = about.reference();
            if let Err(reason) = inner.send(&event, about.namespace()).await {
                tracing::debug!(%reason, "an Event was not written");
            }
        };
        let mut under_way = self.0.under_way();
        while under_way.try_join_next().is_some() {}
        under_way.spawn_on(sending, &self.0.runtime);
    }

    fn event(&self, words: &Words, about: &Regarding) -> Event {
        let inner = &self.0;
        let now = Timestamp::now();
        let serial = inner.count.fetch_add(1, Ordering::Relaxed);
        let time = Time(now);
        Event {
            metadata: ObjectMeta {
                // As client-go names them: the object and the time in hexadecimal.
                name: Some(format!("{}.{:x}.{serial:x}", about.name(), now.as_nanosecond())),
                namespace: Some(about.namespace().to_owned()),
                ..ObjectMeta::default()
            },
            reason: Some(words.reason.to_owned()),
            message: Some(clipped(visible(&words.note).into_owned())),
            type_: Some(if words.warning { "Warning" } else { "Normal" }.to_owned()),
            source: Some(EventSource {
                component: Some("hotseat".to_owned()),
                host: Some(inner.identity.clone()),
            }),
            first_timestamp: Some(time.clone()),
            last_timestamp: Some(time),
            count: Some(1),
            ..Event::default()
        }
    }
}

impl Observer for EventRecorder {
    fn observe(&self, said: Said<'_>) {
        if let Some(words) = Words::of(said.fact, &self.0.identity) {
            self.write(&words, &self.0.lock);
            if let (true, Some(pod)) = (words.on_pod, &self.0.pod) {
                self.write(&words, pod);
            }
        }
    }

    /// Sends what waits, and lets nothing wait from now on: the election is over.
    fn finish(&self, patience: Duration) -> Future<()> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            inner.hurry.send_replace(true);
            let mut under_way = std::mem::take(&mut *inner.under_way());
            // A panic in one of them was logged already.
            let all = async { while under_way.join_next().await.is_some() {} };
            if tokio::time::timeout(patience, all).await.is_err() {
                tracing::debug!("not all Events were written in time");
            }
        })
    }
}

impl Inner {
    fn under_way(&self) -> MutexGuard<'_, JoinSet<()>> {
        // Whole after each call.
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(&self, event: &Event, namespace: &str) -> Result<(), String> {
        let collection = Request::new(Event::url_path(&(), Some(namespace)));
        let bytes = serde_json::to_vec(event).map_err(|error| error.to_string())?;
        let request = collection.create(&PostParams::default(), bytes);
        let request = request.map_err(|error| error.to_string())?;
        let sent = self.channel.ask::<IgnoredAny>("create-event", PATIENCE, request).await;
        sent.map(drop).map_err(|failure| failure.trouble.detail)
    }
}

fn clipped(mut note: String) -> String {
    if note.len() > LONGEST_NOTE {
        let end = note.floor_char_boundary(LONGEST_NOTE - '…'.len_utf8());
        note.truncate(end);
        note.push('…');
    }
    note
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_note_is_clipped_between_two_letters() {
        assert_eq!(clipped("short".to_owned()), "short");
        let long = clipped("ü".repeat(1000));
        assert!(long.len() <= LONGEST_NOTE && long.ends_with("ü…"), "{}", long.len());
    }
}
