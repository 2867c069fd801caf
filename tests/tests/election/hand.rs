//! Changes of the Lease by hand.

use std::time::Duration;

use hotseat_tests::process::Signal;
use hotseat_tests::scene::{Api, Candidates, LEASE, SOON};
use hotseat_tests::wait::until;
use serde_json::{Value, json};

use super::moment;

pub fn a_deleted_lease_begins_another_term(api: &Api) {
    let crew = Candidates::start(api, &["anna", "ben"]).unwrap();
    let first = crew.leader();
    let before = api.lease().unwrap().unwrap();
    api.delete_lease().unwrap();
    let second = crew.leader_after(&first);
    let after = api.lease().unwrap().unwrap();
    assert_ne!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(after["spec"]["holderIdentity"], second.name.as_str(), "{after}");
    crew.member(&first.name).process.wait_line("the lock was deleted or cleared", SOON);
    crew.finish();
}

/// The leader does not see it: the others put the Lease back without a holder, and wait it out.
pub fn a_lease_deleted_behind_a_stopped_leader_is_put_back(api: &Api) {
    let mut crew = Candidates::start(api, &["anna", "ben"]).unwrap();
    let first = crew.leader();
    let mut sleeper = crew.take(&first.name);
    sleeper.process.signal(Signal::STOP).unwrap();
    api.delete_lease().unwrap();
    let back = until("the Lease, put back without a holder", SOON, || match api.lease() {
        Ok(Some(lease)) if lease["spec"]["holderIdentity"] == "" => Ok(lease),
        other => Err(other),
    });
    let second = crew.leader_after(&first);
    assert_ne!(second.name, first.name);
    let lease = api.lease().unwrap().unwrap();
    assert_eq!(lease["metadata"]["uid"], back["metadata"]["uid"], "{lease}");
    let (from, to) = (&back["spec"]["renewTime"], &lease["spec"]["acquireTime"]);
    let gap = Duration::try_from(moment(to).duration_since(moment(from))).unwrap();
    assert!(gap >= LEASE, "taken {gap:?} after it was put back\n{}", crew.logs());
    crew.member(&second.name).process.wait_line("put the missing lock back", SOON);
    sleeper.process.signal(Signal::CONT).unwrap();
    sleeper.process.wait_line("stepped down", SOON);
    crew.put_back(sleeper);
    assert!(crew.leader().is_same_term(&second), "{}", crew.logs());
    crew.finish();
}

pub fn a_cleared_holder_begins_another_term(api: &Api) {
    let crew = Candidates::start(api, &["anna", "ben"]).unwrap();
    let first = crew.leader();
    api.edit_lease(|lease| lease["spec"]["holderIdentity"] = json!("")).unwrap();
    let second = crew.leader_after(&first);
    let lease = api.lease().unwrap().unwrap();
    assert_eq!(lease["spec"]["holderIdentity"], second.name.as_str(), "{lease}");
    crew.member(&first.name).process.wait_line("the lock was deleted or cleared", SOON);
    crew.finish();
}

pub fn an_edit_beside_the_seat_changes_nothing_and_survives(api: &Api) {
    let crew = Candidates::start(api, &["anna", "ben"]).unwrap();
    let first = crew.leader();
    let edited = api
        .edit_lease(|lease| {
            let metadata = &mut lease["metadata"];
            metadata["labels"] = json!({"team": "blue"});
            metadata["annotations"]["example.com/note"] = json!("do not touch");
            // A field that the candidate's own code never names.
            metadata["finalizers"] = json!(["example.com/keep"]);
        })
        .unwrap();
    let renewed = |earlier: &Value| {
        until("a renewal after the edit", SOON, || match api.lease().unwrap().unwrap() {
            lease if lease["spec"]["renewTime"] == earlier["spec"]["renewTime"] => Err(lease),
            lease => Ok(lease),
        })
    };
    let later = renewed(&renewed(&edited));
    assert_eq!(later["metadata"]["labels"], json!({"team": "blue"}), "{later}");
    assert_eq!(later["metadata"]["annotations"]["example.com/note"], "do not touch", "{later}");
    assert_eq!(later["metadata"]["finalizers"], json!(["example.com/keep"]), "{later}");
    assert!(crew.leader().is_same_term(&first), "{}", crew.logs());
    let log = crew.member(&first.name).log();
    assert!(!log.contains("stepped down"), "{log}");
    crew.finish();
}
