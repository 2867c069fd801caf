//! Watches: one task for each, which reads the history and writes one line for each event.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::answer::Form;
use crate::faults::{self, Action, FaultId};
use crate::history::Change;
use crate::meta;
use crate::resource::{LEASES, Resource, Verb};
use crate::route::Objects;
use crate::selector::Selector;
use crate::shared::Shared;
use crate::status::Status;
use crate::table;
use crate::verbs;

/// Lines that may wait for a client before its watch has to wait.
const LINES_AHEAD: usize = 8;

/// A running watch.
struct Watch {
    shared: Arc<Shared>,
    target: Objects,
    selector: Selector,
    agent: String,
    lines: mpsc::Sender<Bytes>,
    form: Form,
    include_object: String,
    /// Whether the columns of a table were described already.
    headed: bool,
    /// Everything up to this version was delivered.
    seen: u64,
    bookmarks: bool,
    end: Option<Instant>,
    /// The rule for streams that this one met last.
    met: Option<FaultId>,
}

/// Why a watch is over.
enum Over {
    /// In good order: the body ends.
    Ended,
    /// The client is gone or too slow: its connection has to end.
    Lost,
}

/// Starts a watch and hands out its lines. `on_lost` is called if the client is too slow to be
/// served, so that its connection can be ended.
pub(crate) fn start(
    shared: &Arc<Shared>,
    request: verbs::Request,
    agent: &str,
    on_lost: impl FnOnce() + Send + 'static,
) -> Result<mpsc::Receiver<Bytes>, Status> {
    let verbs::Request { target, query, form, .. } = request;
    let selector = query.selector(target.resource)?;
    let from = query.version_number(Verb::Watch)?;
    let (sender, receiver) = mpsc::channel(LINES_AHEAD);
    let with_state = query.initial_events.unwrap_or(from == 0);
    let (initial, now) = shared.store.snapshot(target.resource, &target.namespace);
    let watch = Watch {
        seen: if from == 0 || with_state { now } else { from },
        shared: shared.clone(),
        target,
        selector,
        agent: agent.to_owned(),
        lines: sender,
        form,
        include_object: query.include_object,
        headed: false,
        bookmarks: query.bookmarks,
        end: query.timeout.map(|timeout| Instant::now() + timeout),
        met: None,
    };
    let initial = if with_state { initial } else { Vec::new() };
    let announce = query.initial_events == Some(true) && query.bookmarks;
    tokio::spawn(async move {
        if let Over::Lost = watch.run(initial, announce).await {
            on_lost();
        }
    });
    Ok(receiver)
}

impl Watch {
    async fn run(mut self, initial: Vec<Arc<Value>>, announce: bool) -> Over {
        match self.deliver(initial, announce).await {
            Ok(()) => Over::Ended,
            Err(over) => over,
        }
    }

    async fn deliver(&mut self, initial: Vec<Arc<Value>>, announce: bool) -> Result<(), Over> {
        self.obey_faults().await?;
        for object in initial {
            if self.selector.matches(&object) {
                self.send("ADDED", &object).await?;
            }
        }
        if announce {
            self.bookmark(true).await?;
        }
        let mut versions = self.shared.store.changes();
        let mut faults = self.shared.faults.changes();
        let mut bookmark_at = Instant::now() + self.shared.config.bookmark_every;
        loop {
            versions.mark_unchanged();
            faults.mark_unchanged();
            self.obey_faults().await?;
            self.catch_up().await?;
            tokio::select! {
                _ = versions.changed() => {}
                _ = faults.changed() => {}
                () = self.lines.closed() => return Ok(()),
                () = sleep_until(bookmark_at), if self.bookmarks => {
                    bookmark_at = Instant::now() + self.shared.config.bookmark_every;
                    self.bookmark(false).await?;
                }
                () = sleep_until(self.end.unwrap_or_else(Instant::now)), if self.end.is_some() => {
                    self.obey_faults().await?;
                    if self.bookmarks {
                        self.bookmark(false).await?;
                    }
                    return Ok(());
                }
            }
        }
    }

    /// Delivers what the history has after the last version seen.
    async fn catch_up(&mut self) -> Result<(), Over> {
        loop {
            match self.shared.store.change_after(self.seen) {
                Ok(None) => return Ok(()),
                Ok(Some(change)) => {
                    self.obey_faults().await?;
                    self.seen = change.version;
                    if let Some((kind, object)) = self.event(&change) {
                        self.send(kind, &object).await?;
                    }
                }
                Err(oldest) => return self.expire(oldest).await,
            }
        }
    }

