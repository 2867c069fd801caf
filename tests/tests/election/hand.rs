//! Changes of the Lease by hand.

use std::time::Duration;

use hotseat_tests::process::Signal;
use hotseat_tests::scene::{Api, Candidates, LEASE, SOON, STEADY};
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

pub fn a_leader_whose_mark_alone_is_removed_leads_on_in_a_new_term(api: &Api) {
    leads_on_in_a_new_term(api, |lease| {
        let annotations = lease["metadata"]["annotations"].as_object_mut().unwrap();
        assert!(annotations.remove("hotseat.dev/write").is_some(), "{annotations:?}");
    });
}

pub fn a_leader_whose_renew_time_alone_is_edited_leads_on_in_a_new_term(api: &Api) {
    leads_on_in_a_new_term(api, |lease| {
        lease["spec"]["renewTime"] = json!("2026-11-25T12:00:00.000000Z");
    });
}

/// As docs/decisions/0006 has it: what the leader sees ends its belief, and it begins a new term at once; the
/// others wait for the lease, and see that term before.
fn leads_on_in_a_new_term(api: &Api, edit: impl Fn(&mut Value)) {
    let crew = Candidates::with(api, &["anna", "ben"], &STEADY).unwrap();
    let mut before = crew.leader();
    for _ in 0..3 {
        api.edit_lease(&edit).unwrap();
        // Within a third of the lease, which has to pass before anybody else may lead.
        let after = crew.leader_after(&before);
        assert_eq!((&after.name, after.transitions), (&before.name, before.transitions));
        assert!(after.token > before.token, "{after:?} after {before:?}");
        before = after;
    }
    let leader = crew.member(&before.name).log();
    assert!(leader.matches("stepped down: the seat was lost").count() >= 3, "{leader}");
    for standby in crew.members().iter().filter(|member| member.name() != before.name) {
        assert!(!standby.log().contains("became leader"), "{}", standby.log());
    }
    crew.finish();
}

/// `leaseTransitions` is an int32, of which the API server takes no larger one. At its limit it stays, and the
/// election goes on under tokens that grow.
pub fn transitions_at_their_limit_end_no_election(api: &Api) {
    const MOST: u64 = 2_147_483_647;
    let mut crew = Candidates::start(api, &["anna", "ben", "cleo"]).unwrap();
    let first = crew.leader();
    api.edit_lease(|lease| lease["spec"]["leaseTransitions"] = json!(MOST)).unwrap();
    // The edit costs the leader its term, and nobody else gains one.
    let mut before = crew.leader_after(&first);
    assert_eq!((&before.name, before.transitions), (&first.name, MOST));
    for signal in [Signal::KILL, Signal::TERM] {
        let mut gone = crew.take(&before.name);
        gone.process.signal(signal).unwrap();
        gone.process.wait_exit(SOON);
        let after = crew.leader_after(&before);
        assert_ne!(after.name, before.name);
        assert!(after.token > before.token, "{after:?} after {before:?}");
        assert_eq!(after.transitions, MOST);
        let lease = api.lease().unwrap().unwrap();
        assert_eq!(lease["spec"]["leaseTransitions"], json!(MOST), "{lease}");
        assert_eq!(lease["spec"]["holderIdentity"], after.name.as_str(), "{lease}");
        before = after;
    }
    crew.finish();
}
