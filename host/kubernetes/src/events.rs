//! Events on the Lease, as client-go writes them, so that `kubectl describe lease` and `kubectl get
//! events` tell the story; and on the own pod what keeps it from leading at all.

use super::connection::Connection;
use super::exchange::{Channel, Failure, Lane};
use super::lock_error::plain;
use super::regarding::Regarding;
use crate::words::{ELECTION, TOKEN, Words};
use hotseat_core::event::Notice;
use hotseat_core::policy::Outcome;
use hotseat_election::{Fact, Facts, Future, Observer, Occurrence};
use hotseat_text::visible;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, EventSource};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Resource as _;
use kube::api::{ObjectMeta, PostParams};
use kube::core::Request;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
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

/// When the election is over, Events still wait for so long. A leader that leaves has just released the
/// seat, and the server would store them before the successor's claim, which is on its way.
const SUCCESSOR_FIRST: Duration = Duration::from_millis(50);

/// Candidates that come to the same policy within so many seconds say it by one Event, or by two if the
/// clock is at the turn of such a span.
const FLEET_SECONDS: i64 = 300;

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
    /// The fencing token of the last term here; 0 before the first.
    token: AtomicU64,
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
        EventRecorder::through(Channel::new(connection, Lane::Other, facts), identity, lock, pod)
    }

    fn through(
        channel: Channel,
        identity: &str,
        lock: Regarding,
        pod: Option<Regarding>,
    ) -> EventRecorder {
        EventRecorder(Arc::new(Inner {
            channel,
            lock,
            pod,
            identity: identity.to_owned(),
            count: AtomicU64::new(0),
            token: AtomicU64::new(0),
            hurry: watch::Sender::new(false),
            under_way: Mutex::default(),
            runtime: Handle::current(),
        }))
    }

    /// Writes an Event in the background.
    fn write(&self, words: &Words, about: &Regarding) {
        let mut event = self.event(words, about);
        let of_fleet = words.of_fleet;
        let (inner, about) = (Arc::clone(&self.0), about.clone());
        let sending = async move {
            let mut hurry = inner.hurry.subscribe();
            // Either way it is time.
            let _ = tokio::time::timeout(PAUSE, hurry.wait_for(|hurry| *hurry)).await;
            // The lock may have been read only meanwhile.
            event.involved_object = about.reference();
            match inner.send(&event, about.namespace()).await {
                Ok(()) => {}
                Err(failure) if of_fleet && failure.is_already_there() => {
                    tracing::debug!("another candidate has written the same Event");
                }
                Err(Failure { error, .. }) => {
                    tracing::debug!(reason = %error.detail, "an Event was not written");
                }
            }
        };
        let mut under_way = self.0.under_way();
        while under_way.try_join_next().is_some() {}
        under_way.spawn_on(sending, &self.0.runtime);
    }

    fn event(&self, words: &Words, about: &Regarding) -> Event {
        let inner = &self.0;
        let now = Timestamp::now();
        let time = Time(now);
        let suffix = match words.of_fleet {
            true => fleet_suffix(words, now),
            false => {
                let serial = inner.count.fetch_add(1, Ordering::Relaxed);
                // As client-go names them: the object and the time in hexadecimal.
                format!("{:x}.{serial:x}", now.as_nanosecond())
            }
        };
        Event {
            metadata: ObjectMeta {
                name: Some(format!("{}.{suffix}", about.name())),
                namespace: Some(about.namespace().to_owned()),
                annotations: self.annotations(words),
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

impl EventRecorder {
    /// Which term an Event about one is of.
    fn annotations(&self, words: &Words) -> Option<BTreeMap<String, String>> {
        let token = self.0.token.load(Ordering::Relaxed);
        (words.reason == ELECTION && token > 0)
            .then(|| BTreeMap::from([(TOKEN.to_owned(), token.to_string())]))
    }
}

impl Observer for EventRecorder {
    fn observe(&self, occurrence: Occurrence<'_>) {
        if let Fact::Elector(
            Notice::BecameLeader { token, .. } | Notice::ResumedTerm { token, .. },
        ) = occurrence.fact
        {
            self.0.token.store(token.0, Ordering::Relaxed);
        }
        if let Some(words) = Words::of(occurrence.fact, &self.0.identity) {
            self.write(&words, &self.0.lock);
            if let (true, Some(pod)) = (words.on_pod, &self.0.pod) {
                self.write(&words, pod);
            }
        }
    }

    /// Sends what waits, soon, and lets nothing wait from then on: the election is over.
    fn finish(&self, patience: Duration) -> Future<()> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let mut under_way = std::mem::take(&mut *inner.under_way());
            let all = async {
                if !under_way.is_empty() {
                    tokio::time::sleep(SUCCESSOR_FIRST).await;
                }
                inner.hurry.send_replace(true);
                // A panic in one of them was logged already.
                while under_way.join_next().await.is_some() {}
            };
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

    async fn send(&self, event: &Event, namespace: &str) -> Result<(), Failure> {
        let unsendable = |error: String| Failure::broken(plain(Outcome::Denied, error));
        let collection = Request::new(Event::url_path(&(), Some(namespace)));
        let bytes = serde_json::to_vec(event).map_err(|error| unsendable(error.to_string()))?;
        let request = collection.create(&PostParams::default(), bytes);
        let request = request.map_err(|error| unsendable(error.to_string()))?;
        self.channel.ask::<IgnoredAny>("create-event", PATIENCE, request).await.map(drop)
    }
}

/// All candidates that say the same at about the same time give the Event one name, so that the server
/// takes the first one's and refuses the others'. What is said again later is another Event.
fn fleet_suffix(words: &Words, now: Timestamp) -> String {
    let when = now.as_second().div_euclid(FLEET_SECONDS);
    let what = format!("{when}\n{}\n{}", words.reason, words.note);
    let mut digest = hotseat_text::Digest::of(what.as_bytes()).hex();
    digest.truncate(16);
    digest
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
    use crate::kind::LockKind;
    use hotseat_apiserver::{Config, EVENTS, Server};
    use hotseat_core::event::StepDownReason;
    use hotseat_election::{ElectionName, clock};
    use tokio::time::{Instant, timeout};

    /// Longer than anything here takes on virtual time.
    const LONG: Duration = Duration::from_secs(600);

    #[tokio::test(start_paused = true)]
    async fn the_last_events_leave_the_successor_time_for_its_claim() {
        let server = Server::start(([127, 0, 0, 1], 0).into(), Config::new()).await.unwrap();
        let config = kube::Config::new(server.url().parse().unwrap());
        let client = kube::Client::try_from(config).unwrap();
        let election = ElectionName::new("le", "seat");
        let channel = Channel::plain(client, Facts::new(election.clone(), clock::now));
        let lock = Regarding::lock(LockKind::Leases, &election);
        let recorder = EventRecorder::through(channel, "a", lock, None);

        let fact = Fact::Elector(Notice::SteppedDown(StepDownReason::Stopped));
        recorder.observe(Occurrence { election: &election, at: clock::now(), fact: &fact });
        let over = Instant::now();
        assert_eq!(timeout(LONG, recorder.finish(LONG)).await, Ok(()));
        assert!(over.elapsed() >= SUCCESSOR_FIRST, "{:?}", over.elapsed());
        assert!(over.elapsed() < PAUSE, "it does not wait as in an election: {:?}", over.elapsed());
        assert_eq!(server.store().list(&EVENTS, "le").len(), 1);

        let over = Instant::now();
        assert_eq!(timeout(LONG, recorder.finish(LONG)).await, Ok(()));
        assert_eq!(over.elapsed(), Duration::ZERO, "nothing waits");
    }

    #[test]
    fn what_all_say_at_once_has_one_name_and_what_differs_another() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let words = |note: &str| Words {
            reason: "PolicySwapped",
            note: note.to_owned(),
            warning: false,
            of_fleet: true,
            on_pod: false,
        };
        let first = fleet_suffix(&words("a"), at(3000));
        assert_eq!(fleet_suffix(&words("a"), at(3299)), first);
        assert_ne!(fleet_suffix(&words("a"), at(3300)), first, "said again");
        assert_ne!(fleet_suffix(&words("b"), at(3000)), first);
    }

    #[test]
    fn a_long_note_is_clipped_between_two_letters() {
        assert_eq!(clipped("short".to_owned()), "short");
        let long = clipped("ü".repeat(1000));
        assert!(long.len() <= LONGEST_NOTE && long.ends_with("ü…"), "{}", long.len());
    }
}
