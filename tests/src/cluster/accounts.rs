//! Service accounts as a candidate has them: least rights, and a token that expires.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::api::rbac::v1::{PolicyRule, Role, RoleBinding, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, DeleteParams, PostParams};
use serde_json::json;

use super::{Cluster, block_on, kubeconfig};
use crate::wait;

/// Lifetime of the first token of an account.
const TOKEN_LIFETIME: Duration = Duration::from_secs(3600);
/// How long the server may take to learn of a new role.
const RIGHTS_WITHIN: Duration = Duration::from_secs(30);

/// What a candidate's service account may do in its namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// What Hotseat asks for: get, create, update, list and watch leases, create events, list and
    /// watch ConfigMaps, list, watch and patch pods.
    Full,
    /// As [`Full`](Self::Full), and patch and delete leases, for the roster.
    Roster,
    /// As [`Full`](Self::Full), and the same on Endpoints and ConfigMaps as on leases.
    EveryLock,
    /// Get, list and watch leases.
    ReadOnly,
    /// As [`Full`](Self::Full) without watch.
    NoWatch,
    /// Nothing at all.
    None,
}

impl Rights {
    fn lease_verbs(self) -> &'static [&'static str] {
        match self {
            Self::Full | Self::EveryLock => &["get", "create", "update", "list", "watch"],
            Self::Roster => &["get", "create", "update", "list", "watch", "patch", "delete"],
            Self::ReadOnly => &["get", "list", "watch"],
            Self::NoWatch => &["get", "create", "update", "list"],
            Self::None => &[],
        }
    }

    /// For a policy in a ConfigMap.
    fn config_map_verbs(self) -> &'static [&'static str] {
        match self {
            Self::Full | Self::Roster => &["list", "watch"],
            Self::EveryLock => self.lease_verbs(),
            Self::ReadOnly | Self::NoWatch | Self::None => &[],
        }
    }

    fn endpoints_verbs(self) -> &'static [&'static str] {
        match self {
            Self::EveryLock => self.lease_verbs(),
            Self::Full | Self::Roster | Self::ReadOnly | Self::NoWatch | Self::None => &[],
        }
    }

    /// For the end of a leader, and its label.
    fn pod_verbs(self) -> &'static [&'static str] {
        match self {
            Self::Full | Self::Roster | Self::EveryLock => &["list", "watch", "patch"],
            Self::ReadOnly | Self::NoWatch | Self::None => &[],
        }
    }

    fn event_verbs(self) -> &'static [&'static str] {
        match self {
            Self::Full | Self::Roster | Self::EveryLock | Self::NoWatch => &["create"],
            Self::ReadOnly | Self::None => &[],
        }
    }

    /// Group, resource and verbs of each rule.
    fn rules(self) -> impl Iterator<Item = (&'static str, &'static str, &'static [&'static str])> {
        [
            ("coordination.k8s.io", "leases", self.lease_verbs()),
            ("", "events", self.event_verbs()),
            ("", "configmaps", self.config_map_verbs()),
            ("", "endpoints", self.endpoints_verbs()),
            ("", "pods", self.pod_verbs()),
        ]
        .into_iter()
        .filter(|(_, _, verbs)| !verbs.is_empty())
    }
}

/// The user name of a service account, as the audit log and RBAC messages have it.
#[must_use]
pub fn account_user(namespace: &str, name: &str) -> String {
    format!("system:serviceaccount:{namespace}:{name}")
}

