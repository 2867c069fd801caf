//! One request at a time over a connection of its own, with a limit on the time of each step.

use super::reference::is_loopback;
use crate::read::read_text;
use crate::text::{bytes as amount, chain};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::response::Parts;
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// For the host's name and for each of its addresses.
const CONNECT: Duration = Duration::from_secs(5);
const HANDSHAKE: Duration = Duration::from_secs(10);
/// From the request to the answer's head.
const ANSWER: Duration = Duration::from_secs(15);
/// What a request's body may take besides, for each MiB.
const UPLOAD: Duration = Duration::from_secs(10);
/// Between two pieces of an answer.
const PIECE: Duration = Duration::from_secs(15);

/// The largest file with certificates, in bytes.
const LARGEST_CA: u64 = 4 * 1024 * 1024;

/// Sends requests. Made for one pull or push and then dropped, with all that it holds.
pub(super) struct Transport {
    ca: Option<PathBuf>,
    tls: Option<TlsConnector>,
}

/// An answer whose body is still to be read.
pub(super) struct Exchange {
    pub(super) parts: Parts,
    body: Incoming,
    _connection: Connection,
}

/// A request as the caller makes it.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
}

/// The task that moves a connection's bytes; it ends with this value.
struct Connection(AbortHandle);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Transport {
    pub(super) fn new(ca: Option<&Path>) -> Transport {
        Transport { ca: ca.map(Path::to_owned), tls: None }
    }

    /// Sends a request to an absolute `http` or `https` address.
    pub(super) async fn send(&mut self, call: Call) -> Result<Exchange, String> {
        let host = call.uri.host().unwrap_or_default().to_owned();
        let secure = call.uri.scheme_str() == Some("https");
        if !secure && !is_loopback(&host) {
            return Err(format!(
                "plain HTTP to {host} is refused: only this machine is asked without TLS"
            ));
        }
        let port = call.uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let stream = connect(&host, port, secure).await?;
        if !secure {
            return exchange(stream, call).await;
        }
        let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name =
            ServerName::try_from(name).map_err(|_| format!("{host} is not a name for TLS"))?;
        let tls = self.tls().await?;
        let stream = within(HANDSHAKE, "the TLS handshake", tls.connect(name, stream)).await?;
        let stream = stream.map_err(|error| {
            format!(
                "TLS with {host} fails ({}): give the authority's certificate as the registry CA",
                chain(&error)
            )
        })?;
        exchange(stream, call).await
    }

    /// Read when it is first needed.
    async fn tls(&mut self) -> Result<TlsConnector, String> {
        if let Some(tls) = &self.tls {
            return Ok(tls.clone());
        }
        let ca = self.ca.clone();
        let config = tokio::task::spawn_blocking(move || tls_config(ca.as_deref())).await;
        let config = config.map_err(|_| "reading the certificates was cut off".to_owned())??;
        let tls = TlsConnector::from(Arc::new(config));
        self.tls = Some(tls.clone());
        Ok(tls)
    }
}

impl Exchange {
    /// The body, if it has at most `limit` bytes. A connection that ends early is an error.
    pub(super) async fn body(mut self, limit: u64) -> Result<Vec<u8>, BodyError> {
        let announced = self.parts.headers.get(CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(BodyError::TooLarge);
        }
        let mut bytes = Vec::new();
        while let Some(frame) =
            within(PIECE, "the next piece of the answer", self.body.frame()).await?
        {
            let frame = frame.map_err(|error| {
                format!("the answer ends after {} ({})", amount(bytes.len() as u64), chain(&error))
            })?;
            if let Ok(data) = frame.into_data() {
                if (bytes.len() + data.len()) as u64 > limit {
                    return Err(BodyError::TooLarge);
                }
                bytes.extend_from_slice(&data);
            }
        }
        Ok(bytes)
    }
}

/// Why there is no body.
#[derive(Debug)]
pub(super) enum BodyError {
    TooLarge,
    Broken(String),
}

