//! The connection to the API server.
//!
//! Two clients are made of one configuration: one for the lock, and one for everything else, so
//! that an Event or an access review never waits in front of a renewal.

use super::trouble::{explain, one_line};
use anyhow::{Context, bail};
use http::header::{HeaderValue, USER_AGENT};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::{Body, ConfigExt};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tower::ServiceBuilder;

/// A dead peer is noticed within about three of these.
const KEEPALIVE: Duration = Duration::from_secs(5);
/// How long the kernel tries to send before it gives a connection up.
const USER_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a connection may take to be made, TLS not counted.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where the credentials come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// The service account of the pod, and nothing else.
    Cluster,
    /// `$KUBECONFIG` if it is set; else the pod's service account if there is one; else
    /// `~/.kube/config`.
    Search,
}

/// A way to the API server that can be made anew, with credentials read anew.
#[derive(Clone)]
pub struct Connection(Arc<Inner>);

struct Inner {
    credentials: Credentials,
    agent: HeaderValue,
    url: String,
    lock: Mutex<Client>,
    other: Mutex<Client>,
}

impl Connection {
    /// Reads the credentials and makes the clients. Nothing is sent yet. `agent` is the user agent
    /// that the API server's audit log shows.
    ///
    /// # Errors
    ///
    /// The kubeconfig or the service account cannot be read or is broken: which file, and why.
    pub async fn open(credentials: Credentials, agent: &str) -> anyhow::Result<Connection> {
        let config = configuration(credentials).await?;
        let agent = HeaderValue::from_str(agent).context("the user agent is no header value")?;
        Ok(Connection(Arc::new(Inner {
            credentials,
            url: config.cluster_url.to_string(),
            lock: Mutex::new(client(&config, &agent)?),
            other: Mutex::new(client(&config, &agent)?),
            agent,
        })))
    }

    /// The API server's address.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The client for the lock.
    pub(super) fn lock(&self) -> Client {
        self.0.lock.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The client for everything else.
    pub(super) fn other(&self) -> Client {
        self.0.other.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the credentials anew and makes both clients anew: a token that was rotated counts
    /// from the next request on, and not from the next time that a cache runs out.
    pub(super) async fn renew(&self) -> anyhow::Result<()> {
        let config = configuration(self.0.credentials).await?;
        let (lock, other) = (client(&config, &self.0.agent)?, client(&config, &self.0.agent)?);
        *self.0.lock.lock().unwrap_or_else(PoisonError::into_inner) = lock;
        *self.0.other.lock().unwrap_or_else(PoisonError::into_inner) = other;
        Ok(())
    }
}

/// Kubeconfig or service account. kube's own search takes `~/.kube/config` first even in a pod,
/// and obeys debugging variables; this one does neither.
async fn configuration(credentials: Credentials) -> anyhow::Result<Config> {
    let named = std::env::var("KUBECONFIG").ok().filter(|paths| !paths.is_empty());
    let in_pod = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some();
    if credentials == Credentials::Cluster || (named.is_none() && in_pod) {
        return Config::incluster().map_err(|error| {
            let why = explain_plain(&error);
            anyhow::anyhow!("the service account of the pod cannot be used: {why}: run in a pod with its token mounted, or give a kubeconfig in $KUBECONFIG")
        });
    }
    let path = match named {
        Some(paths) => paths,
        None => {
            let home = std::env::var("HOME").unwrap_or_default();
            format!("{home}/.kube/config")
        }
    };
    for path in path.split(':').filter(|path| !path.is_empty()) {
        check_kubeconfig(Path::new(path))?;
    }
    let kubeconfig = match std::env::var_os("KUBECONFIG") {
        Some(_) => Kubeconfig::from_env().map(Option::unwrap_or_default),
        None => Kubeconfig::read_from(&path),
    };
    let broken = |error: &(dyn std::error::Error + 'static)| {
        anyhow::anyhow!(
            "kubeconfig {path}: {}: mend the file, or name another in $KUBECONFIG",
            explain_plain(error)
        )
    };
    let kubeconfig = kubeconfig.map_err(|error| broken(&error))?;
    let options = KubeConfigOptions::default();
    Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| broken(&error))
}

fn check_kubeconfig(path: &Path) -> anyhow::Result<()> {
    match std::fs::read(path) {
        Ok(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => {
            bail!("kubeconfig {}: is empty: name another file in $KUBECONFIG", path.display())
        }
        Ok(_) => Ok(()),
        Err(error) => {
            bail!(
                "kubeconfig {}: cannot be read ({error}): name another file in $KUBECONFIG, or run in a pod",
                path.display()
            )
        }
    }
}

fn explain_plain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    one_line(&text)
}

/// A client without kube's own retries (they would hide whether a write landed) and with a
/// connector that notices a dead peer. Each request has its own deadline besides.
fn client(config: &Config, agent: &HeaderValue) -> anyhow::Result<Client> {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_keepalive(Some(KEEPALIVE));
    connector.set_keepalive_interval(Some(KEEPALIVE));
    connector.set_tcp_user_timeout(Some(USER_TIMEOUT));
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let mut config = config.clone();
    config.default_retry = false;
    config.headers.push((USER_AGENT, agent.clone()));
    let failed = |error: &(dyn std::error::Error + 'static)| anyhow::anyhow!("{}", explain(error));
    let connector =
        config.rustls_https_connector_with_connector(connector).map_err(|error| failed(&error))?;
    let http = HttpClient::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        // A write that was sent on a connection which the server closes is not sent again
        // unasked: the election wants to know.
        .retry_canceled_requests(false)
        .build::<_, Body>(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer().map_err(|error| failed(&error))?)
        .layer(config.extra_headers_layer().map_err(|error| failed(&error))?)
        .map_err(tower::BoxError::from)
        .service(http);
    Ok(Client::new(service, config.default_namespace.clone()))
}
