//! Many clients of `/v1/watch`, what each of them is sent, and changes for them to be sent.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, PostParams};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{interval, timeout};

use crate::cluster::client_for;

const QUESTION: &[u8] = b"GET /v1/watch HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// How long a watcher waits for anything at all: there is a heartbeat each retry period.
const SILENCE: Duration = Duration::from_secs(120);
/// For how long each holder of a [`Seat`] has it: so long that nobody takes it from one.
const SECONDS: i32 = 3600;

/// Clients that watch who leads. They end when this is dropped.
#[derive(Debug)]
pub struct Watchers(Vec<JoinHandle<anyhow::Result<Heard>>>);

/// What one of them was sent after its first event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Changes of who leads.
    pub changes: u64,
    /// Changes that it was not sent, of which a gap says so.
    pub missed: u64,
    /// Changes that it was not sent, of which nothing says so: by the numbers in the events' ids.
    pub lost: u64,
}

impl Watchers {
    /// Has so many clients watch, each of which has been sent its first event. They read until they hear
    /// that `last` leads. Must be called inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// When one of them is refused.
    pub async fn gather(address: SocketAddr, count: usize, last: &str) -> anyhow::Result<Watchers> {
        hotseat::sidecar::open_files::allow_many();
        let mut all = Watchers(Vec::with_capacity(count));
        for _ in 0..count {
            // One after the other: of those who have not asked yet, there are places for 256.
            let mut watcher = Watcher::connect(address, last).await?;
            watcher.read().await?;
            all.0.push(tokio::spawn(watcher.watch()));
        }
        Ok(all)
    }

    /// How many of them still wait for the last change.
    #[must_use]
    pub fn watching(&self) -> usize {
        self.0.iter().filter(|watcher| !watcher.is_finished()).count()
    }

    /// What each of them was sent; an error stands for one that was cut off before the last change.
    pub async fn heard(mut self) -> Vec<anyhow::Result<Heard>> {
        let mut all = Vec::with_capacity(self.0.len());
        for watcher in &mut self.0 {
            let heard = watcher.await.context("a watcher's task");
            all.push(heard.and_then(|heard| heard));
        }
        all
    }
}

impl Drop for Watchers {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

struct Watcher {
    stream: TcpStream,
    /// What came after the last whole event.
    rest: Vec<u8>,
    /// How the last holder's name stands in an event.
    last: String,
    count: Count,
}

/// The events so far.
#[derive(Debug, Default)]
struct Count {
    changes: u64,
    missed: u64,
    /// The numbers of the first event and of the newest.
    numbers: Option<(u64, u64)>,
    /// The last change was heard of.
    over: bool,
}

impl Watcher {
    async fn connect(address: SocketAddr, last: &str) -> anyhow::Result<Watcher> {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(QUESTION).await?;
        let last = format!("\"name\":\"{last}\"");
        let mut watcher = Watcher { stream, rest: Vec::new(), last, count: Count::default() };
        while !watcher.rest.windows(4).any(|four| four == b"\r\n\r\n") {
            watcher.receive().await?;
        }
        let status = String::from_utf8_lossy(&watcher.rest);
        ensure!(status.starts_with("HTTP/1.1 200 "), "a watcher is refused: {status}");
        Ok(watcher)
    }

    async fn watch(mut self) -> anyhow::Result<Heard> {
        while !self.count.over {
            self.read().await.with_context(|| format!("cut off after {:?}", self.count))?;
        }
        Ok(self.count.heard())
    }

    /// Reads until there is an event at least.
    async fn read(&mut self) -> anyhow::Result<()> {
        loop {
            // An event is in one chunk, and one chunk holds whole events.
            let end = self.rest.windows(4).rposition(|four| four == b"\n\n\r\n");
            if let Some(end) = end {
                let text: Vec<u8> = self.rest.drain(..end + 4).collect();
                self.count.take(&String::from_utf8_lossy(&text), &self.last);
                return Ok(());
            }
            self.receive().await?;
        }
    }

