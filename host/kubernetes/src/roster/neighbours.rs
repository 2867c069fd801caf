//! How many seats are held on this candidate's node, whichever election they are of: counted by what all
//! candidates of the namespace say of themselves.

use super::following::{Lease, Metadata, until};
use super::{PACE, codec, label_value};
use crate::exchange::Channel;
use crate::follow::Follower;
use crate::target::{Followed, Target, Which};
use hotseat_core::policy::{Source, Value};
use hotseat_core::time::Moment;
use hotseat_election::signals::{Key, Report};
use hotseat_election::{Status, clock};
use kube::core::Request;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::mpsc::{Sender, channel};

/// The signal that has the number, of the host.
pub(super) const SEATS: &str = "host.seats-on-node";

/// What the watch may have to say at a time.
const WAITING: usize = 64;
/// What changes within so long is looked at together.
const GATHER: Duration = Duration::from_millis(200);

/// What counts of a candidate's Lease here, made as soon as it is read: there may be thousands.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Lease")]
struct Seen {
    name: String,
    /// Its UID and version.
    version: (String, String),
    /// The node on which it holds a seat; none if it holds none, or is no entry.
    holds_on: Option<String>,
}

impl From<Lease> for Seen {
    fn from(lease: Lease) -> Seen {
        let Metadata { name, uid, resource_version, labels, annotations } = lease.metadata;
        let label = labels.and_then(|label| label.0);
        let entry = annotations.and_then(|text| codec::read_any(&text.0?).ok());
        let entry = entry.filter(|parsed| Some(label_value(&parsed.election)) == label);
        let entry = entry.map(|parsed| parsed.entry).filter(|entry| entry.leads);
        let holds_on = entry.and_then(|entry| entry.node);
        Seen { name, version: (uid, resource_version), holds_on }
    }
}

/// The Leases of all rosters of a namespace but for the own one.
#[derive(Debug)]
struct Neighbours {
    own: String,
    rows: BTreeMap<String, (Seen, Moment)>,
}

impl Neighbours {
    fn new(own: &str) -> Neighbours {
        Neighbours { own: own.to_owned(), rows: BTreeMap::new() }
    }

    /// All that there are, as they were read at `now`. One that is as it was keeps its age.
    fn take_all(&mut self, now: Moment, all: Vec<Seen>) {
        let names: BTreeSet<&str> = all.iter().map(|seen| seen.name.as_str()).collect();
        self.rows.retain(|name, _| names.contains(name.as_str()));
        all.into_iter().for_each(|seen| self.take(now, seen));
    }

    fn take(&mut self, now: Moment, seen: Seen) {
        let known = self.rows.get(&seen.name).map(|(known, _)| &known.version);
        if seen.name != self.own && known != Some(&seen.version) {
            self.rows.insert(seen.name.clone(), (seen, now));
        }
    }

    fn take_out(&mut self, name: &str) {
        self.rows.remove(name);
    }

    /// How many seats are held on that node at `now`, and when that may change without an update: a candidate
    /// that was not heard of for too long holds none, as far as is known.
    fn on(&self, node: &str, now: Moment) -> (usize, Moment) {
        let stale = |at: Moment| at + super::table::STALE;
        let holds = |(seen, at): &&(Seen, Moment)| {
            seen.holds_on.as_deref() == Some(node) && now < stale(*at)
        };
        let held = || self.rows.values().filter(holds);
        let next = held().map(|(_, at)| stale(*at)).min();
        (held().count(), next.unwrap_or(Moment::NEVER))
    }
}

/// What the watch found.
enum Update {
    All(Vec<Seen>),
    One(Seen),
    Gone(String),
    /// They cannot be followed.
    Failed,
}

/// Counts for as long as it is polled, and reports the number while it is known: the own node is, and the
/// Leases can be read.
pub(super) async fn count(channel_to: Channel, collection: Request, own: &str, status: &Status) {
    let (into, mut updates) = channel(WAITING);
    let mut watching = std::pin::pin!(watch(channel_to, collection, into));
    let mut signals = status.signals().changes();
    let mut neighbours = None;
    let mut told = Told { status, count: None };
    loop {
        signals.mark_unchanged();
        let now = clock::now();
        let node = status.node(now);
        let known: Option<&Neighbours> = neighbours.as_ref();
        let counted = known.zip(node).map(|(all, node)| all.on(&node, now));
        let next = counted.map_or(Moment::NEVER, |(_, next)| next);
        told.report(now, counted.map(|(count, _)| count));
        tokio::select! {
            () = &mut watching => return,
            Some(update) = updates.recv() => take(&mut neighbours, own, update),
            // The node's name is known by a signal; of a flood of others, what comes at once is one.
            Ok(()) = signals.changed() => tokio::time::sleep(GATHER).await,
            () = until(next) => {}
        }
    }
}

