//! The access self-check: what this account may not do, and the Role that would let it.

use super::connection::Connection;
use crate::metrics::Metrics;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::api::{Api, PostParams};
use std::fmt::Write as _;
use std::time::Duration;

/// What the sidecar does: group, resource, verb, and whether on the Lease of the election alone.
const NEEDS: [(&str, &str, &str, bool); 6] = [
    ("coordination.k8s.io", "leases", "get", true),
    ("coordination.k8s.io", "leases", "list", true),
    ("coordination.k8s.io", "leases", "watch", true),
    ("coordination.k8s.io", "leases", "update", true),
    ("coordination.k8s.io", "leases", "create", false),
    ("", "events", "create", false),
];
/// How long one review may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the API server what this account may do in the namespace. Gives the Role that is missing
/// as YAML; none if nothing is missing.
///
/// # Errors
///
/// The first review that could not be had, in words.
pub async fn check_access(
    connection: &Connection,
    metrics: &Metrics,
    namespace: &str,
    election: &str,
) -> Result<Option<String>, String> {
    let mut missing = Vec::new();
    for (group, resource, verb, named) in NEEDS {
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(ResourceAttributes {
                    group: Some(group.to_owned()),
                    resource: Some(resource.to_owned()),
                    verb: Some(verb.to_owned()),
                    namespace: Some(namespace.to_owned()),
                    name: named.then(|| election.to_owned()),
                    ..ResourceAttributes::default()
                }),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let api: Api<SelfSubjectAccessReview> = Api::all(connection.other());
        metrics.api_request("access-review");
        let params = PostParams::default();
        let answer = tokio::time::timeout(PATIENCE, api.create(&params, &review)).await;
        let answer = answer.map_err(|_| format!("no answer within {PATIENCE:?}"))?;
        let answer = answer.map_err(|error| super::trouble::trouble(&error).detail)?;
        if !answer.status.is_some_and(|status| status.allowed) {
            missing.push((group, resource, verb, named));
        }
    }
    Ok((!missing.is_empty()).then(|| role(namespace, election, &missing)))
}

/// The Role with just these rights.
fn role(namespace: &str, election: &str, missing: &[(&str, &str, &str, bool)]) -> String {
    let mut text = format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: hotseat-{election}, namespace: {namespace}}}\nrules:\n"
    );
    let kinds = [
        ("coordination.k8s.io", "leases", true),
        ("coordination.k8s.io", "leases", false),
        ("", "events", false),
    ];
    for (group, resource, named) in kinds {
        let verbs: Vec<&str> = missing
            .iter()
            .filter(|need| need.0 == group && need.1 == resource && need.3 == named)
            .map(|need| need.2)
            .collect();
        if verbs.is_empty() {
            continue;
        }
        let verbs = verbs.join(", ");
        let names = if named { format!(", resourceNames: [{election}]") } else { String::new() };
        let _ = writeln!(
            text,
            "- {{apiGroups: [\"{group}\"], resources: [{resource}]{names}, verbs: [{verbs}]}}"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_role_has_just_what_is_missing() {
        let text = role("web", "shop", &[NEEDS[0], NEEDS[3], NEEDS[5]]);
        assert!(text.contains("name: hotseat-shop, namespace: web"));
        assert!(text.contains("resources: [leases], resourceNames: [shop], verbs: [get, update]"));
        assert!(text.contains("resources: [events], verbs: [create]"));
        assert!(!text.contains("watch"));
    }
}