impl From<String> for BodyError {
    fn from(why: String) -> BodyError {
        BodyError::Broken(why)
    }
}

impl BodyError {
    pub(super) fn told(self, what: &str, limit: u64) -> String {
        match self {
            BodyError::TooLarge => format!("{what} is larger than {}", amount(limit)),
            BodyError::Broken(why) => format!("{what}: {why}"),
        }
    }
}

/// The first address of the host that takes a connection. Without TLS, only this machine's count,
/// whatever the name `localhost` was made to mean.
async fn connect(host: &str, port: u16, secure: bool) -> Result<TcpStream, String> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let looked =
        within(CONNECT, &format!("the address of {host}"), lookup_host((bare, port))).await?;
    let addresses: Vec<SocketAddr> = looked
        .map_err(|error| {
            format!("{host} has no address ({error}): check its name, and this machine's DNS")
        })?
        .filter(|address| secure || address.ip().to_canonical().is_loopback())
        .collect();
    let mut why = format!("{host} has no address that may be asked");
    for address in addresses {
        match within(CONNECT, &format!("a connection to {address}"), TcpStream::connect(address))
            .await
        {
            Ok(Ok(stream)) => {
                // Small requests must not wait for each other; that it cannot be set is no harm.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => why = format!("no connection to {host} at {address} ({error})"),
            Err(late) => why = late,
        }
    }
    Err(why)
}

async fn exchange<S>(stream: S, call: Call) -> Result<Exchange, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| {
        format!("no answer to {} {} ({})", call.method, call.uri, chain(&error))
    };
    let (mut sender, connection) =
        http1::Builder::new().handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let task = tokio::spawn(async move {
        // How it ends shows at the request.
        let _ = connection.await;
    });
    let connection = Connection(task.abort_handle());
    let mebibytes = u32::try_from(call.body.len().div_ceil(1 << 20)).unwrap_or(u32::MAX);
    let patience = ANSWER + UPLOAD.saturating_mul(mebibytes);
    let what = format!("the answer to {} {}", call.method, call.uri);
    let answer = within(patience, &what, sender.send_request(request(&call)?)).await?;
    let (parts, body) = answer.map_err(failed)?.into_parts();
    Ok(Exchange { parts, body, _connection: connection })
}

fn request(call: &Call) -> Result<Request<Full<Bytes>>, String> {
    let failed = |_| format!("{} is not an address for a request", call.uri);
    let authority = call.uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    let path = call.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let mut request = Request::new(Full::new(call.body.clone()));
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = path.parse().map_err(failed)?;
    let headers = request.headers_mut();
    let host =
        HeaderValue::from_str(authority).map_err(|_| format!("{authority} is not a host"))?;
    headers.insert(HOST, host);
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("hotseat/", env!("CARGO_PKG_VERSION"))),
    );
    headers.extend(call.headers.iter().cloned());
    Ok(request)
}

async fn within<F: Future>(limit: Duration, what: &str, future: F) -> Result<F::Output, String> {
    timeout(limit, future)
        .await
        .map_err(|_| format!("{what} did not come within {} s", limit.as_secs()))
}

fn tls_config(ca: Option<&Path>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    // Single broken certificates of a machine are no reason to trust none.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = ca {
        let broken = |why: String| format!("the registry CA {}: {why}", path.display());
        let text = read_text(path, LARGEST_CA).map_err(broken)?;
        let certificates: Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(text.as_bytes()).collect();
        let certificates = certificates.map_err(|error| broken(format!("broken PEM ({error})")))?;
        if certificates.is_empty() {
            return Err(broken("it holds no certificate in PEM".to_owned()));
        }
        for certificate in certificates {
            roots
                .add(certificate)
                .map_err(|error| broken(format!("a certificate is refused ({error})")))?;
        }
    }
    if roots.is_empty() {
        return Err(
            "this machine has no root certificates: install ca-certificates, or give a registry CA"
                .to_owned(),
        );
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| chain(&error))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
