//! Where an object has its seat: a Lease in its `spec`, any other in one annotation.

use crate::kind::LockKind;
use hotseat_core::event::{Purpose, Write};
use hotseat_core::lock::MOST_TRANSITIONS;
use jiff::Timestamp;
use kube::core::DynamicObject;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The annotation in which client-go, and the 0.4 image before it, kept the seat.
pub const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";

/// What an object says of the seat, and what a mark covers.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Seat {
    pub(super) holder: String,
    pub(super) seconds: Option<u64>,
    pub(super) acquire_time: String,
    pub(super) renew_time: String,
    pub(super) transitions: u64,
}

/// The annotation's content, in client-go's order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LeaderRecord {
    holder_identity: String,
    lease_duration_seconds: u64,
    acquire_time: String,
    renew_time: String,
    leader_transitions: u64,
    /// What others keep there, such as `strategy` and `preferredHolder`.
    #[serde(flatten)]
    other: Map<String, Value>,
}

impl Seat {
    /// What the object says of the seat now. An annotation that is not JSON says nothing.
    pub(super) fn of(kind: LockKind, object: &DynamicObject) -> Seat {
        match kind.is_annotated() {
            false => Seat::read(&object.data["spec"], "leaseTransitions"),
            true => Seat::read(&Value::Object(annotation(object)), "leaderTransitions"),
        }
    }

    fn read(fields: &Value, transitions: &str) -> Seat {
        let text = |key: &str| fields[key].as_str().unwrap_or_default().to_owned();
        Seat {
            holder: text("holderIdentity"),
            seconds: fields["leaseDurationSeconds"].as_u64().filter(|seconds| *seconds > 0),
            acquire_time: text("acquireTime"),
            renew_time: text("renewTime"),
            transitions: fields[transitions].as_u64().unwrap_or(0),
        }
    }

    /// Takes the holder out of an object, and leaves all else as it is.
    pub(super) fn take_holder_out(kind: LockKind, object: &mut DynamicObject) {
        let nobody = json!("");
        if !kind.is_annotated() {
            object.data["spec"]["holderIdentity"] = nobody;
            return;
        }
        let mut record = annotation(object);
        record.insert("holderIdentity".to_owned(), nobody);
        let annotations = object.metadata.annotations.get_or_insert_default();
        annotations.insert(LEADER.to_owned(), Value::Object(record).to_string());
    }

    /// client-go gives a seat up by a record of one second, acquired and renewed at once.
    pub(super) fn is_given_up_as_by_client_go(&self) -> bool {
        self.seconds == Some(1)
            && !self.renew_time.is_empty()
            && self.acquire_time == self.renew_time
    }

    /// Puts what a write says of the seat into the object, and nothing else.
    pub(super) fn put(kind: LockKind, object: &mut DynamicObject, write: &Write, now: Timestamp) {
        let before = Seat::of(kind, object);
        let time = match kind.is_annotated() {
            false => format!("{now:.6}"),
            // Whole seconds, as readers of the annotation expect them.
            true => format!("{now:.0}"),
        };
        let goes_on = write.purpose == Purpose::Renew && !before.acquire_time.is_empty();
        let acquire_time = if goes_on { before.acquire_time } else { time.clone() };
        // Whole seconds, rounded up, so that others never wait for less.
        let seconds = u64::try_from(write.duration.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
        let transitions = write.transitions.min(MOST_TRANSITIONS);
        let holder = write.holder.clone().unwrap_or_default();
        match kind.is_annotated() {
            false => {
                let spec = spec(object);
                spec["leaseDurationSeconds"] = json!(seconds);
                spec["leaseTransitions"] = json!(transitions);
                spec["renewTime"] = json!(time);
                spec["holderIdentity"] = json!(holder);
                spec["acquireTime"] = json!(acquire_time);
            }
            true => {
                let record = LeaderRecord {
                    holder_identity: holder,
                    lease_duration_seconds: seconds,
                    acquire_time,
                    renew_time: time,
                    leader_transitions: transitions,
                    other: others(object),
                };
                let annotations = object.metadata.annotations.get_or_insert_default();
                annotations.insert(LEADER.to_owned(), json_text(&record));
            }
        }
    }
}

/// The Lease's spec, made if it is missing.
fn spec(object: &mut DynamicObject) -> &mut Value {
    if !object.data.is_object() {
        object.data = json!({});
    }
    if !object.data["spec"].is_object() {
        object.data["spec"] = json!({});
    }
    &mut object.data["spec"]
}

/// The annotation's fields; none if there is no such annotation, or no object in it.
fn annotation(object: &DynamicObject) -> Map<String, Value> {
    let text = object.metadata.annotations.as_ref().and_then(|all| all.get(LEADER));
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// The annotation's fields that say nothing of the seat.
fn others(object: &DynamicObject) -> Map<String, Value> {
    let mut fields = annotation(object);
    for own in
        ["holderIdentity", "leaseDurationSeconds", "acquireTime", "renewTime", "leaderTransitions"]
    {
        fields.remove(own);
    }
    fields
}

/// Text and numbers only, which cannot fail to be JSON.
fn json_text(record: &LeaderRecord) -> String {
    serde_json::to_string(record).unwrap_or_default()
}
