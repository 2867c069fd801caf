//! HTTP to the sidecar over plain sockets: bounded in bytes, and in time as a whole.
//!
//! It speaks HTTP/1.0, so that an answer ends with its connection and is not cut into chunks.

use crate::belief::{Answer, LARGEST_TOKEN};
use crate::json::{self, Value};
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

const LONGEST_ANSWER: u64 = 64 << 10;
const LONGEST_LINE: u64 = 64 << 10;

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

/// Where the sidecar answers.
#[derive(Debug)]
pub(crate) struct Sidecar {
    host: String,
    address: String,
}

impl Sidecar {
    pub(crate) fn new(url: &str) -> Result<Sidecar, Error> {
        let wrong = || {
            Error::new(format!(
                "{url:?} is not an address of a sidecar: give http://127.0.0.1:4040"
            ))
        };
        let host = url.strip_prefix("http://").ok_or_else(wrong)?;
        let host = host.strip_suffix('/').unwrap_or(host);
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, port),
            _ => (host, "80"),
        };
        let usable = |c: char| c.is_ascii_alphanumeric() || "-._:[]%".contains(c);
        if name.is_empty() || !name.chars().all(usable) || port.parse::<u16>().is_err() {
            return Err(wrong());
        }
        Ok(Sidecar { host: host.to_owned(), address: format!("{name}:{port}") })
    }

    /// One request and its body, within that time.
    pub(crate) fn ask(
        &self,
        within: Duration,
        method: &str,
        path: &str,
        body: &str,
        kind: &str,
    ) -> Result<String, Error> {
        let what = format!("{method} http://{}{path}", self.host);
        let failed = |error: io::Error| Error::new(format!("{what}: {error}"));
        let mut answer = Vec::new();
        self.open(within, method, path, body, kind)
            .and_then(|stream| stream.take(LONGEST_ANSWER + 1).read_to_end(&mut answer))
            .map_err(failed)?;
        if u64::try_from(answer.len()).is_ok_and(|length| length > LONGEST_ANSWER) {
            let why = format!("{what}: the answer is longer than {LONGEST_ANSWER} bytes");
            return Err(Error::new(why));
        }
        let answer = String::from_utf8_lossy(&answer);
        let (head, rest) = answer.split_once("\r\n\r\n").unwrap_or_default();
        match status(head) {
            Some(200) => Ok(rest.to_owned()),
            Some(status) => {
                let said: String = rest.trim().chars().take(500).collect();
                Err(Error { status: Some(status), why: format!("{what}: {status}: {said}") })
            }
            None => Err(Error::new(format!("{what}: no HTTP answer"))),
        }
    }

    /// What `/v1/leader` says. Nothing may be believed of a document in which anything has the wrong type.
    pub(crate) fn leader(&self, within: Duration) -> Result<Answer, Error> {
        let body = self.ask(within, "GET", "/v1/leader", "", "")?;
        answer_in(&body).ok_or_else(|| Error::new("/v1/leader: no answer of a sidecar"))
    }

    /// Rings with each event until the stream ends, or says nothing for `silence`.
    pub(crate) fn watch(
        &self,
        silence: Duration,
        opened: impl FnOnce(),
        mut ring: impl FnMut() -> bool,
    ) -> Result<(), Error> {
        let failed = |error: io::Error| Error::new(format!("/v1/watch: {error}"));
        let mut stream = self.open(silence, "GET", "/v1/watch", "", "").map_err(failed)?;
        stream.each = Some(silence);
        let mut lines = BufReader::new(stream);
        let mut line = String::new();
        let mut next = |line: &mut String| {
            line.clear();
            let length = lines.by_ref().take(LONGEST_LINE).read_line(line).map_err(failed)?;
            match length > 0 && !line.ends_with('\n') {
                true => {
                    Err(Error::new(format!("/v1/watch: a line longer than {LONGEST_LINE} bytes")))
                }
                false => Ok(length > 0),
            }
        };
        next(&mut line)?;
        match status(&line) {
            Some(200) => opened(),
            Some(status) => return Err(Error { status: Some(status), why: line.clone() }),
            None => return Err(Error::new("/v1/watch: no HTTP answer")),
        }
        while next(&mut line)? {
            if line.starts_with("data:") && !ring() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn open(
        &self,
        within: Duration,
        method: &str,
        path: &str,
        body: &str,
        kind: &str,
    ) -> io::Result<Stream> {
        let deadline = Instant::now() + within;
        let mut tried = Err(io::ErrorKind::NotFound.into());
        for address in self.address.to_socket_addrs()? {
            tried = TcpStream::connect_timeout(&address, left(deadline)?);
            if tried.is_ok() {
                break;
            }
        }
        let mut inner = tried?;
        inner.set_write_timeout(Some(left(deadline)?))?;
        let content = match kind {
            "" => String::new(),
            kind => format!("Content-Type: {kind}\r\n"),
        };
        let (host, length) = (&self.host, body.len());
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: {host}\r\n{content}Content-Length: {length}\r\n\r\n{body}"
        );
        inner.write_all(request.as_bytes())?;
        Ok(Stream { inner, deadline, each: None })
    }
}

/// A connection that is read until a deadline, or for as long as each read takes no longer than that.
struct Stream {
    inner: TcpStream,
    deadline: Instant,
    each: Option<Duration>,
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let within = self.each.map_or_else(|| left(self.deadline), Ok)?;
        self.inner.set_read_timeout(Some(within))?;
        self.inner.read(buffer)
    }
}

/// What is left until then; never zero, which the system takes for no limit.
fn left(deadline: Instant) -> io::Result<Duration> {
    match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
        left => Ok(left),
    }
}

/// The status in the first line of an answer.
fn status(head: &str) -> Option<u16> {
    let mut words = head.lines().next()?.split(' ');
    words.next().filter(|version| version.starts_with("HTTP/1."))?;
    words.next()?.parse().ok()
}

fn answer_in(body: &str) -> Option<Answer> {
    let (mut leads, mut token, mut name, mut remaining) = (None, None, None, None);
    for (key, value) in json::members(body)? {
        match (key.as_str(), value) {
            ("self", Value::Flag(flag)) => leads = Some(flag),
            ("token", Value::Whole(number)) => token = Some(number),
            ("name", Value::Text(text)) => name = Some(text),
            ("remaining_ms", Value::Whole(number)) => remaining = Some(number),
            _ => {}
        }
    }
    let (leads, name) = (leads?, name?);
    let token = match leads {
        true => token.filter(|token| (1..=LARGEST_TOKEN).contains(token))?,
        false => 0,
    };
    Some(Answer { leads, token, name, remaining: Duration::from_millis(remaining?) })
}

/// A part of a path, as far as it needs it in `%XX`.
pub(crate) fn in_path(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let shown = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(shown).collect()
}
