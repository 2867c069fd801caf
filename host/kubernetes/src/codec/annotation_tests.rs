//! The seat in an annotation, as the 0.4 image and old client-go have it.

use super::*;
use serde_json::{Value, json};

const KINDS: [LockKind; 2] = [LockKind::Endpoints, LockKind::ConfigMaps];

fn write(purpose: Purpose, holder: Option<&str>) -> Write {
    let seconds = if purpose == Purpose::Release { 1 } else { 10 };
    Write { duration: Duration::from_secs(seconds), ..tests::write(purpose, holder) }
}

fn encoded(kind: LockKind, base: Option<&DynamicObject>, write: &Write, at: &str) -> DynamicObject {
    let at = at.parse().unwrap();
    let mut object = encode(kind, "shop", base, write, &Extras::default(), at);
    object.metadata.resource_version = Some("41".to_owned());
    object.metadata.uid = Some("u".to_owned());
    object
}

fn held(kind: LockKind) -> DynamicObject {
    encoded(kind, None, &write(Purpose::Acquire, Some("a")), "2018-07-12T09:34:59.75Z")
}

fn leader(object: &DynamicObject) -> &str {
    &object.metadata.annotations.as_ref().unwrap()[LEADER]
}

fn with_leader(kind: LockKind, text: &str) -> DynamicObject {
    let mut object = DynamicObject::new("shop", &kind.api_resource());
    object.metadata.annotations = Some([(LEADER.to_owned(), text.to_owned())].into());
    object
}

#[test]
fn the_record_is_written_as_the_image_wrote_it() {
    for kind in KINDS {
        let object = held(kind);
        assert_eq!(
            leader(&object),
            r#"{"holderIdentity":"a","leaseDurationSeconds":10,"acquireTime":"2018-07-12T09:34:59Z","renewTime":"2018-07-12T09:34:59Z","leaderTransitions":2}"#
        );
        let whole = serde_json::to_value(&object).unwrap();
        let fields: Vec<&String> = whole.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["apiVersion", "kind", "metadata"], "nothing beside the annotation");
        let record = decode(kind, &object);
        assert_eq!(record.mark, Some(write(Purpose::Acquire, None).mark));
        assert_eq!((record.holder.as_deref(), record.token), (Some("a"), Token(7)));
        assert_eq!(record.duration, Some(Duration::from_secs(10)));
    }
}

#[test]
fn a_renewal_keeps_the_acquire_time_and_what_is_not_its_own() {
    for kind in KINDS {
        let mut base = held(kind);
        let mut fields: Value = serde_json::from_str(leader(&base)).unwrap();
        fields["strategy"] = json!("x");
        fields["preferredHolder"] = json!("b");
        let annotations = base.metadata.annotations.get_or_insert_default();
        annotations.insert(LEADER.to_owned(), fields.to_string());
        annotations.insert("example.com/note".to_owned(), "kept".to_owned());
        base.data["subsets"] = json!([{"addresses": [{"ip": "10.1.2.3"}]}]);
        base.data["data"] = json!({"key": "value"});
        let write = write(Purpose::Renew, Some("a"));
        let update = encoded(kind, Some(&base), &write, "2018-07-12T09:35:02Z");
        assert_eq!(
            leader(&update),
            r#"{"holderIdentity":"a","leaseDurationSeconds":10,"acquireTime":"2018-07-12T09:34:59Z","renewTime":"2018-07-12T09:35:02Z","leaderTransitions":2,"preferredHolder":"b","strategy":"x"}"#
        );
        assert_eq!(update.metadata.annotations.as_ref().unwrap()["example.com/note"], "kept");
        assert_eq!(update.data, base.data);
        // I4: an API server replaces Endpoints and ConfigMaps whatever their version, unless told.
        assert_eq!(update.metadata.resource_version.as_deref(), Some("41"));
        assert_eq!(update.metadata.uid.as_deref(), Some("u"));
    }
}

