//! A leader that stays, as a person asks.

use hotseat_tests::scene::{Api, Candidates};
use serde_json::{Value, json};

use super::{done, failed};

pub fn while_paused_the_leader_stays_and_a_dead_one_is_followed(api: &Api) {
    let mut crew = Candidates::start(api, &["anna", "ben"]).unwrap();
    let before = crew.leader();
    let out = done(api, "pause", &[]);
    let stays = format!("is paused: {} stays the leader until", before.name);
    assert!(out.contains(&stays), "{out}");
    assert!(done(api, "pause", &[]).contains("is paused already, as "), "once is enough");
    let other = if before.name == "anna" { "ben" } else { "anna" };
    let error = failed(api, "transfer", &["--to", other, "--any-name"]);
    assert!(error.contains("paused"), "{error}");
    let status: Value = serde_json::from_str(&done(api, "status", &["--output=json"])).unwrap();
    assert_eq!(status["holder"], before.name.as_str(), "{status}");
    assert!(status["paused"]["by"].as_str().is_some_and(|by| !by.is_empty()), "{status}");

    let mut leader = crew.take(&before.name);
    leader.kill().unwrap();
    let after = crew.leader_after(&before);
    assert_eq!(after.name, other, "an empty seat is taken: {}", crew.logs());
    assert!(done(api, "resume", &[]).contains("goes on"));
    assert!(done(api, "resume", &[]).contains("is not paused"));
    crew.finish();
}

/// Of two locks neither is asked where one of them cannot be.
#[test]
fn a_lock_that_another_elector_holds_is_not_paused_and_may_be_resumed() {
    let api = Api::embedded("pause-foreign").unwrap();
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "seat"}, "spec": {"leaseDurationSeconds": 15}});
    api.create("coordination.k8s.io/v1/leases", &lease).unwrap();
    let record = json!({"holderIdentity": "other", "leaseDurationSeconds": 15,
        "acquireTime": "2026-01-01T00:00:00Z", "renewTime": "2026-01-01T00:00:00Z",
        "leaderTransitions": 0});
    let endpoints = json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "seat",
        "annotations": {"control-plane.alpha.kubernetes.io/leader": record.to_string()}}});
    api.create("v1/endpoints", &endpoints).unwrap();
    let is_paused = || {
        let lease = api.lease().unwrap().unwrap();
        !lease["metadata"]["annotations"]["hotseat.dev/pause"].is_null()
    };
    let both = ["--lock=endpointsleases"];
    let error = failed(&api, "pause", &both);
    assert!(error.contains("seat: other leads"), "{error}");
    assert!(error.contains("another elector knows nothing of requests"), "{error}");
    assert!(error.contains("check the name"), "{error}");
    assert!(!is_paused());
    // Nobody holds the Lease, and nobody knows who will.
    let out = done(&api, "pause", &[]);
    assert!(out.contains("nobody leads") && out.contains("no Hotseat has written"), "{out}");
    assert!(is_paused());
    // What was asked of an elector that does not listen can be taken back.
    api.edit_lease(|lease| lease["spec"]["holderIdentity"] = json!("other")).unwrap();
    assert!(failed(&api, "pause", &[]).contains("other leads"));
    assert!(done(&api, "resume", &[]).contains("goes on"));
    assert!(!is_paused());
}
