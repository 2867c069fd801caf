//! The pod that this process is in: its name, and what is done with pods.

use crate::sidecar::home::{self, LastWords};
use crate::sidecar::host_facts;
use crate::sidecar::identity::{Identity, hostname};
use hotseat_election::signals::Store;
use hotseat_election::{Facts, Lock, Right, Status};
use hotseat_kubernetes::{
    Connection, DeathWatch, LabelledLock, LeaderLabel, LeaderMarks, NodeName, Surrounding,
    pod_watch_rights,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Where Kubernetes tells a pod its namespace.
const NAMESPACE_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// What an election does with pods; nothing by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodFeatures {
    /// The seat of a process that is reported to have ended is free before its lease is over (I15).
    pub watch: bool,
    /// The label of the leader's pod, by key and value.
    pub label: Option<(String, String)>,
    /// How dear the deletion of the leader's pod is, to a ReplicaSet.
    pub deletion_cost: Option<i32>,
    /// What the policy may know of this pod and its node.
    pub facts: FactsWanted,
}

/// What the policy may know of its surroundings; nothing by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactsWanted {
    /// The pod's labels, annotations, readiness and containers.
    pub pod: bool,
    /// The node's labels, taints and readiness.
    pub node: Option<NodeName>,
    /// The time of day.
    pub time: bool,
    /// The seats that are held on the node, by the rosters of the namespace.
    pub seats: bool,
}

/// The namespace that Kubernetes mounts into this pod, as it stands there.
pub fn mounted_namespace() -> Option<String> {
    std::fs::read_to_string(NAMESPACE_FILE).ok()
}

/// What the manifest hands in by the downward API under that name.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The namespace of this pod, by what the manifest hands in or Kubernetes mounts.
pub fn namespace() -> Option<String> {
    variable("POD_NAMESPACE").or_else(mounted_namespace).map(|name| name.trim().to_owned())
}

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPod {
    namespace: String,
    name: String,
    /// As the manifest hands it in.
    uid: Option<String>,
}

impl OwnPod {
    /// This process's, by what the manifest hands in and Kubernetes mounts; else its host's name, in
    /// the election's namespace.
    pub fn find(election_namespace: &str) -> OwnPod {
        OwnPod {
            namespace: namespace().unwrap_or_else(|| election_namespace.to_owned()),
            name: variable("POD_NAME").unwrap_or_else(hostname),
            uid: variable("POD_UID").map(|uid| uid.trim().to_owned()),
        }
    }

    /// Some pod of that namespace.
    pub fn in_namespace(namespace: &str) -> OwnPod {
        OwnPod { namespace: namespace.to_owned(), name: String::new(), uid: None }
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Its name, or its host's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its UID, where the manifest hands it in.
    pub fn uid(&self) -> Option<&str> {
        self.uid.as_deref()
    }

    /// What is said of it while it leads; none if nothing is.
    pub fn marks(&self, features: &PodFeatures) -> Option<LeaderMarks> {
        let PodFeatures { watch: _, label, deletion_cost, facts: _ } = features.clone();
        (label.is_some() || deletion_cost.is_some()).then(|| LeaderMarks {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            uid: self.uid.clone(),
            label,
            deletion_cost,
        })
    }

    /// The rights that those features take, one after the other: several may take the same one.
    pub fn rights(&self, features: &PodFeatures) -> Vec<Right> {
        let watch = if features.watch { pod_watch_rights(&self.namespace) } else { Vec::new() };
        let marks = self.marks(features).map(|marks| marks.rights()).unwrap_or_default();
        let surroundings = self.surroundings(&features.facts).rights();
        watch.into_iter().chain(marks).chain(surroundings).collect()
    }

    /// What is looked at for the policy.
    pub fn surroundings(&self, facts: &FactsWanted) -> Surrounding {
        let pod = facts.pod.then(|| self.name.clone());
        Surrounding { namespace: self.namespace.clone(), pod, node: facts.node.clone() }
    }

    /// Tells the policy what is wanted of this pod, its node and the time, for as long as what is
    /// returned is kept.
    pub fn tell(
        &self,
        wanted: &FactsWanted,
        connection: &Connection,
        facts: &Facts,
        store: &Store,
    ) -> JoinSet<()> {
        let mut telling = self.surroundings(wanted).look(connection, facts, store);
        if wanted.time {
            telling.spawn(host_facts::tell(store.clone()));
        }
        telling
    }

    /// The lock with what is done with pods around it, and who labels this one.
    pub fn beside(
        &self,
        lock: Arc<dyn Lock>,
        features: &PodFeatures,
        connection: &Connection,
        facts: &Facts,
        identity: &Identity,
        status: &Status,
    ) -> (Arc<dyn Lock>, Option<LeaderLabel>) {
        let mut lock = lock;
        if features.watch {
            let me = identity.incarnation.clone();
            let (connection, facts) = (connection.clone(), facts.clone());
            lock = Arc::new(DeathWatch::new(lock, connection, facts, &self.namespace, me));
        }
        let label = self.marks(features).map(|marks| {
            LeaderLabel::start(connection.clone(), facts.clone(), status.clone(), marks)
        });
        if let Some(label) = &label {
            lock = Arc::new(LabelledLock::new(lock, label.clone()));
        }
        (lock, label)
    }

    /// Lets others know where the end of this process will be reported, as far as that would prove it.
    /// Gives where its last words go. `reaction` is S.
    pub fn say_home(&self, identity: &mut Identity, reaction: Duration) -> Option<LastWords> {
        let nonce = identity.incarnation.nonce.clone();
        match home::find(&self.name, self.uid.as_deref(), &nonce, reaction) {
            Ok(found) => {
                identity.incarnation.home = Some(found.home);
                found.last_words.inspect_err(|reason| {
                    tracing::warn!(
                        %reason,
                        "if this process dies its lease has to run out, unless its whole pod ends"
                    );
                }).ok()
            }
            Err(reason) => {
                tracing::warn!(%reason, "if this process dies its lease has to run out");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod() -> OwnPod {
        OwnPod { namespace: "web".to_owned(), name: "web-0".to_owned(), uid: None }
    }

    fn verbs(features: &PodFeatures) -> Vec<&'static str> {
        let rights = pod().rights(features);
        assert!(rights.iter().all(|right| right.resource == "pods" && right.namespace == "web"));
        rights.iter().map(|right| right.verb).collect()
    }

    #[test]
    fn each_feature_takes_the_rights_that_it_uses() {
        let none = PodFeatures::default();
        assert!(verbs(&none).is_empty());
        assert_eq!(pod().marks(&none), None);
        let watch = PodFeatures { watch: true, ..none.clone() };
        assert_eq!(verbs(&watch), ["list", "watch"]);
        let label = Some(("role".to_owned(), "leader".to_owned()));
        let label = PodFeatures { label, ..none.clone() };
        assert_eq!(verbs(&label), ["list", "patch"]);
        let cost = PodFeatures { deletion_cost: Some(100), ..none };
        assert_eq!(verbs(&cost), ["patch"]);
        let all = PodFeatures { watch: true, ..label };
        assert_eq!(verbs(&all), ["list", "watch", "list", "patch"]);
    }
}
