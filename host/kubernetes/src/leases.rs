//! All Leases of a namespace, or of a cluster, for people who look at many elections at once: those that
//! are an election's lock, whoever writes it, and those by which candidates publish themselves.

use crate::connection::Connection;
use crate::exchange::{Channel, Lane};
use crate::follow::{Follower, Left};
use crate::inspect::Sight;
use crate::kind::LockKind;
use crate::roster::{CANDIDATE, ParsedEntry, ROSTER, label_value, read_entry};
use crate::target::{Followed, Pace, Target, Which};
use hotseat_election::{ElectionName, Facts, Right, clock};
use jiff::Timestamp;
use kube::Resource as _;
use kube::core::{DynamicObject, Request};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;

/// People wait for it, and no election.
const PACE: Pace = Pace {
    answer: Duration::from_secs(10),
    silence: Duration::from_secs(90),
    shortest: Duration::from_millis(500),
    longest: Duration::from_secs(60),
};

/// The longest name of an object, in bytes.
const LONGEST_NAME: usize = 253;

/// The longest text of a lock that is kept, in bytes.
const LONGEST_TEXT: usize = 4096;

/// What is heard of the Leases.
#[derive(Debug)]
pub enum LeaseNews {
    /// All that there are were read. Changes before may have been missed.
    All {
        /// They.
        leases: Vec<SeenLease>,
        /// There may be more than are taken in.
        cut: bool,
    },
    /// One is this now.
    One(SeenLease),
    /// One was deleted.
    Gone {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// They cannot be read or watched for now, and not for the first time; in one line why. It is tried
    /// again.
    Failed(String),
}

/// A Lease as it was seen. It is made of each object as soon as that is read, so that of a long list
/// only what counts is ever kept.
#[derive(Debug, Deserialize)]
#[serde(from = "DynamicObject")]
pub struct SeenLease {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID and version: read anew with the same ones, it stays as old.
    pub version: (String, String),
    /// What is in it.
    pub content: LeaseContent,
}

/// What a Lease is for.
#[derive(Debug)]
pub enum LeaseContent {
    /// A lock, be it a Hotseat's or not.
    Lock(Box<Sight>),
    /// What a candidate says of itself.
    Candidate(Box<CandidateLease>),
}

/// The Lease of a candidate.
#[derive(Debug)]
pub struct CandidateLease {
    /// When it was last written, by the candidate's own wall clock; none if it does not say.
    pub written: Option<Timestamp>,
    /// What the candidate says, or why that is no entry; none if it was taken back.
    pub said: Option<Result<ParsedEntry, String>>,
}

/// The rights that following takes: in that namespace, or in all.
pub fn leases_rights(namespace: Option<&str>) -> Vec<Right> {
    let right = |verb| Right {
        group: LockKind::Leases.group(),
        resource: LockKind::Leases.resource(),
        verb,
        namespace: namespace.unwrap_or_default().to_owned(),
        name: None,
    };
    ["list", "watch"].map(right).into()
}

/// Follows the Leases of that namespace, or of all, until nobody listens any more.
pub async fn follow_leases(
    connection: Connection,
    namespace: Option<&str>,
    into: Sender<LeaseNews>,
) {
    // No election: the name is for metrics, which nobody reads here.
    let facts = Facts::new(ElectionName::new(namespace.unwrap_or_default(), ""), clock::now);
    let leases = LockKind::Leases.api_resource();
    let mut follower = Follower::new(Target {
        what: "the Leases",
        channel: Channel::new(connection, Lane::Other, facts),
        collection: Request::new(DynamicObject::url_path(&leases, namespace)),
        which: Which::All,
        verbs: ("list", "watch"),
        pace: PACE,
    });
    let never = Notify::new();
    while let Left::Impossible(_) = follower.follow(&into, &never, news).await {
        tokio::select! {
            () = tokio::time::sleep(follower.pause()) => {}
            () = into.closed() => return,
        }
    }
}

fn news(sight: Followed<SeenLease>) -> Option<LeaseNews> {
    match sight {
        Followed::Listed(all) => Some(LeaseNews::All { leases: all.objects, cut: all.cut }),
        Followed::Changed(lease) => Some(LeaseNews::One(lease)),
        Followed::Deleted { namespace, name, .. } => Some(LeaseNews::Gone { namespace, name }),
        Followed::Failed(why) => Some(LeaseNews::Failed(why)),
        // They are not asked for by a name.
        Followed::Read { .. } => None,
    }
}

impl SeenLease {
    /// A Lease as the API server gives it.
    ///
    /// # Errors
    ///
    /// The value is not a Kubernetes object.
    pub fn read(object: Value) -> Result<SeenLease, serde_json::Error> {
        serde_json::from_value(object)
    }
}

impl From<DynamicObject> for SeenLease {
    fn from(object: DynamicObject) -> SeenLease {
        let metadata = &object.metadata;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let version = (text(&metadata.uid), text(&metadata.resource_version));
        let (namespace, name) = (text(&metadata.namespace), text(&metadata.name));
        let content = match CandidateLease::of(&object) {
            Some(candidate) => LeaseContent::Candidate(Box::new(candidate)),
            None => LeaseContent::Lock(Box::new(Sight::of(LockKind::Leases, trimmed(object)))),
        };
        SeenLease { namespace, name, version, content }
    }
}

impl CandidateLease {
    /// None where the object has not the label of one.
    fn of(object: &DynamicObject) -> Option<CandidateLease> {
        let label = object.metadata.labels.as_ref()?.get(ROSTER)?;
        let text = object.metadata.annotations.as_ref().and_then(|all| all.get(CANDIDATE));
        let written = object.data["spec"]["renewTime"].as_str();
        Some(CandidateLease {
            written: written.and_then(|written| written.parse().ok()),
            said: text.map(|text| match read_entry(text)? {
                parsed if !is_object(&parsed.election) => {
                    Err("no object can have the name of its election".to_owned())
                }
                parsed if label_value(&parsed.election) == *label => Ok(parsed),
                _ => Err("it is of another election than its label says".to_owned()),
            }),
        })
    }
}

/// What is kept of a lock: whoever may make Leases could else fill the memory of whoever looks at them.
fn trimmed(mut object: DynamicObject) -> DynamicObject {
    let metadata = &mut object.metadata;
    metadata.managed_fields = None;
    metadata.labels = None;
    metadata.finalizers = None;
    metadata.owner_references = None;
    let fits = |key: &str, text: &str| {
        key.len() + text.len() <= LONGEST_TEXT && key.starts_with("hotseat.dev/")
    };
    if let Some(annotations) = &mut metadata.annotations {
        annotations.retain(|key, text| fits(key, text));
    }
    let mut spec = object.data["spec"].take();
    if let Some(fields) = spec.as_object_mut() {
        let of_seat = |value: &Value| value.is_number() || value.is_string();
        fields.retain(|key, value| key.len() <= LONGEST_NAME && of_seat(value));
        for value in fields.values_mut() {
            if value.as_str().is_some_and(|text| text.len() > LONGEST_TEXT) {
                *value = Value::Null;
            }
        }
    }
    object.data = json!({"spec": spec});
    object
}

/// Whether a Lease may have that name: the label shows but the beginning of a long one.
fn is_object(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(object: Value) -> SeenLease {
        SeenLease::read(object).unwrap()
    }

    fn entry(label: &str, text: Option<&str>) -> SeenLease {
        seen(json!({
            "metadata": {
                "name": "shop-1", "namespace": "web", "uid": "u", "resourceVersion": "7",
                "labels": {ROSTER: label}, "annotations": text.map(|text| json!({CANDIDATE: text})),
            },
            "spec": {"renewTime": "2026-11-26T01:02:03.000000Z"},
        }))
    }

    #[test]
    fn a_candidate_is_distinguished_from_a_lock_by_its_label() {
        let lock = seen(json!({
            "metadata": {"name": "shop", "namespace": "web", "uid": "u", "resourceVersion": "7"},
            "spec": {"holderIdentity": "web-0", "leaseDurationSeconds": 15},
        }));
        assert_eq!((lock.namespace.as_str(), lock.name.as_str()), ("web", "shop"));
        assert_eq!(lock.version, ("u".to_owned(), "7".to_owned()));
        let LeaseContent::Lock(sight) = lock.content else { panic!("{:?}", lock.content) };
        assert_eq!(sight.record.holder.as_deref(), Some("web-0"));

        let text = json!({"election": "shop", "identity": "web-1"}).to_string();
        let LeaseContent::Candidate(it) = entry("shop", Some(&text)).content else { panic!() };
        assert_eq!(it.written.unwrap().to_string(), "2026-11-26T01:02:03Z");
        let said = it.said.unwrap().unwrap();
        assert_eq!((said.election.as_str(), said.entry.identity.as_str()), ("shop", "web-1"));
        assert_eq!(said.bytes, text.len());
    }

    #[test]
    fn of_a_lock_nothing_is_kept_that_could_be_endless() {
        let long = "x".repeat(LONGEST_TEXT + 1);
        let lock = seen(json!({
            "metadata": {
                "name": "shop", "namespace": "web", "labels": {"a": long}, "finalizers": [long],
                "annotations": {"note": "x", "hotseat.dev/pause": "yes", "hotseat.dev/transfer": long},
                "managedFields": [{"manager": long}],
            },
            "spec": {"holderIdentity": long, "leaseDurationSeconds": 15, "more": [long]},
            "more": long,
        }));
        let LeaseContent::Lock(sight) = lock.content else { panic!("{:?}", lock.content) };
        assert!(sight.pause().is_some() && sight.transfer().is_none());
        assert_eq!(
            (sight.record.holder.as_deref(), sight.record.duration),
            (None, Some(Duration::from_secs(15)))
        );
        assert!(sight.object().to_string().len() < 500, "{}", sight.object());
    }

    #[test]
    fn what_a_candidate_may_not_say_is_no_entry() {
        let of_another = json!({"election": "bank", "identity": "web-1"}).to_string();
        let no_name = json!({"election": "../shop", "identity": "web-1"}).to_string();
        for (text, why) in [
            (of_another.as_str(), "another election"),
            (no_name.as_str(), "no object can have the name"),
            ("{", "EOF"),
        ] {
            let LeaseContent::Candidate(it) = entry("shop", Some(text)).content else { panic!() };
            let error = it.said.unwrap().unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        let LeaseContent::Candidate(it) = entry("shop", None).content else { panic!() };
        assert!(it.said.is_none(), "it was taken back: {it:?}");
    }
}
