//! `/v1/watch`: what `/v1/leader` says, pushed as server-sent events
//! ([the format](https://html.spec.whatwg.org/multipage/server-sent-events.html)).
//!
//! | event | when | data |
//! |---|---|---|
//! | `leader` | at the start, with each change of who leads, and when an answer expires | as `/v1/leader` |
//! | `heartbeat` | each retry period without another one | as `/v1/leader` |
//! | `policy` | with `?kinds=policy`: at the start, and when another policy decides or is tried | as `/v1/policy` |
//! | `roster` | with `?kinds=roster`: at the start, and when a candidate says something else of itself | as `/v1/roster` |
//! | `decision` | with `?kinds=decisions`: each decision from now on | cause, answer, what the guard did |
//! | `gap` | the client was too far behind | `missed`: how many it was not sent, `of` which kind |
//!
//! A change that another followed already is sent with `remaining_ms` 0: it is history, and nobody
//! may act on it. The election's loop knows nothing of who watches: it numbers its changes, and each
//! watcher reads them at its own pace, an answer at a time, made when the one before has left. Decisions
//! are numbered in the same way, and an id has both numbers for who is sent both.

mod kinds;

pub(super) use kinds::Kinds;

use super::access::Refusal;
use super::answer::Body;
use super::decisions::DecisionAnswer;
use super::report::{LeaderAnswer, PolicyAnswer};
use super::roster::RosterAnswer;
use super::slots::{Order, Slot};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::unfold;
use hotseat_core::view::View;
use hotseat_election::roster::Roster;
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
    roster: Option<Arc<Roster>>,
    /// The number of the last decision that was sent, or that was there before.
    decision: u64,
    changed: Receiver<u64>,
    policies: Receiver<Arc<PolicyReport>>,
    rosters: Receiver<Arc<Roster>>,
    decided: Receiver<u64>,
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
    of: &'static str,
}