#[test]
fn another_electors_write_takes_the_mark_away_and_leaves_the_token() {
    for kind in KINDS {
        for (field, value) in [
            ("holderIdentity", json!("b")),
            ("leaseDurationSeconds", json!(1)),
            ("acquireTime", json!("2018-07-12T09:35:00Z")),
            ("renewTime", json!(null)),
            ("leaderTransitions", json!(0)),
        ] {
            let mut object = held(kind);
            let mut fields: Value = serde_json::from_str(leader(&object)).unwrap();
            fields[field] = value;
            let annotations = object.metadata.annotations.get_or_insert_default();
            annotations.insert(LEADER.to_owned(), fields.to_string());
            let record = decode(kind, &object);
            assert!(record.mark.is_none() && !record.released, "{field}");
            assert_eq!(record.token, Token(7), "{field}");
        }
    }
}

#[test]
fn a_release_is_recognized_as_client_go_does_and_nothing_else_is_one() {
    for kind in KINDS {
        let released = encoded(
            kind,
            Some(&held(kind)),
            &write(Purpose::Release, None),
            "2018-07-12T09:36:00Z",
        );
        assert!(decode(kind, &released).released);
        let text = r#"{"holderIdentity":"","leaseDurationSeconds":1,"acquireTime":"2018-07-12T09:35:00Z","renewTime":"2018-07-12T09:35:00Z","leaderTransitions":4}"#;
        assert!(decode(kind, &with_leader(kind, text)).released);
        // As the image leaves an object, a hand, or an older Go with no times.
        for text in [
            "",
            "null",
            "[]",
            "{",
            "no JSON",
            r#"{"holderIdentity":"","leaseDurationSeconds":10,"acquireTime":null,"renewTime":null,"leaderTransitions":0}"#,
        ] {
            let record = decode(kind, &with_leader(kind, text));
            assert!(!record.released && record.holder.is_none() && record.mark.is_none(), "{text}");
        }
        let bare = DynamicObject::new("shop", &kind.api_resource());
        assert!(!decode(kind, &bare).released);
        let taken =
            encoded(kind, Some(&bare), &write(Purpose::Acquire, Some("a")), "2018-07-12T09:36:00Z");
        assert_eq!(decode(kind, &taken).holder.as_deref(), Some("a"));
    }
}

#[test]
fn labels_and_the_owner_are_put_on_and_those_of_others_stay() {
    let owner =
        |name: &str, uid: &str| k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            name: name.to_owned(),
            uid: uid.to_owned(),
            ..Default::default()
        };
    let extras = Extras {
        labels: [("tier".to_owned(), "gold".to_owned())].into(),
        owner: Some(owner("shop", "new")),
    };
    let now: Timestamp = "2018-07-12T09:36:00Z".parse().unwrap();
    for kind in [LockKind::Leases, LockKind::Endpoints] {
        let write = write(Purpose::Acquire, Some("a"));
        let created = encode(kind, "shop", None, &write, &extras, now);
        let labels = created.metadata.labels.unwrap();
        assert_eq!(
            (labels["tier"].as_str(), labels["app.kubernetes.io/managed-by"].as_str()),
            ("gold", "hotseat")
        );
        assert_eq!(created.metadata.owner_references.unwrap(), [owner("shop", "new")]);

        let mut base = held(kind);
        base.metadata.labels = Some([("team".to_owned(), "x".to_owned())].into());
        base.metadata.owner_references = Some(vec![owner("other", "o"), owner("shop", "gone")]);
        let updated = encode(kind, "shop", Some(&base), &write, &extras, now);
        let labels = updated.metadata.labels.unwrap();
        assert_eq!(labels.len(), 2, "{labels:?}");
        let owners = updated.metadata.owner_references.unwrap();
        assert_eq!(owners, [owner("other", "o"), owner("shop", "new")]);
    }
}
