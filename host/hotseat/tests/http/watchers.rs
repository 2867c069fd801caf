//! A thousand who watch while the leader changes a hundred times a second.

use crate::site::{Site, seen};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{interval, timeout};

const WATCHERS: usize = 1000;
const CHANGES: u64 = 1000;
const PACE: Duration = Duration::from_millis(10);
/// For all of it, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(300);
const MINUTE: Duration = Duration::from_secs(60);
/// Who leads after the last change.
const LAST: &str = "\"name\":\"the-last\"";

/// What a watcher was sent, up to the last change.
#[derive(Debug, Default)]
struct Sent {
    changes: u64,
    /// How much it heard that it missed.
    missed: u64,
}

#[test]
fn none_of_a_thousand_watchers_loses_a_change_without_a_gap_event() {
    let site = Site::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let all = runtime.expect("a runtime").block_on(async { timeout(PATIENCE, all(&site)).await });
    let all = all.expect("all hear of the last change");
    let missed: u64 = all.iter().map(|sent| sent.missed).sum();
    println!(
        "{WATCHERS} watchers were sent {CHANGES} changes each, but for {missed} of which a gap says so"
    );
    for sent in &all {
        // The first one is from before.
        assert_eq!(sent.changes + sent.missed, CHANGES + 1, "{sent:?}");
    }
}

/// What each of them was sent.
async fn all(site: &Site) -> Vec<Sent> {
    let mut watching = Vec::new();
    for _ in 0..WATCHERS {
        // One after the other: of those who have not asked yet, there are places for 256.
        let mut watcher = Watcher::connect(site.address()).await;
        watcher.read().await;
        watching.push(tokio::spawn(watcher.watch()));
    }
    let mut pace = interval(PACE);
    for number in 1..CHANGES {
        pace.tick().await;
        site.state.show(seen(&format!("web-{number}"), MINUTE));
    }
    site.state.show(seen("the-last", MINUTE));
    let mut all = Vec::new();
    for one in watching {
        all.push(one.await.expect("no panic"));
    }
    all
}

struct Watcher {
    stream: TcpStream,
    rest: Vec<u8>,
    sent: Sent,
    last_heard: bool,
}

impl Watcher {
    async fn connect(address: SocketAddr) -> Watcher {
        let mut stream = TcpStream::connect(address).await.expect("the server listens");
        let question = b"GET /v1/watch HTTP/1.1\r\nHost: localhost\r\n\r\n";
        stream.write_all(question).await.expect("it reads");
        Watcher { stream, rest: Vec::new(), sent: Sent::default(), last_heard: false }
    }

    async fn watch(mut self) -> Sent {
        while !self.last_heard {
            self.read().await;
        }
        self.sent
    }

    /// Reads until there is an event at least.
    async fn read(&mut self) {
        let mut buffer = [0; 16384];
        loop {
            let count = self.stream.read(&mut buffer).await.expect("the stream goes on");
            assert!(count > 0, "it was cut off after {:?}", self.sent);
            self.rest.extend_from_slice(&buffer[..count]);
            // An event is in one chunk, and one chunk holds whole events.
            let end = self.rest.windows(4).rposition(|four| four == b"\n\n\r\n");
            let Some(end) = end else { continue };
            let text: Vec<u8> = self.rest.drain(..end + 4).collect();
            self.take(&String::from_utf8_lossy(&text));
            return;
        }
    }

    fn take(&mut self, text: &str) {
        for event in text.split("\n\n") {
            self.sent.changes += u64::from(event.contains("event: leader\n"));
            if let Some((_, missed)) = event.split_once("{\"missed\":") {
                let number = missed.split(',').next().and_then(|number| number.parse().ok());
                self.sent.missed += number.unwrap_or(0);
            }
        }
        self.last_heard |= text.contains(LAST);
    }
}
