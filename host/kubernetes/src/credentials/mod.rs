//! Who the sidecar is to the API server and how it gets there, read from a kubeconfig or from the
//! pod's service account. `docs/kubeconfig.md` says for each field whether it is taken.
//!
//! Nothing here talks to the API server, and nothing here remembers: [`read`] is called again to
//! see what was rotated, and its results are compared.

mod cluster;
mod environment;
mod files;
mod plugin;
mod proxy;
mod service_account;
#[cfg(test)]
mod tests;
mod tls;
mod user;

pub(super) use environment::Environment;
pub(super) use plugin::{Granted, Plugin};
pub(super) use proxy::{Kind, Proxy};
pub(super) use tls::{Identity, KINDS, Tls, is_of_tls};
pub(super) use user::Impersonation;

use http::{HeaderValue, Uri};
use service_account::ServiceAccount;
use std::path::PathBuf;

/// Where the credentials come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// The service account of the pod, and nothing else.
    Cluster,
    /// `$KUBECONFIG` if it is set; else the pod's service account if there is one; else
    /// `~/.kube/config`.
    Search,
    /// These kubeconfigs, merged as those of `$KUBECONFIG` are.
    Files(Vec<PathBuf>),
}

/// What one reading of the credentials gave.
pub(super) struct Access {
    /// How requests get to the server.
    pub route: Route,
    /// What a request shows.
    pub login: Login,
    /// What the files say and is not used, for people: each in one line.
    pub notes: Vec<String>,
}

/// How requests get to the server. As long as two are equal, connections can be shared.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Route {
    /// With scheme and host, and perhaps a path in front of all requests.
    pub server: Uri,
    /// Whom to trust, and the certificate to show.
    pub tls: Tls,
    /// Through which proxy.
    pub proxy: Option<Proxy>,
    /// As whom to act.
    pub impersonation: Impersonation,
}

/// What a request shows in its `Authorization` header.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Login {
    /// Nothing: the certificate says it, or nobody asks.
    Nothing,
    /// This.
    Header(HeaderValue),
    /// What a program gives.
    Plugin(Plugin),
}

/// Reads the credentials, with every file that they name. May block for as long as a disk does.
///
/// # Errors
///
/// Something cannot be read or makes no sense: which file and field, why, and what to do.
pub(super) fn read(credentials: &Credentials, environment: &Environment) -> anyhow::Result<Access> {
    match kubeconfigs(credentials, environment) {
        Some(paths) => files::Files::read(&paths)?.choose()?.access(environment),
        None => ServiceAccount::default().read(environment),
    }
}

/// The kubeconfigs to read; none where it is the pod's service account.
fn kubeconfigs(credentials: &Credentials, environment: &Environment) -> Option<Vec<PathBuf>> {
    let in_pod = environment.service_host.is_some();
    match (credentials, environment.kubeconfigs()) {
        (Credentials::Files(paths), _) => Some(paths.clone()),
        (Credentials::Search, Some(paths)) => Some(paths),
        (Credentials::Search, None) if !in_pod => Some(vec![environment.home_kubeconfig()]),
        (Credentials::Search, None) | (Credentials::Cluster, _) => None,
    }
}

impl files::Chosen {
    /// What the current context's cluster and user amount to.
    fn access(self, environment: &Environment) -> anyhow::Result<Access> {
        let cluster = cluster::read(&self.cluster, environment)?;
        let user = user::read(&self.user, &self.cluster)?;
        let tls = Tls { identity: user.identity, ..cluster.tls };
        let route = Route {
            server: cluster.server,
            tls,
            proxy: cluster.proxy,
            impersonation: user.impersonation,
        };
        Ok(Access { route, login: user.login, notes: self.notes })
    }
}

/// The namespace that the current context of the kubeconfig names, for commands of people: an election's
/// candidates do not go by it. It is that of the files of [`Credentials::Search`], read as those are, and
/// none where it names none, or where there is no kubeconfig and none is asked for. May block for as long
/// as a disk does.
///
/// # Errors
///
/// A kubeconfig cannot be read, or its context is not there: which, why, and what to do.
pub fn context_namespace() -> anyhow::Result<Option<String>> {
    namespace_in(&Environment::of_process())
}

fn namespace_in(environment: &Environment) -> anyhow::Result<Option<String>> {
    let Some(paths) = kubeconfigs(&Credentials::Search, environment) else { return Ok(None) };
    // Not everybody who asks about a namespace has a cluster.
    let is_asked_for = environment.kubeconfigs().is_some();
    if !is_asked_for && paths.iter().all(|path| matches!(path.try_exists(), Ok(false))) {
        return Ok(None);
    }
    files::Files::read(&paths)?.namespace()
}

/// A text that is there and not empty: client-go writes and reads an empty one as none.
fn filled(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}
