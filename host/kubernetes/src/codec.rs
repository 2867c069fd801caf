//! Lease objects to records, and writes to Lease objects.
//!
//! Leases are handled as untyped objects, so that fields which this version does not know, and all
//! labels and annotations of others, survive an update.

use hotseat_core::event::{Purpose, Write};
use hotseat_core::lock::{Home, Incarnation, MOST_TRANSITIONS, Mark, Record, Token, Version};
use jiff::Timestamp;
use kube::core::{ApiResource, DynamicObject};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

/// Which process made the last write. Holds only for as long as the record is as that write left it,
/// in each field that says something of the seat: other electors and hands change one or another.
pub const WRITE: &str = "hotseat.dev/write";
/// Whom the last leader, or a person, asked to follow.
pub const SUCCESSOR: &str = "hotseat.dev/successor";
/// `true`: a person asked that nobody moves.
pub const PAUSED: &str = "hotseat.dev/paused";

/// The largest token that is taken from an annotation whose mark does not hold, so that a hand which
/// writes nonsense there leaves room for more terms than there will ever be.
const LARGEST_UNPROVEN: Token = Token(Token::LARGEST.0 / 2);

/// The annotation [`WRITE`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stamp {
    site: String,
    nonce: String,
    /// Where the end of the process is reported (I15).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pod: Option<Pod>,
    serial: u64,
    /// The version that the write replaced: what tells it from a copy that is put back later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base: Option<String>,
    kind: Kind,
    /// The fencing token of the last term. It counts also where the rest no longer holds.
    token: u64,
    #[serde(flatten)]
    seat: Seat,
}

/// The pod of a process.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pod {
    name: String,
    uid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    container: Option<String>,
    reaction_millis: u64,
}

impl From<Home> for Pod {
    fn from(home: Home) -> Pod {
        let Home { pod, uid, container, reaction } = home;
        // Others wait for this long: never for less.
        let reaction_millis = u64::try_from(reaction.as_nanos().div_ceil(1_000_000));
        let reaction_millis = reaction_millis.unwrap_or(u64::MAX);
        Pod { name: pod, uid, container, reaction_millis }
    }
}

impl From<Pod> for Home {
    fn from(pod: Pod) -> Home {
        let Pod { name, uid, container, reaction_millis } = pod;
        Home { pod: name, uid, container, reaction: Duration::from_millis(reaction_millis) }
    }
}

/// What a write said of the seat.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seat {
    holder: String,
    seconds: Option<u64>,
    acquire_time: String,
    renew_time: String,
    transitions: u64,
}

/// What a write did with the seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// Took or kept it.
    Claim,
    /// Gave it up.
    Release,
    /// Put a missing lock back without a holder, for all to wait out: no release.
    Reserve,
}

impl Kind {
    fn of(purpose: Purpose) -> Kind {
        match purpose {
            Purpose::Acquire | Purpose::Renew => Kind::Claim,
            Purpose::Release => Kind::Release,
            Purpose::Reserve => Kind::Reserve,
        }
    }
}

impl Seat {
    /// What the object says of the seat now.
    fn of(object: &DynamicObject) -> Seat {
        let spec = &object.data["spec"];
        let text = |key: &str| spec[key].as_str().unwrap_or_default().to_owned();
        Seat {
            holder: text("holderIdentity"),
            seconds: spec["leaseDurationSeconds"].as_u64().filter(|seconds| *seconds > 0),
            acquire_time: text("acquireTime"),
            renew_time: text("renewTime"),
            transitions: spec["leaseTransitions"].as_u64().unwrap_or(0),
        }
    }

    /// client-go gives a seat up by a record of one second, acquired and renewed at once.
    fn is_given_up_as_by_client_go(&self) -> bool {
        self.seconds == Some(1)
            && !self.renew_time.is_empty()
            && self.acquire_time == self.renew_time
    }
}

/// The Lease resource.
pub(super) fn lease() -> ApiResource {
    ApiResource {
        group: "coordination.k8s.io".to_owned(),
        version: "v1".to_owned(),
        api_version: "coordination.k8s.io/v1".to_owned(),
        kind: "Lease".to_owned(),
        plural: "leases".to_owned(),
    }
}

