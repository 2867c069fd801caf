//! A small generator of load: as many GET / as a server answers on a few keep-alive connections.
//!
//! One thread and two calls of the system for a request, so that it is the server that is measured.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

use crate::stats::Times;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// More than this is not remembered: the run ends.
const MOST_REQUESTS: usize = 500_000;
/// How long one answer may take.
const PATIENCE: Timespec = Timespec { tv_sec: 10, tv_nsec: 0 };

/// What a run gave.
#[derive(Default)]
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

    /// Adds what another run gave.
    pub(crate) fn add(&mut self, other: Load) {
        self.times.add(other.times);
        self.length += other.length;
    }
}

/// Each connection sends its next request when it has the answer, for `length`.
pub(crate) fn run(
    address: SocketAddr,
    connections: usize,
    length: Duration,
) -> anyhow::Result<Load> {
    let ready = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut clients = Vec::with_capacity(connections);
    for number in 0..connections {
        let client = Client::connect(address)?;
        let data = epoll::EventData::new_u64(number as u64);
        epoll::add(&ready, &client.stream, data, epoll::EventFlags::IN)?;
        clients.push(client);
    }
    let began = Instant::now();
    for client in &mut clients {
        client.ask()?;
    }
    let (mut times, mut asking) = (Vec::new(), connections);
    let mut events = Vec::with_capacity(connections);
    while asking > 0 {
        events.clear();
        match epoll::wait(&ready, spare_capacity(&mut events), Some(&PATIENCE)) {
            Ok(0) => bail!("no answer to GET / in {} s", PATIENCE.tv_sec),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in &events {
            let client = usize::try_from(event.data.u64())?;
            let client = clients.get_mut(client).context("an event of no connection")?;
            let Some(took) = client.receive()? else { continue };
            times.push(took);
            if began.elapsed() < length && times.len() + asking <= MOST_REQUESTS {
                client.ask()?;
            } else {
                asking -= 1;
            }
        }
    }
    Ok(Load { times: Times::new(times), length: began.elapsed() })
}

/// What one GET / is answered with, as it comes.
pub(crate) fn answer(address: SocketAddr) -> anyhow::Result<Vec<u8>> {
    let mut client = Client::connect(address)?;
    client.ask()?;
    while client.receive()?.is_none() {}
    Ok(client.buffer)
}

/// A connection, and the answer that it waits for.
struct Client {
    stream: TcpStream,
    asked: Instant,
    /// Of the answer, what has come.
    buffer: Vec<u8>,
}

impl Client {
    fn connect(address: SocketAddr) -> anyhow::Result<Client> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Client { stream, asked: Instant::now(), buffer: Vec::new() })
    }

    fn ask(&mut self) -> anyhow::Result<()> {
        self.buffer.clear();
        self.asked = Instant::now();
        Ok(self.stream.write_all(REQUEST)?)
    }

    /// Reads once, and gives the time of the request if the answer is complete.
    fn receive(&mut self) -> anyhow::Result<Option<Duration>> {
        let mut bytes = [0; 4096];
        let read = self.stream.read(&mut bytes)?;
        if read == 0 {
            bail!("the connection was closed");
        }
        self.buffer.extend_from_slice(&bytes[..read]);
        let whole = length_of(&self.buffer)?;
        Ok(whole.filter(|whole| self.buffer.len() >= *whole).map(|_| self.asked.elapsed()))
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
    use std::net::TcpListener;

    #[test]
    fn an_answer_ends_with_its_body() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        assert_eq!(length_of(answer).unwrap(), Some(answer.len()));
        assert_eq!(length_of(&answer[..20]).unwrap(), None);
        assert!(length_of(b"HTTP/1.1 503 No\r\n\r\n").is_err());
        assert!(length_of(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }

    /// A server that sends each answer in two pieces, and counts the requests.
    fn serve(listener: &TcpListener, connections: usize) -> usize {
        let served = |_| {
            let (mut stream, _) = listener.accept().unwrap();
            std::thread::spawn(move || {
                let mut request = vec![0; REQUEST.len()];
                let mut count = 0;
                while stream.read_exact(&mut request).is_ok() {
                    assert_eq!(request, REQUEST);
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Le").unwrap();
                    stream.write_all(b"ngth: 2\r\n\r\nhi").unwrap();
                    count += 1;
                }
                count
            })
        };
        let all: Vec<_> = (0..connections).map(served).collect();
        all.into_iter().map(|one| one.join().unwrap()).sum()
    }

    #[test]
    fn each_request_is_answered_and_counted() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || serve(&listener, 3));
        let mut load = run(address, 3, Duration::ZERO).unwrap();
        assert_eq!((load.times.count(), server.join().unwrap()), (3, 3), "one for each");
        load.add(Load { times: Times::new(vec![Duration::ZERO]), length: Duration::from_secs(1) });
        assert_eq!((load.times.count(), load.times.min()), (4, Duration::ZERO));
        assert!(load.length > Duration::from_secs(1));
    }
}
