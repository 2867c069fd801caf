//! The fields of a kubeconfig's cluster.

use super::environment::Environment;
use super::files::Entry;
use super::filled;
use super::proxy::{self, Proxy};
use super::tls::{self, Pem, Tls};
use anyhow::{Context as _, bail, ensure};
use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};
use kube::config::Cluster;

/// What a cluster's fields amount to.
pub(super) struct Read {
    pub(super) server: Uri,
    /// Without an identity.
    pub(super) tls: Tls,
    pub(super) proxy: Option<Proxy>,
}

pub(super) fn read(entry: &Entry<Cluster>, environment: &Environment) -> anyhow::Result<Read> {
    let Entry { name, at, value: cluster } = entry;
    let of = format!("{at}: cluster {name:?}");
    let roots = trusted(entry)?;
    let insecure = cluster.insecure_skip_tls_verify.unwrap_or(false);
    ensure!(
        !(insecure && roots.is_some()),
        "{of}: insecure-skip-tls-verify: a certificate authority is given too, so it is not clear what is to be trusted: remove one of the two"
    );
    let roots = roots.map(|pem| tls::roots(&pem)).transpose()?;
    let server_name = filled(cluster.tls_server_name.as_ref()).map(tls::server_name).transpose();
    let server_name = server_name.with_context(|| format!("{of}: tls-server-name"))?;
    let server = filled(cluster.server.as_ref());
    let server = server.with_context(|| {
        format!(
            "{of}: server is not set: give the address of the API server, as in https://HOST:PORT"
        )
    })?;
    let secured = insecure || roots.is_some();
    let server = address(server, secured).with_context(|| format!("{of}: server {server:?}"))?;
    let proxy = match filled(cluster.proxy_url.as_ref()) {
        Some(url) => Some(proxy::of_field(url, &format!("{of}: proxy-url"))?),
        None => proxy::of_environment(&server, environment)?,
    };
    Ok(Read { server, tls: Tls { roots, insecure, server_name, identity: None }, proxy })
}

/// The certificates of the cluster's authority, as they stand there.
pub(super) fn trusted(entry: &Entry<Cluster>) -> anyhow::Result<Option<Pem>> {
    let Entry { name, at, value: cluster } = entry;
    tls::material(
        &format!("{at}: cluster {name:?}: certificate-authority"),
        filled(cluster.certificate_authority_data.as_ref()),
        filled(cluster.certificate_authority.as_ref()),
    )
}

/// The server's address. Without a scheme it is `https` if the cluster says how to trust the
/// server, else `http`, as for kubectl.
pub(super) fn address(text: &str, secured: bool) -> anyhow::Result<Uri> {
    const REMEDY: &str = "write it as https://HOST:PORT";
    let default = if secured { "https" } else { "http" };
    let whole = match text.contains("://") {
        true => text.to_owned(),
        false => format!("{default}://{text}"),
    };
    let uri: Uri = whole.parse().with_context(|| format!("is not a URL: {REMEDY}"))?;
    let mut parts = uri.into_parts();
    match parts.scheme.as_ref().map(Scheme::as_str) {
        Some("http" | "https") => {}
        Some(other) => bail!("the scheme {other:?} is not known: {REMEDY}"),
        None => bail!("has no scheme: {REMEDY}"),
    }
    let authority = parts.authority.as_ref().map_or("", Authority::as_str);
    ensure!(
        !authority.contains('@'),
        "a name and a password in the address are not taken: put them into the user's username and password"
    );
    let query = parts.path_and_query.as_ref().and_then(PathAndQuery::query);
    ensure!(query.is_none(), "has a query, which cannot stand in front of all requests: {REMEDY}");
    // A URI with a scheme needs a path.
    parts.path_and_query.get_or_insert_with(|| PathAndQuery::from_static("/"));
    Uri::from_parts(parts).with_context(|| format!("is not a URL: {REMEDY}"))
}
