//! One who follows `/v1/watch` of a sidecar: it learns of a change at once, and costs nothing until
//! then, where one who asks again and again takes time from what is measured.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::probe::Answer;

/// How long connecting, and each read and write, may take: several heartbeats.
const PATIENCE: Duration = Duration::from_secs(10);

/// The connection.
pub(crate) struct Follower {
    address: SocketAddr,
    lines: BufReader<TcpStream>,
}

impl Follower {
    /// Connects, and asks for the events.
    ///
    /// # Errors
    ///
    /// Nobody listens, or the answer is not 200.
    pub(crate) fn begin(address: SocketAddr) -> anyhow::Result<Follower> {
        let mut connection = TcpStream::connect_timeout(&address, PATIENCE)?;
        connection.set_nodelay(true)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.set_write_timeout(Some(PATIENCE))?;
        // A client of HTTP 1.0 is sent the events as they are, not in chunks.
        connection.write_all(b"GET /v1/watch HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
        let mut follower = Follower { address, lines: BufReader::new(connection) };
        let status = follower.line()?;
        if !status.contains(" 200 ") {
            bail!("GET http://{address}/v1/watch: it answers {:?}", status.trim_end());
        }
        Ok(follower)
    }

    /// The next event or heartbeat, and when it was there.
    ///
    /// # Errors
    ///
    /// The sidecar ends the stream, or is silent for several heartbeats.
    pub(crate) fn next(&mut self) -> anyhow::Result<(Answer, Instant)> {
        loop {
            let line = self.line()?;
            let now = Instant::now();
            if let Some(data) = line.strip_prefix("data: ") {
                return Ok((serde_json::from_str(data)?, now));
            }
        }
    }

    /// When the sidecar says that it leads itself.
    ///
    /// # Errors
    ///
    /// The stream ends, or `within` passes.
    pub(crate) fn leads(mut self, within: Duration) -> anyhow::Result<Instant> {
        let begun = Instant::now();
        loop {
            let (answer, at) = self.next()?;
            if answer.leads {
                return Ok(at);
            }
            if at.duration_since(begun) > within {
                bail!("{} does not lead after {within:?}: {answer:?}", self.address);
            }
        }
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        let read = self.lines.read_line(&mut line);
        if read.with_context(|| format!("{} says nothing more", self.address))? == 0 {
            bail!("{} ended the stream of its events", self.address);
        }
        Ok(line)
    }
}
