//! A small generator of load: as many GET / as a server answers on a few keep-alive connections.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::stats::Times;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// More than this is not remembered: the run ends.
const MOST_REQUESTS: usize = 500_000;
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a run gave.
pub(crate) struct Load {
    /// Of each request, from its first byte out to its last byte in.
    pub(crate) times: Times,
    /// How long the run took.
    pub(crate) length: Duration,
}

impl Load {
    /// Requests in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.times.count() as f64 / self.length.as_secs_f64()
    }
}

/// Each connection sends its next request when it has the answer, for `length`.
pub(crate) fn run(
    address: SocketAddr,
    connections: usize,
    length: Duration,
) -> anyhow::Result<Load> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let began = Instant::now();
    let times = runtime.block_on(async {
        let most = MOST_REQUESTS / connections;
        let clients: Vec<_> =
            (0..connections).map(|_| tokio::spawn(client(address, began + length, most))).collect();
        let mut times = Vec::new();
        for client in clients {
            times.extend(client.await??);
        }
        anyhow::Ok(times)
    })?;
    Ok(Load { times: Times::new(times), length: began.elapsed() })
}

async fn client(address: SocketAddr, end: Instant, most: usize) -> anyhow::Result<Vec<Duration>> {
    let mut connection = TcpStream::connect(address).await?;
    connection.set_nodelay(true)?;
    let mut times = Vec::new();
    let mut buffer = vec![0; 4096];
    while times.len() < most {
        let began = Instant::now();
        if began >= end {
            break;
        }
        let exchange = exchange(&mut connection, &mut buffer);
        tokio::time::timeout(PATIENCE, exchange).await.context("no answer to GET /")??;
        times.push(began.elapsed());
    }
    Ok(times)
}

async fn exchange(connection: &mut TcpStream, buffer: &mut [u8]) -> anyhow::Result<()> {
    connection.write_all(REQUEST).await?;
    let mut filled = 0;
    loop {
        let read = connection.read(&mut buffer[filled..]).await?;
        if read == 0 {
            bail!("the connection was closed, or the answer is over {} bytes", buffer.len());
        }
        filled += read;
        if let Some(whole) = length_of(&buffer[..filled])?
            && filled >= whole
        {
            return Ok(());
        }
    }
}

/// The length of the answer that begins here; none while its head is not complete.
fn length_of(answer: &[u8]) -> anyhow::Result<Option<usize>> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&answer[..end])?;
    let mut lines = head.lines();
    let status = lines.next().unwrap_or_default();
    if !status.starts_with("HTTP/1.1 200 ") {
        bail!("GET / is answered {status:?}");
    }
    let body = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .context("the answer has no length")?;
    Ok(Some(end + 4 + body.1.trim().parse::<usize>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_with_its_body() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        assert_eq!(length_of(answer).unwrap(), Some(answer.len()));
        assert_eq!(length_of(&answer[..20]).unwrap(), None);
        assert!(length_of(b"HTTP/1.1 503 No\r\n\r\n").is_err());
        assert!(length_of(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
