//! Lease objects to records, and writes to Lease objects.
//!
//! Leases are handled as untyped objects, so that fields which this version does not know, and all
//! labels and annotations of others, survive an update.

use hotseat_core::event::{Purpose, Write};
use hotseat_core::lock::{Incarnation, Mark, Record, Version};
use jiff::Timestamp;
use kube::core::{ApiResource, DynamicObject};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

/// Which process made the last write. Holds only for as long as holder and renew time are as that
/// write left them: other electors and hands change the one or the other.
pub const WRITE: &str = "hotseat.dev/write";
/// Whom the last leader, or a person, asked to follow.
pub const SUCCESSOR: &str = "hotseat.dev/successor";
/// `true`: a person asked that nobody moves.
pub const PAUSED: &str = "hotseat.dev/paused";

/// The annotation [`WRITE`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stamp {
    site: String,
    nonce: String,
    serial: u64,
    holder: String,
    renew_time: String,
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
    let spec = &object.data["spec"];
    let text = |key: &str| spec[key].as_str().unwrap_or_default();
    let seconds = spec["leaseDurationSeconds"].as_u64().filter(|seconds| *seconds > 0);
    let (acquired, renewed) = (text("acquireTime"), text("renewTime"));
    let holder = text("holderIdentity");
    let annotation = |key: &str| object.metadata.annotations.as_ref()?.get(key).cloned();
    let stamp = annotation(WRITE)
        .and_then(|text| serde_json::from_str::<Stamp>(&text).ok())
        .filter(|stamp| stamp.holder == holder && stamp.renew_time == renewed);
    // client-go gives a seat up by a record of one second, acquired and renewed at once.
    let client_go = seconds == Some(1) && !renewed.is_empty() && acquired == renewed;
    Record {
        version: Version(object.metadata.resource_version.clone().unwrap_or_default()),
        uid: object.metadata.uid.clone().unwrap_or_default(),
        holder: (!holder.is_empty()).then(|| holder.to_owned()),
        duration: seconds.map(Duration::from_secs),
        transitions: spec["leaseTransitions"].as_u64().unwrap_or(0),
        released: holder.is_empty() && (stamp.is_some() || client_go),
        mark: stamp.map(|stamp| Mark {
            incarnation: Incarnation { site: stamp.site, nonce: stamp.nonce },
            serial: stamp.serial,
        }),
        times: match (acquired, renewed) {
            ("", "") => String::new(),
            _ => format!("{acquired} {renewed}"),
        },
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
    let holder = write.holder.clone().unwrap_or_default();
    if !object.data.is_object() {
        object.data = json!({});
    }
    if !object.data["spec"].is_object() {
        object.data["spec"] = json!({});
    }
    let spec = &mut object.data["spec"];
    // A Lease counts whole seconds; rounded up, so that others never wait for less.
    spec["leaseDurationSeconds"] = json!(write.duration.as_millis().div_ceil(1000));
    spec["leaseTransitions"] = json!(write.transitions);
    spec["renewTime"] = json!(time);
    spec["holderIdentity"] = json!(holder);
    if write.purpose != Purpose::Renew || spec["acquireTime"].as_str().is_none() {
        spec["acquireTime"] = json!(time);
    }
    let stamp = Stamp {
        site: write.mark.incarnation.site.clone(),
        nonce: write.mark.incarnation.nonce.clone(),
        serial: write.mark.serial,
        holder,
        renew_time: time,
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
