//! Events on the Lease, as client-go writes them, so that `kubectl get events` tells the story.

use super::connection::Connection;
use crate::metrics::Metrics;
use hotseat_text::visible;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{Api, ObjectMeta, PostParams};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// An Event that does not get through in this time is let go: it must never hold an election up.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest message that the API server takes of some kinds of Events, in bytes.
const LONGEST_NOTE: usize = 1024;

/// Writes Events on one Lease. Cheap to clone.
#[derive(Clone)]
pub struct Events(Arc<Inner>);

struct Inner {
    connection: Connection,
    metrics: Metrics,
    namespace: String,
    lease: String,
    identity: String,
    count: AtomicU64,
}

impl Events {
    /// Events on the Lease of that name, by the candidate of that identity.
    pub fn new(
        connection: Connection,
        metrics: Metrics,
        namespace: &str,
        lease: &str,
        identity: &str,
    ) -> Self {
        Events(Arc::new(Inner {
            connection,
            metrics,
            namespace: namespace.to_owned(),
            lease: lease.to_owned(),
            identity: identity.to_owned(),
            count: AtomicU64::new(0),
        }))
    }

    /// Writes an Event in the background: `reason` in one word, `note` for people. A warning, or
    /// normal.
    pub fn write(&self, reason: &str, note: String, warning: bool) -> tokio::task::JoinHandle<()> {
        let event = self.event(reason, note, warning);
        let inner = Arc::clone(&self.0);
        tokio::spawn(async move {
            let api: Api<Event> = Api::namespaced(inner.connection.other(), &inner.namespace);
            inner.metrics.api_request("create-event");
            let params = PostParams::default();
            match tokio::time::timeout(PATIENCE, api.create(&params, &event)).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    let reason = super::trouble::trouble(&error).detail;
                    tracing::debug!(%reason, "an Event could not be written");
                }
                Err(_) => tracing::debug!("an Event was not written in time"),
            }
        })
    }

    fn event(&self, reason: &str, note: String, warning: bool) -> Event {
        let inner = &self.0;
        let now = Timestamp::now();
        let serial = inner.count.fetch_add(1, Ordering::Relaxed);
        let time = Time(now);
        Event {
            metadata: ObjectMeta {
                // As client-go names them: the object and the time in hexadecimal.
                name: Some(format!("{}.{:x}.{serial:x}", inner.lease, now.as_nanosecond())),
                namespace: Some(inner.namespace.clone()),
                ..ObjectMeta::default()
            },
            involved_object: ObjectReference {
                api_version: Some("coordination.k8s.io/v1".to_owned()),
                kind: Some("Lease".to_owned()),
                namespace: Some(inner.namespace.clone()),
                name: Some(inner.lease.clone()),
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