impl Watcher {
    fn new(status: Status, kinds: Kinds, headers: &HeaderMap) -> Watcher {
        let decisions = status.history().decisions();
        let newest = (status.changes().newest(), decisions.newest());
        let id = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok());
        // An id of another process, or of nobody, says nothing about what this one will send.
        let (sent, decision) = id.and_then(|id| Id::of(id, &status)).unwrap_or_default();
        Watcher {
            sent: sent.filter(|number| *number <= newest.0).unwrap_or(newest.0),
            said: None,
            policy: None,
            roster: None,
            decision: decision.filter(|number| *number <= newest.1).unwrap_or(newest.1),
            changed: status.changes().follow(),
            policies: status.policies(),
            rosters: status.rosters(),
            decided: decisions.follow(),
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
                () = another(&mut self.changed), if self.kinds.leader => {}
                () = another(&mut self.policies), if self.kinds.policy => {}
                () = another(&mut self.rosters), if self.kinds.roster => {}
                () = another(&mut self.decided), if self.kinds.decisions => {}
                () = sleep_until(wake) => {}
            }
        }
    }

    /// What there is to be sent now, and when there may be more although nothing changes.
    fn collect(&mut self, events: &mut String) -> Instant {
        let mut wake = self.beat;
        if self.kinds.leader {
            let newest = *self.changed.borrow_and_update();
            // One view for both: what the one leaves to the other would be lost by a change between.
            let view = self.status.view();
            self.history(newest, &view, events);
            wake = wake.min(self.present(newest, &view, events));
        }
        if self.kinds.policy {
            self.policy(events);
        }
        if self.kinds.roster {
            self.roster(events);
        }
        if self.kinds.decisions {
            self.decisions(events);
        }
        if events.is_empty() && self.beat <= Instant::now() {
            // Shows a client that does not want to know who leads that the connection lives.
            events.push_str(": heartbeat\n\n");
        }
        if !events.is_empty() {
            self.beat = Instant::now() + self.status.beat_every();
        }
        wake
    }

    /// The changes up to that one, but for one that the present view still says.
    fn history(&mut self, newest: u64, view: &View, events: &mut String) {
        while self.sent < newest && events.len() < BATCH_BYTES {
            let Some(change) = self.status.changes().after(self.sent) else { return };
            let missed = change.number - self.sent - 1;
            if missed > 0 {
                self.event(events, "gap", &Gap { missed, of: "leader" });
            }
            self.sent = change.number;
            if change.number >= newest && change.is_said_by(view) {
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
    fn present(&mut self, newest: u64, view: &View, events: &mut String) -> Instant {
        // I10: computed when it is sent.
        let now = clock::now();
        let expires = Instant::now() + expiry(view, now);
        let last = self.sent.checked_sub(1).and_then(|before| self.status.changes().after(before));
        if self.sent < newest || last.is_some_and(|last| !last.is_said_by(view)) {
            // The batch is full, or the view changed just now: its change comes first.
            return expires;
        }
        let answer = LeaderAnswer::of(&self.status, view, now);
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
            self.event(events, "policy", &PolicyAnswer::at(&self.status, clock::now()));
        }
    }

    fn roster(&mut self, events: &mut String) {
        let roster = Arc::clone(&self.rosters.borrow_and_update());
        if self.roster.as_ref().is_none_or(|sent| !says_the_same(sent, &roster)) {
            self.event(events, "roster", &RosterAnswer::at(&self.status, clock::now()));
            self.roster = Some(roster);
        }
    }

    /// The decisions that were not sent yet, as many as fit.
    fn decisions(&mut self, events: &mut String) {
        self.decided.borrow_and_update();
        // What does not fit is sent as soon as this has left.
        while events.len() < BATCH_BYTES {
            let next = self.status.history().decisions().after(self.decision);
            let Some(decision) = next else { return };
            let missed = decision.number - self.decision - 1;
            if missed > 0 {
                self.event(events, "gap", &Gap { missed, of: "decisions" });
            }
            self.decision = decision.number;
            self.event(events, "decision", &DecisionAnswer::at(&decision, clock::now()));
        }
    }

    fn event(&self, events: &mut String, name: &str, data: &impl Serialize) {
        // All that is sent are structs with text as keys, which always have a form in JSON.
        let Ok(data) = serde_json::to_string(data) else { return };
        let decision = self.kinds.decisions.then_some(self.decision);
        let id = Id::text(&self.status, self.sent, decision);
        // JSON has no line breaks, so one line of data it is.
        events.push_str(&format!("id: {id}\nevent: {name}\ndata: {data}\n\n"));
    }
}

/// Whether candidates say the same of themselves in both, be it again: each does each minute.
fn says_the_same(one: &Roster, other: &Roster) -> bool {
    let others = |roster: &Roster| roster.others.len();
    let pairs = one.others.iter().zip(&other.others);
    one.wanted == other.wanted
        && one.own == other.own
        && others(one) == others(other)
        && pairs.into_iter().all(|(one, other)| one.entry == other.entry)
        && one.left_out == other.left_out
        && one.not_published == other.not_published
        && one.not_followed == other.not_followed
}

/// How long the view's answer holds; for nobody, a time that never decides.
fn expiry(view: &View, now: hotseat_core::time::Moment) -> Duration {
    match view.remaining(now) {
        Duration::ZERO => Duration::from_secs(3600),
        remaining => remaining,
    }
}

/// Ready when there is another value.
async fn another<T>(values: &mut Receiver<T>) {
    if values.changed().await.is_err() {
        // The election has ended; its last value was sent.
        pending::<()>().await;
    }
}

/// What the id of an event says: which process counted, the number of the last change, and that of the
/// last decision for who is sent decisions.
struct Id;

impl Id {
    fn text(status: &Status, change: u64, decision: Option<u64>) -> String {
        let decision = decision.map_or_else(String::new, |number| format!("-{number}"));
        format!("{}-{change}{decision}", Id::process(status))
    }

    /// The numbers in an id of this process.
    fn of(id: &str, status: &Status) -> Option<(Option<u64>, Option<u64>)> {
        let mut parts = id.split('-');
        let process = parts.next()?;
        let mut number = || parts.next().and_then(|number| number.parse().ok());
        (process == Id::process(status)).then(|| (number(), number()))
    }

    fn process(status: &Status) -> String {
        format!("{:x}", status.started().since_origin().as_nanos())
    }
}
