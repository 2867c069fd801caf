//! What the leader's own pod says of it: a label, by which a Service can choose it, and how dear its
//! deletion is.
//!
//! The label is put on when a term begins and taken off when belief ends, before the seat is given up
//! ([`LabelledLock`]). A process that could not take it off, since it was cut off or killed, has it taken
//! off by the next leader. So it may be missing for a moment, and it may stay with a pod that leads no
//! more until another leads: it is for routing, and no safety rule looks at it (I17). What goes wrong
//! here is tried again at a pace, and keeps nothing of the election waiting but the release, for a moment.

use super::backoff::Backoff;
use super::connection::Connection;
use super::exchange::{Channel, Failure, Lane};
use super::lists::{Lists, OF_A_LABEL};
use super::only::{Key, Only};
use hotseat_core::event::{Event, LockError, Notice, Purpose, Write};
use hotseat_core::lock::{Lock, Record};
use hotseat_core::time::Moment;
use hotseat_election::{
    Fact, Facts, Future, Observer, Occurrence, Recurring, Right, Status, clock,
};
use kube::api::{Patch, PatchParams};
use kube::core::Request;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

/// Of which election a pod bears the label, as `NAMESPACE/NAME`: several may use the same one.
pub const LEADS: &str = "hotseat.dev/leads";
/// What ReplicaSets look at when they choose which pod goes first; the cheapest does.
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// How long the server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between attempts that fail, doubling.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A leader's pod is looked at again after so long: somebody may have edited it.
const AGAIN: Duration = Duration::from_secs(60);
/// So long a release waits at most for the label to be off.
const RELEASE_WAITS: Duration = Duration::from_millis(500);

/// A pod, and what is to be said of it while it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaderMarks {
    /// The pod's namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID, if it is known: another pod of the name is then left alone.
    pub uid: Option<String>,
    /// The label, by key and value.
    pub label: Option<(String, String)>,
    /// `controller.kubernetes.io/pod-deletion-cost`.
    pub deletion_cost: Option<i32>,
}

impl LeaderMarks {
    /// The rights that it takes to say it.
    pub fn rights(&self) -> Vec<Right> {
        let right = |verb| Right {
            group: "",
            resource: "pods",
            verb,
            namespace: self.namespace.clone(),
            // Others' pods, too, for a leader that could not do it itself.
            name: None,
        };
        let verbs: &[&'static str] = match (&self.label, self.deletion_cost) {
            (Some(_), _) => &["list", "patch"],
            (None, Some(_)) => &["patch"],
            (None, None) => &[],
        };
        verbs.iter().map(|verb| right(verb)).collect()
    }
}

/// Keeps a pod's marks as the election goes. Cheap to clone.
#[derive(Clone)]
pub struct LeaderLabel(Arc<Inner>);

struct Inner {
    wanted: watch::Sender<bool>,
    /// What the pod says, as far as it is known.
    says: watch::Sender<Option<bool>>,
    keeping: AbortHandle,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.keeping.abort();
    }
}

impl LeaderLabel {
    /// Begins by taking off what an earlier process of the pod left. Must be called inside the tokio
    /// runtime that serves the election, whose facts and status these are.
    pub fn start(
        connection: Connection,
        facts: Facts,
        status: Status,
        marks: LeaderMarks,
    ) -> LeaderLabel {
        LeaderLabel::begin(Channel::new(connection, Lane::Other, facts), status, marks)
    }

    fn begin(channel: Channel, status: Status, marks: LeaderMarks) -> LeaderLabel {
        let collection = Request::new(format!("/api/v1/namespaces/{}/pods", marks.namespace));
        let pods = Pods { channel, collection, status, marks };
        let (wanted, says) = (watch::Sender::new(false), watch::Sender::new(None));
        let keeping = tokio::spawn(keep(pods, wanted.subscribe(), says.clone()));
        LeaderLabel(Arc::new(Inner { wanted, says, keeping: keeping.abort_handle() }))
    }

    fn want(&self, leads: bool) {
        let news =
            self.0.wanted.send_if_modified(|wanted| std::mem::replace(wanted, leads) != leads);
        if news {
            self.0.says.send_replace(None);
        }
    }

    /// Waits until the pod does not say that it leads, for so long at most.
    async fn is_off(&self, within: Duration) {
        let mut says = self.0.says.subscribe();
        if tokio::time::timeout(within, says.wait_for(|says| *says == Some(false))).await.is_err() {
            tracing::debug!("the seat is given up though the pod may still be labelled");
        }
    }
}

impl Observer for LeaderLabel {
    fn observe(&self, occurrence: Occurrence<'_>) {
        match occurrence.fact {
            Fact::Elector(Notice::BecameLeader { .. } | Notice::ResumedTerm { .. }) => {
                self.want(true)
            }
            Fact::Elector(Notice::SteppedDown(_)) => self.want(false),
            _ => {}
        }
    }

    fn finish(&self, patience: Duration) -> Future<()> {
        let label = self.clone();
        Box::pin(async move {
            label.want(false);
            label.is_off(patience).await;
        })
    }
}

/// A lock that is released when the label is off, or could not be taken off at once.
pub struct LabelledLock<L> {
    lock: L,
    label: LeaderLabel,
}

impl<L> LabelledLock<L> {
    /// Releases that lock after that label.
    pub fn new(lock: L, label: LeaderLabel) -> LabelledLock<L> {
        LabelledLock { lock, label }
    }
}

impl<L: hotseat_election::Lock> hotseat_election::Lock for LabelledLock<L> {
    fn read(&self, deadline: Moment) -> Future<Result<Lock, LockError>> {
        self.lock.read(deadline)
    }