impl Cluster {
    /// Makes a service account with a role of exactly these rights, and the namespace if it is
    /// missing. Returns the path of a kubeconfig that reads its token from
    /// [`token_file`](Self::token_file). The rights are in force on return.
    ///
    /// # Errors
    ///
    /// When the account exists already, or the server refuses.
    pub fn create_candidate_account(
        &self,
        namespace: &str,
        name: &str,
        rights: Rights,
    ) -> anyhow::Result<PathBuf> {
        block_on(async || {
            let client = self.client().await?;
            ensure_namespace(&client, namespace).await?;
            let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), namespace);
            let account = ServiceAccount { metadata: named(name), ..Default::default() };
            accounts.create(&PostParams::default(), &account).await?;
            grant(&client, namespace, name, rights).await
        })
        .with_context(|| format!("cannot make the account {namespace}/{name}"))?;

        let token = self.new_token(namespace, name, TOKEN_LIFETIME)?;
        self.write_token(namespace, name, &token)?;
        let path = self.plan.folder().join(format!("{namespace}.{name}.kubeconfig"));
        let user = json!({"tokenFile": self.token_file(namespace, name)});
        kubeconfig::write(&path, &self.url(), &self.plan.ca_file(), namespace, &user)?;
        Ok(path)
    }

    /// The file that the account's kubeconfig reads its token from.
    #[must_use]
    pub fn token_file(&self, namespace: &str, name: &str) -> PathBuf {
        self.plan.folder().join(format!("{namespace}.{name}.token"))
    }

    /// Replaces the account's token file in one step, as the kubelet does for a pod.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write_token(&self, namespace: &str, name: &str, token: &str) -> anyhow::Result<()> {
        let path = self.token_file(namespace, name);
        let fresh = path.with_extension("token.new");
        fs::write(&fresh, token)
            .and_then(|()| fs::rename(&fresh, &path))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// A new token of the account, good for `lifetime`: ten minutes at least, says the server.
    ///
    /// # Errors
    ///
    /// When there is no such account, or the lifetime is refused.
    pub fn new_token(
        &self,
        namespace: &str,
        name: &str,
        lifetime: Duration,
    ) -> anyhow::Result<String> {
        block_on(async || {
            let accounts: Api<ServiceAccount> = Api::namespaced(self.client().await?, namespace);
            let request = TokenRequest {
                spec: Some(TokenRequestSpec {
                    expiration_seconds: Some(i64::try_from(lifetime.as_secs())?),
                    ..Default::default()
                }),
                ..Default::default()
            };
            let answer =
                accounts.create_token_request(name, &PostParams::default(), &request).await?;
            answer.status.and_then(|status| status.token).context("the answer holds no token")
        })
        .with_context(|| format!("cannot get a token for {namespace}/{name}"))
    }

    /// Deletes the service account, which ends its tokens. The server may go on taking a token
    /// that it checked in the last 10 s.
    ///
    /// # Errors
    ///
    /// When there is no such account.
    pub fn delete_account(&self, namespace: &str, name: &str) -> anyhow::Result<()> {
        block_on(async || {
            let accounts: Api<ServiceAccount> = Api::namespaced(self.client().await?, namespace);
            accounts.delete(name, &DeleteParams::default()).await?;
            Ok(())
        })
        .with_context(|| format!("cannot delete the account {namespace}/{name}"))
    }
}

fn named(name: &str) -> ObjectMeta {
    ObjectMeta { name: Some(name.to_owned()), ..Default::default() }
}

async fn ensure_namespace(client: &kube::Client, name: &str) -> anyhow::Result<()> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let namespace = Namespace { metadata: named(name), ..Default::default() };
    match namespaces.create(&PostParams::default(), &namespace).await {
        Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(()),
        other => Ok(other.map(drop)?),
    }
}

/// Makes role and binding, both with the account's name, and waits until the server heeds them.
async fn grant(
    client: &kube::Client,
    namespace: &str,
    name: &str,
    rights: Rights,
) -> anyhow::Result<()> {
    if rights.rules().next().is_none() {
        return Ok(());
    }
    let params = PostParams::default();
    let (role, binding) = role_and_binding(namespace, name, rights);
    Api::namespaced(client.clone(), namespace).create(&params, &role).await?;
    Api::namespaced(client.clone(), namespace).create(&params, &binding).await?;

    let user = account_user(namespace, name);
    for (group, resource, verbs) in rights.rules() {
        for verb in verbs {
            let attributes = ResourceAttributes {
                group: Some(group.into()),
                resource: Some(resource.into()),
                verb: Some((*verb).into()),
                namespace: Some(namespace.into()),
                ..Default::default()
            };
            wait_allowed(client, &user, attributes).await;
        }
    }
    Ok(())
}

fn role_and_binding(namespace: &str, name: &str, rights: Rights) -> (Role, RoleBinding) {
    let rules = rights.rules().map(|(group, resource, verbs)| PolicyRule {
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(vec![resource.to_owned()]),
        verbs: verbs.iter().map(ToString::to_string).collect(),
        ..Default::default()
    });
    let role = Role { metadata: named(name), rules: Some(rules.collect()) };
    let binding = RoleBinding {
        metadata: named(name),
        role_ref: RoleRef {
            api_group: Some("rbac.authorization.k8s.io".into()),
            kind: "Role".into(),
            name: name.into(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".into(),
            name: name.into(),
            namespace: Some(namespace.into()),
            ..Default::default()
        }]),
    };
    (role, binding)
}

/// The server learns of roles and bindings by watching them, so a new one takes a moment.
async fn wait_allowed(client: &kube::Client, user: &str, attributes: ResourceAttributes) {
    let what = format!("{user} to be allowed {attributes:?}");
    let review = SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: Some(user.to_owned()),
            resource_attributes: Some(attributes),
            ..Default::default()
        },
        ..Default::default()
    };
    let reviews: Api<SubjectAccessReview> = Api::all(client.clone());
    wait::until_async(&what, RIGHTS_WITHIN, async || {
        let answer = reviews.create(&PostParams::default(), &review).await;
        match answer {
            Ok(SubjectAccessReview { status: Some(status), .. }) if status.allowed => Ok(()),
            other => Err(other.map(|answer| answer.status)),
        }
    })
    .await;
}
