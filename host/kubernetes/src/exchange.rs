//! One request to the API server and its answer: by a deadline, within bounds, and with credentials
//! that are read anew when the server does not know them.
//!
//! kube's own readers take a body or a line of any length into memory, and write one that is no
//! JSON to the log in full. So kube's client only carries the bytes, and they are read here.

use super::connection::Connection;
use super::lock_error::{explain, plain, refused, timed_out};
use bytes::{Buf as _, Bytes, BytesMut};
use hotseat_core::event::LockError;
use hotseat_core::policy::Outcome;
use hotseat_election::{Fact, Facts};
use http::HeaderMap;
use http::header::RETRY_AFTER;
use http::{Request, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use kube::Client;
use kube::client::Body;
use kube::core::Status;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The longest answer that is read, in bytes. A list narrowed to one object is not longer than the
/// object; a server that does not narrow it has room for thousands of Leases.
const LONGEST_ANSWER: usize = 8 << 20;
/// The longest line of a watch, in bytes. The API server takes requests of 3 MiB at most, and etcd
/// of 1.5 MiB.
const LONGEST_LINE: usize = 4 << 20;
/// So much is read of what a server says with a refusal, in bytes.
const LONGEST_REFUSAL: usize = 64 << 10;

/// The words for requests in the metrics, all of them: a series for each is there from the start.
pub const VERBS: [&str; 22] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "create-event",
    "access-review",
    "self-review",
    "list-configmap",
    "watch-configmap",
    "list-pod",
    "watch-pod",
    "list-pods",
    "patch-pod",
    "list-node",
    "watch-node",
    "get-owner",
    "list-roster",
    "watch-roster",
    "create-roster",
    "patch-roster",
    "delete-roster",
];

/// Which of the connection's clients carries a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// The one that nothing else waits in front of.
    Lock,
    /// The one for everything else.
    Other,
}

/// The way to the API server for one part of the sidecar. Cheap to clone. The client is taken anew
/// for each request, so that credentials which are read anew count everywhere.
#[derive(Clone)]
pub(super) struct Channel {
    carrier: Carrier,
    facts: Facts,
}

#[derive(Clone)]
enum Carrier {
    Connection(Connection, Lane),
    /// To a server that asks for no credentials.
    #[cfg(test)]
    Plain(Client),
}

/// Why a request has no answer that can be used.
#[derive(Debug)]
pub(super) struct Failure {
    /// In the core's words and in words for people.
    pub(super) error: LockError,
    pub(super) kind: Kind,
}

/// What a caller may have to tell apart.
#[derive(Debug)]
pub(super) enum Kind {
    /// The API server's own refusal.
    Refused(Box<Status>),
    /// The answer is longer than any that is read.
    TooLong,
    /// No answer, or one that cannot be read.
    Broken,
}

impl Failure {
    pub(super) fn broken(error: LockError) -> Failure {
        Failure { error, kind: Kind::Broken }
    }

    /// A request that cannot be made. Nothing was sent; no input that was checked leads here.
    pub(super) fn unsendable(error: &str) -> Failure {
        let detail = format!("the request cannot be made: {error}");
        Failure::broken(plain(Outcome::Denied, detail))
    }

    /// A refusal of a request of that verb, by the API server's own document.
    pub(super) fn refused(verb: &str, status: Status, wait: Option<Duration>) -> Failure {
        let mut error = refused(verb, &status);
        error.retry_after = error.retry_after.or(wait);
        Failure { error, kind: Kind::Refused(Box::new(status)) }
    }

    /// It stays so for as long as nothing is changed about it.
    pub(super) fn is_lasting(&self) -> bool {
        self.error.outcome == Outcome::Denied || matches!(self.kind, Kind::TooLong)
    }

    /// What was to be created is there already, and the API server itself says so.
    pub(super) fn is_already_there(&self) -> bool {
        matches!(&self.kind, Kind::Refused(status) if status.is_already_exists())
    }

    /// A list cannot be gone on with, or a watch not begun, from where it was.
    pub(super) fn is_gone(&self) -> bool {
        matches!(&self.kind, Kind::Refused(status) if status.code == 410)
    }

    /// The object that was asked for is not there, and the API server itself says so.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(&self.kind, Kind::Refused(status) if status.code == 404 && status.is_not_found())
    }
}

impl Channel {
    pub(super) fn new(connection: Connection, lane: Lane, facts: Facts) -> Channel {
        Channel { carrier: Carrier::Connection(connection, lane), facts }
    }

    /// To a server that asks for no credentials.
    #[cfg(test)]
    pub(super) fn plain(client: Client, facts: Facts) -> Channel {
        Channel { carrier: Carrier::Plain(client), facts }
    }

