//! One attempt to reach a target.

use super::bounded::Bounded;
use super::spec::{Probe, Target};
use bytes::Bytes;
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::pin::pin;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The most bytes of an answer's head.
const MOST_HEAD: usize = 16 * 1024;
/// The most bytes that are read of a target in one attempt. Interim answers (1xx) come before the
/// head of the answer proper, as many as the target likes, and hyper reads them without an end.
const MOST_BYTES: usize = 4 * MOST_HEAD;

/// Makes attempts, one after the other.
#[derive(Debug)]
pub(super) struct Prober {
    target: Target,
    timeout: Duration,
    /// A name that is being resolved. The system's resolver cannot be stopped, so an attempt
    /// that ends before it leaves it to the next one, and there is never more than one.
    resolving: Option<JoinHandle<io::Result<Vec<SocketAddr>>>>,
}

impl Prober {
    /// For that probe.
    pub(super) fn new(probe: &Probe) -> Prober {
        Prober { target: probe.target.clone(), timeout: probe.timeout, resolving: None }
    }

    /// Whether the target is up at this moment.
    ///
    /// # Errors
    ///
    /// Why it is not, in one line.
    pub(super) async fn attempt(&mut self) -> Result<(), String> {
        let limit = self.timeout;
        match timeout(limit, self.try_it()).await {
            Ok(found) => found.map_err(|why| format!("{}: {why}", self.target)),
            Err(_) => Err(format!("{}: no answer within {limit:?}", self.target)),
        }
    }

    async fn try_it(&mut self) -> Result<(), String> {
        let mut found = Err("the name has no address".to_owned());
        for address in self.resolve().await? {
            match connect(address).await {
                Ok(stream) => return ask(stream, &self.target).await,
                Err(error) => found = Err(format!("no connection: {error}")),
            }
        }
        found
    }

    async fn resolve(&mut self) -> Result<Vec<SocketAddr>, String> {
        let Target { host, port, .. } = &self.target;
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::from((ip, *port))]);
        }
        let name = (host.clone(), *port);
        let resolving = self.resolving.get_or_insert_with(|| {
            tokio::task::spawn_blocking(move || name.to_socket_addrs().map(Iterator::collect))
        });
        let resolved = resolving.await;
        self.resolving = None;
        let resolved = resolved.map_err(|error| format!("resolving the name failed: {error}"))?;
        resolved.map_err(|error| format!("the name does not resolve: {error}"))
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    // With nobody listening on a port of the range for clients, the kernel may connect a socket to
    // itself.
    if stream.local_addr()? == address {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(stream)
}

/// A connection is enough for some; others have to answer a GET with 2xx or 3xx.
async fn ask(stream: TcpStream, target: &Target) -> Result<(), String> {
    let Some(path) = &target.path else {
        return Ok(());
    };
    let request = Request::get(path.as_str())
        .header(header::HOST, target.to_string())
        .header(header::USER_AGENT, concat!("hotseat-probe/", env!("CARGO_PKG_VERSION")))
        .header(header::ACCEPT, "*/*")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| error.to_string())?;
    let io = TokioIo::new(Bounded::new(stream, MOST_BYTES));
    let client = http1::Builder::new().max_buf_size(MOST_HEAD).handshake(io);
    let (mut sender, connection) = client.await.map_err(explain)?;
    let mut connection = pin!(connection);
    let mut answer = pin!(sender.send_request(request));
    let answer = tokio::select! {
        biased;
        answer = &mut answer => answer,
        // The answer may have come with the connection's end.
        _ = &mut connection => answer.await,
    };
    // The body is not read: what says whether the target is up stands before it.
    let status = answer.map_err(explain)?.status();
    if !status.is_success() && !status.is_redirection() {
        return Err(format!("status {}", status.as_u16()));
    }
    Ok(())
}

/// hyper's own words do not always name the cause.
fn explain(error: hyper::Error) -> String {
    match std::error::Error::source(&error) {
        Some(cause) => format!("no HTTP answer: {error}: {cause}"),
        None => format!("no HTTP answer: {error}"),
    }
}
