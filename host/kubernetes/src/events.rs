//! Events on the lock, as client-go writes them, so that `kubectl get events` tells the story.

use super::connection::Connection;
use super::exchange::{Channel, Lane};
use crate::kind::LockKind;
use crate::words::Words;
use hotseat_election::{Facts, Future, Observer, Said};
use hotseat_text::visible;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
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

/// Writes Events on one lock object, of the facts that people look for there.
#[derive(Clone)]
pub struct EventRecorder(Arc<Inner>);

struct Inner {
    channel: Channel,
    kind: LockKind,
    namespace: String,
    name: String,
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
    /// Events on the object of that kind of the election whose facts these are, by the candidate of
    /// that identity. Must be called within the runtime that serves the election.
    pub fn new(
        kind: LockKind,
        connection: Connection,
        facts: Facts,
        identity: &str,
    ) -> EventRecorder {
        let election = facts.election().clone();
        EventRecorder(Arc::new(Inner {
            channel: Channel::new(connection, Lane::Other, facts),
            kind,
            namespace: election.namespace().to_owned(),
            name: election.name().to_owned(),
            identity: identity.to_owned(),
            count: AtomicU64::new(0),
            hurry: watch::Sender::new(false),
            under_way: Mutex::default(),
            runtime: Handle::current(),
        }))
    }

    /// Writes an Event in the background.
    fn write(&self, words: Words) {
        let event = self.event(words.reason, words.note, words.warning);
        let inner = Arc::clone(&self.0);
        let sending = async move {
            let mut hurry = inner.hurry.subscribe();
            // Either way it is time.
            let _ = tokio::time::timeout(PAUSE, hurry.wait_for(|hurry| *hurry)).await;
            if let Err(reason) = inner.send(&event).await {
                tracing::debug!(%reason, "an Event was not written");
            }
        };
        let mut under_way = self.0.under_way();
        while under_way.try_join_next().is_some() {}
        under_way.spawn_on(sending, &self.0.runtime);
    }

    fn event(&self, reason: &str, note: String, warning: bool) -> Event {
        let inner = &self.0;
        let now = Timestamp::now();
        let serial = inner.count.fetch_add(1, Ordering::Relaxed);
        let time = Time(now);
        Event {
            metadata: ObjectMeta {
                // As client-go names them: the object and the time in hexadecimal.
                name: Some(format!("{}.{:x}.{serial:x}", inner.name, now.as_nanosecond())),
                namespace: Some(inner.namespace.clone()),
                ..ObjectMeta::default()
            },
            involved_object: ObjectReference {
                api_version: Some(inner.kind.api_version().to_owned()),
                kind: Some(inner.kind.kind().to_owned()),
                namespace: Some(inner.namespace.clone()),
                name: Some(inner.name.clone()),
                ..ObjectReference::default()
            },
            reason: Some(reason.to_owned()),
            message: Some(clipped(visible(&note).into_owned())),
            type_: Some(if warning { "Warning" } else { "Normal" }.to_owned()),
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
            self.write(words);
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

    async fn send(&self, event: &Event) -> Result<(), String> {
        let collection = Request::new(Event::url_path(&(), Some(&self.namespace)));
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
