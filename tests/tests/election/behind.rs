//! Edits of the Lease behind a leader that is cut off from the API server and still leads: none of
//! them is a proof that it does not, so all are waited out.

use hotseat_tests::scene::{Api, Candidate, LEASE, PartitionedCandidate, QUICK, SOON, Sampler};
use hotseat_tests::wait::until;
use serde_json::{Value, json};
use std::time::Instant;

use super::moment;

/// A leader on a tether, and a standby that sees it lead.
struct Pair {
    leader: Candidate,
    standby: Candidate,
    tether: PartitionedCandidate,
    sampler: Sampler,
}

impl Pair {
    fn start(api: &Api) -> Pair {
        let tether = PartitionedCandidate::to(api).unwrap();
        let leader = Candidate::tethered(api, &tether, "anna", &QUICK).unwrap();
        leads(&leader);
        let standby = Candidate::start(api, "ben", &QUICK).unwrap();
        until("the standby to see the leader", SOON, || match standby.leader() {
            Ok(answer) if answer["name"] == "anna" => Ok(()),
            other => Err(format!("{other:?}")),
        });
        let mut sampler = Sampler::default();
        for member in [&leader, &standby] {
            sampler.watch(api.namespace(), member.name(), member.process.http_addr()).unwrap();
        }
        Pair { leader, standby, tether, sampler }
    }

    /// Cuts the leader off right after a renewal, lets a hand edit the Lease, and sees the standby
    /// wait it out.
    fn plays(self, api: &Api, edit: impl Fn(&mut Value)) -> Value {
        let before = api.spec("renewTime").unwrap();
        until("a renewal", SOON, || match api.spec("renewTime").unwrap() {
            same if same == before => Err(same),
            later => Ok(later),
        });
        self.tether.cut();
        let edited = Instant::now();
        api.edit_lease(edit).unwrap();
        let answer = leads(&self.standby);
        let waited = edited.elapsed();
        // By the clocks here, which saw the edit before the standby did.
        assert!(waited >= LEASE, "taken after {waited:?}");
        let overlaps = self.sampler.overlaps();
        assert!(overlaps.is_empty(), "{overlaps:?}\n{}\n{}", self.leader.log(), self.standby.log());
        answer
    }
}

fn leads(candidate: &Candidate) -> Value {
    until("it to lead", SOON, || match candidate.leader() {
        Ok(answer) if answer["self"] == true => Ok(answer),
        other => Err(format!("{other:?}")),
    })
}

pub fn a_spec_that_is_nulled_behind_a_leader_is_waited_out(api: &Api) {
    Pair::start(api).plays(api, |lease| lease["spec"] = json!(null));
}

pub fn a_duration_that_is_shortened_behind_a_leader_is_waited_out(api: &Api) {
    Pair::start(api).plays(api, |lease| lease["spec"]["leaseDurationSeconds"] = json!(1));
}

pub fn a_holder_that_is_nulled_behind_a_leader_is_waited_out(api: &Api) {
    Pair::start(api).plays(api, |lease| {
        lease["spec"]["holderIdentity"] = json!(null);
        lease["spec"]["leaseDurationSeconds"] = json!(null);
    });
}

/// What client-go's release does to a record that it did not expect to find.
pub fn another_electors_release_over_a_leaders_record_is_waited_out(api: &Api) {
    Pair::start(api).plays(api, |lease| {
        let now = json!("2026-11-25T12:00:00.000000Z");
        lease["spec"]["holderIdentity"] = json!("");
        lease["spec"]["leaseDurationSeconds"] = json!(1);
        lease["spec"]["renewTime"] = now.clone();
        lease["spec"]["acquireTime"] = now;
    });
}

/// The record of the standby's own former term, saved by a hand or by a backup.
pub fn an_old_record_that_is_put_back_is_waited_out(api: &Api) {
    let mut first = Candidate::start(api, "ben", &QUICK).unwrap();
    leads(&first);
    let old = api.lease().unwrap().unwrap();
    // Killed, so that the next process of the name finds a dead one's record.
    first.kill().unwrap();
    let before = moment(&old["spec"]["renewTime"]);
    let pair = Pair::start(api);
    assert!(moment(&api.spec("renewTime").unwrap()) > before);
    pair.plays(api, |lease| {
        lease["spec"] = old["spec"].clone();
        lease["metadata"]["annotations"] = old["metadata"]["annotations"].clone();
    });
}

pub fn the_token_grows_though_the_object_forgets_it(api: &Api) {
    let pair = Pair::start(api);
    let before = leads(&pair.leader)["token"].as_u64().unwrap();
    let after = pair.plays(api, |lease| {
        lease["metadata"]["annotations"] = json!({});
        lease["spec"] = json!({});
    });
    let after = after["token"].as_u64().unwrap();
    assert!(after > before, "{after} after {before}");
}