    /// The whole answer to a request, of a known shape. `verb` is the word for the metrics.
    ///
    /// # Errors
    ///
    /// What went wrong. If no answer came, or one that cannot be read, the request may have been
    /// carried out, or may still be.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        verb: &'static str,
        within: Duration,
        request: Request<Vec<u8>>,
    ) -> Result<T, Failure> {
        let bytes = self.fetch(verb, within, request).await?;
        parse(&bytes)
    }

    /// The bytes of an answer, [`LONGEST_ANSWER`] at most.
    ///
    /// # Errors
    ///
    /// As [`Channel::ask`].
    pub(super) async fn fetch(
        &self,
        verb: &'static str,
        within: Duration,
        request: Request<Vec<u8>>,
    ) -> Result<Bytes, Failure> {
        Ok(self.fetch_with_head(verb, within, request).await?.1)
    }

    /// The headers and the bytes of an answer.
    ///
    /// # Errors
    ///
    /// As [`Channel::ask`].
    pub(super) async fn fetch_with_head(
        &self,
        verb: &'static str,
        within: Duration,
        request: Request<Vec<u8>>,
    ) -> Result<(HeaderMap, Bytes), Failure> {
        let whole = async {
            let (head, body) = self.send(verb, request).await?.into_parts();
            match Limited::new(body, LONGEST_ANSWER).collect().await {
                Ok(body) => Ok((head.headers, body.to_bytes())),
                Err(error) if error.is::<LengthLimitError>() => Err(too_long(LONGEST_ANSWER)),
                Err(error) => Err(cut_off(&*error)),
            }
        };
        in_time(within, whole).await
    }

    /// The lines of an answer that goes on, one JSON document each. `within` is for its beginning.
    ///
    /// # Errors
    ///
    /// As [`Channel::ask`].
    pub(super) async fn open(
        &self,
        verb: &'static str,
        within: Duration,
        request: Request<Vec<u8>>,
    ) -> Result<Lines, Failure> {
        let answer = in_time(within, self.send(verb, request)).await?;
        Ok(Lines { body: answer.into_body(), read: BytesMut::new(), searched: 0 })
    }

    /// Sends it. The connection sees to the credentials, a 401 by rotated ones included.
    async fn send(
        &self,
        verb: &'static str,
        request: Request<Vec<u8>>,
    ) -> Result<Response<Body>, Failure> {
        debug_assert!(VERBS.contains(&verb), "{verb} is not among VERBS");
        self.facts.say(&Fact::Requested(verb));
        let answer = self.client().send(request.map(Body::from)).await;
        let answer = answer
            .map_err(|error| Failure::broken(plain(Outcome::Unreachable, explain(&error))))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(refusal(verb, answer).await)
    }

    fn client(&self) -> Client {
        match &self.carrier {
            Carrier::Connection(connection, Lane::Lock) => connection.lock(),
            Carrier::Connection(connection, Lane::Other) => connection.other(),
            #[cfg(test)]
            Carrier::Plain(client) => client.clone(),
        }
    }
}

/// The lines of an answer, as they come.
#[derive(Debug)]
pub(super) struct Lines {
    body: Body,
    read: BytesMut,
    /// So much of what was read has no end of a line in it.
    searched: usize,
}

impl Lines {
    /// The next line; none at the end. Nothing is lost if the future is dropped.
    ///
    /// # Errors
    ///
    /// The connection broke, or the line is longer than [`LONGEST_LINE`].
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            if let Some(end) = self.read[self.searched..].iter().position(|byte| *byte == b'\n') {
                let line = self.read.split_to(self.searched + end).freeze();
                self.read.advance(1);
                self.searched = 0;
                return Ok(Some(line));
            }
            self.searched = self.read.len();
            if self.searched > LONGEST_LINE {
                return Err(too_long(LONGEST_LINE));
            }
            match self.body.frame().await {
                // What is left is a line that was cut off.
                None => return Ok(None),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.read.extend_from_slice(&data);
                    }
                }
                Some(Err(error)) => return Err(cut_off(&error)),
            }
        }
    }
}

/// Reads a document.
///
/// # Errors
///
/// It is not JSON, or not of that shape. Of the document itself nothing is shown: it may be of any
/// length, and anybody's.
pub(super) fn parse<'a, T: serde::Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|error| unreadable(&error))
}

/// What answered is not a document of the shape that was asked for.
pub(super) fn unreadable(error: &serde_json::Error) -> Failure {
    let why = hotseat_text::one_line(&error.to_string(), 200);
    let detail = format!(
        "what answers is not the Kubernetes API ({why}): check the server's address, and what is between"
    );
    Failure::broken(plain(Outcome::Unreachable, detail))
}

/// What a server says with a refusal: its own document, or whatever text there is.
async fn refusal(verb: &str, answer: Response<Body>) -> Failure {
    let code = answer.status().as_u16();
    let wait =
        answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let wait = wait.filter(|seconds| *seconds > 0).map(Duration::from_secs);
    let text = beginning(answer.into_body()).await;
    let mut status = match serde_json::from_slice::<Status>(&text) {
        Ok(status) if !status.message.is_empty() || !status.reason.is_empty() => status,
        _ => Status::failure(&String::from_utf8_lossy(&text), "an answer of another kind"),
    };
    status.code = code;
    Failure::refused(verb, status, wait)
}

/// As much of a body as a refusal can need.
async fn beginning(mut body: Body) -> Vec<u8> {
    let mut text = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data() {
            text.extend_from_slice(&data);
        }
        if text.len() >= LONGEST_REFUSAL {
            text.truncate(LONGEST_REFUSAL);
            break;
        }
    }
    text
}

async fn in_time<T>(
    within: Duration,
    answer: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(within, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(Failure::broken(timed_out(within))),
    }
}

fn cut_off(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::broken(plain(Outcome::Unreachable, explain(error)))
}

/// More came than is read.
fn too_long(limit: usize) -> Failure {
    let limit = hotseat_text::bytes(limit as u64);
    let detail = format!(
        "the answer is longer than {limit}, which no object is: check what is between here and the API server"
    );
    Failure { error: plain(Outcome::Unreachable, detail), kind: Kind::TooLong }
}