/// What a Lease says.
pub(super) fn decode(object: &DynamicObject) -> Record {
    let seat = Seat::of(object);
    let annotation = |key: &str| object.metadata.annotations.as_ref()?.get(key).cloned();
    let stamp = annotation(WRITE).and_then(|text| serde_json::from_str::<Stamp>(&text).ok());
    let told = stamp.as_ref().map_or(Token::default(), |stamp| Token(stamp.token));
    let stamp = stamp.filter(|stamp| stamp.seat == seat);
    let largest = if stamp.is_some() { Token::LARGEST } else { LARGEST_UNPROVEN };
    let given_up = match &stamp {
        Some(stamp) => stamp.kind == Kind::Release,
        None => seat.is_given_up_as_by_client_go(),
    };
    Record {
        version: Version(object.metadata.resource_version.clone().unwrap_or_default()),
        uid: object.metadata.uid.clone().unwrap_or_default(),
        duration: seat.seconds.map(Duration::from_secs),
        transitions: seat.transitions,
        token: if told <= largest { told } else { Token::default() },
        released: seat.holder.is_empty() && given_up,
        mark: stamp.map(|stamp| Mark {
            incarnation: Incarnation {
                site: stamp.site,
                nonce: stamp.nonce,
                home: stamp.pod.map(Home::from),
            },
            serial: stamp.serial,
            base: stamp.base.map(Version),
        }),
        times: match (seat.acquire_time.as_str(), seat.renew_time.as_str()) {
            ("", "") => String::new(),
            (acquired, renewed) => format!("{acquired} {renewed}"),
        },
        holder: (!seat.holder.is_empty()).then_some(seat.holder),
        successor: annotation(SUCCESSOR).filter(|name| !name.is_empty()),
        paused: annotation(PAUSED).is_some_and(|text| text == "true"),
    }
}

/// The Lease that a write puts in place of `base`, or creates.
pub(super) fn encode(
    name: &str,
    base: Option<&DynamicObject>,
    write: &Write,
    now: Timestamp,
) -> DynamicObject {
    let mut object = match base {
        Some(base) => base.clone(),
        None => DynamicObject::new(name, &lease()),
    };
    // I4: `metadata.resourceVersion` and `metadata.uid` stay as they were read. The version makes
    // it a compare-and-swap; the UID keeps an update of a deleted Lease from creating it.
    object.metadata.managed_fields = None;
    let time = now.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    if !object.data.is_object() {
        object.data = json!({});
    }
    if !object.data["spec"].is_object() {
        object.data["spec"] = json!({});
    }
    let spec = &mut object.data["spec"];
    // A Lease counts whole seconds; rounded up, so that others never wait for less.
    spec["leaseDurationSeconds"] = json!(write.duration.as_millis().div_ceil(1000));
    spec["leaseTransitions"] = json!(write.transitions.min(MOST_TRANSITIONS));
    spec["renewTime"] = json!(time);
    spec["holderIdentity"] = json!(write.holder.clone().unwrap_or_default());
    if write.purpose != Purpose::Renew || spec["acquireTime"].as_str().is_none() {
        spec["acquireTime"] = json!(time);
    }
    let stamp = Stamp {
        site: write.mark.incarnation.site.clone(),
        nonce: write.mark.incarnation.nonce.clone(),
        pod: write.mark.incarnation.home.clone().map(Pod::from),
        serial: write.mark.serial,
        base: write.mark.base.as_ref().map(|version| version.0.clone()),
        kind: Kind::of(write.purpose),
        // I9. The wall clock serves for nothing else.
        token: write.token.at(u64::try_from(now.as_millisecond()).unwrap_or(0)).0,
        seat: Seat::of(&object),
    };
    let annotations = object.metadata.annotations.get_or_insert_default();
    annotations.insert(WRITE.to_owned(), json!(stamp).to_string());
    match (&write.successor, write.purpose) {
        (Some(successor), _) => drop(annotations.insert(SUCCESSOR.to_owned(), successor.clone())),
        (None, Purpose::Renew) => {}
        (None, _) => drop(annotations.remove(SUCCESSOR)),
    }
    object
}

/// A Lease without what only the server reads, to be kept as the base of a later write.
pub(super) fn trimmed(mut object: DynamicObject) -> DynamicObject {
    object.metadata.managed_fields = None;
    object
}

#[cfg(test)]
mod tests;
