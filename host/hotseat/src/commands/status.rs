//! `hotseat status`: asks a running sidecar, and tells people what it says.

mod words;

pub(crate) use words::duration;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use hotseat_http::LeaderAnswer;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use std::io::Write as _;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use words::describe;

/// How long the sidecar may take for both answers.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most bytes of an answer that are read; a sidecar's have a few KiB.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// How much is printed of why a page is not shown, in characters.
const LONGEST_REFUSAL: usize = 500;

/// Prints what [`report`] gives.
///
/// # Errors
///
/// As [`report`], or standard output takes nothing.
pub fn run(address: &str, json: bool) -> anyhow::Result<()> {
    let text = report(address, json)?;
    std::io::stdout().write_all(text.as_bytes()).context("cannot write to standard output")
}

/// Asks the sidecar at `HOST:PORT` (an empty host is this machine) who leads and which policy
/// decides: lines for people or, with `json`, `{"leader":..,"policy":..}` on one line with the
/// documents of `/v1/leader` and `/v1/policy`.
///
/// # Errors
///
/// Nothing answers there, or something that is not a Hotseat sidecar.
pub fn report(address: &str, json: bool) -> anyhow::Result<String> {
    let (leader, policy) = asked(address, async |line| {
        Ok((line.get("/v1/leader").await?, line.get("/v1/policy").await?))
    })?;
    if json {
        let both = serde_json::json!({ "leader": leader, "policy": policy });
        return Ok(format!("{both}\n"));
    }
    Ok(describe(&leader, &policy))
}

/// Asks the sidecar at `HOST:PORT` who leads.
///
/// # Errors
///
/// As [`report`].
pub(crate) fn leader(address: &str) -> anyhow::Result<LeaderAnswer> {
    asked(address, async |line| line.get("/v1/leader").await)
}

/// What a sidecar answers, within the time that it has.
pub(crate) fn asked<T>(
    address: &str,
    questions: impl AsyncFnOnce(&mut Line<'_>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let address =
        if address.starts_with(':') { format!("127.0.0.1{address}") } else { address.to_owned() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match timeout(PATIENCE, ask(&address, questions)).await {
            Ok(result) => result,
            Err(_) => bail!(
                "--address {address}: no answer within {} s: is it a Hotseat sidecar's --http?",
                PATIENCE.as_secs()
            ),
        }
    })
}

/// A connection to a sidecar.
pub(crate) struct Line<'a> {
    sender: http1::SendRequest<Empty<Bytes>>,
    address: &'a str,
}

async fn ask<T>(
    address: &str,
    questions: impl AsyncFnOnce(&mut Line<'_>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let stream = TcpStream::connect(address).await.map_err(|error| {
        anyhow!(
            "--address {address}: nothing answers ({error}): give the address of a running \
             sidecar, as its --http says"
        )
    })?;
    let talk = async {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let mut line = Line { sender, address };
        tokio::select! {
            biased;
            answers = questions(&mut line) => answers,
            // It ends first only when the other side hangs up.
            ended = connection => match ended {
                Ok(()) => bail!("the connection was closed"),
                Err(error) => Err(error.into()),
            },
        }
    };
    talk.await.map_err(|error: anyhow::Error| match error.downcast::<NotShown>() {
        Ok(NotShown(why)) => anyhow!("--address {address}: {why}"),
        Err(error) => {
            anyhow!("--address {address}: the server there is not a Hotseat sidecar: {error:#}")
        }
    })
}

/// The sidecar shows a page to others only; as it says.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NotShown(String);

impl Line<'_> {
    /// The document of that path.
    ///
    /// # Errors
    ///
    /// There is none, it is not for whoever asks here, or it is of another shape.
    pub(crate) async fn get<T: DeserializeOwned>(&mut self, path: &str) -> anyhow::Result<T> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = path.parse()?;
        request.headers_mut().insert(HOST, HeaderValue::from_str(self.address)?);
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        if status != StatusCode::OK && status != StatusCode::FORBIDDEN {
            bail!("{path} answers {status}");
        }
        let body = Limited::new(response.into_body(), LARGEST_ANSWER).collect().await;
        let body = body.map_err(|error| anyhow!("{path}: {error}"))?.to_bytes();
        if status == StatusCode::FORBIDDEN {
            let said = String::from_utf8_lossy(&body);
            let line = said.lines().next().unwrap_or_default();
            let line: String =
                line.chars().filter(|c| !c.is_control()).take(LONGEST_REFUSAL).collect();
            bail!(NotShown(line));
        }
        serde_json::from_slice(&body).with_context(|| format!("{path} is not as expected"))
    }
}
