//! HTTP to the sidecar over plain sockets: bounded in bytes, and in time as a whole.
//!
//! It speaks HTTP/1.0, so that an answer ends with its connection and is not cut into chunks.

use crate::belief::{Answer, LARGEST_TOKEN};
use crate::{DEFAULT_URL, json};
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// The most bytes of an answer, or of a line of one.
const LONGEST: u64 = 64 << 10;
/// After so long without an event the watch is begun anew.
const SILENCE: Duration = Duration::from_secs(10);

/// Why the sidecar was not asked, has not answered or has refused, in one line for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What it answered with, if it did.
    status: Option<u16>,
    why: String,
}

impl Error {
    pub(crate) fn new(why: impl Into<String>) -> Error {
        Error { status: None, why: why.into() }
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

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::new(format!("the answer broke off: {error}"))
    }
}

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

    /// One request, which is a method and a path, and the body of its answer, within that time. A body
    /// that is too long is cut, and no document then.
    pub(crate) fn ask(&self, within: Duration, request: &str, body: &str) -> Result<String, Error> {
        Ok(text(self.open(within, request, body)?)?)
    }

    /// What `/v1/leader` says. Nothing may be believed of a document in which anything has the wrong type.
    pub(crate) fn leader(&self, within: Duration) -> Result<Answer, Error> {
        let body = self.ask(within, "GET /v1/leader", "")?;
        answer_in(&body).ok_or_else(|| Error::new("/v1/leader: no answer of a sidecar"))
    }

    /// Says when it hears something, the head of the stream or an event, until that says no, or the
    /// stream ends or is silent.
    pub(crate) fn watch(&self, mut heard: impl FnMut() -> bool) -> Result<(), Error> {
        let mut stream = self.open(SILENCE, "GET /v1/watch", "")?;
        let mut goes_on = heard();
        while goes_on {
            stream.get_mut().deadline = Instant::now() + SILENCE;
            let line = line(&mut stream)?;
            goes_on = !line.is_empty() && (!line.starts_with("data:") || heard());
        }
        Ok(())
    }

    /// Sends a request, and gives what is behind the head of an answer that says yes.
    fn open(&self, within: Duration, request: &str, body: &str) -> Result<Stream, Error> {
        let what = request.replacen(' ', &format!(" http://{}", self.0), 1);
        let failed = |error: io::Error| Error::new(format!("{what}: {error}"));
        let (status, stream) = self.send(within, request, body).map_err(failed)?;
        if status == 200 {
            return Ok(stream);
        }
        let said: String = text(stream).unwrap_or_default().trim().chars().take(500).collect();
        Err(Error { status: Some(status), why: format!("{what}: {status}: {said}") })
    }

    /// Sends a request; the status of the answer, and what is behind its head.
    fn send(&self, within: Duration, request: &str, body: &str) -> io::Result<(u16, Stream)> {
        let deadline = Instant::now() + within;
        let mut connected = Err(io::ErrorKind::NotFound.into());
        for address in self.0.to_socket_addrs()? {
            connected = TcpStream::connect_timeout(&address, left(deadline)?);
            if connected.is_ok() {
                break;
            }
        }
        let mut tcp = connected?;
        tcp.set_write_timeout(Some(left(deadline)?))?;
        let (host, length) = (&self.0, body.len());
        let whole = format!(
            "{request} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        tcp.write_all(whole.as_bytes())?;
        let mut stream = BufReader::new(Connection { tcp, deadline });
        let first = line(&mut stream)?;
        let status = first.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
        let status = status.ok_or_else(|| io::Error::other("no HTTP answer"))?;
        while !line(&mut stream)?.trim_end().is_empty() {}
        Ok((status, stream))
    }
}

/// A connection that is read until a deadline.
struct Connection {
    tcp: TcpStream,
    deadline: Instant,
}

type Stream = BufReader<Connection>;

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

/// The next line; empty at the end.
fn line(stream: &mut Stream) -> io::Result<String> {
    let mut line = String::new();
    let length = stream.take(LONGEST).read_line(&mut line)?;
    match length == 0 || line.ends_with('\n') {
        true => Ok(line),
        false => Err(io::Error::other(format!("no line of {LONGEST} bytes at most"))),
    }
}

/// All that is left, as far as it is not too long.
fn text(stream: Stream) -> io::Result<String> {
    let mut text = String::new();
    stream.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

fn answer_in(body: &str) -> Option<Answer> {
    let members = json::members(body)?;
    let whole = |name: &str| members.get(name)?.parse::<u64>().ok();
    let token = match *members.get("self")? {
        "true" => whole("token").filter(|token| (1..=LARGEST_TOKEN).contains(token))?,
        "false" => 0,
        _ => return None,
    };
    let remaining = Duration::from_millis(whole("remaining_ms")?);
    Some(Answer { token, name: json::text(members.get("name")?)?, remaining })
}
