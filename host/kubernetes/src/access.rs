//! The access self-check: what this account may not do, and the Role that would let it.

use super::connection::Connection;
use super::exchange::{Channel, Lane};
use hotseat_core::event::Notice;
use hotseat_core::policy::Outcome;
use hotseat_election::clock;
use hotseat_election::{Fact, Facts, Observer, Recurring, Right, Said};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Resource as _;
use kube::api::PostParams;
use kube::core::Request;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What Events on a lock need.
pub fn event_rights(namespace: &str) -> Vec<Right> {
    vec![Right {
        group: "",
        resource: "events",
        verb: "create",
        namespace: namespace.to_owned(),
        name: None,
    }]
}

/// What a policy in a ConfigMap needs.
pub fn config_map_rights(namespace: &str, name: &str) -> Vec<Right> {
    let right = |verb| Right {
        group: "",
        resource: "configmaps",
        verb,
        namespace: namespace.to_owned(),
        name: Some(name.to_owned()),
    };
    vec![right("list"), right("watch")]
}

/// How long one review may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The pause between two checks, doubling while nothing changes.
const SHORTEST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// Looks at the start, and whenever a request is denied, which rights the account lacks.
#[derive(Clone, Debug)]
pub struct RightsCheck(Arc<Notify>);

impl RightsCheck {
    /// Starts the task that looks. It ends with the runtime, or when `JoinHandle` is aborted.
    pub fn start(
        connection: Connection,
        facts: Facts,
        rights: Vec<Right>,
    ) -> (RightsCheck, JoinHandle<()>) {
        let wanted = Arc::new(Notify::new());
        wanted.notify_one();
        let checking = tokio::spawn(keep_checking(connection, facts, rights, wanted.clone()));
        (RightsCheck(wanted), checking)
    }
}

impl Observer for RightsCheck {
    fn observe(&self, said: Said<'_>) {
        if let Fact::Elector(Notice::WriteFailed { trouble, .. } | Notice::ReadFailed(trouble)) =
            said.fact
            && trouble.outcome == Outcome::Denied
        {
            self.0.notify_one();
        }
    }
}

/// Says which rights are missing, whenever a check is `wanted`: what is missing is said once, until
/// something else is.
async fn keep_checking(
    connection: Connection,
    facts: Facts,
    rights: Vec<Right>,
    wanted: Arc<Notify>,
) {
    let channel = Channel::new(connection, Lane::Other, facts);
    let (mut said, mut unknown) = (None, Recurring::default());
    let mut pause = SHORTEST_PAUSE;
    loop {
        wanted.notified().await;
        match check_access(&channel, &rights).await {
            Ok(missing) => {
                if unknown.worked().is_some() {
                    tracing::info!("the account's rights can be checked again");
                }
                pause =
                    if missing == said { (pause * 2).min(LONGEST_PAUSE) } else { SHORTEST_PAUSE };
                match &missing {
                    None => tracing::debug!("the account has all rights that are needed"),
                    Some(_) if missing == said => tracing::debug!("the same rights are missing"),
                    Some(role) => tracing::error!(
                        "rights are missing; this Role, bound to the service account, gives them:\n{role}"
                    ),
                }
                said = missing;
            }
            Err(reason) => match unknown.failed(clock::now(), &reason) {
                Some(times) => {
                    tracing::warn!(%reason, times, "the account's rights could not be checked");
                }
                None => tracing::debug!(%reason, "the account's rights could not be checked"),
            },
        }
        tokio::time::sleep(pause).await;
    }
}

/// Asks the API server what this account may do. Gives the Roles that are missing as YAML; none if
/// nothing is missing. The error is the first review that could not be had, in words.
async fn check_access(channel: &Channel, rights: &[Right]) -> Result<Option<String>, String> {
    let mut missing = Vec::new();
    for right in rights {
        if !may(channel, right).await? {
            missing.push(right);
        }
    }
    Ok((!missing.is_empty()).then(|| roles(&missing)))
}

async fn may(channel: &Channel, right: &Right) -> Result<bool, String> {
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                group: Some(right.group.to_owned()),
                resource: Some(right.resource.to_owned()),
                verb: Some(right.verb.to_owned()),
                namespace: Some(right.namespace.clone()),
                name: right.name.clone(),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let collection = Request::new(SelfSubjectAccessReview::url_path(&(), None));
    let bytes = serde_json::to_vec(&review).map_err(|error| error.to_string())?;
    let request = collection.create(&PostParams::default(), bytes);
    let request = request.map_err(|error| error.to_string())?;
    let answer = channel.ask::<SelfSubjectAccessReview>("access-review", PATIENCE, request).await;
    let answer = answer.map_err(|failure| failure.trouble.detail)?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}

/// The Roles with just these rights, one for each namespace.
fn roles(missing: &[&Right]) -> String {
    let mut roles: BTreeMap<&str, BTreeMap<_, Vec<&str>>> = BTreeMap::new();
    for right in missing {
        let rule = (right.group, right.resource, right.name.as_deref());
        let rules = roles.entry(&right.namespace).or_default();
        rules.entry(rule).or_default().push(right.verb);
    }
    let documents = roles.iter().map(|(namespace, rules)| {
        let name = rules.keys().find_map(|(_, _, name)| *name).unwrap_or("sidecar");
        let mut text = format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: hotseat-{name}, namespace: {namespace}}}\nrules:\n"
        );
        for ((group, resource, name), verbs) in rules {
            let names = name.map_or(String::new(), |name| format!(", resourceNames: [{name}]"));
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "- {{apiGroups: [\"{group}\"], resources: [{resource}]{names}, verbs: [{}]}}",
                verbs.join(", ")
            );
        }
        text
    });
    documents.collect::<Vec<_>>().join("---\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LockKind;

    #[test]
    fn the_missing_role_has_just_what_is_missing() {
        let needed = LockKind::Leases.rights("web", "shop");
        let events = event_rights("web");
        let text = roles(&[&needed[0], &needed[3], &events[0]]);
        assert!(text.contains("name: hotseat-shop, namespace: web"), "{text}");
        assert!(text.contains("resources: [leases], resourceNames: [shop], verbs: [get, update]"));
        assert!(text.contains("resources: [events], verbs: [create]"));
        assert!(!text.contains("watch"));
    }

    #[test]
    fn a_policy_in_another_namespace_has_a_role_there() {
        let lease = LockKind::Leases.rights("web", "shop");
        let map = config_map_rights("platform", "policy");
        let text = roles(&[&lease[4], &map[0], &map[1]]);
        let documents: Vec<&str> = text.split("---\n").collect();
        assert_eq!(documents.len(), 2, "{text}");
        assert!(documents[0].contains("name: hotseat-policy, namespace: platform"), "{text}");
        assert!(documents[0].contains("resourceNames: [policy], verbs: [list, watch]"), "{text}");
        assert!(documents[1].contains("resources: [leases], verbs: [create]"), "{text}");
    }
}
