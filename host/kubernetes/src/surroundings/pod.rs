//! What a pod says of itself.

use super::Pairs;
use hotseat_core::policy::Value;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// A pod, as far as it counts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pod {
    metadata: Metadata,
    spec: Spec,
    status: Status,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
    deletion_timestamp: Option<IgnoredAny>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    node_name: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    conditions: Option<Vec<Condition>>,
    init_container_statuses: Option<Vec<Container>>,
    container_statuses: Option<Vec<Container>>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Container {
    name: String,
    ready: bool,
    restart_count: i64,
    state: ContainerState,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ContainerState {
    running: Option<IgnoredAny>,
    waiting: Option<Reason>,
    terminated: Option<Reason>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Reason {
    reason: String,
}

impl Pod {
    /// The name of its node, once it has one.
    pub(super) fn node(&self) -> Option<&str> {
        self.spec.node_name.as_deref().filter(|name| !name.is_empty())
    }

    /// What it says. Its state comes first: of too many labels and annotations some are left out.
    pub(super) fn said(&self) -> Pairs {
        let Pod { metadata, status, .. } = self;
        let flag = |key: &str, flag| (key.to_owned(), Value::Flag(flag));
        let mut said = vec![
            flag("pod.ready", is_true(status.conditions.as_deref(), "Ready")),
            flag("pod.terminating", metadata.deletion_timestamp.is_some()),
        ];
        if let Some(node) = self.node() {
            said.push(("pod.node".to_owned(), Value::Text(node.to_owned())));
        }
        let containers = [&status.init_container_statuses, &status.container_statuses];
        for container in containers.into_iter().flatten().flatten() {
            let Container { name, ready, restart_count, state } = container;
            said.push((format!("pod.container.{name}"), Value::Text(state.word().to_owned())));
            said.push((format!("pod.container.{name}.ready"), Value::Flag(*ready)));
            let restarts = format!("pod.container.{name}.restarts");
            said.push((restarts, Value::Integer(*restart_count)));
        }
        let text = |(key, value): (&String, &String)| (key.clone(), Value::Text(value.clone()));
        said.extend(metadata.labels.iter().flatten().map(text));
        let annotations = metadata.annotations.iter().flatten().map(text);
        said.extend(annotations.map(|(key, value)| (format!("annotation:{key}"), value)));
        said
    }
}

impl ContainerState {
    /// `running`, or why it is not, such as `CrashLoopBackOff`.
    fn word(&self) -> &str {
        let reason = [&self.waiting, &self.terminated].into_iter().flatten().next();
        match (&self.running, reason) {
            (Some(_), _) => "running",
            (None, Some(Reason { reason })) if !reason.is_empty() => reason,
            (None, Some(_)) if self.terminated.is_some() => "terminated",
            // As the API has it for a state that says nothing.
            (None, _) => "waiting",
        }
    }
}

/// Whether the condition of that kind is true.
pub(super) fn is_true(conditions: Option<&[Condition]>, kind: &str) -> bool {
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|condition| condition.kind == kind && condition.status == "True")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn labels_readiness_and_containers_are_said() {
        let pod = json!({
            "metadata": {
                "name": "web-0",
                "labels": {"app.kubernetes.io/name": "web", "topology.kubernetes.io/zone": "a"},
                "annotations": {"shop/tier": "gold"},
            },
            "spec": {"nodeName": "n1"},
            "status": {
                "conditions": [{"type": "Ready", "status": "True"}, {"type": "X", "status": "False"}],
                "initContainerStatuses": [
                    {"name": "hotseat", "ready": true, "restartCount": 0, "state": {"running": {}}},
                ],
                "containerStatuses": [
                    {"name": "app", "ready": false, "restartCount": 7,
                     "state": {"waiting": {"reason": "CrashLoopBackOff"}}},
                    {"name": "job", "restartCount": 1, "state": {"terminated": {"exitCode": 0}}},
                    {"name": "new"},
                ],
            },
        });
        let pod: Pod = serde_json::from_value(pod).unwrap();
        assert_eq!(pod.node(), Some("n1"));
        let said: BTreeMap<String, Value> = pod.said().into_iter().collect();
        let text = |text: &str| Value::Text(text.to_owned());
        let expected = [
            ("annotation:shop/tier", text("gold")),
            ("app.kubernetes.io/name", text("web")),
            ("pod.container.app", text("CrashLoopBackOff")),
            ("pod.container.app.ready", Value::Flag(false)),
            ("pod.container.app.restarts", Value::Integer(7)),
            ("pod.container.hotseat", text("running")),
            ("pod.container.hotseat.ready", Value::Flag(true)),
            ("pod.container.hotseat.restarts", Value::Integer(0)),
            ("pod.container.job", text("terminated")),
            ("pod.container.job.ready", Value::Flag(false)),
            ("pod.container.job.restarts", Value::Integer(1)),
            ("pod.container.new", text("waiting")),
            ("pod.container.new.ready", Value::Flag(false)),
            ("pod.container.new.restarts", Value::Integer(0)),
            ("pod.node", text("n1")),
            ("pod.ready", Value::Flag(true)),
            ("pod.terminating", Value::Flag(false)),
            ("topology.kubernetes.io/zone", text("a")),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value));
        assert_eq!(said, expected.into_iter().collect());
    }

    #[test]
    fn a_pod_that_says_little_is_neither_ready_nor_about_to_go() {
        let pod: Pod = serde_json::from_value(json!({"metadata": {"labels": null}})).unwrap();
        assert_eq!(pod.node(), None);
        let flags = [("pod.ready", false), ("pod.terminating", false)];
        let flags = flags.map(|(key, flag)| (key.to_owned(), Value::Flag(flag)));
        assert_eq!(pod.said(), flags);
        let gone = json!({"metadata": {"deletionTimestamp": "2026-11-26T00:00:00Z"}});
        let gone: Pod = serde_json::from_value(gone).unwrap();
        assert_eq!(gone.said()[1], ("pod.terminating".to_owned(), Value::Flag(true)));
    }
}