    /// What a change means to someone who sees only what the selector shows.
    fn event(&self, change: &Change) -> Option<(&'static str, Arc<Value>)> {
        let namespace = self.target.namespace.as_str();
        let shows = |object: &&Arc<Value>| {
            (namespace.is_empty() || meta::field(object, "namespace") == namespace)
                && self.selector.matches(object)
        };
        if change.resource != self.target.resource {
            return None;
        }
        let before = change.before.as_ref().filter(shows);
        match (before, change.after.as_ref().filter(shows)) {
            (None, Some(after)) => Some(("ADDED", after.clone())),
            (Some(_), Some(after)) => Some(("MODIFIED", after.clone())),
            (Some(before), None) => {
                // The last state that was shown, at the version of the change that hid it.
                let mut last = Value::clone(before);
                meta::set(&mut last, "resourceVersion", change.version.to_string());
                Some(("DELETED", Arc::new(last)))
            }
            (None, None) => None,
        }
    }

    /// Waits out a silence, or ends the watch, as the rules of the moment say.
    async fn obey_faults(&mut self) -> Result<(), Over> {
        let mut changes = self.shared.faults.changes();
        loop {
            changes.mark_unchanged();
            let request = faults::Request {
                verb: Verb::Watch,
                resource: self.target.resource.plural,
                name: self.selector.name().unwrap_or(""),
                next_page: false,
                agent: &self.agent,
            };
            let found = self.shared.faults.on_stream(&request, self.met);
            self.met = found.as_ref().map(|(id, _)| *id);
            match found.map(|(_, action)| action) {
                Some(Action::Silence) => tokio::select! {
                    _ = changes.changed() => {}
                    () = self.lines.closed() => return Err(Over::Ended),
                },
                Some(Action::Expire) => {
                    let oldest = self.shared.store.version();
                    self.expire(oldest).await?;
                }
                Some(_) => return Err(Over::Ended),
                None => return Ok(()),
            }
        }
    }

    /// Says that the version asked for is gone. Within a stream that runs, so does a real server.
    async fn expire(&mut self, oldest: u64) -> Result<(), Over> {
        let message = format!("too old resource version: {} ({oldest})", self.seen);
        let status = Status::expired(message).to_json();
        self.send_line("ERROR", &status).await?;
        Err(Over::Ended)
    }

    async fn bookmark(&mut self, initial_events_end: bool) -> Result<(), Over> {
        let resource: &Resource = self.target.resource;
        let mut object = json!({
            "kind": resource.kind,
            "apiVersion": resource.api_version(),
            "metadata": {"resourceVersion": self.seen.to_string()},
        });
        if resource == &LEASES {
            // A real server sends an empty lease, whose spec is never left out.
            object["spec"] = json!({});
        }
        if initial_events_end {
            object["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        self.send("BOOKMARK", &object).await
    }

    async fn send(&mut self, kind: &str, object: &Value) -> Result<(), Over> {
        if self.form == Form::Plain {
            return self.send_line(kind, object).await;
        }
        let version = meta::field(object, "resourceVersion");
        let headed = !std::mem::replace(&mut self.headed, true);
        let resource = self.target.resource;
        let table = table::of(resource, [object], version, &self.include_object, headed);
        self.send_line(kind, &table).await
    }

    /// Hands one line over. A client that does not read keeps the watch waiting, until it lags
    /// too far behind or the watch is over anyway.
    async fn send_line(&self, kind: &str, object: &Value) -> Result<(), Over> {
        let line = Bytes::from(format!("{{\"type\":\"{kind}\",\"object\":{object}}}\n"));
        let mut versions = self.shared.store.changes();
        loop {
            let now = *versions.borrow_and_update();
            tokio::select! {
                biased;
                permit = self.lines.reserve() => {
                    // No receiver: the client went away, and its connection with it.
                    permit.map_err(|_| Over::Ended)?.send(line);
                    return Ok(());
                }
                () = lagging(now.saturating_sub(self.seen), self.shared.config.watch_lag) => {
                    return Err(Over::Lost);
                }
                _ = versions.changed() => {}
            }
        }
    }
}

/// Ready at once if the lag is over the limit, else never.
async fn lagging(lag: u64, limit: u64) {
    if lag <= limit {
        std::future::pending::<()>().await;
    }
}