    fn write(&self, write: Write) -> Future<Result<Record, LockError>> {
        let (purpose, deadline) = (write.purpose, write.deadline);
        let writing = self.lock.write(write);
        if purpose != Purpose::Release {
            return writing;
        }
        let label = self.label.clone();
        Box::pin(async move {
            label.is_off(RELEASE_WAITS.min(clock::until(deadline) / 4)).await;
            writing.await
        })
    }

    fn follow(&self, events: Sender<Event>, restart: Arc<Notify>) -> Future<()> {
        self.lock.follow(events, restart)
    }
}

/// Makes the pod say what is wanted, for as long as the election lasts.
async fn keep(pods: Pods, mut wanted: watch::Receiver<bool>, says: watch::Sender<Option<bool>>) {
    let mut backoff = Backoff::new(SHORTEST_PAUSE, LONGEST_PAUSE);
    let mut told = Recurring::default();
    // A request that was left, or had no answer, may be carried out after the next one.
    let mut unsure = false;
    loop {
        let leads = *wanted.borrow_and_update();
        let marked = tokio::select! {
            marked = pods.mark(leads) => marked,
            changed = wanted.changed() => {
                if changed.is_err() {
                    return;
                }
                unsure = true;
                continue;
            }
        };
        let pause = match marked {
            Ok(()) => {
                backoff.reset();
                if told.worked().is_some() {
                    tracing::info!("the pod is labelled again");
                }
                says.send_replace(Some(leads));
                // Once more, unless it stands still.
                (leads || std::mem::take(&mut unsure)).then_some(AGAIN)
            }
            Err(failure) => {
                unsure = true;
                let reason = &failure.error.detail;
                match told.failed(clock::now(), reason) {
                    Some(times) => {
                        tracing::warn!(%reason, times, leads, "the pod cannot be labelled")
                    }
                    None => tracing::debug!(%reason, leads, "the pod cannot be labelled"),
                }
                Some(backoff.pause(failure.error.retry_after))
            }
        };
        let paused = async {
            match pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = paused => {}
            changed = wanted.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

/// The pods of the namespace.
struct Pods {
    channel: Channel,
    collection: Request,
    status: Status,
    marks: LeaderMarks,
}

/// A pod, as far as it counts.
#[derive(Debug, Deserialize)]
struct Pod {
    metadata: Metadata,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: String,
    #[serde(default)]
    uid: String,
    #[serde(default)]
    resource_version: String,
    annotations: Option<Only<Leads>>,
}

/// The annotation that says of which election a pod bears the label.
struct Leads;

impl Key for Leads {
    const KEY: &'static str = LEADS;
}

impl Pods {
    /// Makes the own pod say whether it leads; if it does, no other says so of this election.
    async fn mark(&self, leads: bool) -> Result<(), Failure> {
        let mut metadata = self.marks(leads);
        if let Some(uid) = &self.marks.uid {
            metadata.insert("uid".to_owned(), json!(uid));
        }
        self.patch(&self.marks.name, metadata).await?;
        match &self.marks.label {
            Some((key, value)) if leads => self.unmark_others(key, value).await,
            _ => Ok(()),
        }
    }

    /// Takes the label off pods that led before and could not do it themselves.
    async fn unmark_others(&self, key: &str, value: &str) -> Result<(), Failure> {
        let lists = Lists {
            channel: &self.channel,
            collection: &self.collection,
            verb: "list-pods",
            patience: PATIENCE,
            pause: SHORTEST_PAUSE,
        };
        let labelled = lists.labelled::<Pod>(key, value, OF_A_LABEL).await?;
        for Pod { metadata } in labelled.objects {
            let election = metadata.annotations.as_ref().and_then(|leads| leads.0.as_ref());
            let is_own = metadata.name == self.marks.name;
            // Whoever has taken the seat meanwhile has a right to its label.
            let leads = self.status.view().leads(clock::now());
            if is_own || !leads || election != Some(&self.election()) {
                continue;
            }
            tracing::info!(pod = %metadata.name, "taking the leader's label off a pod that led before");
            let mut change = self.marks(false);
            change.insert("uid".to_owned(), json!(metadata.uid));
            // As it was seen: it may lead again by now.
            change.insert("resourceVersion".to_owned(), json!(metadata.resource_version));
            self.patch(&metadata.name, change).await?;
        }
        Ok(())
    }

    /// The metadata that say it, or take it back.
    fn marks(&self, leads: bool) -> Map<String, Value> {
        let LeaderMarks { label, deletion_cost, .. } = &self.marks;
        let said = |value: Value| if leads { value } else { Value::Null };
        let mut metadata = Map::new();
        let mut annotations = Map::new();
        if let Some((key, value)) = label {
            let mut labels = Map::new();
            labels.insert(key.clone(), said(json!(value)));
            metadata.insert("labels".to_owned(), Value::Object(labels));
            annotations.insert(LEADS.to_owned(), said(json!(self.election())));
        }
        if let Some(cost) = deletion_cost {
            annotations.insert(DELETION_COST.to_owned(), said(json!(cost.to_string())));
        }
        metadata.insert("annotations".to_owned(), Value::Object(annotations));
        metadata
    }

    fn election(&self) -> String {
        self.status.election().to_string()
    }

    async fn patch(&self, name: &str, metadata: Map<String, Value>) -> Result<(), Failure> {
        let patch = Patch::Merge(json!({ "metadata": metadata }));
        let request = self.collection.patch(name, &PatchParams::default(), &patch);
        let request = request.map_err(|error| Failure::unsendable(&error.to_string()))?;
        self.channel.ask::<IgnoredAny>("patch-pod", PATIENCE, request).await.map(drop)
    }
}

#[cfg(test)]
mod tests;
