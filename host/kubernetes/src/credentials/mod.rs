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
    let in_pod = environment.service_host.is_some();
    let paths = match (credentials, environment.kubeconfigs()) {
        (Credentials::Files(paths), _) => paths.clone(),
        (Credentials::Search, Some(paths)) => paths,
        (Credentials::Search, None) if !in_pod => vec![environment.home_kubeconfig()],
        (Credentials::Search, None) | (Credentials::Cluster, _) => {
            return ServiceAccount::default().read(environment);
        }
    };
    let chosen = files::Files::read(&paths)?.choose()?;
    chosen.access(environment)
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
/// candidates do not go by it. None without one; what is wrong with the file is said when it is used.
pub fn context_namespace() -> Option<String> {
    let file = kube::config::Kubeconfig::read().ok()?;
    let current = file.current_context.as_ref()?;
    let named = file.contexts.into_iter().find(|context| context.name == *current)?;
    named.context?.namespace.filter(|namespace| !namespace.is_empty())
}

/// A text that is there and not empty: client-go writes and reads an empty one as none.
fn filled(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}
