//! What is watched: reading it by a list, and following one watch of it to its end.

use super::exchange::{Channel, Failure, parse};
use super::lists::{Listed, Lists, OF_A_LABEL, OF_ALL};
use super::pick::{Head, Meta};
use hotseat_core::time::Moment;
use hotseat_election::clock;
use kube::api::WatchParams;
use kube::core::{Request, Status};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// How long the server is asked to let a watch run. Below the 240 s after which some load balancers
/// drop an idle connection.
const WATCH_SECONDS: u32 = 220;

/// What is followed, and how.
#[derive(Clone)]
pub(super) struct Target {
    /// For people, such as `the lock`.
    pub(super) what: &'static str,
    pub(super) channel: Channel,
    /// The collection that the object is in.
    pub(super) collection: Request,
    /// Which of its objects.
    pub(super) which: Which,
    /// The words of both requests for the metrics.
    pub(super) verbs: (&'static str, &'static str),
    pub(super) pace: Pace,
}

/// Which objects of a collection are followed. Others are left out, whatever the server sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// The one of this name.
    Named(String),
    /// Those with this label, by key and value.
    Labelled(&'static str, String),
    /// Those with this label, whatever it says.
    Bearing(&'static str),
    /// All of them.
    All,
}

/// How long a follower waits for what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// For an answer, or the beginning of a watch.
    pub(super) answer: Duration,
    /// For a line of a watch, a bookmark at least, which the API server sends each minute. After
    /// that the object is read anew.
    pub(super) silence: Duration,
    /// Before the second attempt; each pause is twice the one before.
    pub(super) shortest: Duration,
    /// At most.
    pub(super) longest: Duration,
}

/// What is seen of the object.
#[derive(Debug)]
pub(super) enum Followed<K> {
    /// It was read, and this was there. Changes before may have been missed.
    Read {
        object: Option<K>,
        /// When the request was sent.
        asked: Moment,
    },
    /// Those of a label, or all, were read, and these were there. Changes before may have been missed.
    Listed(Listed<K>),
    /// It is this now.
    Changed(K),
    /// The object of this name was deleted, at this version.
    Deleted { namespace: String, name: String, version: String },
    /// It cannot be read or watched for now, and not for the first time; in one line why.
    Failed(String),
}

/// How one watch ended.
pub(super) enum Ended {
    /// The server closed it.
    Closed,
    /// The version is too old to go on from.
    Expired,
    /// Nothing came for too long.
    Silent,
    /// Whoever listens wants it begun anew.
    Restarted,
    /// Nobody listens any more.
    Unheard,
}

impl Target {
    /// Reads what is followed, consistently; and the version at which a watch of it can begin.
    ///
    /// # Errors
    ///
    /// What went wrong.
    pub(super) async fn list<K: DeserializeOwned>(&self) -> Result<(Followed<K>, String), Failure> {
        let asked = clock::now();
        let lists = Lists {
            channel: &self.channel,
            collection: &self.collection,
            verb: self.verbs.0,
            patience: self.pace.answer,
            pause: self.pace.shortest,
        };
        let listed = match &self.which {
            Which::Named(name) => {
                let (object, version) = lists.named(name).await?;
                return Ok((Followed::Read { object, asked }, version));
            }
            Which::Labelled(key, value) => lists.labelled(key, value, OF_A_LABEL).await?,
            Which::Bearing(key) => lists.bearing(key, OF_ALL).await?,
            Which::All => lists.all(OF_ALL).await?,
        };
        let version = listed.version.clone();
        Ok((Followed::Listed(listed), version))
    }

    /// One watch from that version on, to its end. `version` is the last one that was heard of.
    ///
    /// # Errors
    ///
    /// What went wrong.
    pub(super) async fn watch<K: DeserializeOwned, T>(
        &self,
        version: &mut String,
        into: &Sender<T>,
        say: &impl Fn(Followed<K>) -> Option<T>,
    ) -> Result<Ended, Failure> {
        let params = WatchParams::default().timeout(WATCH_SECONDS);
        let params = match &self.which {
            Which::Named(name) => params.fields(&format!("metadata.name={name}")),
            Which::Labelled(key, value) => params.labels(&format!("{key}={value}")),
            Which::Bearing(key) => params.labels(key),
            Which::All => params,
        };
        let request = self.collection.watch(&params, version);
        let request = request.map_err(|error| Failure::unsendable(&error.to_string()))?;
        let mut lines = self.channel.open(self.verbs.1, self.pace.answer, request).await?;
        loop {
            let Ok(line) = tokio::time::timeout(self.pace.silence, lines.next()).await else {
                return Ok(Ended::Silent);
            };
            let Some(line) = line? else {
                return Ok(Ended::Closed);
            };
            let event: Line<'_> = parse(&line)?;
            if event.kind == "ERROR" {
                let Whole::<Status> { object: status } = parse(&line)?;
                return match status.code {
                    410 => Ok(Ended::Expired),
                    _ => Err(Failure::refused(self.verbs.1, status, None)),
                };
            }
            let metadata = event.object.metadata;
            let is_meant = self.means(&metadata);
            if !metadata.resource_version.is_empty() {
                version.clone_from(&metadata.resource_version);
            }
            let sight = match &*event.kind {
                // A bookmark, or somebody else's: only the version is news.
                _ if !is_meant => continue,
                "ADDED" | "MODIFIED" => Followed::Changed(parse::<Whole<K>>(&line)?.object),
                "DELETED" => {
                    let Meta { namespace, name, resource_version: version, labels: _ } = metadata;
                    Followed::Deleted { namespace, name, version }
                }
                _ => continue,
            };
            send(into, say(sight)).await;
        }
    }

    fn means(&self, metadata: &Meta) -> bool {
        match &self.which {
            Which::Named(name) => metadata.name == *name,
            Which::Labelled(key, value) => {
                metadata.labels.as_ref().and_then(|all| all.get(*key)) == Some(value)
            }
            Which::Bearing(key) => {
                metadata.labels.as_ref().is_some_and(|all| all.contains_key(*key))
            }
            Which::All => true,
        }
    }
}

/// Sends what is to be sent, if anything.
pub(super) async fn send<T>(into: &Sender<T>, what: Option<T>) {
    if let Some(what) = what {
        // An error means that nobody listens any more; the loops notice.
        let _ = into.send(what).await;
    }
}

/// One line of a watch, as far as it is needed to know whether the object is taken in.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    object: Head,
}

/// The object of a line.
#[derive(Deserialize)]
struct Whole<K> {
    object: K,
}
