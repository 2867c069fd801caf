//! What is known of this process's pod and its node, as signals for the policy: labels, readiness, the
//! state of the application's containers, the zone, and whether either is about to go away.
//!
//! Each is followed by a task of its own, beside the election: what cannot be read is said in the log and
//! tried again at a pace, and what was said last stays. It is advice, and no safety rule looks at it (I17).

mod node;
mod pod;

use super::connection::Connection;
use super::deaths::pod_watch_rights;
use super::exchange::{Channel, Lane};
use super::follow::{Follower, Left};
use super::target::{Followed, Pace, Target, Which};
use hotseat_core::policy::{Source, Value};
use hotseat_election::signals::{Key, LONGEST_TEXT, Report, Store};
use hotseat_election::{Facts, Right, clock};
use kube::core::Request;
use node::Node;
use pod::Pod;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::mpsc::channel;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

/// The answers have no deadline of the election's. Silence is ended by bookmarks each minute.
const PACE: Pace = Pace {
    answer: Duration::from_secs(10),
    silence: Duration::from_secs(90),
    shortest: Duration::from_millis(500),
    longest: Duration::from_secs(60),
};
/// The most signals about a pod, and about a node: whoever may label a node makes no question endless.
const MOST: usize = 128;

/// What an object says of itself, in the order in which it counts where there is too much.
type Pairs = Vec<(String, Value)>;

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surrounding {
    /// The namespace of the pod.
    pub namespace: String,
    /// The pod's name; none: the pod is not looked at.
    pub pod: Option<String>,
    /// The node; none: it is not looked at.
    pub node: Option<NodeName>,
}

/// Where the name of a node is known from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeName {
    /// It was given.
    Given(String),
    /// From the pod, which is looked at.
    OfPod,
}

impl Surrounding {
    /// The rights that looking takes.
    pub fn rights(&self) -> Vec<Right> {
        let mut rights = Vec::new();
        if self.pod.is_some() {
            rights.extend(pod_watch_rights(&self.namespace));
        }
        if self.node.is_some() {
            rights.extend(["list", "watch"].map(|verb| Right {
                group: "",
                resource: "nodes",
                verb,
                // Nodes belong to no namespace, and which it will be is not known beforehand.
                namespace: String::new(),
                name: None,
            }));
        }
        rights
    }

    /// Looks, and reports to the store, for as long as what is returned is kept.
    pub fn look(self, connection: &Connection, facts: &Facts, store: &Store) -> JoinSet<()> {
        let channel = Channel::new(connection.clone(), Lane::Other, facts.clone());
        let mut tasks = JoinSet::new();
        let (tell_node, node) = watch::channel(match &self.node {
            Some(NodeName::Given(name)) => Some(name.clone()),
            _ => None,
        });
        if let Some(name) = self.pod {
            let collection = format!("/api/v1/namespaces/{}/pods", self.namespace);
            let verbs = ("list-pod", "watch-pod");
            let target = target("this pod", &channel, &collection, name, verbs);
            let reporter = Reporter::new(store, Source::Pod);
            tasks.spawn(follow(target, reporter, move |pod: Pod| {
                tell_node.send_if_modified(|known| {
                    let news = known.is_none() && pod.node().is_some();
                    if news {
                        *known = pod.node().map(str::to_owned);
                    }
                    news
                });
                pod.said()
            }));
        }
        if self.node.is_some() {
            tasks.spawn(follow_node(channel, node, Reporter::new(store, Source::Node)));
        }
        tasks
    }
}

/// Follows the node, once its name is known.
async fn follow_node(channel: Channel, mut name: watch::Receiver<Option<String>>, to: Reporter) {
    let known = match name.wait_for(Option::is_some).await {
        Ok(known) => known.clone().unwrap_or_default(),
        Err(_) => return,
    };
    let verbs = ("list-node", "watch-node");
    let target = target("this pod's node", &channel, "/api/v1/nodes", known, verbs);
    follow(target, to, |node: Node| node.said()).await;
}

fn target(
    what: &'static str,
    channel: &Channel,
    collection: &str,
    name: String,
    verbs: (&'static str, &'static str),
) -> Target {
    let (channel, collection) = (channel.clone(), Request::new(collection));
    Target { what, channel, collection, which: Which::Named(name), verbs, pace: PACE }
}

