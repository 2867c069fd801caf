//! The raw limit of a hand-over: what the API server and the network alone take for it.
//!
//! One write that empties a Lease, its watch event at another client, and that client's write that
//! takes the Lease, by a client that does nothing else, on connections that are open already.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use hotseat_tests::cluster::Cluster;
use jiff::Timestamp;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};

use crate::arena::{Arena, NAMESPACE};
use crate::pieces::Span;

/// The Lease.
pub(crate) const NAME: &str = "raw-limit";
/// How long connecting, and each read and write, may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Two clients of one Lease: a leader, and a standby that follows it.
pub(crate) struct Raw {
    leader: Connection,
    standby: Connection,
    watch: Connection,
    /// The Lease as it is.
    lease: Value,
}

impl Raw {
    /// Makes the Lease, and connects both clients with the account of the candidates.
    ///
    /// # Errors
    ///
    /// The server cannot be reached or refuses.
    pub(crate) fn new(cluster: &Cluster, arena: &Arena) -> anyhow::Result<Raw> {
        let open = || Connection::open(cluster, arena.token());
        let (mut leader, mut standby, mut watch) = (open()?, open()?, open()?);
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": NAME}, "spec": spec("leader", 15),
        });
        let lease = leader.ask("POST", &leases(), Some(&lease))?;
        // Both connections for writes have carried a request before it counts.
        standby.ask("GET", &format!("{}/{NAME}", leases()), None)?;
        let version = version(&lease)?;
        let selector = format!("fieldSelector=metadata.name%3D{NAME}");
        let query = format!("?watch=true&{selector}&resourceVersion={version}");
        watch.send("GET", &format!("{}{query}", leases()), None)?;
        watch.head()?;
        Ok(Raw { leader, standby, watch, lease })
    }

    /// Passes the Lease on once.
    ///
    /// # Errors
    ///
    /// The server refuses, or ends the watch.
    pub(crate) fn hand_over(&mut self) -> anyhow::Result<Span> {
        let path = format!("{}/{NAME}", leases());
        let mut emptied = self.lease.clone();
        emptied["spec"] = spec("", 1);
        let (began, begun) = (Instant::now(), Timestamp::now());
        self.leader.send("PUT", &path, Some(&emptied))?;
        let mut taken = self.watch.event()?;
        taken["spec"] = spec("standby", 15);
        self.standby.send("PUT", &path, Some(&taken))?;
        self.lease = self.standby.answer()?;
        let took = began.elapsed();
        // What follows is not part of it: the first write's answer, and the second one's event.
        self.leader.answer()?;
        let seen = self.watch.event()?;
        if version(&seen)? != version(&self.lease)? {
            bail!("somebody else writes the Lease {NAME}");
        }
        Ok(Span { begun, took })
    }
}

fn leases() -> String {
    format!("/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases")
}

fn spec(holder: &str, seconds: u32) -> Value {
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    json!({"holderIdentity": holder, "leaseDurationSeconds": seconds,
           "acquireTime": now, "renewTime": now, "leaseTransitions": 0})
}

fn version(lease: &Value) -> anyhow::Result<String> {
    let version = lease["metadata"]["resourceVersion"].as_str();
    Ok(version.context("a Lease without a version")?.to_owned())
}

/// A keep-alive connection with TLS, and no more of HTTP than is needed.
struct Connection {
    stream: BufReader<StreamOwned<ClientConnection, TcpStream>>,
    head: String,
}

impl Connection {
    fn open(cluster: &Cluster, token: &str) -> anyhow::Result<Connection> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(cluster.ca_pem().as_bytes()) {
            roots.add(certificate?)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let url = cluster.url();
        let authority = url.strip_prefix("https://").context("the server has no TLS")?;
        let (host, _) = authority.rsplit_once(':').context("the server's address has no port")?;
        let tls = ClientConnection::new(Arc::new(config), ServerName::try_from(host.to_owned())?)?;
        let tcp = TcpStream::connect(authority)?;
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(Some(PATIENCE))?;
        tcp.set_write_timeout(Some(PATIENCE))?;
        let head = format!(
            "Host: {authority}\r\nUser-Agent: {NAME}\r\nAuthorization: Bearer {token}\r\n\
             Accept: application/json\r\nContent-Type: application/json\r\n"
        );
        Ok(Connection { stream: BufReader::new(StreamOwned::new(tls, tcp)), head })
    }

    fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        self.send(method, path, body)?;
        self.answer()
    }

    fn send(&mut self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<()> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let (head, length) = (&self.head, body.len());
        let request =
            format!("{method} {path} HTTP/1.1\r\n{head}Content-Length: {length}\r\n\r\n{body}");
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.stream.get_mut().flush()?;
        Ok(())
    }

    /// Reads an answer's head, and gives the length of its body; none if it comes in chunks.
    fn head(&mut self) -> anyhow::Result<Option<usize>> {
        let status = self.line()?;
        let mut length = None;
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = Some(value.trim().parse()?);
            }
        }
        if !status.starts_with("HTTP/1.1 20") {
            bail!("the server answers {status:?}");
        }
        Ok(length)
    }

    fn answer(&mut self) -> anyhow::Result<Value> {
        let mut body = Vec::new();
        match self.head()? {
            Some(length) => {
                body.resize(length, 0);
                self.stream.read_exact(&mut body)?;
            }
            None => while self.chunk(&mut body)? {},
        }
        Ok(serde_json::from_slice(&body)?)
    }

    /// The object of the watch's next event.
    fn event(&mut self) -> anyhow::Result<Value> {
        let mut line = Vec::new();
        while !line.ends_with(b"\n") {
            if !self.chunk(&mut line)? {
                bail!("the server ended the watch");
            }
        }
        let mut event: Value = serde_json::from_slice(&line)?;
        if event["type"] != "MODIFIED" {
            bail!("the watch tells {event}");
        }
        Ok(event["object"].take())
    }

    /// Adds the next chunk; false if it was the last.
    fn chunk(&mut self, to: &mut Vec<u8>) -> anyhow::Result<bool> {
        let length = usize::from_str_radix(&self.line()?, 16)?;
        let start = to.len();
        to.resize(start + length, 0);
        self.stream.read_exact(&mut to[start..])?;
        self.line()?;
        Ok(length > 0)
    }

    /// A line without its end.
    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            bail!("the server closed the connection");
        }
        Ok(line.trim_end().to_owned())
    }
}
