//! What is watched: reading it by a list, and following one watch of it to its end.

use super::exchange::{Channel, Failure, Kind, parse};
use super::follow::Sight;
use super::pick::{Head, Meta, pick};
use super::trouble::plain;
use bytes::Bytes;
use hotseat_core::policy::Outcome;
use hotseat_election::clock;
use kube::api::{ListParams, WatchParams};
use kube::core::{Request, Status};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// How long the server is asked to let a watch run. Below the 240 s after which some load balancers
/// drop an idle connection.
const WATCH_SECONDS: u32 = 220;

/// How many objects of a list are asked for at a time.
const PAGE: u32 = 100;
/// How many where those are longer than an answer that is read: with the most annotations that an
/// object may have, 256 KiB, of which each byte takes six in JSON, so many are not.
const SMALL_PAGE: u32 = 4;
/// How many objects of one label are taken in, be there more.
pub(super) const MOST_LISTED: usize = 512;
/// How many where all are asked for: the Leases of a namespace, or of a cluster.
pub(super) const MOST_OF_ALL: usize = 4096;

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
    /// All of them.
    All,
}

impl Which {
    /// How many are taken in.
    fn most(&self) -> usize {
        match self {
            Which::Named(_) => 1,
            Which::Labelled(..) => MOST_LISTED,
            Which::All => MOST_OF_ALL,
        }
    }
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
    pub(super) async fn list<K: DeserializeOwned>(&self) -> Result<(Sight<K>, String), Failure> {
        let asked = clock::now();
        match &self.which {
            Which::Named(name) => {
                let params = ListParams::default().fields(&format!("metadata.name={name}"));
                let bytes = self.fetch(&params).await?;
                let (object, version) = pick(&bytes, name)?;
                Ok((Sight::Read { object, asked }, version))
            }
            Which::Labelled(key, value) => {
                let params = ListParams::default().labels(&format!("{key}={value}"));
                let (objects, version) = self.pages(params.limit(PAGE)).await?;
                Ok((Sight::Listed(objects), version))
            }
            Which::All => {
                let (objects, version) = self.pages(ListParams::default().limit(PAGE)).await?;
                Ok((Sight::Listed(objects), version))
            }
        }
    }

    /// The objects of a list, page by page, so that none of them has to fit into one answer with all
    /// the others; [`Which::most`] or a few more.
    async fn pages<K: DeserializeOwned>(
        &self,
        mut params: ListParams,
    ) -> Result<(Vec<K>, String), Failure> {
        let (mut objects, most) = (Vec::new(), self.which.most());
        loop {
            let bytes = match self.fetch(&params).await {
                // Somebody made objects that are as long as can be.
                Err(Failure { kind: Kind::TooLong, .. }) if params.limit != Some(SMALL_PAGE) => {
                    params = params.limit(SMALL_PAGE);
                    continue;
                }
                fetched => fetched?,
            };
            let Page { metadata, items } = parse::<Page<K>>(&bytes)?;
            objects.extend(items.into_iter().take(most));
            // The version of all pages is that of the first.
            if metadata.more.is_empty() || objects.len() >= most {
                return Ok((objects, metadata.resource_version));
            }
            params = params.continue_token(&metadata.more);
        }
    }

    async fn fetch(&self, params: &ListParams) -> Result<Bytes, Failure> {
        let request = self.collection.list(params).map_err(|error| unsendable(&error))?;
        self.channel.fetch(self.verbs.0, self.pace.answer, request).await
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
        say: &impl Fn(Sight<K>) -> Option<T>,
    ) -> Result<Ended, Failure> {
        let params = WatchParams::default().timeout(WATCH_SECONDS);
        let params = match &self.which {
            Which::Named(name) => params.fields(&format!("metadata.name={name}")),
            Which::Labelled(key, value) => params.labels(&format!("{key}={value}")),
            Which::All => params,
        };
        let request =
            self.collection.watch(&params, version).map_err(|error| unsendable(&error))?;
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
                "ADDED" | "MODIFIED" => Sight::Changed(parse::<Whole<K>>(&line)?.object),
                "DELETED" => {
                    let Meta { namespace, name, resource_version: version, labels: _ } = metadata;
                    Sight::Deleted { namespace, name, version }
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

/// A request that cannot be made; no input that was checked leads here.
fn unsendable(error: &kube::core::request::Error) -> Failure {
    Failure::broken(plain(Outcome::Unreachable, error.to_string()))
}

/// One page of a list.
#[derive(Deserialize)]
struct Page<K> {
    #[serde(default)]
    metadata: PageMeta,
    items: Vec<K>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PageMeta {
    resource_version: String,
    #[serde(rename = "continue")]
    more: String,
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
