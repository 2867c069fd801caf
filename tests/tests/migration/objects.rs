//! What stands in the lock objects.

use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::scene::{Api, Candidate, ELECTION, SOON};
use hotseat_tests::wait::until;
use http::Method;
use serde_json::{Value, json};

const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";
const TTL: [&str; 1] = ["--ttl=4s"];

/// The embedded server and the real one.
fn on_both(scene: &str, plays: impl Fn(&Api)) {
    plays(&Api::embedded(scene).unwrap());
    plays(&Api::of(Cluster::shared(), scene, Rights::EveryLock).unwrap());
}

fn path(api: &Api, plural: &str) -> String {
    let root = if plural == "leases" { "/apis/coordination.k8s.io/v1" } else { "/api/v1" };
    format!("{root}/namespaces/{}/{plural}/{ELECTION}", api.namespace())
}

fn object(api: &Api, plural: &str) -> Value {
    let (code, object) = api.ask(Method::GET, &path(api, plural), None).unwrap();
    assert_eq!(code, 200, "{object}");
    object
}

fn start(api: &Api, name: &str, lock: &str, more: &[&str]) -> Candidate {
    let lock = format!("--lock={lock}");
    let flags = [&TTL[..], &[lock.as_str()], more].concat();
    Candidate::start(api, name, &flags).unwrap()
}

fn leads(candidate: &Candidate) {
    until("it to lead", SOON, || match candidate.leader() {
        Ok(answer) if answer["self"] == true => Ok(()),
        other => Err(format!("{other:?}\n{}", candidate.log())),
    });
}

fn annotation(object: &Value) -> String {
    object["metadata"]["annotations"][LEADER].as_str().unwrap_or_default().to_owned()
}

