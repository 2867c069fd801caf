//! The application beside a candidate: all that it does here is to report its heartbeat.

use anyhow::ensure;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// Between two heartbeats.
const PACE: Duration = Duration::from_millis(500);
/// How long a heartbeat holds: an application that has been silent for so long counts as dead.
pub const HOLDS: Duration = Duration::from_secs(3);
/// For a heartbeat to be taken.
const PATIENCE: Duration = Duration::from_secs(1);
/// The most bytes of an answer.
const MOST: u64 = 4096;

/// Reports a heartbeat to the candidate at that address again and again while `beats` says so,
/// until either of them is gone.
pub async fn beat(address: watch::Receiver<Option<SocketAddr>>, mut beats: watch::Receiver<bool>) {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        if beats.wait_for(|beats| *beats).await.is_err() || address.has_changed().is_err() {
            return;
        }
        let present = *address.borrow();
        if let Some(present) = present {
            // A candidate that cannot be reached is no concern of its application.
            let _ = timeout(PATIENCE, report(present)).await;
        }
    }
}

async fn report(address: SocketAddr) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "PUT /v1/signals/app.heartbeat?ttl={}s HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        HOLDS.as_secs()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(MOST).read_to_string(&mut answer).await?;
    ensure!(answer.starts_with("HTTP/1.1 200 "), "the heartbeat was not taken: {answer}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotseat_core::time::Moment;
    use hotseat_election::{ElectionName, Status, clock};
    use hotseat_http::{Backend, Server};
    use std::sync::Arc;

    /// Shows nothing and counts nothing.
    struct Nothing;

    impl Backend for Nothing {
        fn metrics(&self, _: Moment) -> Result<String, std::fmt::Error> {
            Ok(String::new())
        }

        fn journal(&self, _: usize) -> String {
            String::new()
        }

        fn answered(&self, _: &'static str, _: u16) {}

        fn connections(&self, _: usize) {}
    }

    const SOON: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn a_heartbeat_is_taken_until_it_is_stopped() {
        let name = ElectionName::new("default", "demo");
        let state = Status::new(name, "anna", clock::now(), Duration::from_secs(2));
        let server = Server::bind("127.0.0.1:0").unwrap();
        let server = server.serve(state.clone(), Arc::new(Nothing)).unwrap();
        let (_keep, address) = watch::channel(Some(server.addresses()[0]));
        let (beats, receiver) = watch::channel(false);
        let task = tokio::spawn(beat(address, receiver));
        assert_eq!(state.signals().all(clock::now()), []);
        beats.send_replace(true);
        let reported = async {
            let mut changes = state.signals().changes();
            loop {
                match state.signals().all(clock::now()).pop() {
                    Some(held) => return held,
                    None => changes.changed().await.unwrap(),
                }
            }
        };
        let held = timeout(SOON, reported).await.unwrap();
        assert_eq!((held.key.as_str(), held.report.ttl), ("app.heartbeat", Some(HOLDS)));
        beats.send_replace(false);
        drop(beats);
        timeout(SOON, task).await.unwrap().unwrap();
    }
}
