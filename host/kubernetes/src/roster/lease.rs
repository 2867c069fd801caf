//! The own Lease: written, and deleted at the end.
//!
//! An account that may write it may write others of the namespace as well, so this looks at what it
//! writes: a Lease is changed only by the UID that it got when it was created here, or that it had when it
//! was seen to bear the roster's label and no mark of a lock.

use super::codec;
use super::name::{ROSTER, label_value, lease_name};
use super::{CANDIDATE, Place};
use crate::codec::WRITE;
use crate::exchange::{Channel, Failure};
use crate::kind::LockKind;
use crate::lists::Lists;
use crate::lock_error::plain;
use hotseat_core::policy::Outcome;
use hotseat_election::roster::Entry;
use jiff::Timestamp;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::core::{DynamicObject, Request};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct OwnLease {
    channel: Channel,
    collection: Request,
    place: Place,
    pub(super) name: String,
    /// Its UID, once it is known to be this candidate's.
    uid: Option<String>,
    /// One may have been created whose UID is not known: the answer was not waited for.
    begun: bool,
    /// It was said that signals have no room.
    cut: bool,
}

#[derive(Debug, Deserialize)]
struct Written {
    metadata: Metadata,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    #[serde(default)]
    uid: String,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
}

impl OwnLease {
    pub(super) fn new(channel: Channel, collection: Request, place: Place) -> OwnLease {
        let name = lease_name(place.election.name(), &place.site());
        OwnLease { channel, collection, place, name, uid: None, begun: false, cut: false }
    }

    /// Makes it say that, at this moment.
    ///
    /// # Errors
    ///
    /// What went wrong. It may have been written all the same, and is written again.
    pub(super) async fn write(&mut self, entry: &Entry) -> Result<(), Failure> {
        let content = self.content(entry);
        if self.uid.is_none() {
            self.begun = true;
            match self.create(&content).await {
                Err(failure) if failure.is_already_there() => self.uid = Some(self.adopt().await?),
                created => {
                    self.uid = Some(created?);
                    return Ok(());
                }
            }
        }
        let patched = self.patch(content).await;
        if let Err(failure) = &patched
            && (failure.is_not_found() || failure.error.outcome == Outcome::Conflict)
        {
            // It is gone, or is another one: from the beginning, the next time.
            self.uid = None;
        }
        patched
    }

    /// Deletes it; where that is not allowed, takes back what it says.
    ///
    /// # Errors
    ///
    /// What went wrong.
    pub(super) async fn take_back(&mut self) -> Result<(), Failure> {
        let uid = match self.uid.take() {
            Some(uid) => uid,
            None if self.begun => self.adopt().await?,
            None => return Ok(()),
        };
        self.begun = false;
        let preconditions = Preconditions { uid: Some(uid.clone()), resource_version: None };
        let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
        let request = self.collection.delete(&self.name, &params);
        let request = request.map_err(|error| Failure::unsendable(&error.to_string()))?;
        match self.channel.ask::<IgnoredAny>("delete-roster", PATIENCE, request).await {
            Err(failure) if failure.error.outcome == Outcome::Denied => {
                self.uid = Some(uid);
                let nothing = json!({
                    "metadata": {"annotations": {CANDIDATE: null}}, "spec": {"holderIdentity": null},
                });
                self.patch(nothing).await
            }
            Err(failure) if failure.is_not_found() => Ok(()),
            deleted => deleted.map(drop),
        }
    }

    /// What is written at each time.
    fn content(&mut self, entry: &Entry) -> Value {
        let (text, left) = codec::write(self.place.election.name(), entry);
        if left > 0 && !std::mem::replace(&mut self.cut, true) {
            tracing::warn!(
                signals = left,
                "what the policy publishes has no room on the roster, so the last signals are left out: publish less"
            );
        }
        let now = format!("{:.6}", Timestamp::now());
        json!({
            "metadata": {"annotations": {CANDIDATE: text}},
            "spec": {
                "holderIdentity": entry.identity,
                "leaseDurationSeconds": super::table::STALE.as_secs(),
                "renewTime": now,
            },
        })
    }

    async fn create(&self, content: &Value) -> Result<String, Failure> {
        let mut object = content.clone();
        object["apiVersion"] = json!(LockKind::Leases.api_version());
        object["kind"] = json!(LockKind::Leases.kind());
        let metadata = &mut object["metadata"];
        metadata["name"] = json!(self.name);
        metadata["namespace"] = json!(self.place.election.namespace());
        metadata["labels"] = json!({
            ROSTER: label_value(self.place.election.name()),
            "app.kubernetes.io/managed-by": "hotseat",
        });
        if let Some(owner) = self.place.owner() {
            metadata["ownerReferences"] = json!([owner]);
        }
        let bytes = object.to_string().into_bytes();
        let request = self.collection.create(&PostParams::default(), bytes);
        let request = request.map_err(|error| Failure::unsendable(&error.to_string()))?;
        let created: Written = self.channel.ask("create-roster", PATIENCE, request).await?;
        Ok(created.metadata.uid)
    }

    /// The UID of a Lease of that name which is there already, as an earlier process of the same pod
    /// leaves one behind.
    async fn adopt(&self) -> Result<String, Failure> {
        let lists = Lists {
            channel: &self.channel,
            collection: &self.collection,
            verb: "list-roster",
            patience: PATIENCE,
            pause: super::PACE.shortest,
        };
        let (found, _) = lists.named::<Written>(&self.name).await?;
        let Some(Written { metadata: Metadata { uid, labels, annotations } }) = found else {
            let gone = "the Lease of this candidate was there and is gone".to_owned();
            return Err(Failure::broken(plain(Outcome::Conflict, gone)));
        };
        let label = labels.as_ref().and_then(|all| all.get(ROSTER));
        let is_lock = annotations.is_some_and(|all| all.contains_key(WRITE));
        if label != Some(&label_value(self.place.election.name())) || is_lock {
            let why = format!(
                "the Lease {} is there and is not this candidate's: if nothing needs it, delete it",
                self.name
            );
            return Err(Failure::broken(plain(Outcome::Denied, why)));
        }
        Ok(uid)
    }

    /// Changes it, if it is the one that is known.
    async fn patch(&self, mut change: Value) -> Result<(), Failure> {
        change["metadata"]["uid"] = json!(self.uid);
        let patch = Patch::Merge(change);
        let request = self.collection.patch(&self.name, &PatchParams::default(), &patch);
        let request = request.map_err(|error| Failure::unsendable(&error.to_string()))?;
        self.channel.ask::<DynamicObject>("patch-roster", PATIENCE, request).await.map(drop)
    }
}
