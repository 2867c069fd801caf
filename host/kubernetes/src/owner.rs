//! The owner of the lock objects: the workload with which they are deleted. Its UID has to be read,
//! which is done beside the election and never holds it up.

use crate::backoff::Backoff;
use crate::connection::Connection;
use crate::exchange::{Channel, Lane};
use hotseat_election::{Facts, Recurring, Right, clock};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::core::params::GetParams;
use kube::core::{PartialObjectMeta, Request};
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long one read of the owner may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two attempts to read it, doubling.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// A kind of workload that may own lock objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct OwnerKind {
    /// As in `deployment/NAME`.
    singular: &'static str,
    kind: &'static str,
    plural: &'static str,
    group: &'static str,
}

/// No pods, though a pod is a candidate: an object that is deleted with the leader's pod would be
/// missing under whoever leads by then.
const KINDS: [OwnerKind; 6] = [
    OwnerKind { singular: "deployment", kind: "Deployment", plural: "deployments", group: "apps" },
    OwnerKind {
        singular: "statefulset",
        kind: "StatefulSet",
        plural: "statefulsets",
        group: "apps",
    },
    OwnerKind { singular: "daemonset", kind: "DaemonSet", plural: "daemonsets", group: "apps" },
    OwnerKind { singular: "cronjob", kind: "CronJob", plural: "cronjobs", group: "batch" },
    OwnerKind { singular: "service", kind: "Service", plural: "services", group: "" },
    OwnerKind { singular: "configmap", kind: "ConfigMap", plural: "configmaps", group: "" },
];

/// The name of an owner, as `deployment/shop`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerName {
    kind: OwnerKind,
    name: String,
}

/// Why that is not a name of an owner.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnerError {
    /// It is not KIND/NAME.
    #[error("give KIND/NAME, such as deployment/shop")]
    Form,
    /// Another kind.
    #[error("the kind {0:?} cannot own a lock: give one of {known}", known = known())]
    Kind(String),
    /// A pod, or what makes one pod.
    #[error(
        "a {0} must not own a lock, which would be deleted with it under another leader: name what makes your pods, such as a deployment"
    )]
    ShortLived(String),
}

fn known() -> String {
    KINDS.map(|kind| kind.singular).join(", ")
}

impl FromStr for OwnerName {
    type Err = OwnerError;

    fn from_str(text: &str) -> Result<OwnerName, OwnerError> {
        let (kind, name) = text.split_once('/').ok_or(OwnerError::Form)?;
        if name.is_empty() || name.contains('/') {
            return Err(OwnerError::Form);
        }
        let word = kind.to_ascii_lowercase();
        let is_it = |known: &&OwnerKind| known.singular == word || known.plural == word;
        match KINDS.iter().find(is_it) {
            Some(kind) => Ok(OwnerName { kind: *kind, name: name.to_owned() }),
            None if ["pod", "pods", "replicaset", "replicasets", "job", "jobs"]
                .contains(&word.as_str()) =>
            {
                Err(OwnerError::ShortLived(word.trim_end_matches('s').to_owned()))
            }
            None => Err(OwnerError::Kind(kind.to_owned())),
        }
    }
}

impl OwnerName {
    /// The object's own name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The right that looking it up needs.
    pub fn right(&self, namespace: &str) -> Right {
        Right {
            group: self.kind.group,
            resource: self.kind.plural,
            verb: "get",
            namespace: namespace.to_owned(),
            name: Some(self.name.clone()),
        }
    }

    fn api_version(&self) -> String {
        match self.kind.group {
            "" => "v1".to_owned(),
            group => format!("{group}/v1"),
        }
    }

    fn path(&self, namespace: &str) -> String {
        let root = if self.kind.group.is_empty() { "/api" } else { "/apis" };
        format!("{root}/{}/namespaces/{namespace}/{}", self.api_version(), self.kind.plural)
    }

    fn reference(&self, uid: String) -> OwnerReference {
        OwnerReference {
            api_version: self.api_version(),
            kind: self.kind.kind.to_owned(),
            name: self.name.clone(),
            uid,
            // Neither a controller, nor in the way of the owner's deletion.
            controller: None,
            block_owner_deletion: None,
        }
    }
}

/// An owner whose UID is looked up. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Owner {
    name: OwnerName,
    namespace: String,
    found: Arc<OnceLock<OwnerReference>>,
}

impl Owner {
    /// Looks the owner up in the election's namespace, again and again until it is found. What is
    /// written before has no owner yet. The task ends by itself then, or when it is aborted. Must be
    /// called within a tokio runtime.
    pub fn look_up(
        name: OwnerName,
        connection: Connection,
        facts: Facts,
    ) -> (Owner, JoinHandle<()>) {
        let namespace = facts.election().namespace().to_owned();
        let owner = Owner { name, namespace, found: Arc::default() };
        let channel = Channel::new(connection, Lane::Other, facts);
        let looking = tokio::spawn(look_up(owner.clone(), channel));
        (owner, looking)
    }

    /// The right that this needs.
    pub fn right(&self) -> Right {
        self.name.right(&self.namespace)
    }

    /// The reference to it, once it is known.
    pub(super) fn reference(&self) -> Option<OwnerReference> {
        self.found.get().cloned()
    }
}

async fn look_up(owner: Owner, channel: Channel) {
    let mut pauses = Backoff::new(SHORTEST_PAUSE, LONGEST_PAUSE);
    let mut told = Recurring::default();
    let collection = Request::new(owner.name.path(&owner.namespace));
    let what = format!("{}/{}", owner.name.kind.singular, owner.name.name);
    loop {
        let request = collection.get(&owner.name.name, &GetParams::default());
        let reason = match request {
            Ok(request) => {
                let read = channel.ask::<PartialObjectMeta>("get-owner", PATIENCE, request).await;
                match read.map(|object| object.metadata.uid) {
                    Ok(Some(uid)) => {
                        let _ = owner.found.set(owner.name.reference(uid));
                        tracing::info!(owner = %what, "the owner of the lock is known");
                        return;
                    }
                    Ok(None) => "the answer has no UID".to_owned(),
                    Err(failure) => failure.error.detail,
                }
            }
            Err(error) => error.to_string(),
        };
        match told.failed(clock::now(), &reason) {
            Some(times) => tracing::warn!(
                owner = %what, %reason, times,
                "the owner of the lock is not known yet, so the lock has none"
            ),
            None => {
                tracing::debug!(owner = %what, %reason, "the owner of the lock is not known yet")
            }
        }
        tokio::time::sleep(pauses.pause(None)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_named_by_kind_and_name() {
        for (text, path) in [
            ("deployment/shop", "/apis/apps/v1/namespaces/web/deployments"),
            ("StatefulSets/shop", "/apis/apps/v1/namespaces/web/statefulsets"),
            ("cronjob/shop", "/apis/batch/v1/namespaces/web/cronjobs"),
            ("service/shop", "/api/v1/namespaces/web/services"),
        ] {
            let name: OwnerName = text.parse().unwrap();
            assert_eq!((name.name(), name.path("web").as_str()), ("shop", path));
            assert_eq!(name.right("web").verb, "get");
        }
    }

    #[test]
    fn what_may_not_own_a_lock_is_refused_with_the_reason() {
        for (text, word) in [
            ("shop", "KIND/NAME"),
            ("deployment/", "KIND/NAME"),
            ("node/a", "deployment, statefulset"),
            ("pod/shop-1", "under another leader"),
            ("replicasets/shop-1", "a replicaset must not"),
        ] {
            let error = text.parse::<OwnerName>().unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
