//! From a route to something that sends requests: TCP, a proxy perhaps, TLS, HTTP/1.1.

use super::causes::ThroughProxy;
use super::credentials::{Identity, Kind, Proxy, Route};
use anyhow::anyhow;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{HeaderValue, USER_AGENT};
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::client::legacy::{Client as HttpClient, Error as HttpError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::Config;
use kube::client::{Body, ConfigExt};
use std::time::Duration;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceBuilder};

/// A dead peer is noticed within about three of these.
const KEEPALIVE: Duration = Duration::from_secs(5);
/// How long a connection may take to be made, TLS not counted.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends requests to one server, with connections of its own.
pub(super) type Transport = BoxCloneSyncService<Request<Body>, Response<Incoming>, BoxError>;

/// A transport for that route. `identity` stands in for the route's own certificate; `agent` is the
/// user agent.
///
/// # Errors
///
/// TLS cannot use what it was given.
pub(super) fn transport(
    route: &Route,
    identity: Option<&Identity>,
    agent: &HeaderValue,
) -> anyhow::Result<Transport> {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_keepalive(Some(KEEPALIVE));
    connector.set_keepalive_interval(Some(KEEPALIVE));
    give_up_sending(&mut connector);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let config = config(route, identity, agent);
    let Some(proxy) = &route.proxy else {
        return finish(&config, connector, None);
    };
    let via = Some(proxy);
    match &proxy.kind {
        Kind::Http(login) => finish(&config, tunnel(proxy, login, connector), via),
        Kind::Https(login) => {
            // As in Go, the proxy is trusted by the same authorities as the server.
            let mut config_of_proxy = config.clone();
            config_of_proxy.tls_server_name = None;
            let inner = config_of_proxy.rustls_https_connector_with_connector(connector);
            let inner = inner.map_err(|error| anyhow!("{}", super::lock_error::explain(&error)))?;
            finish(&config, tunnel(proxy, login, inner), via)
        }
        Kind::Socks5(login) => {
            // Names are looked up by the proxy, which may be the only one that knows them.
            let mut socks = SocksV5::new(proxy.uri.clone(), connector);
            if let Some((name, password)) = login.clone() {
                socks = socks.with_auth(name, password);
            }
            finish(&config, socks, via)
        }
    }
}

/// kube's configuration, of which TLS, the server's address and the headers are used. Without
/// kube's own retries, which would hide whether a write landed.
fn config(route: &Route, identity: Option<&Identity>, agent: &HeaderValue) -> Config {
    let mut config = Config::new(route.server.clone());
    config.default_retry = false;
    config.headers.push((USER_AGENT, agent.clone()));
    config.root_cert.clone_from(&route.tls.roots);
    config.accept_invalid_certs = route.tls.insecure;
    config.tls_server_name.clone_from(&route.tls.server_name);
    if let Some(Identity { certificate, key }) = identity.or(route.tls.identity.as_ref()) {
        config.auth_info.client_certificate_data = Some(STANDARD.encode(certificate));
        config.auth_info.client_key_data = Some(STANDARD.encode(key).into());
    }
    let whom = &route.impersonation;
    config.auth_info.impersonate.clone_from(&whom.user);
    config.auth_info.impersonate_uid.clone_from(&whom.uid);
    config.auth_info.impersonate_groups = Some(whom.groups.clone());
    config.auth_info.impersonate_user_extra = Some(whom.extra.clone().into_iter().collect());
    config
}

fn tunnel<C>(proxy: &Proxy, login: &Option<HeaderValue>, inner: C) -> Tunnel<C> {
    let tunnel = Tunnel::new(proxy.uri.clone(), inner);
    match login {
        Some(login) => tunnel.with_auth(login.clone()),
        None => tunnel,
    }
}

/// Has the kernel give a connection up whose peer does not take what is sent.
#[cfg(target_os = "linux")]
fn give_up_sending(connector: &mut HttpConnector) {
    connector.set_tcp_user_timeout(Some(Duration::from_secs(15)));
}

/// Only Linux can be asked to. Elsewhere no election depends on it, and each request has its deadline.
#[cfg(not(target_os = "linux"))]
fn give_up_sending(_connector: &mut HttpConnector) {}

fn finish<C>(config: &Config, connector: C, via: Option<&Proxy>) -> anyhow::Result<Transport>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Connection + Read + Write + Send + Unpin + 'static,
    C::Future: Send + 'static,
    C::Error: Into<BoxError>,
{
    let failed = |error: kube::Error| anyhow!("{}", super::lock_error::explain(&error));
    let connector = config.rustls_https_connector_with_connector(connector).map_err(failed)?;
    let http = HttpClient::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        // A write that was sent on a connection which the server closes is not sent again
        // unasked: the election wants to know.
        .retry_canceled_requests(false)
        .build::<_, Body>(connector);
    let via = via.map(|proxy| format!("{} ({})", proxy.uri, proxy.from));
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(config.extra_headers_layer().map_err(failed)?)
        .map_err(move |error: HttpError| -> BoxError {
            match &via {
                Some(proxy) if error.is_connect() => {
                    Box::new(ThroughProxy { proxy: proxy.clone(), source: error })
                }
                _ => Box::new(error),
            }
        })
        .service(http);
    Ok(BoxCloneSyncService::new(service))
}
