//! `hotseat fence admission`: a ValidatingAdmissionPolicy by which the API server refuses writes of a
//! pod that does not hold the seat.
//!
//! The API server knows a pod by its token: those that the kubelet gives out are bound to the pod, and
//! name it and its UID in the user's extra fields. The policy's parameter is the Lease, which each API
//! server follows for itself, so that the fence moves with the lock and needs nobody's help. It may lag
//! by what that watch lags, and it knows no time: a holder whose lease has expired passes until another
//! takes the seat.

use anyhow::bail;
use hotseat_election::ElectionName;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Where the API server puts what a token says of its pod.
const POD_NAME: &str = "authentication.kubernetes.io/pod-name";
const POD_UID: &str = "authentication.kubernetes.io/pod-uid";

/// What is fenced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The election whose leader may write.
    pub election: ElectionName,
    /// The service account of its pods, in the election's namespace.
    pub account: String,
    /// What may be written by the leader alone.
    pub resources: Vec<Resource>,
    /// Only objects with these labels; none: all.
    pub labels: BTreeMap<String, String>,
    /// Whether the pod's UID has to be that of the process that wrote the Lease: it tells a pod from an
    /// earlier one of its name, and needs POD_UID in the sidecar's environment.
    pub by_uid: bool,
}

/// One kind of objects, as `[GROUP/]RESOURCE`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// The API group; empty for the core group, `*` for all.
    pub group: String,
    /// The resource in the plural; `*` for all.
    pub name: String,
}

impl Resource {
    /// Reads `configmaps`, `apps/deployments` or `shop.example/*`.
    ///
    /// # Errors
    ///
    /// What is wrong with it and what to write instead.
    pub fn parse(text: &str) -> Result<Resource, String> {
        let (group, name) = text.split_once('/').unwrap_or(("", text));
        let fits = |part: &str, extra: &str| {
            part == "*"
                || part
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || extra.contains(c))
        };
        if name.is_empty() || !fits(name, "") || !fits(group, "-.") {
            return Err("give [GROUP/]RESOURCE in the plural, such as configmaps, apps/deployments or shop.example/*".to_owned());
        }
        if group == "coordination.k8s.io" && name == "leases" {
            return Err("the candidates themselves write Leases, and those that stand by have to: leave them out".to_owned());
        }
        Ok(Resource { group: group.to_owned(), name: name.to_owned() })
    }
}

/// The manifests.
///
/// # Errors
///
/// Nothing is to be fenced.
pub fn manifests(settings: &Settings) -> anyhow::Result<String> {
    let Settings { election, account, resources, labels, by_uid } = settings;
    if resources.is_empty() {
        bail!("--resources: nothing is fenced without them: give what only the leader may write");
    }
    let (namespace, lease) = (election.namespace(), election.name());
    let name = format!("hotseat-{namespace}-{lease}");
    let mut text = format!(
        "\
# Only the leader of the election {election} may write what is named below, of all pods with the service
# account {account}; others are refused with 403. Kubernetes 1.30 and later. The right to make these
# two is a cluster administrator's.
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: {name}}}
spec:
  failurePolicy: Fail
  paramKind: {{apiVersion: coordination.k8s.io/v1, kind: Lease}}
  matchConstraints:
    resourceRules:
