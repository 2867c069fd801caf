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
    /// The lock was put back without a holder, for all to wait out: no release.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    reserved: bool,
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
    let released = stamp.as_ref().map_or(client_go, |stamp| !stamp.reserved);
    Record {
        version: Version(object.metadata.resource_version.clone().unwrap_or_default()),
        uid: object.metadata.uid.clone().unwrap_or_default(),
        holder: (!holder.is_empty()).then(|| holder.to_owned()),
        duration: seconds.map(Duration::from_secs),
        transitions: spec["leaseTransitions"].as_u64().unwrap_or(0),
        released: holder.is_empty() && released,
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
        reserved: write.purpose == Purpose::Reserve,
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
mod tests {
    use super::*;
    use hotseat_core::event::Base;
    use hotseat_core::time::Moment;

    fn write(purpose: Purpose, holder: Option<&str>) -> Write {
        Write {
            purpose,
            mark: Mark {
                incarnation: Incarnation { site: "s".to_owned(), nonce: "n".to_owned() },
                serial: 3,
            },
            base: Base::Create,
            holder: holder.map(str::to_owned),
            duration: Duration::from_millis(14_500),
            transitions: 2,
            successor: None,
            deadline: Moment::NEVER,
        }
    }

    /// What a server would have stored.
    fn stored(mut object: DynamicObject) -> DynamicObject {
        object.metadata.resource_version = Some("41".to_owned());
        object.metadata.uid = Some("u".to_owned());
        object
    }

    fn now() -> Timestamp {
        "2026-11-22T08:00:00.123456Z".parse().unwrap()
    }

    #[test]
    fn a_write_comes_back_as_it_was_meant() {
        let object = stored(encode("shop", None, &write(Purpose::Acquire, Some("a")), now()));
        assert_eq!(object.data["spec"]["renewTime"], "2026-11-22T08:00:00.123456Z");
        assert_eq!(object.data["spec"]["leaseDurationSeconds"], 15, "rounded up");
        let record = decode(&object);
        assert_eq!(record.holder.as_deref(), Some("a"));
        assert_eq!(record.duration, Some(Duration::from_secs(15)));
        assert_eq!(record.transitions, 2);
        assert_eq!(record.mark, Some(write(Purpose::Acquire, None).mark));
        assert!(!record.released);
    }

    /// I4: the version and the UID that were read are what is replaced.
    #[test]
    fn an_update_names_what_it_replaces_and_keeps_what_is_not_its_own() {
        let mut base = stored(encode("shop", None, &write(Purpose::Acquire, Some("a")), now()));
        base.metadata.labels = Some([("team".to_owned(), "x".to_owned())].into());
        base.data["spec"]["preferredHolder"] = json!("b");
        let later = "2026-11-22T08:00:02Z".parse().unwrap();
        let update = encode("shop", Some(&base), &write(Purpose::Renew, Some("a")), later);
        assert_eq!(update.metadata.resource_version.as_deref(), Some("41"));
        assert_eq!(update.metadata.uid.as_deref(), Some("u"));
        assert_eq!(update.metadata.labels, base.metadata.labels);
        assert_eq!(update.data["spec"]["preferredHolder"], "b");
        assert_eq!(update.data["spec"]["acquireTime"], base.data["spec"]["acquireTime"]);
        assert_ne!(update.data["spec"]["renewTime"], base.data["spec"]["renewTime"]);
    }

    #[test]
    fn a_release_is_told_from_a_holder_that_was_emptied_by_hand() {
        let held = stored(encode("shop", None, &write(Purpose::Acquire, Some("a")), now()));
        let released = encode("shop", Some(&held), &write(Purpose::Release, None), now());
        assert!(decode(&released).released);
        let mut emptied = held.clone();
        emptied.data["spec"]["holderIdentity"] = json!("");
        let record = decode(&emptied);
        assert!(!record.released && record.mark.is_none() && record.holder.is_none());
        // client-go's candidates give up by a record of one second.
        let mut object = DynamicObject::new("shop", &lease());
        let time = "2026-11-22T08:00:00.000000Z";
        object.data = json!({"spec": {"holderIdentity": "", "leaseDurationSeconds": 1,
            "acquireTime": time, "renewTime": time, "leaseTransitions": 4}});
        assert!(decode(&object).released);
    }

    /// I7: a lock that was put back is waited out for the time that stands in it.
    #[test]
    fn a_lock_that_was_put_back_is_no_release() {
        let object = stored(encode("shop", None, &write(Purpose::Reserve, None), now()));
        let record = decode(&object);
        assert!(!record.released && record.was_held() && record.holder.is_none());
        assert_eq!(record.duration, Some(Duration::from_secs(15)));
        assert_eq!(record.mark, Some(write(Purpose::Reserve, None).mark));
        let taken = encode("shop", Some(&object), &write(Purpose::Acquire, Some("a")), now());
        let text = taken.metadata.annotations.unwrap()[WRITE].clone();
        assert!(!text.contains("reserved"), "{text}");
    }

    #[test]
    fn a_record_that_another_elector_wrote_over_ours_is_not_ours() {
        let mut object = stored(encode("shop", None, &write(Purpose::Acquire, Some("a")), now()));
        object.data["spec"]["renewTime"] = json!("2026-11-22T08:00:09.000000Z");
        assert_eq!(decode(&object).mark, None);
    }

    #[test]
    fn an_object_with_nothing_in_it_was_never_held() {
        let mut object = DynamicObject::new("shop", &lease());
        for data in [json!({}), json!({"spec": {}}), json!({"spec": {"leaseDurationSeconds": 0}})] {
            object.data = data;
            let record = decode(&object);
            assert!(!record.was_held() && record.holder.is_none() && record.duration.is_none());
        }
        let write = write(Purpose::Acquire, Some("a"));
        assert_eq!(
            decode(&encode("shop", Some(&object), &write, now())).holder.as_deref(),
            Some("a")
        );
    }
}
