//! What of a pod's status proves that a process of it has ended.
//!
//! A process knows its own nonce and nothing of its container's id. So it lays the nonce down in its
//! container's termination log. The kubelet makes that file for one instance of one container, mounts it
//! into no other, and reads it when that instance has ended: the nonce in the report of an end is the
//! proof of whose end it is. See docs/decisions/0012.

use hotseat_core::lock::{Home, Incarnation};
use serde::Deserialize;

/// Reasons by which a kubelet or a container runtime says that it has lost sight of a container: it is
/// taken to have ended, and may run.
const NOT_KNOWN: [&str; 2] = ["ContainerStatusUnknown", "Unknown"];
/// What says that a pod is called failed by a controller that did not ask its node, since the node is
/// gone or was declared lost.
const DISRUPTION: &str = "DisruptionTarget";
const BY_POD_GC: &str = "DeletionByPodGC";

/// What a process lays down in its termination log, for its end to be known by.
pub fn last_words(nonce: &str) -> String {
    format!("hotseat-process={nonce};")
}

/// A pod, as far as it counts.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Pod {
    #[serde(default)]
    metadata: Metadata,
    status: Option<Status>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    uid: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    phase: Option<String>,
    conditions: Option<Vec<Condition>>,
    init_container_statuses: Option<Vec<Container>>,
    container_statuses: Option<Vec<Container>>,
    ephemeral_container_statuses: Option<Vec<Container>>,
}

#[derive(Clone, Debug, Deserialize)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    reason: Option<String>,
}

/// The status of a container: of the instance that is there, and of the one before it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    name: String,
    #[serde(rename = "containerID")]
    id: Option<String>,
    state: Option<ContainerState>,
    last_state: Option<ContainerState>,
}

#[derive(Clone, Debug, Deserialize)]
struct ContainerState {
    terminated: Option<Terminated>,
}

#[derive(Clone, Debug, Deserialize)]
struct Terminated {
    #[serde(rename = "containerID")]
    id: Option<String>,
    reason: Option<String>,
    message: Option<String>,
}

impl Pod {
    /// Whether this status proves that the process has ended.
    pub(super) fn proves_the_end_of(&self, process: &Incarnation) -> bool {
        let (Some(home), Some(status)) = (&process.home, &self.status) else { return false };
        // The pod of the same name may be another one by now.
        self.metadata.uid == home.uid
            && (status.has_ended(home, &process.nonce) || status.is_over())
    }
}

impl Status {
    /// The instance of the container that the process is the first process of has ended, now or before
    /// the one that is there.
    fn has_ended(&self, home: &Home, nonce: &str) -> bool {
        let Some(name) = &home.container else { return false };
        let words = last_words(nonce);
        let of_it = self.lasting().filter(|container| container.name == *name);
        let mut ends = of_it.flat_map(|container| [&container.state, &container.last_state]);
        ends.any(|state| {
            state.as_ref().and_then(ContainerState::known_end).is_some_and(|end| end.says(&words))
        })
    }

    /// The pod is over for good, and so is each container of it that ever ran. A phase alone is not
    /// enough: a controller sets it where a node is gone, and a kubelet that comes up sets it for a pod
    /// that it will not have, while what it knows of the containers is old.
    fn is_over(&self) -> bool {
        let over = matches!(self.phase.as_deref(), Some("Failed" | "Succeeded"));
        let mut conditions = self.conditions.iter().flatten();
        let unasked = conditions.any(|condition| {
            condition.kind == DISRUPTION
                && condition.status == "True"
                && condition.reason.as_deref() == Some(BY_POD_GC)
        });
        let all = || self.lasting().chain(self.ephemeral_container_statuses.iter().flatten());
        let ended = |container: &Container| {
            container.state.as_ref().and_then(ContainerState::known_end).is_some()
        };
        over && !unasked
            && all().any(ended)
            && all().all(|container| ended(container) || container.never_ran())
    }

    /// The containers of the pod's own, a sidecar among the first.
    fn lasting(&self) -> impl Iterator<Item = &Container> {
        self.init_container_statuses.iter().chain(&self.container_statuses).flatten()
    }
}

impl Container {
    fn never_ran(&self) -> bool {
        let none = |id: &Option<String>| id.as_deref().unwrap_or_default().is_empty();
        let ended =
            |state: &Option<ContainerState>| state.as_ref().is_some_and(|s| s.terminated.is_some());
        none(&self.id) && !ended(&self.state) && !ended(&self.last_state)
    }
}

impl ContainerState {
    /// The end of an instance that the runtime itself saw.
    fn known_end(&self) -> Option<&Terminated> {
        self.terminated.as_ref().filter(|end| {
            let unknown = end.reason.as_deref().is_some_and(|reason| NOT_KNOWN.contains(&reason));
            !unknown && end.id.as_deref().is_some_and(|id| !id.is_empty())
        })
    }
}

impl Terminated {
    fn says(&self, words: &str) -> bool {
        self.message.as_deref().is_some_and(|message| message.contains(words))
    }
}

#[cfg(test)]
mod tests;
