//! What a node says of itself.

use super::Pairs;
use super::pod::{Condition, is_true};
use hotseat_core::policy::Value;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Keys of taints by which autoscalers, clouds and Kubernetes itself say that a node is about to go
/// away, or that pods are to leave it. Each is the word of its project's documentation.
const ENDINGS: [&str; 8] = [
    "node.kubernetes.io/unschedulable",
    "node.kubernetes.io/out-of-service",
    "node.cloudprovider.kubernetes.io/shutdown",
    "ToBeDeletedByClusterAutoscaler",
    "karpenter.sh/disrupted",
    "aws-node-termination-handler/scheduled-maintenance",
    "aws-node-termination-handler/spot-itn",
    "cloud.google.com/impending-node-termination",
];

/// A node, as far as it counts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Node {
    metadata: Metadata,
    spec: Spec,
    status: Status,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: String,
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Spec {
    unschedulable: bool,
    taints: Option<Vec<Taint>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Taint {
    key: String,
    value: String,
    effect: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    conditions: Option<Vec<Condition>>,
}

impl Node {
    /// What it says. Its state comes first: of too many labels some are left out.
    pub(super) fn said(&self) -> Pairs {
        let Node { metadata, spec, status } = self;
        let taints = spec.taints.as_deref().unwrap_or_default();
        let ends = taints.iter().any(|taint| ENDINGS.contains(&taint.key.as_str()));
        let flag = |key: &str, flag| (key.to_owned(), Value::Flag(flag));
        let mut said = vec![
            ("node.name".to_owned(), Value::Text(metadata.name.clone())),
            flag("node.ready", is_true(status.conditions.as_deref(), "Ready")),
            flag("node.draining", spec.unschedulable || ends),
            ("node.taints".to_owned(), Value::Texts(taints.iter().map(Taint::word).collect())),
        ];
        let text = |(key, value): (&String, &String)| (key.clone(), Value::Text(value.clone()));
        said.extend(metadata.labels.iter().flatten().map(text));
        said
    }
}

impl Taint {
    /// As kubectl writes it.
    fn word(&self) -> String {
        let Taint { key, value, effect } = self;
        match value.as_str() {
            "" => format!("{key}:{effect}"),
            value => format!("{key}={value}:{effect}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(node: serde_json::Value) -> BTreeMap<String, Value> {
        let node: Node = serde_json::from_value(node).unwrap();
        node.said().into_iter().collect()
    }

    #[test]
    fn zone_taints_and_readiness_are_said() {
        let said = said(json!({
            "metadata": {"name": "n1", "labels": {"topology.kubernetes.io/zone": "a"}},
            "spec": {"taints": [
                {"key": "gpu", "value": "yes", "effect": "NoSchedule"},
                {"key": "dedicated", "effect": "NoExecute"},
            ]},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        }));
        let taints = ["gpu=yes:NoSchedule", "dedicated:NoExecute"].map(str::to_owned);
        let expected = [
            ("node.name", Value::Text("n1".to_owned())),
            ("node.ready", Value::Flag(true)),
            ("node.draining", Value::Flag(false)),
            ("node.taints", Value::Texts(taints.into())),
            ("topology.kubernetes.io/zone", Value::Text("a".to_owned())),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value));
        assert_eq!(said, expected.into_iter().collect());
    }

    #[test]
    fn a_node_that_is_about_to_go_away_drains() {
        let drains = |spec| said(json!({"spec": spec}))["node.draining"] == Value::Flag(true);
        assert!(!drains(json!({})));
        assert!(!drains(json!({"taints": [{"key": "gpu", "effect": "NoSchedule"}]})));
        assert!(drains(json!({"unschedulable": true})));
        for key in ENDINGS {
            assert!(drains(json!({"taints": [{"key": key, "effect": "NoSchedule"}]})), "{key}");
        }
    }
}
