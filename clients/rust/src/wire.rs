//! HTTP to the sidecar over plain sockets: bounded in bytes, and in time as a whole.
//!
//! It speaks HTTP/1.0, so that an answer ends with its connection and is not cut into chunks.

use crate::belief::{Answer, LARGEST_TOKEN};
use crate::{DEFAULT_URL, json};
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// The most bytes of an answer, or of a line of the watch.
const LONGEST: u64 = 64 << 10;
/// After so long without an event the watch is given up.
const SILENCE: Duration = Duration::from_secs(10);
/// After so long without a watch it is begun anew.
pub(crate) const REST: Duration = Duration::from_secs(2);

/// Why the sidecar was not asked, has not answered or has refused, in one line for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What it answered with, if it did.
    status: Option<u16>,
    why: String,
}

impl Error {
    pub(crate) fn new(why: String) -> Error {
        Error { status: None, why }
    }

    /// The status that the sidecar refused with; none where there was no answer.
    pub fn status(&self) -> Option<u16> {
        self.status
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for Error {}

/// Where the sidecar answers: a name or an address, and a port.
#[derive(Debug)]
pub(crate) struct Sidecar(String);

impl Sidecar {
    pub(crate) fn new(url: &str) -> Result<Sidecar, Error> {
        let host = url.strip_prefix("http://").unwrap_or_default();
        let mut address = host.strip_suffix('/').unwrap_or(host).to_owned();
        if address.ends_with(']') || !address.contains(':') {
            address.push_str(":80");
        }
        let usable = |c: char| c.is_ascii_alphanumeric() || "-._:[]%".contains(c);
        let (name, port) = address.rsplit_once(':').unwrap_or_default();
        if name.is_empty() || !name.chars().all(usable) || port.parse::<u16>().is_err() {
            let why = format!("{url:?} is not an address of a sidecar: give {DEFAULT_URL}");
            return Err(Error::new(why));
        }
        Ok(Sidecar(address))
    }

    /// One request, which is a method and a path, and the body of an answer that says yes, within that time.
    pub(crate) fn ask(&self, within: Duration, request: &str, body: &str) -> Result<String, Error> {
        let (status, why) = match self.exchange(within, request, body) {
            Ok((200, body)) => return Ok(body),
            Ok((status, body)) => (Some(status), format!("{status}: {:.500}", body.trim())),
            Err(error) => (None, error.to_string()),
        };
        let what = request.replacen(' ', &format!(" http://{}", self.0), 1);
        Err(Error { status, why: format!("{what}: {why}") })
    }

    /// What `/v1/leader` says. Nothing may be believed of a document in which anything has the wrong type.
    pub(crate) fn leader(&self, within: Duration) -> Option<Answer> {
        let body = self.ask(within, "GET /v1/leader", "").ok()?;
        let members = json::members(&body)?;
        let whole = |name: &str| members.get(name)?.parse::<u64>().ok();
        let token = match *members.get("self")? {
            "true" => whole("token").filter(|token| (1..=LARGEST_TOKEN).contains(token))?,
            "false" => 0,
            _ => return None,
        };
        let remaining = Duration::from_millis(whole("remaining_ms")?);
        Some(Answer { token, name: json::text(members.get("name")?)?, remaining })
    }

    /// Says when it hears an event, until that says no, or the stream ends or is silent.
    pub(crate) fn watch(&self, mut heard: impl FnMut() -> bool) -> io::Result<()> {
        let mut stream = self.open(SILENCE, "GET /v1/watch", "")?;
        loop {
            let mut line = String::new();
            (&mut stream).take(LONGEST).read_line(&mut line)?;
            if !line.ends_with('\n') || line.starts_with("data:") && !heard() {
                return Ok(());
            }
            stream.get_mut().deadline = Instant::now() + SILENCE;
        }
    }

    /// The status and the body of an answer. A body that is too long is cut, and no document then.
    fn exchange(&self, within: Duration, request: &str, body: &str) -> io::Result<(u16, String)> {
        let mut answer = String::new();
        self.open(within, request, body)?.take(LONGEST).read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
        Ok((status.ok_or_else(|| io::Error::other("no HTTP answer"))?, body.to_owned()))
    }

    /// Sends a request, and gives what comes back within that time.
    fn open(
        &self,
        within: Duration,
        request: &str,
        body: &str,
    ) -> io::Result<BufReader<Connection>> {
        let deadline = Instant::now() + within;
        let connect = |to: SocketAddr| TcpStream::connect_timeout(&to, left(deadline)?);
        let nobody = Err(io::Error::from(io::ErrorKind::NotFound));
        let mut tcp =
            self.0.to_socket_addrs()?.fold(nobody, |one, to| one.or_else(|_| connect(to)))?;
        tcp.set_write_timeout(Some(left(deadline)?))?;
        let (host, size) = (&self.0, body.len());
        let whole = format!(
            "{request} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             Content-Length: {size}\r\n\r\n{body}"
        );
        tcp.write_all(whole.as_bytes())?;
        Ok(BufReader::new(Connection { tcp, deadline }))
    }
}

/// A connection that is read until a deadline.
struct Connection {
    tcp: TcpStream,
    deadline: Instant,
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.tcp.set_read_timeout(Some(left(self.deadline)?))?;
        self.tcp.read(buffer)
    }
}

/// What is left until then; never zero, which the system takes for no limit.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
    left.ok_or_else(|| io::ErrorKind::TimedOut.into())
}
