//! `/v1/watch`: what `/v1/leader` says, pushed as server-sent events
//! ([the format](https://html.spec.whatwg.org/multipage/server-sent-events.html)).
//!
//! | event | when | data |
//! |---|---|---|
//! | `leader` | at the start, with each change of who leads, and when an answer expires | as `/v1/leader` |
//! | `heartbeat` | each retry period without another one | as `/v1/leader` |
//! | `policy` | with `?kinds=policy`: at the start, and when another policy decides or is tried | as `/v1/policy` |
//! | `gap` | the client was too far behind | `missed`: how many changes it was not sent |
//!
//! A change that another followed already is sent with `remaining_ms` 0: it is history, and nobody
//! may act on it. The election's loop knows nothing of who watches: it numbers its changes, and each
//! watcher reads them at its own pace, an answer at a time, made when the one before has left.

use super::access::Refusal;
use super::answer::Body;
use super::report::{LeaderAnswer, PolicyAnswer};
use super::slots::{Order, Slot};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::unfold;
use hotseat_core::view::View;
use hotseat_election::{PolicyReport, Status, clock};
use http_body_util::{Either, StreamBody};
use hyper::StatusCode;
use hyper::body::Frame;
use hyper::header::HeaderMap;
use serde::Serialize;
use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, sleep_until};

/// The most watchers at a time.
const MOST_WATCHERS: usize = 1024;
/// As many bytes of events are sent at once, if there are so many; at least one event.
const BATCH_BYTES: usize = 16 << 10;
/// The header by which a client that comes back says what it saw last.
const LAST_EVENT_ID: &str = "last-event-id";

/// What a watcher wants to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kinds {
    pub(super) leader: bool,
    pub(super) policy: bool,
}

impl Kinds {
    /// The kinds that a query asks for: `kinds=leader,policy`; without it, who leads.
    pub(super) fn of(query: Option<&str>) -> Result<Kinds, Refusal> {
        let Some(query) = query.filter(|query| !query.is_empty()) else {
            return Ok(Kinds { leader: true, policy: false });
        };
        let wrong = |what: &str| {
            let shown: String = what.chars().take(64).collect();
            let why = format!("?{shown} has no meaning here: give ?kinds=leader,policy, or one");
            Refusal(StatusCode::BAD_REQUEST, why)
        };
        let list = query.strip_prefix("kinds=").ok_or_else(|| wrong(query))?;
        let mut kinds = Kinds { leader: false, policy: false };
        for kind in list.split(',') {
            match kind {
                "leader" => kinds.leader = true,
                "policy" => kinds.policy = true,
                _ => return Err(wrong(query)),
            }
        }
        Ok(kinds)
    }
}

/// All who watch.
#[derive(Debug, Default)]
pub(super) struct Watchers(Rc<()>);

impl Watchers {
    /// The events from now on, or from where the client was when it left, until the connection ends
    /// or the server stops.
    pub(super) fn add(
        &self,
        status: &Status,
        kinds: Kinds,
        headers: &HeaderMap,
        slot: &Rc<Slot>,
    ) -> Result<Body, Refusal> {
        if Rc::strong_count(&self.0) > MOST_WATCHERS {
            let why = format!("{MOST_WATCHERS} clients watch already: ask again later");
            return Err(Refusal(StatusCode::SERVICE_UNAVAILABLE, why));
        }
        let place = Place { slot: Rc::clone(slot), _counted: Rc::clone(&self.0) };
        slot.stream();
        let watcher = Watcher::new(status.clone(), kinds, headers);
        let events = unfold((watcher, place), async |(mut watcher, place)| {
            let events = watcher.next(&place.slot).await?;
            place.slot.hand_over();
            Some((Ok::<_, Infallible>(Frame::data(events)), (watcher, place)))
        });
        Ok(Either::Right(StreamBody::new(events.boxed_local())))
    }
}

/// Held for as long as the events are sent.
struct Place {
    slot: Rc<Slot>,
    _counted: Rc<()>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.slot.stream_ends();
    }
}

/// One who watches.
struct Watcher {
    status: Status,
    kinds: Kinds,
    /// The number of the last change that was sent, or that was there before.
    sent: u64,
    /// Who was said to lead, and whether it is this candidate.
    said: Option<(String, bool)>,
    policy: Option<PolicyKey>,
    changed: Receiver<u64>,
    policies: Receiver<Arc<PolicyReport>>,
    /// When the next heartbeat is due.
    beat: Instant,
}

/// What a report on policies is recognized by: it changes with each decision, and only this is news.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PolicyKey {
    active: Option<(String, Arc<str>)>,
    stage: &'static str,
    error: Option<String>,
    source_error: Option<String>,
}

impl PolicyKey {
    fn of(report: &PolicyReport) -> PolicyKey {
        let active = report.rollout.active.as_ref().map(|active| &active.policy);
        PolicyKey {
            active: active.map(|policy| (policy.digest.clone(), Arc::clone(&policy.settings))),
            stage: report.stage(),
            error: report.error().map(str::to_owned),
            source_error: report.rollout.source_error.clone(),
        }
    }
}

/// The data of the event `gap`.
#[derive(Serialize)]
struct Gap {
    missed: u64,
}

