//! The watch on a ConfigMap with a policy in it.

use super::connection::Connection;
use super::exchange::{Channel, Lane};
use super::follow::Follower;
use super::target::{Followed, Pace, Target, Which};
use hotseat_election::Facts;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Resource as _;
use kube::core::Request;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// A policy is not urgent, and the API server may be in trouble.
const PACE: Pace = Pace {
    answer: Duration::from_secs(10),
    silence: Duration::from_secs(90),
    shortest: Duration::from_millis(200),
    longest: Duration::from_secs(30),
};

/// What is seen of a ConfigMap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Its entries, of `data` and of `binaryData`.
    Entries(BTreeMap<String, Vec<u8>>),
    /// It is not there.
    Absent,
    /// It cannot be read, in one line why.
    Failed(String),
}

/// Watches one ConfigMap until the receiver is gone: what is there at first, each change, and when
/// it cannot be read, which is reported once until it can be again.
pub async fn watch_config_map(
    connection: Connection,
    facts: Facts,
    namespace: String,
    name: String,
    seen: Sender<Seen>,
) {
    follow(Channel::new(connection, Lane::Other, facts), &namespace, name, PACE, seen).await;
}

async fn follow(channel: Channel, namespace: &str, name: String, pace: Pace, seen: Sender<Seen>) {
    let mut follower = Follower::new(Target {
        what: "the policy's ConfigMap",
        channel,
        collection: Request::new(ConfigMap::url_path(&(), Some(namespace))),
        which: Which::Named(name),
        verbs: ("list-configmap", "watch-configmap"),
        pace,
    });
    let say = |sight| {
        Some(match sight {
            Followed::Read { object: Some(map), .. } | Followed::Changed(map) => {
                Seen::Entries(entries(map))
            }
            Followed::Read { object: None, .. } | Followed::Deleted { .. } => Seen::Absent,
            Followed::Listed(_) => return None,
            Followed::Failed(why) => Seen::Failed(why),
        })
    };
    follower.follow_on(&seen, say).await;
}

fn entries(map: ConfigMap) -> BTreeMap<String, Vec<u8>> {
    let text = map.data.unwrap_or_default().into_iter().map(|(key, text)| (key, text.into_bytes()));
    let binary = map.binary_data.unwrap_or_default().into_iter().map(|(key, bytes)| (key, bytes.0));
    text.chain(binary).collect()
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
