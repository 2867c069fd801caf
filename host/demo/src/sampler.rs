//! Asks a candidate who leads, again and again, as an application beside it would.

use super::referee::Reading;
use anyhow::{Context, bail};
use bytes::Bytes;
use hotseat_election::clock;
use hotseat_http::LeaderAnswer;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// Between two questions.
const PACE: Duration = Duration::from_millis(10);
/// For a connection, and for each question.
const PATIENCE: Duration = Duration::from_secs(1);
/// Most bytes of an answer.
const MOST: usize = 64 * 1024;

/// What a candidate said, or why it said nothing.
#[derive(Debug)]
pub struct Sample {
    /// Which candidate, from 0.
    pub candidate: usize,
    /// When it answered, with the answer.
    pub answer: anyhow::Result<(Reading, LeaderAnswer)>,
}

/// Asks that candidate at the address that it has at the time, until nobody wants the answers.
pub async fn sample(
    candidate: usize,
    mut address: watch::Receiver<Option<SocketAddr>>,
    samples: mpsc::Sender<Sample>,
) {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut line: Option<Line> = None;
    loop {
        pace.tick().await;
        let Ok(present) = address.wait_for(Option::is_some).await.map(|address| *address) else {
            return;
        };
        let Some(present) = present else { continue };
        let answer = async {
            let open = match line.take() {
                Some(open) if open.address == present => open,
                _ => Line::open(present).await?,
            };
            let open = line.insert(open);
            open.ask(candidate).await
        };
        let answer = answer.await;
        if answer.is_err() {
            line = None;
        }
        if samples.send(Sample { candidate, answer }).await.is_err() {
            return;
        }
    }
}

/// A connection that is kept from question to question.
struct Line {
    address: SocketAddr,
    sender: SendRequest<Empty<Bytes>>,
    /// Ends the connection's task with this value.
    _driver: JoinSet<Result<(), hyper::Error>>,
}

impl Line {
    async fn open(address: SocketAddr) -> anyhow::Result<Line> {
        let stream = timeout(PATIENCE, TcpStream::connect(address))
            .await
            .context("no connection in time")?
            .context("no connection")?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        Ok(Line { address, sender, _driver: driver })
    }

    async fn ask(&mut self, candidate: usize) -> anyhow::Result<(Reading, LeaderAnswer)> {
        let question = Request::get("/v1/leader")
            .header(header::HOST, self.address.to_string())
            .body(Empty::new())?;
        self.sender.ready().await.context("the connection was closed")?;
        let before = clock::now();
        let (status, body) = timeout(PATIENCE, async {
            let response = self.sender.send_request(question).await.context("no answer")?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MOST).collect().await;
            let body = body.map_err(|error| anyhow::anyhow!("half an answer: {error}"))?;
            anyhow::Ok((status, body.to_bytes()))
        })
        .await
        .context("no answer in time")??;
        let after = clock::now();
        if status != StatusCode::OK {
            bail!("status {status} at /v1/leader");
        }
        let answer: LeaderAnswer = serde_json::from_slice(&body).context("an unexpected answer")?;
        let leads = answer.leads.then(|| answer.token.unwrap_or_default());
        Ok((Reading { candidate, before, after, leads }, answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    const NO: &str = r#"{"name":"","self":false,"identity":"anna",
        "lock":{"namespace":"default","name":"demo"},"remaining_ms":0}"#;

    /// Answers each question on each connection with the next of these texts.
    async fn answering(bodies: Vec<&'static str>) -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let mut bodies = bodies.into_iter();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = [0; 4096];
                while stream.read(&mut head).await.is_ok_and(|read| read > 0) {
                    let Some(body) = bodies.next() else { return };
                    let length = body.len();
                    let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
                    stream.write_all(text.as_bytes()).await.unwrap();
                }
            }
        });
        address
    }

    #[tokio::test]
    async fn reads_what_it_needs_and_goes_on_after_an_odd_answer() {
        let yes = r#"{"name":"anna","self":true,"identity":"anna","holder":"anna","token":131,
            "lock":{"namespace":"default","name":"demo","uid":"u"},"transitions":2,
            "remaining_ms":900,"observed_ms":1,"held_ms":5,"policy":null,"more":[1]}"#;
        let address = answering(vec![yes, "what?", NO]).await;
        let (sender, mut samples) = mpsc::channel(8);
        let (_keep, receiver) = watch::channel(Some(address));
        let task = tokio::spawn(sample(2, receiver, sender));

        let (reading, answer) = samples.recv().await.unwrap().answer.unwrap();
        assert_eq!((reading.candidate, reading.leads), (2, Some(131)));
        assert!(reading.before <= reading.after);
        assert_eq!(answer.remaining_ms, 900);
        let odd = samples.recv().await.unwrap().answer.unwrap_err().to_string();
        assert!(odd.contains("unexpected answer"), "{odd}");
        let (reading, _) = samples.recv().await.unwrap().answer.unwrap();
        assert_eq!(reading.leads, None);
        task.abort();
    }

    #[tokio::test]
    async fn nobody_there_is_reported_and_a_new_address_is_used() {
        let closed = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
        let (sender, mut samples) = mpsc::channel(8);
        let (place, receiver) = watch::channel(Some(closed));
        let task = tokio::spawn(sample(0, receiver, sender));
        assert!(samples.recv().await.unwrap().answer.is_err());
        let address = answering(vec![NO]).await;
        place.send(Some(address)).unwrap();
        while samples.recv().await.unwrap().answer.is_err() {}
        task.abort();
    }
}