fn take(neighbours: &mut Option<Neighbours>, own: &str, update: Update) {
    let now = clock::now();
    match (update, neighbours) {
        (Update::All(all), it) => {
            it.get_or_insert_with(|| Neighbours::new(own)).take_all(now, all);
        }
        (Update::One(one), Some(it)) => it.take(now, one),
        (Update::Gone(name), Some(it)) => it.take_out(&name),
        (Update::One(_) | Update::Gone(_), None) => {}
        (Update::Failed, it) => *it = None,
    }
}

/// What was reported, and is taken back where it is not known any more, or nobody counts any more.
struct Told<'a> {
    status: &'a Status,
    count: Option<usize>,
}

impl Told<'_> {
    fn report(&mut self, now: Moment, count: Option<usize>) {
        if std::mem::replace(&mut self.count, count) == count {
            return;
        }
        let Ok(key) = Key::new(Source::Host, SEATS) else { return };
        match count {
            Some(count) => {
                let value = Value::Integer(i64::try_from(count).unwrap_or(i64::MAX));
                // The host's own signals always find room.
                let _ = self.status.signals().report(key, Report { value, at: now, ttl: None });
            }
            None => drop(self.status.signals().remove(&key, now)),
        }
    }
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.report(clock::now(), None);
    }
}

async fn watch(channel: Channel, collection: Request, into: Sender<Update>) {
    let mut follower = Follower::new(Target {
        what: "the rosters of the namespace",
        channel,
        collection,
        which: Which::Bearing(super::ROSTER),
        verbs: ("list-roster", "watch-roster"),
        pace: PACE,
    });
    let say = |sight: Followed<Seen>| match sight {
        Followed::Listed(all) => Some(Update::All(all.objects)),
        Followed::Changed(seen) => Some(Update::One(seen)),
        Followed::Deleted { name, .. } => Some(Update::Gone(name)),
        Followed::Failed(_) => Some(Update::Failed),
        // They are asked for by their label.
        Followed::Read { .. } => None,
    };
    follower.follow_on(&into, say).await;
}

#[cfg(test)]
mod tests {
    use super::super::{CANDIDATE, ROSTER};
    use super::*;
    use hotseat_election::roster::Entry;
    use serde_json::json;

    fn at(seconds: u64) -> Moment {
        Moment::at(Duration::from_secs(seconds))
    }

    /// A Lease as the API server gives it.
    fn seen(name: &str, version: u32, label: &str, election: &str, on: Option<&str>) -> Seen {
        let (leads, node) = (on.is_some(), Some(on.unwrap_or("n-1").to_owned()));
        let identity = format!("of-{name}");
        let entry = Entry { identity, leads, node, ..Entry::default() };
        let text = codec::write(election, &entry).0;
        let lease = json!({"metadata": {
            "name": name, "uid": "u", "resourceVersion": version.to_string(),
            "labels": {ROSTER: label, "a": "b"},
            "annotations": {CANDIDATE: text, "c": "d"},
        }});
        serde_json::from_value(lease).unwrap()
    }

    #[test]
    fn seats_of_all_elections_on_the_node_count_while_they_are_heard_of() {
        let mut all = Neighbours::new("own");
        all.take_all(
            at(10),
            vec![
                seen("own", 1, "shop", "shop", Some("n-1")),
                seen("shop-b", 1, "shop", "shop", None),
                seen("bank-a", 1, "bank", "bank", Some("n-1")),
                seen("mail-a", 1, "mail", "mail", Some("n-2")),
                // The label says another election than the entry.
                seen("x", 1, "mail", "bank", Some("n-1")),
            ],
        );
        assert_eq!(all.on("n-1", at(10)), (1, at(190)));
        all.take(at(20), seen("shop-b", 2, "shop", "shop", Some("n-1")));
        assert_eq!(all.on("n-1", at(20)), (2, at(190)));
        assert_eq!(all.on("n-2", at(20)).0, 1);
        // Read anew, one that is as it was keeps its age.
        let read_anew = vec![
            seen("shop-b", 2, "shop", "shop", Some("n-1")),
            seen("bank-a", 1, "bank", "bank", Some("n-1")),
        ];
        all.take_all(at(100), read_anew);
        assert_eq!(all.on("n-1", at(190)), (1, at(200)));
        assert_eq!(all.on("n-2", at(190)).0, 0, "it is gone");
        all.take_out("shop-b");
        assert_eq!(all.on("n-1", at(190)), (0, Moment::NEVER));
    }

    #[test]
    fn what_is_no_entry_holds_nothing() {
        let lease = |annotations| {
            let metadata =
                json!({"name": "x", "labels": {ROSTER: "shop"}, "annotations": annotations});
            serde_json::from_value::<Seen>(json!({"metadata": metadata})).unwrap()
        };
        for annotations in [json!(null), json!({}), json!({CANDIDATE: "{"})] {
            assert_eq!(lease(annotations).holds_on, None);
        }
    }
}
