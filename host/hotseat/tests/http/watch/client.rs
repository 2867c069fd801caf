//! A client that reads `/v1/watch`.

use crate::client::Client;
use crate::site::TestServer;
use serde_json::Value as Json;
use std::collections::VecDeque;
use std::io::{ErrorKind, Read};
use std::net::SocketAddr;

/// An event as a client gets it.
#[derive(Debug)]
pub struct Event {
    pub id: String,
    pub name: String,
    pub data: Json,
}

/// A client that watches.
pub struct Watch {
    client: Client,
    /// Bytes as they came, coded in chunks.
    coded: Vec<u8>,
    text: String,
    events: VecDeque<Event>,
    pub ended: bool,
}

impl Watch {
    pub fn begin(address: SocketAddr, path: &str, headers: &str) -> Watch {
        let mut client = Client::connect(address);
        client.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"));
        let mut watch = Watch {
            client,
            coded: Vec::new(),
            text: String::new(),
            events: VecDeque::new(),
            ended: false,
        };
        let end = loop {
            if let Some(end) = watch.coded.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            assert!(watch.read(), "closed before an answer: {:?}", watch.coded);
        };
        let head: Vec<u8> = watch.coded.drain(..end).collect();
        let head = String::from_utf8(head).expect("ASCII");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains("\r\nContent-Type: text/event-stream\r\n"), "{head}");
        assert!(head.contains("\r\nCache-Control: no-store\r\n"), "{head}");
        watch
    }

    pub fn of(site: &TestServer) -> Watch {
        Watch::begin(site.address(), "/v1/watch", "")
    }

    /// The next event; none at the end of the stream.
    pub fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            if self.ended || !self.read() {
                return None;
            }
            self.decode();
        }
    }

    /// The next event of that name, heartbeats left out.
    #[track_caller]
    pub fn expect(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().expect("the stream goes on");
            if event.name != "heartbeat" || name == "heartbeat" {
                assert_eq!(event.name, name, "{event:?}");
                return event;
            }
        }
    }

    /// All events up to the one that says that this one leads.
    pub fn until_holder(&mut self, name: &str) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        while events.last().is_none_or(|event| event.data["name"] != name) {
            events.push(self.next().expect("the stream goes on"));
        }
        events
    }

    fn read(&mut self) -> bool {
        let mut buffer = [0; 16384];
        match self.client.stream.read(&mut buffer) {
            Ok(count) => {
                self.coded.extend_from_slice(&buffer[..count]);
                count > 0
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            // The process was stopped for a while.
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            Err(error) => panic!("no event and no end: {error}"),
        }
    }

    fn decode(&mut self) {
        while let Some(line) = self.coded.windows(2).position(|two| two == b"\r\n") {
            let size = std::str::from_utf8(&self.coded[..line]).expect("a size");
            let size = usize::from_str_radix(size, 16).expect("a size in hex");
            let whole = line + 2 + size + 2;
            if self.coded.len() < whole {
                break;
            }
            self.ended |= size == 0;
            let chunk = self.coded[line + 2..line + 2 + size].to_vec();
            self.text.push_str(&String::from_utf8(chunk).expect("UTF-8"));
            self.coded.drain(..whole);
        }
        while let Some(end) = self.text.find("\n\n") {
            let block: String = self.text.drain(..end + 2).collect();
            if block.starts_with(':') {
                continue; // A comment.
            }
            let field = |name: &str| {
                let found = block.lines().find_map(|line| line.strip_prefix(name));
                found.unwrap_or_else(|| panic!("no {name:?} in {block:?}")).to_owned()
            };
            let data = serde_json::from_str(&field("data: ")).expect("JSON");
            self.events.push_back(Event { id: field("id: "), name: field("event: "), data });
        }
    }
}
