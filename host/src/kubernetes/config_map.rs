//! The watch on a ConfigMap with a policy in it.

use super::connection::Connection;
use super::trouble::trouble;
use super::watch::{WATCH_SECONDS, jittered};
use crate::metrics::Metrics;
use futures_util::TryStreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ListParams, WatchEvent, WatchParams};
use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// How long the server may take to begin an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between attempts, doubling. A policy is not urgent, and the API server may be in trouble.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What is seen of a ConfigMap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Its entries, of `data` and of `binaryData`.
    Entries(BTreeMap<String, Vec<u8>>),
    /// It is not there.
    Absent,
    /// It cannot be read, in one line why.
    Trouble(String),
}

/// Watches one ConfigMap until the receiver is gone: what is there at first, each change, and when
/// it cannot be read, which is told once until it can be again.
pub async fn watch_config_map(
    connection: Connection,
    metrics: Metrics,
    namespace: String,
    name: String,
    seen: Sender<Seen>,
) {
    let api = Api::namespaced(connection.other(), &namespace);
    let watcher = Watcher { api, metrics, selector: format!("metadata.name={name}"), seen };
    let mut pause = SHORTEST_PAUSE;
    let mut told = None;
    while !watcher.seen.is_closed() {
        match watcher.list_and_follow().await {
            Ok(()) => {
                pause = SHORTEST_PAUSE;
                told = None;
            }
            Err(why) => {
                tracing::debug!(reason = %why, "the ConfigMap's watch begins anew");
                // A watch that is cut off now and then is no trouble; one that stays away is.
                if pause > SHORTEST_PAUSE && told.as_ref() != Some(&why) {
                    let _ = watcher.seen.send(Seen::Trouble(why.clone())).await;
                    told = Some(why);
                }
                tokio::select! {
                    () = tokio::time::sleep(jittered(pause)) => {}
                    () = watcher.seen.closed() => {}
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

struct Watcher {
    api: Api<ConfigMap>,
    metrics: Metrics,
    selector: String,
    seen: Sender<Seen>,
}

impl Watcher {
    /// Reads it and follows it from there; ends without an error when it has to be read anew.
    async fn list_and_follow(&self) -> Result<(), String> {
        self.metrics.api_request("list-configmap");
        let params = ListParams::default().fields(&self.selector);
        let list = in_time(self.api.list(&params)).await?;
        let mut version = list.metadata.resource_version.unwrap_or_default();
        self.tell(list.items.into_iter().next()).await;
        loop {
            self.metrics.api_request("watch-configmap");
            let params = WatchParams::default().fields(&self.selector).timeout(WATCH_SECONDS);
            let stream = in_time(self.api.watch(&params, &version)).await?;
            let mut stream = pin!(stream);
            loop {
                let event = tokio::select! {
                    event = stream.try_next() => event.map_err(|error| trouble(&error).detail)?,
                    () = self.seen.closed() => return Ok(()),
                };
                match event {
                    Some(WatchEvent::Added(map) | WatchEvent::Modified(map)) => {
                        version = map.metadata.resource_version.clone().unwrap_or_default();
                        self.tell(Some(map)).await;
                    }
                    Some(WatchEvent::Deleted(map)) => {
                        version = map.metadata.resource_version.unwrap_or_default();
                        self.tell(None).await;
                    }
                    Some(WatchEvent::Bookmark(mark)) => version = mark.metadata.resource_version,
                    Some(WatchEvent::Error(status)) if status.code == 410 => return Ok(()),
                    Some(WatchEvent::Error(status)) => {
                        return Err(trouble(&kube::Error::Api(status)).detail);
                    }
                    None => break,
                }
            }
        }
    }

    async fn tell(&self, map: Option<ConfigMap>) {
        let seen = match map {
            Some(map) => Seen::Entries(entries(map)),
            None => Seen::Absent,
        };
        // An error means that nobody follows it any more; the loops above notice.
        let _ = self.seen.send(seen).await;
    }
}

fn entries(map: ConfigMap) -> BTreeMap<String, Vec<u8>> {
    let text = map.data.unwrap_or_default().into_iter().map(|(key, text)| (key, text.into_bytes()));
    let binary = map.binary_data.unwrap_or_default().into_iter().map(|(key, bytes)| (key, bytes.0));
    text.chain(binary).collect()
}

async fn in_time<T>(answer: impl Future<Output = kube::Result<T>>) -> Result<T, String> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(trouble(&error).detail),
        Err(_) => Err(super::trouble::timed_out(PATIENCE).detail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::ByteString;

    #[test]
    fn text_and_bytes_are_entries_alike() {
        let map = ConfigMap {
            data: Some(BTreeMap::from([("settings.json".to_owned(), "{}".to_owned())])),
            binary_data: Some(BTreeMap::from([("p.wasm".to_owned(), ByteString(vec![0, 1]))])),
            ..ConfigMap::default()
        };
        let expected = BTreeMap::from([
            ("p.wasm".to_owned(), vec![0, 1]),
            ("settings.json".to_owned(), b"{}".to_vec()),
        ]);
        assert_eq!(entries(map), expected);
        assert_eq!(entries(ConfigMap::default()), BTreeMap::new());
    }
}