impl Watcher {
    fn new(status: Status, kinds: Kinds, headers: &HeaderMap) -> Watcher {
        let (changed, policies) = (status.changes().follow(), status.policies());
        let newest = status.changes().newest();
        let id = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok());
        // An id of another process, or of nobody, says nothing about what this one will send.
        let before = id.and_then(|id| number_in(id, &status)).filter(|number| *number <= newest);
        Watcher {
            sent: before.unwrap_or(newest),
            said: None,
            policy: None,
            changed,
            policies,
            beat: Instant::now(),
            status,
            kinds,
        }
    }

    /// The next events as text, one at least; none when the server stops.
    async fn next(&mut self, slot: &Slot) -> Option<Bytes> {
        // An answer that waits behind a slow client would say too late what was true too early.
        poll_fn(|_| if slot.is_sent() { Poll::Ready(()) } else { Poll::Pending }).await;
        loop {
            let mut events = String::new();
            let wake = self.collect(&mut events);
            if !events.is_empty() {
                return Some(Bytes::from(events));
            }
            tokio::select! {
                biased;
                // The connection's task is woken by the order, and polls this with it.
                () = poll_fn(|_| match slot.order() {
                    Order::Serve => Poll::Pending,
                    Order::Finish | Order::Drop => Poll::Ready(()),
                }) => return None,
                _ = self.changed.changed(), if self.kinds.leader => {}
                () = policy_changed(&mut self.policies), if self.kinds.policy => {}
                () = sleep_until(wake) => {}
            }
        }
    }

    /// What there is to be sent now, and when there may be more although nothing changes.
    fn collect(&mut self, events: &mut String) -> Instant {
        let mut wake = self.beat;
        if self.kinds.leader {
            let newest = *self.changed.borrow_and_update();
            self.history(newest, events);
            wake = wake.min(self.present(newest, events));
        }
        if self.kinds.policy {
            self.policy(events);
        }
        if events.is_empty() && self.beat <= Instant::now() {
            // Shows a client of policies alone that the connection lives.
            events.push_str(": heartbeat\n\n");
        }
        if !events.is_empty() {
            self.beat = Instant::now() + self.status.beat_every();
        }
        wake
    }

    /// The changes up to that one, but for one that the present view still says.
    fn history(&mut self, newest: u64, events: &mut String) {
        while self.sent < newest && events.len() < BATCH_BYTES {
            let Some(change) = self.status.changes().after(self.sent) else { return };
            let missed = change.number - self.sent - 1;
            if missed > 0 {
                self.event(events, "gap", &Gap { missed });
            }
            self.sent = change.number;
            if change.number >= newest && change.is_said_by(&self.status.view()) {
                // The answer of now is sent for it.
                self.said = None;
                return;
            }
            let mut answer = LeaderAnswer::of(&self.status, &change.view, change.at);
            answer.remaining_ms = 0;
            self.said = Some((answer.name.clone(), answer.leads));
            self.event(events, "leader", &answer);
        }
    }

    /// What holds now, if that is news or a heartbeat is due; and when it ends.
    fn present(&mut self, newest: u64, events: &mut String) -> Instant {
        // I10: computed when it is sent.
        let (view, now) = (self.status.view(), clock::now());
        let expires = Instant::now() + expiry(&view, now);
        let last = self.sent.checked_sub(1).and_then(|before| self.status.changes().after(before));
        if self.sent < newest || last.is_some_and(|last| !last.is_said_by(&view)) {
            // The batch is full, or the view changed just now: its change comes first.
            return expires;
        }
        let answer = LeaderAnswer::of(&self.status, &view, now);
        let said = (answer.name.clone(), answer.leads);
        let name = match &self.said {
            Some(before) if *before == said && self.beat > Instant::now() => return expires,
            Some(before) if *before == said => "heartbeat",
            _ => "leader",
        };
        self.said = Some(said);
        self.event(events, name, &answer);
        expires
    }

    fn policy(&mut self, events: &mut String) {
        let report = Arc::clone(&self.policies.borrow_and_update());
        let key = PolicyKey::of(&report);
        if self.policy.as_ref() != Some(&key) {
            self.policy = Some(key);
            self.event(events, "policy", &PolicyAnswer::at(&report, clock::now()));
        }
    }

    fn event(&self, events: &mut String, name: &str, data: &impl Serialize) {
        // All that is sent are structs with text as keys, which always have a form in JSON.
        let Ok(data) = serde_json::to_string(data) else { return };
        let id = id(&self.status, self.sent);
        // JSON has no line breaks, so one line of data it is.
        events.push_str(&format!("id: {id}\nevent: {name}\ndata: {data}\n\n"));
    }
}

/// How long the view's answer holds; for nobody, a time that never decides.
fn expiry(view: &View, now: hotseat_core::time::Moment) -> Duration {
    match view.remaining(now) {
        Duration::ZERO => Duration::from_secs(3600),
        remaining => remaining,
    }
}

async fn policy_changed(policies: &mut Receiver<Arc<PolicyReport>>) {
    if policies.changed().await.is_err() {
        // The election has ended; its last report was sent.
        pending::<()>().await;
    }
}

/// The id of a change: which process counted, and its number.
fn id(status: &Status, number: u64) -> String {
    format!("{:x}-{number}", status.started().since_origin().as_nanos())
}

/// The number in an id of this process.
fn number_in(id: &str, status: &Status) -> Option<u64> {
    let (process, number) = id.split_once('-')?;
    let own = format!("{:x}", status.started().since_origin().as_nanos());
    (process == own).then(|| number.parse().ok()).flatten()
}