"
    );
    write_rules(&mut text, resources);
    if !labels.is_empty() {
        text.push_str("    objectSelector:\n      matchLabels:\n");
        for (key, value) in labels {
            let _ = writeln!(text, "        {key}: \"{value}\"");
        }
    }
    let extra = |key: &str| format!("request.userInfo.?extra[?'{key}'][?0].orValue('')");
    let _ = write!(
        text,
        "  matchConditions:
  - name: by-a-candidate
    expression: request.userInfo.username == 'system:serviceaccount:{namespace}:{account}'
  variables:
  - {{name: pod, expression: \"{}\"}}
  - {{name: uid, expression: \"{}\"}}
  - {{name: mark, expression: \"params.metadata.?annotations[?'{}'].orValue('')\"}}
  validations:
  - expression: variables.pod != '' && params.spec.?holderIdentity.orValue('') == variables.pod
    messageExpression: \"'only the leader of {election} may write this, and ' + (variables.pod == '' ? 'the token names no pod' : variables.pod + ' is not it')\"
    reason: Forbidden
",
        extra(POD_NAME),
        extra(POD_UID),
        hotseat_kubernetes::WRITE,
    );
    if *by_uid {
        let _ = write!(
            text,
            "  # The UID stands in the mark of whoever wrote the Lease: an earlier pod of the same name is not it.
  - expression: variables.uid != '' && variables.mark.contains('.' + variables.uid + '.')
    messageExpression: \"'only the leader of {election} may write this, and the pod ' + variables.pod + ' with the UID ' + variables.uid + ' is not it: is POD_UID in the environment of its sidecar?'\"
    reason: Forbidden
"
        );
    }
    text.push_str(&binding(&name, election));
    Ok(text)
}

/// What puts the policy in force for one Lease; without it, everything is refused.
fn binding(name: &str, election: &ElectionName) -> String {
    let (namespace, lease) = (election.namespace(), election.name());
    format!(
        "\
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: {name}}}
spec:
  policyName: {name}
  paramRef: {{name: {lease}, namespace: {namespace}, parameterNotFoundAction: Deny}}
  validationActions: [Deny]
"
    )
}

/// A rule for each group, with subresources such as `status`.
fn write_rules(text: &mut String, resources: &[Resource]) {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for resource in resources {
        groups.entry(&resource.group).or_default().push(&resource.name);
    }
    let operations = "operations: [CREATE, UPDATE, DELETE]";
    for (group, names) in &groups {
        let all = names.iter().flat_map(|name| [format!("\"{name}\""), format!("\"{name}/*\"")]);
        let all = all.collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            text,
            "    - {{apiGroups: [\"{group}\"], apiVersions: [\"*\"], {operations}, resources: [{all}]}}"
        );
    }
    if resources.iter().any(|resource| resource.name == "*") {
        // Else no standby could take the seat, or say anything.
        text.push_str("    excludeResourceRules:\n");
        for (group, name) in
            [("coordination.k8s.io", "leases"), ("", "events"), ("events.k8s.io", "events")]
        {
            let _ = writeln!(
                text,
                "    - {{apiGroups: [\"{group}\"], apiVersions: [\"*\"], operations: [\"*\"], resources: [{name}]}}"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_read_and_leases_are_refused() {
        let resource = |group: &str, name: &str| {
            Ok(Resource { group: group.to_owned(), name: name.to_owned() })
        };
        assert_eq!(Resource::parse("configmaps"), resource("", "configmaps"));
        assert_eq!(Resource::parse("apps/deployments"), resource("apps", "deployments"));
        assert_eq!(Resource::parse("shop.example/*"), resource("shop.example", "*"));
        for wrong in ["", "/", "apps/", "Deployment", "a/b/c", "x\"]}", "con figs"] {
            assert!(Resource::parse(wrong).unwrap_err().contains("such as configmaps"), "{wrong}");
        }
        let leases = Resource::parse("coordination.k8s.io/leases").unwrap_err();
        assert!(leases.contains("leave them out"), "{leases}");
    }

    #[test]
    fn a_fence_around_everything_lets_candidates_campaign() {
        let settings = Settings {
            election: ElectionName::new("shop", "web"),
            account: "web".to_owned(),
            resources: vec![Resource::parse("*/*").unwrap()],
            labels: BTreeMap::new(),
            by_uid: false,
        };
        let text = manifests(&settings).unwrap();
        assert!(text.contains("excludeResourceRules") && text.contains("[leases]"), "{text}");
        assert!(!text.contains("variables.uid + '.'"), "{text}");
        let none = Settings { resources: vec![], ..settings };
        assert!(manifests(&none).unwrap_err().to_string().contains("--resources"));
    }
}