async fn follow<K: DeserializeOwned + Send>(
    target: Target,
    mut to: Reporter,
    say: impl Fn(K) -> Pairs + Send,
) {
    let (into, mut objects) = channel::<K>(1);
    let never = Notify::new();
    let mut follower = Follower::new(target);
    let sights = |sight| match sight {
        Followed::Read { object, .. } => object,
        Followed::Changed(object) => Some(object),
        // What was said last of an object that is gone is the best that is known.
        Followed::Listed(_) | Followed::Deleted { .. } | Followed::Failed(_) => None,
    };
    loop {
        let pause = {
            let mut following = std::pin::pin!(follower.follow(&into, &never, sights));
            loop {
                tokio::select! {
                    left = &mut following => break left,
                    Some(object) = objects.recv() => to.report(say(object)),
                }
            }
        };
        match pause {
            Left::Unheard => return,
            Left::Impossible(_) => tokio::time::sleep(follower.pause()).await,
        }
    }
}

/// Keeps the signals of one source as they were said last.
struct Reporter {
    store: Store,
    source: Source,
    said: BTreeSet<Key>,
}

impl Reporter {
    fn new(store: &Store, source: Source) -> Reporter {
        Reporter { store: store.clone(), source, said: BTreeSet::new() }
    }

    /// Reports all of it, and takes back what is said no more. What is not a key or too long is left out.
    fn report(&mut self, said: Pairs) {
        let now = clock::now();
        let mut keys = BTreeSet::new();
        let fits = |(key, value): &(String, Value)| {
            value.len() <= LONGEST_TEXT && Key::new(self.source, key).is_ok()
        };
        for (key, value) in said.into_iter().filter(fits).take(MOST) {
            let Ok(key) = Key::new(self.source, &key) else { continue };
            let report = Report { value, at: now, ttl: None };
            // Only an application's signals are so many that there is no room.
            if self.store.report(key.clone(), report).is_ok() {
                keys.insert(key);
            }
        }
        for gone in self.said.difference(&keys) {
            self.store.remove(gone, now);
        }
        self.said = keys;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(pairs: &[(&str, bool)]) -> Pairs {
        pairs.iter().map(|(key, flag)| ((*key).to_owned(), Value::Flag(*flag))).collect()
    }

    fn keys(store: &Store) -> Vec<String> {
        let all = store.all(clock::now());
        all.iter().map(|held| held.key.to_string()).collect()
    }

    #[test]
    fn what_is_said_no_more_is_taken_back() {
        let store = Store::default();
        let mut reporter = Reporter::new(&store, Source::Pod);
        reporter.report(said(&[("a", true), ("b", true)]));
        // Another source's signal of the same key is not this one's to take back.
        Reporter::new(&store, Source::Node).report(said(&[("a", false)]));
        reporter.report(said(&[("b", false), ("no key", true)]));
        let all = store.all(clock::now());
        let found: Vec<_> = all.iter().map(|it| (it.key.as_str(), it.key.source())).collect();
        assert_eq!(found, [("a", Source::Node), ("b", Source::Pod)]);
    }

    #[test]
    fn whoever_labels_a_node_makes_no_question_endless() {
        let store = Store::default();
        let mut reporter = Reporter::new(&store, Source::Node);
        let many: Vec<String> = (0..500).map(|number| format!("k{number:03}")).collect();
        let mut many: Pairs = many.into_iter().map(|key| (key, Value::Flag(true))).collect();
        many.insert(0, ("long".to_owned(), Value::Text("x".repeat(LONGEST_TEXT + 1))));
        reporter.report(many);
        let found = keys(&store);
        assert_eq!((found.len(), found[0].as_str(), found[127].as_str()), (MOST, "k000", "k127"));
    }

    #[test]
    fn each_takes_its_own_rights() {
        let rights = |pod: Option<&str>, node| {
            let pod = pod.map(str::to_owned);
            let surrounding = Surrounding { namespace: "web".to_owned(), pod, node };
            let rights = surrounding.rights();
            rights.into_iter().map(|it| (it.resource, it.verb, it.namespace)).collect::<Vec<_>>()
        };
        let web = || "web".to_owned();
        assert_eq!(rights(None, None), []);
        assert_eq!(
            rights(Some("web-0"), None),
            [("pods", "list", web()), ("pods", "watch", web())]
        );
        let both = rights(Some("web-0"), Some(NodeName::OfPod));
        let nodes = [("nodes", "list", String::new()), ("nodes", "watch", String::new())];
        assert_eq!(both[2..], nodes);
    }
}