/// Word for word as the 0.4 image wrote it: its fields in its order, and whole seconds.
#[test]
fn the_annotation_is_the_images() {
    for (plural, kind) in [("endpoints", "Endpoints"), ("configmaps", "ConfigMap")] {
        on_both(&format!("as-the-image-{plural}"), |api| {
            let mut anna = start(api, "anna", plural, &[]);
            leads(&anna);
            let held = object(api, plural);
            let text = annotation(&held);
            let record: Value = serde_json::from_str(&text).unwrap();
            let (acquired, renewed) = (&record["acquireTime"], &record["renewTime"]);
            let expected = format!(
                r#"{{"holderIdentity":"anna","leaseDurationSeconds":4,"acquireTime":{acquired},"renewTime":{renewed},"leaderTransitions":0}}"#
            );
            assert_eq!(text, expected);
            for time in [acquired, renewed] {
                let time = time.as_str().unwrap();
                assert_eq!(time.len(), "2018-07-12T09:34:59Z".len(), "{time}");
                assert!(time.parse::<jiff::Timestamp>().is_ok(), "{time}");
            }
            assert_eq!(held["metadata"]["labels"]["app.kubernetes.io/managed-by"], "hotseat");
            assert!(held["subsets"].is_null() && held["data"].is_null(), "{held}");
            // The API's own words for the object: the Events are on it.
            until("an Event on it", SOON, || {
                let path = format!("/api/v1/namespaces/{}/events", api.namespace());
                let (_, list) = api.ask(Method::GET, &path, None).unwrap();
                let items = list["items"].as_array().unwrap();
                let found = items.iter().any(|event| event["involvedObject"]["kind"] == kind);
                if found { Ok(()) } else { Err(list) }
            });
            anna.end();
            let released = annotation(&object(api, plural));
            assert!(released.starts_with(r#"{"holderIdentity":"","leaseDurationSeconds":1,"#));
        });
    }
}

/// An object that was there before, with what others keep in it.
#[test]
fn what_others_keep_in_the_objects_survives() {
    on_both("others-fields", |api| {
        let metadata = json!({"name": ELECTION, "labels": {"team": "x"}, "annotations": {
            "example.com/note": "kept",
            LEADER: r#"{"holderIdentity":"","strategy":"s","preferredHolder":"ben"}"#}});
        let subsets = json!([{"addresses": [{"ip": "10.1.2.3"}], "ports": [{"port": 80, "protocol": "TCP"}]}]);
        let endpoints = json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": subsets});
        api.create("v1/endpoints", &endpoints).unwrap();
        let metadata = json!({"name": ELECTION, "labels": {"team": "x"},
            "annotations": {"example.com/note": "kept"}});
        let spec = json!({"strategy": "example.com/mine", "preferredHolder": "ben"});
        let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec});
        api.create("coordination.k8s.io/v1/leases", &lease).unwrap();
        let stored = object(api, "leases")["spec"].clone();

        let mut anna = start(api, "anna", "endpointsleases", &["--lease-label=tier=gold"]);
        leads(&anna);
        anna.end();
        for plural in ["endpoints", "leases"] {
            let after = object(api, plural);
            let labels = &after["metadata"]["labels"];
            assert_eq!((&labels["team"], &labels["tier"]), (&json!("x"), &json!("gold")));
            assert!(labels["app.kubernetes.io/managed-by"].is_null(), "others made it: {labels}");
            assert_eq!(after["metadata"]["annotations"]["example.com/note"], "kept");
        }
        let after = object(api, "endpoints");
        assert_eq!(after["subsets"], subsets);
        let record: Value = serde_json::from_str(&annotation(&after)).unwrap();
        assert_eq!((&record["strategy"], &record["preferredHolder"]), (&json!("s"), &json!("ben")));
        // An older server has no such fields, and drops them.
        let spec = &object(api, "leases")["spec"];
        for field in ["strategy", "preferredHolder"] {
            assert_eq!(spec[field], stored[field], "{spec}");
        }
    });
}

/// Both objects name one holder and one token, and both are given up.
#[test]
fn with_two_locks_both_objects_say_the_same() {
    on_both("both-say-the-same", |api| {
        let mut anna = start(api, "anna", "endpointsleases", &[]);
        leads(&anna);
        let token = anna.leader().unwrap()["token"].clone();
        let [outer, inner] = ["endpoints", "leases"].map(|plural| object(api, plural));
        let record: Value = serde_json::from_str(&annotation(&outer)).unwrap();
        assert_eq!(record["holderIdentity"], "anna");
        assert_eq!(inner["spec"]["holderIdentity"], "anna");
        for object in [&outer, &inner] {
            let mark = object["metadata"]["annotations"]["hotseat.dev/write"].as_str().unwrap();
            let mark: Value = serde_json::from_str(mark).unwrap();
            assert_eq!(mark["token"], token, "{mark}");
        }
        // A standby by either lock alone follows at once.
        let ben = start(api, "ben", "endpoints", &[]);
        until("ben to see anna", SOON, || match ben.plain().unwrap().as_str() {
            r#"{"name":"anna"}"# => Ok(()),
            other => Err(other.to_owned()),
        });
        anna.end();
        leads(&ben);
        let next = ben.leader().unwrap()["token"].as_u64();
        assert!(next > token.as_u64(), "{next:?} after {token}");
        assert_eq!(object(api, "leases")["spec"]["holderIdentity"], "");
    });
}

#[test]
fn the_lock_belongs_to_its_owner_once_that_is_found() {
    let api = Api::of(Cluster::shared(), "owned", Rights::EveryLock).unwrap();
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"},
        "spec": {"ports": [{"port": 80}]}});
    api.create("v1/services", &service).unwrap();
    let anna = start(&api, "anna", "leases", &["--lease-owner=service/shop"]);
    // The election does not wait for it, nor for the right to read it.
    leads(&anna);
    anna.process.wait_line("the owner of the lock is not known yet", SOON);
    anna.process.wait_line("resources: [services], resourceNames: [shop], verbs: [get]", SOON);
    assert!(object(&api, "leases")["metadata"]["ownerReferences"].is_null());
    let rbac = "rbac.authorization.k8s.io";
    let role = json!({"apiVersion": format!("{rbac}/v1"), "kind": "Role",
        "metadata": {"name": "owner"},
        "rules": [{"apiGroups": [""], "resources": ["services"], "verbs": ["get"]}]});
    api.create(&format!("{rbac}/v1/roles"), &role).unwrap();
    let binding = json!({"apiVersion": format!("{rbac}/v1"), "kind": "RoleBinding",
        "metadata": {"name": "owner"},
        "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "owner"},
        "subjects": [{"kind": "ServiceAccount", "name": "candidate",
                      "namespace": api.namespace()}]});
    api.create(&format!("{rbac}/v1/rolebindings"), &binding).unwrap();
    until("the Lease to have its owner", SOON, || {
        let owners = object(&api, "leases")["metadata"]["ownerReferences"].clone();
        let is_it = owners[0]["kind"] == "Service" && owners[0]["name"] == "shop";
        if is_it { Ok(()) } else { Err(format!("{owners}\n{}", anna.log())) }
    });
}
