//! Lists: the one way in which this program asks for one.
//!
//! What may be many is asked for page by page, so that no answer has to hold all of it, and is bounded
//! in number and in bytes over all pages. A list that the server cannot go on with, as after a
//! compaction of its store, is begun anew.

use super::backoff::jittered;
use super::exchange::{Channel, Failure, Kind, parse};
use super::pick::pick;
use bytes::Bytes;
use kube::api::ListParams;
use kube::core::Request;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// How many objects are asked for at a time.
const PAGE: u32 = 100;
/// How many where those are longer than an answer that is read: with the most annotations that an
/// object may have, 256 KiB, of which each byte takes six in JSON, so many are not.
const SMALL_PAGE: u32 = 4;
/// Pages with fewer objects than were asked for, or with none, that are put up with in one list.
const SPARE_PAGES: usize = 16;
/// How often in a row a list is begun anew that the server cannot go on with.
const MOST_BEGINNINGS: u32 = 3;

/// The objects of one label that are taken in, be there more.
pub(super) const OF_A_LABEL: Bounds = Bounds { objects: 512, bytes: 32 << 20 };
/// Those where all are asked for: the Leases of a namespace, or of a cluster.
pub(super) const OF_ALL: Bounds = Bounds { objects: 4096, bytes: 128 << 20 };

/// How to ask for a list.
pub(super) struct Lists<'a> {
    pub(super) channel: &'a Channel,
    /// The collection that is listed.
    pub(super) collection: &'a Request,
    /// The word for the metrics.
    pub(super) verb: &'static str,
    /// How long each page may take.
    pub(super) patience: Duration,
    /// About how long is waited before a list is begun anew.
    pub(super) pause: Duration,
}

/// How much of a list is taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) objects: usize,
    /// Of all answers together; with the last page it may be that page more.
    pub(super) bytes: usize,
}

/// What was listed.
#[derive(Debug)]
pub(super) struct Listed<K> {
    pub(super) objects: Vec<K>,
    /// The version at which a watch can begin that misses nothing.
    pub(super) version: String,
    /// There may be more than are taken in.
    pub(super) cut: bool,
}

impl Lists<'_> {
    /// The object of that name, and the version at which a watch of it can begin. It is not asked for
    /// by a page: there is one, and with a limit servers before 1.33 would answer it from their store.
    ///
    /// # Errors
    ///
    /// What went wrong.
    pub(super) async fn named<K: DeserializeOwned>(
        &self,
        name: &str,
    ) -> Result<(Option<K>, String), Failure> {
        let params = ListParams::default().fields(&format!("metadata.name={name}"));
        pick(&self.fetch(&params).await?, name)
    }

    /// Those with that label, by key and value. A server that does not narrow lists gives others, too.
    ///
    /// # Errors
    ///
    /// What went wrong.
    pub(super) async fn labelled<K: DeserializeOwned>(
        &self,
        key: &str,
        value: &str,
        within: Bounds,
    ) -> Result<Listed<K>, Failure> {
        self.pages(ListParams::default().labels(&format!("{key}={value}")), within).await
    }

    /// Those with a label of that key, whatever it says; others, too, as above.
    ///
    /// # Errors
    ///
    /// What went wrong.
    pub(super) async fn bearing<K: DeserializeOwned>(
        &self,
        key: &str,
        within: Bounds,
    ) -> Result<Listed<K>, Failure> {
        self.pages(ListParams::default().labels(key), within).await
    }

    /// Those about the object of that kind and name, which Events are; others, too, as above.
    ///
    /// # Errors
    ///
    /// What went wrong.
    pub(super) async fn regarding<K: DeserializeOwned>(
        &self,
        kind: &str,
        name: &str,
        within: Bounds,
    ) -> Result<Listed<K>, Failure> {
        let fields = format!("involvedObject.kind={kind},involvedObject.name={name}");
        self.pages(ListParams::default().fields(&fields), within).await
    }

    /// All of the collection.
    ///
    /// # Errors
    ///
    /// What went wrong.
    pub(super) async fn all<K: DeserializeOwned>(
        &self,
        within: Bounds,
    ) -> Result<Listed<K>, Failure> {
        self.pages(ListParams::default(), within).await
    }

    async fn pages<K: DeserializeOwned>(
        &self,
        params: ListParams,
        within: Bounds,
    ) -> Result<Listed<K>, Failure> {
        let mut begun = 1;
        loop {
            match self.page_by_page(params.clone().limit(PAGE), within).await {
                // What was read of it is of a moment that is gone, and nothing of a later one fits.
                Err(failure) if failure.is_gone() && begun < MOST_BEGINNINGS => {
                    begun += 1;
                    tokio::time::sleep(jittered(self.pause)).await;
                }
                listed => return listed,
            }
        }
    }

    async fn page_by_page<K: DeserializeOwned>(
        &self,
        mut params: ListParams,
        within: Bounds,
    ) -> Result<Listed<K>, Failure> {
        let (mut objects, mut bytes, mut version) = (Vec::new(), 0, None);
        for _ in 0..within.objects.div_ceil(SMALL_PAGE as usize) + SPARE_PAGES {
            let page = match self.fetch(&params).await {
                // Somebody made objects that are as long as can be.
                Err(Failure { kind: Kind::TooLong, .. }) if params.limit != Some(SMALL_PAGE) => {
                    params = params.limit(SMALL_PAGE);
                    continue;
                }
                fetched => fetched?,
            };
            bytes += page.len();
            let Page { metadata, items } = parse::<Page<K>>(&page)?;
            // All pages are of the version of the first; a watch from there misses nothing in any case.
            let version = version.get_or_insert(metadata.resource_version).clone();
            let room = within.objects - objects.len();
            let over = items.len() > room;
            objects.extend(items.into_iter().take(room));
            if metadata.more.is_empty() && !over {
                return Ok(Listed { objects, version, cut: false });
            }
            if objects.len() >= within.objects || bytes >= within.bytes {
                return Ok(Listed { objects, version, cut: true });
            }
            params = params.continue_token(&metadata.more);
        }
        // Of a server that hands out page after page with next to nothing.
        Ok(Listed { objects, version: version.unwrap_or_default(), cut: true })
    }

    async fn fetch(&self, params: &ListParams) -> Result<Bytes, Failure> {
        let request = self.collection.list(params);
        let request = request.map_err(|error| Failure::unsendable(&error.to_string()))?;
        self.channel.fetch(self.verb, self.patience, request).await
    }
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

#[cfg(test)]
mod tests;
