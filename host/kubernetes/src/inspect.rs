//! A look at the API server and the lock from outside of an election, for people: what is there, and
//! emptying it by hand.

use super::access::{check_access, user};
use super::codec::{WRITE, decode, times, without_holder};
use super::connection::Connection;
use super::exchange::{Channel, Failure, Lane, parse};
use super::kind::LockKind;
use hotseat_core::lock::Record;
use hotseat_election::{Facts, Right};
use http::header::DATE;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use kube::Resource as _;
use kube::api::PostParams;
use kube::core::params::GetParams;
use kube::core::{DynamicObject, Request, request};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::{Duration, Instant};

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the API server by requests of its own.
#[derive(Clone)]
pub struct Inspector {
    channel: Channel,
    collection: Request,
    pub(super) kind: LockKind,
    pub(super) namespace: String,
    pub(super) name: String,
}

/// What the API server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// Its version, such as `v1.36.3`.
    pub version: String,
    /// Its wall clock, in whole seconds, at some moment while it was asked; none if it does not say.
    pub date: Option<Timestamp>,
    /// How long it took to answer.
    pub took: Duration,
}

/// The lock as it was read.
#[derive(Clone, Debug)]
pub struct Sight {
    kind: LockKind,
    pub(super) object: DynamicObject,
    /// What it says.
    pub record: Record,
    /// How long it took to read.
    pub took: Duration,
}

/// Why a lock was not written.
#[derive(Debug, thiserror::Error)]
pub enum NotWritten {
    /// Somebody wrote it after it was looked at.
    #[error("it has changed since it was read: {0}")]
    Changed(String),
    /// Anything else; it may have been written where no answer came.
    #[error("{0}")]
    Other(String),
}

impl Inspector {
    /// For the lock of that kind of the election whose facts these are.
    pub fn new(connection: Connection, facts: Facts, kind: LockKind) -> Inspector {
        let election = facts.election().clone();
        Inspector {
            channel: Channel::new(connection, Lane::Other, facts),
            collection: Request::new(DynamicObject::url_path(
                &kind.api_resource(),
                Some(election.namespace()),
            )),
            kind,
            namespace: election.namespace().to_owned(),
            name: election.name().to_owned(),
        }
    }

    /// Asks for the version, which everybody may.
    ///
    /// # Errors
    ///
    /// Why there is no answer, and what to do, in one line.
    pub async fn greet(&self) -> Result<Greeting, String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Version {
            git_version: String,
        }
        let begun = Instant::now();
        let request = http::Request::get("/version").body(Vec::new());
        let request = request.map_err(|error| error.to_string())?;
        let answer = self.channel.fetch_with_head("get", PATIENCE, request).await;
        let (head, body) = answer.map_err(told)?;
        let took = begun.elapsed();
        let date = head.get(DATE).and_then(|date| date.to_str().ok()).and_then(http_date);
        let Version { git_version } = parse(&body).map_err(told)?;
        Ok(Greeting { version: git_version, date, took })
    }

    /// The name by which the API server knows this account; none where it does not tell, as before
    /// Kubernetes 1.28.
    pub async fn account(&self) -> Option<String> {
        user(&self.channel).await
    }

    /// Those of the rights that this account lacks.
    ///
    /// # Errors
    ///
    /// The first that could not be checked, in one line.
    pub async fn missing(&self, rights: &[Right]) -> Result<Vec<Right>, String> {
        check_access(&self.channel, rights).await
    }

    /// Reads the lock; none if there is none.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, and what to do, in one line.
    pub async fn look(&self) -> Result<Option<Sight>, String> {
        let begun = Instant::now();
        let request = self.collection.get(&self.name, &GetParams::default());
        match self.send("get", request).await {
            Ok(object) => Ok(Some(self.sight(object, begun))),
            Err(failure) if failure.is_not_found() => Ok(None),
            Err(failure) => Err(told(failure)),
        }
    }

    /// Takes the holder out of the lock, as it was read: by a compare-and-swap on its version and UID,
    /// and with all else as it is. To every Hotseat this is a hand's edit, which proves nothing (I7).
    /// Gives the version that the lock has now.
    ///
    /// # Errors
    ///
    /// The lock has changed since, or the server refuses.
    pub async fn clear(&self, sight: &Sight) -> Result<String, NotWritten> {
        let cleared = self.replace(without_holder(sight.kind, &sight.object)).await?;
        Ok(cleared.record.version.0)
    }

    /// Puts an object in the place of the version of it that was read.
    pub(super) async fn replace(&self, mut object: DynamicObject) -> Result<Sight, NotWritten> {
        let begun = Instant::now();
        object.metadata.managed_fields = None;
        let bytes = serde_json::to_vec(&object);
        let bytes = bytes.map_err(|error| NotWritten::Other(error.to_string()))?;
        let request = self.collection.replace(&self.name, &PostParams::default(), bytes);
        let object = self.send("update", request).await.map_err(NotWritten::of)?;
        Ok(self.sight(object, begun))
    }

    fn sight(&self, object: DynamicObject, begun: Instant) -> Sight {
        Sight { took: begun.elapsed(), ..Sight::of(self.kind, object) }
    }

    /// One request beside the lock's own.
    pub(super) async fn fetch<T: DeserializeOwned>(
        &self,
        verb: &'static str,
        request: http::Request<Vec<u8>>,
    ) -> Result<T, Failure> {
        self.channel.ask(verb, PATIENCE, request).await
    }

    async fn send(
        &self,
        verb: &'static str,
        request: Result<http::Request<Vec<u8>>, request::Error>,
    ) -> Result<DynamicObject, Failure> {
        let request = request.map_err(|error| Failure::unsendable(&error.to_string()))?;
        self.channel.ask(verb, PATIENCE, request).await
    }
}

impl Sight {
    /// What that object says, which somebody read.
    pub(super) fn of(kind: LockKind, object: DynamicObject) -> Sight {
        let record = decode(kind, &object);
        Sight { kind, object, record, took: Duration::ZERO }
    }

    /// The whole object, without what only the server reads.
    pub fn object(&self) -> Value {
        let mut object = self.object.clone();
        object.metadata.managed_fields = None;
        serde_json::to_value(object).unwrap_or_default()
    }

    /// When the holder last wrote it, by the holder's own wall clock; none if it says none.
    pub fn renewed(&self) -> Option<Timestamp> {
        let [_, renewed] = times(self.kind, &self.object);
        renewed.parse().ok()
    }

    /// When the holder took it, by the holder's own wall clock; none if it says none.
    pub fn acquired(&self) -> Option<Timestamp> {
        let [acquired, _] = times(self.kind, &self.object);
        acquired.parse().ok()
    }

    /// Whether it has a mark that does not hold: a Hotseat wrote it, and somebody else since.
    pub fn has_broken_mark(&self) -> bool {
        let annotations = self.object.metadata.annotations.as_ref();
        let marked = annotations.is_some_and(|annotations| annotations.contains_key(WRITE));
        marked && self.record.mark.is_none()
    }
}

fn told(failure: Failure) -> String {
    failure.error.detail
}

/// A date as HTTP has it: RFC 2822 with the zone `GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    let zoned = rfc2822::DateTimeParser::new().parse_zoned(text).ok()?;
    Some(zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_http_is_read() {
        let date = http_date("Thu, 26 Nov 2026 01:02:03 GMT").unwrap();
        assert_eq!(date.to_string(), "2026-11-26T01:02:03Z");
        assert_eq!(http_date("tomorrow"), None);
    }
}
