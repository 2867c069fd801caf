//! A client that sees every byte, and gives up instead of hanging.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long any read or write may take before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// One connection.
pub struct Client {
    pub stream: TcpStream,
    /// Bytes that belong to the next answer.
    rest: Vec<u8>,
}

/// An answer, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// The status line and the headers, to the empty line.
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub fn json(&self) -> serde_json::Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        serde_json::from_str(&self.body).expect("the body is JSON")
    }
}

impl Client {
    pub fn connect(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        Client { stream, rest: Vec::new() }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("the server takes bytes");
    }

    /// The next answer; its body is as long as its header says, or empty after HEAD.
    pub fn receive(&mut self, method: &str) -> Answer {
        let end = loop {
            if let Some(end) = self.rest.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            assert!(self.more(), "closed before an answer: {:?}", self.rest);
        };
        let head = String::from_utf8(self.rest.drain(..end).collect()).expect("ASCII");
        let status = head[9..12].parse().expect("a status");
        let mut answer = Answer { status, head, body: String::new() };
        let length = answer.header("content-length").expect("a length").parse().expect("a number");
        if method != "HEAD" {
            while self.rest.len() < length {
                assert!(self.more(), "closed within an answer: {answer:?}");
            }
            answer.body = String::from_utf8(self.rest.drain(..length).collect()).expect("UTF-8");
        }
        answer
    }

    pub fn ask(&mut self, method: &str, path: &str) -> Answer {
        self.send(format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        self.receive(method)
    }

    /// Waits until the server has closed the connection; gives what came before.
    pub fn until_closed(mut self) -> Vec<u8> {
        while self.more() {}
        self.rest
    }

    /// The first bytes of an answer; none if the connection ends before.
    pub fn until_closed_or_answered(mut self) -> Option<Vec<u8>> {
        self.more().then_some(self.rest)
    }

    /// False at the end of the connection.
    fn more(&mut self) -> bool {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.rest.extend_from_slice(&buffer[..count]);
                true
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            // The process was stopped for a while.
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            Err(error) => panic!("no answer and no end within {PATIENCE:?}: {error}"),
        }
    }
}

/// One question on a connection of its own.
pub fn get(address: SocketAddr, path: &str) -> Answer {
    Client::connect(address).ask("GET", path)
}