    async fn receive(&mut self) -> anyhow::Result<()> {
        let mut buffer = [0; 16384];
        let read = timeout(SILENCE, self.stream.read(&mut buffer)).await.context("silence")?;
        match read? {
            0 => bail!("the stream ended"),
            count => self.rest.extend_from_slice(&buffer[..count]),
        }
        Ok(())
    }
}

impl Count {
    /// Takes whole events in, between which there may be the sizes of chunks.
    fn take(&mut self, text: &str, last: &str) {
        for event in text.split("\n\n") {
            let field = |name| event.lines().find_map(|line| line.strip_prefix(name));
            let number = field("id: ").and_then(|id| id.rsplit_once('-')?.1.parse::<u64>().ok());
            let Some(number) = number else { continue };
            let (first, newest) = self.numbers.unwrap_or((number, number));
            match field("event: ") {
                // An answer that expires is sent under the number of its change.
                Some("leader") => self.changes += u64::from(number > newest),
                Some("gap") => self.missed += field("data: ").and_then(missed).unwrap_or(0),
                _ => {}
            }
            self.numbers = Some((first, newest.max(number)));
            self.over |= event.contains(last);
        }
    }

    fn heard(&self) -> Heard {
        let Count { changes, missed, .. } = *self;
        let all = self.numbers.map_or(0, |(first, newest)| newest - first);
        Heard { changes, missed, lost: all.saturating_sub(changes + missed) }
    }
}

/// How many events a gap says are missing.
fn missed(data: &str) -> Option<u64> {
    serde_json::from_str::<serde_json::Value>(data).ok()?["missed"].as_u64()
}

/// A Lease whose holder changes as often as the server takes it, by writes of an elector that is no
/// Hotseat.
pub struct Seat {
    leases: Api<Lease>,
    lease: Lease,
}

impl Seat {
    /// Makes the Lease.
    ///
    /// # Errors
    ///
    /// When the server refuses, or the Lease is there.
    pub async fn create(kubeconfig: &Path, namespace: &str, name: &str) -> anyhow::Result<Seat> {
        let leases: Api<Lease> = Api::namespaced(client_for(kubeconfig).await?, namespace);
        let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
        let lease = Lease { metadata, spec: Some(held_by("the-first")) };
        let lease = leases.create(&PostParams::default(), &lease).await?;
        Ok(Seat { leases, lease })
    }

    /// Gives it to so many holders one after the other, at that pace, to one of the name `last` at the
    /// end. Gives how long that took.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub async fn change(
        mut self,
        times: u32,
        pace: Duration,
        last: &str,
    ) -> anyhow::Result<Duration> {
        let (began, mut pace) = (Instant::now(), interval(pace));
        let name = self.lease.metadata.name.clone().context("a Lease without a name")?;
        for number in 1..=times {
            pace.tick().await;
            let holder = if number == times { last.to_owned() } else { format!("holder-{number}") };
            self.lease.spec = Some(held_by(&holder));
            self.lease = self.leases.replace(&name, &PostParams::default(), &self.lease).await?;
        }
        Ok(began.elapsed())
    }
}

fn held_by(holder: &str) -> LeaseSpec {
    let now = MicroTime(Timestamp::now());
    LeaseSpec {
        holder_identity: Some(holder.to_owned()),
        lease_duration_seconds: Some(SECONDS),
        acquire_time: Some(now.clone()),
        renew_time: Some(now),
        lease_transitions: Some(0),
        ..LeaseSpec::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: u64, name: &str, data: &str) -> String {
        format!("id: 5f-{number}\nevent: {name}\ndata: {data}\n\n")
    }

    fn count(events: &[String]) -> Count {
        let mut count = Count::default();
        for event in events {
            count.take(&format!("{:x}\r\n{event}\r\n", event.len()), "\"name\":\"z\"");
        }
        count
    }

    #[test]
    fn what_is_missing_is_known_by_the_numbers() {
        let leader = |number| event(number, "leader", "{\"name\":\"a\"}");
        let heartbeat = |number| event(number, "heartbeat", "{\"name\":\"a\"}");
        let heard = |events: &[String]| count(events).heard();
        let mut events = vec![leader(7), leader(8), heartbeat(8), leader(8)];
        assert_eq!(heard(&events), Heard { changes: 1, ..Heard::default() });
        events.push(event(8, "gap", "{\"missed\":3,\"of\":\"leader\"}"));
        events.push(leader(12));
        assert_eq!(heard(&events), Heard { changes: 2, missed: 3, lost: 0 });
        // A gap that says too little, and a change that is not sent at all.
        events.extend([event(12, "gap", "{\"missed\":1,\"of\":\"leader\"}"), leader(16)]);
        assert_eq!(heard(&events), Heard { changes: 3, missed: 4, lost: 2 });
        events.push(heartbeat(17));
        assert_eq!(heard(&events).lost, 3);
        assert!(!count(&events).over);
        events.push(event(18, "leader", "{\"name\":\"z\",\"self\":false}"));
        assert!(count(&events).over);
    }
}
