//! The flags about pods.

use crate::sidecar::own_pod::{FactsWanted, PodFeatures, variable};
use clap::{Args, ValueEnum};
use hotseat_kubernetes::NodeName;

const POD: &str = "Pod";
/// The longest value, and name without its prefix, of a label.
const LONGEST: usize = 63;
/// The longest prefix of a label's key.
const LONGEST_PREFIX: usize = 253;

/// What an election does with pods. Each takes rights of its own.
#[derive(Debug, Args)]
pub(super) struct PodArgs {
    /// Take the seat of a leader whose container is reported to have ended after the reaction time, and
    /// not only when its lease is over. Takes the right to list and watch pods; give it to all replicas
    #[arg(long, env = "HOTSEAT_WATCH_PODS", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", action = clap::ArgAction::Set, help_heading = POD)]
    watch_pods: bool,
    /// A label of this pod while it leads, for a Service that chooses the leader. Takes the right to list
    /// and patch pods
    #[arg(long, env = "HOTSEAT_LABEL_LEADER", value_name = "KEY=VALUE", value_parser = parse_label, help_heading = POD)]
    label_leader: Option<(String, String)>,
    /// controller.kubernetes.io/pod-deletion-cost of this pod while it leads: a ReplicaSet that scales down
    /// removes the cheapest pods first, and a pod without it costs 0. Takes the right to patch pods
    #[arg(long, env = "HOTSEAT_POD_DELETION_COST", value_name = "N", allow_negative_numbers = true, help_heading = POD)]
    pod_deletion_cost: Option<i32>,
    /// Facts for the policy: pod, this pod's labels, annotations, readiness and containers,
    /// with the right to list and watch pods; node, its node's labels such as the zone, taints and drain,
    /// with the right to list and watch nodes, and NODE_NAME or pod for its name; time, the time of day and
    /// the weekday in UTC; seats, how many seats are held on this node, with the rights of --roster, and with
    /// pod or node for its name
    #[arg(long, env = "HOTSEAT_FACTS", value_name = "WHAT,..", value_enum, hide_possible_values = true, value_delimiter = ',', help_heading = POD)]
    facts: Vec<FactArg>,
}

/// What the policy may know of its surroundings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FactArg {
    Pod,
    Node,
    Time,
    Seats,
}

impl PodArgs {
    /// What is done with pods.
    pub(super) fn features(&self) -> PodFeatures {
        let wants = |fact| self.facts.contains(&fact);
        let node = variable("NODE_NAME").map_or(NodeName::OfPod, NodeName::Given);
        let facts = FactsWanted {
            // One of them knows the node's name.
            pod: wants(FactArg::Pod) || wants(FactArg::Seats) && !wants(FactArg::Node),
            node: wants(FactArg::Node).then_some(node),
            time: wants(FactArg::Time),
            seats: wants(FactArg::Seats),
        };
        PodFeatures {
            watch: self.watch_pods,
            label: self.label_leader.clone(),
            deletion_cost: self.pod_deletion_cost,
            facts,
        }
    }
}

/// A label as Kubernetes takes it. One without a value would not tell a leader from others by itself.
fn parse_label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("give a key and a value, such as role=leader")?;
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let wrong_prefix = prefix.is_some_and(|prefix| !is_domain(prefix));
    if wrong_prefix || !is_part(name) {
        return Err(format!(
            "{key:?} is not a key of a label: give up to {LONGEST} letters, digits, '-', '_' and '.', with a letter or a digit at both ends, and a domain and a slash before it if you like"
        ));
    }
    if !is_part(value) {
        return Err(format!(
            "{value:?} is not a value of a label: give up to {LONGEST} letters, digits, '-', '_' and '.', with a letter or a digit at both ends"
        ));
    }
    Ok((key.to_owned(), value.to_owned()))
}

fn is_part(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let at_ends = |c: char| c.is_ascii_alphanumeric();
    text.len() <= LONGEST
        && text.chars().all(inside)
        && text.starts_with(at_ends)
        && text.ends_with(at_ends)
}

fn is_domain(text: &str) -> bool {
    text.len() <= LONGEST_PREFIX
        && text.split('.').all(|part| {
            let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            !part.is_empty()
                && part.chars().all(inside)
                && !part.starts_with('-')
                && !part.ends_with('-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Flags {
        #[command(flatten)]
        pod: PodArgs,
    }

    #[test]
    fn seats_take_the_pod_for_the_name_of_the_node_where_nothing_else_gives_it() {
        for (facts, pod, node) in
            [("seats", true, false), ("seats,node", false, true), ("time", false, false)]
        {
            let flags = <Flags as clap::Parser>::parse_from(["hotseat", "--facts", facts]);
            let wanted = flags.pod.features().facts;
            let seats = facts.contains("seats");
            let found = (wanted.pod, wanted.node.is_some(), wanted.seats);
            assert_eq!(found, (pod, node, seats), "{facts}");
        }
    }

    #[test]
    fn a_label_has_a_key_and_a_value_that_kubernetes_takes() {
        for label in ["role=leader", "a=b", "hotseat.dev/role=the_Leader.1", "A-b_c.d=0"] {
            let (key, value) = label.split_once('=').unwrap();
            assert_eq!(parse_label(label), Ok((key.to_owned(), value.to_owned())));
        }
        let long = "x".repeat(64);
        for (label, why) in [
            ("leader", "such as role=leader"),
            ("role=", "not a value"),
            ("=leader", "not a key"),
            ("role=a=b", "not a value"),
            ("role=a b", "not a value"),
            ("-role=a", "not a key"),
            ("/role=a", "not a key"),
            ("Domain/role=a", "not a key"),
            ("a/b/c=a", "not a key"),
            (&format!("{long}=a"), "not a key"),
            (&format!("a={long}"), "not a value"),
        ] {
            let error = parse_label(label).unwrap_err();
            assert!(error.contains(why), "{label}: {error}");
        }
    }
}
