//! A keep-alive connection to one sidecar, to ask it often without the cost of connecting.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde::Deserialize;

/// How long connecting, and each read and write, may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Time between two questions in a row.
pub(crate) const PACE: Duration = Duration::from_millis(1);

/// What matters here of `/v1/leader`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Answer {
    /// Who leads; empty if nobody is known to.
    pub(crate) name: String,
    /// Whether the candidate asked leads.
    #[serde(rename = "self")]
    pub(crate) leads: bool,
    /// Since the lock was last confirmed, in milliseconds.
    pub(crate) observed_ms: Option<u64>,
}

/// The connection.
pub(crate) struct Probe {
    address: SocketAddr,
    connection: BufReader<TcpStream>,
}

impl Probe {
    /// Connects.
    ///
    /// # Errors
    ///
    /// Nobody listens.
    pub(crate) fn connect(address: SocketAddr) -> anyhow::Result<Probe> {
        let connection = TcpStream::connect_timeout(&address, PATIENCE)?;
        connection.set_nodelay(true)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.set_write_timeout(Some(PATIENCE))?;
        Ok(Probe { address, connection: BufReader::new(connection) })
    }

    /// Asks `/v1/leader`.
    ///
    /// # Errors
    ///
    /// No answer, or one that is not 200 with the document.
    pub(crate) fn leader(&mut self) -> anyhow::Result<Answer> {
        Ok(serde_json::from_slice(&self.get("/v1/leader")?)?)
    }

    /// Asks for `path` and gives the body.
    ///
    /// # Errors
    ///
    /// No answer, or one that is not 200.
    pub(crate) fn get(&mut self, path: &str) -> anyhow::Result<Vec<u8>> {
        self.exchange(path).with_context(|| format!("GET http://{}{path} failed", self.address))
    }

    fn exchange(&mut self, path: &str) -> anyhow::Result<Vec<u8>> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        self.connection.get_mut().write_all(request.as_bytes())?;
        let status = self.line()?;
        if !status.starts_with("HTTP/1.1 200 ") {
            bail!("it answers {:?}", status.trim_end());
        }
        let mut length = None;
        loop {
            let line = self.line()?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = Some(value.trim().parse::<usize>()?);
            }
        }
        let mut body = vec![0; length.context("the answer has no length")?];
        self.connection.read_exact(&mut body)?;
        Ok(body)
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        if self.connection.read_line(&mut line)? == 0 {
            bail!("the connection was closed");
        }
        Ok(line)
    }

    /// Asks every millisecond until `found` takes an answer, and gives that answer and when it
    /// was there.
    ///
    /// # Errors
    ///
    /// A question fails, or `within` passes.
    pub(crate) fn until(
        &mut self,
        within: Duration,
        mut found: impl FnMut(&Answer) -> bool,
    ) -> anyhow::Result<(Answer, Instant)> {
        let deadline = Instant::now() + within;
        loop {
            let answer = self.leader()?;
            let now = Instant::now();
            if found(&answer) {
                return Ok((answer, now));
            }
            if now >= deadline {
                bail!("{} did not answer what was awaited in {within:?}: {answer:?}", self.address);
            }
            std::thread::sleep(PACE);
        }
    }
}
