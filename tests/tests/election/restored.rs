//! An etcd that is restored from a snapshot, as docs/http.md tells a person to do it: every API server
//! is stopped for the longest lease before.

use std::time::Instant;

use hotseat_tests::cluster::{Cluster, Options, Revisions, Rights};
use hotseat_tests::scene::{
    Api, Candidate, Candidates, LEASE, Led, PartitionedCandidate, QUICK, SOON,
};
use hotseat_tests::wait::until;
use http::Method;
use serde_json::{Value, json};

/// Terms that a crew has seen.
struct Terms<'a> {
    crew: Candidates<'a>,
    seen: Vec<Led>,
}

impl Terms<'_> {
    /// Notes a term, whose token has to be larger than all before.
    #[track_caller]
    fn note(&mut self, led: Led) {
        let largest = self.seen.iter().map(|led| led.token).max();
        let logs = self.crew.logs();
        assert!(Some(led.token) > largest, "{led:?} after {:?}\n{logs}", self.seen);
        self.seen.push(led);
    }

    /// The leader is asked to end and hands over; it comes back as a standby.
    #[track_caller]
    fn hand_over(&mut self) {
        let before = self.crew.leader();
        let mut leader = self.crew.take(&before.name);
        leader.end();
        let next = self.crew.leader_after(&before);
        self.note(next);
        self.crew.add(&before.name).unwrap();
        self.crew.leader();
    }
}

/// The leader of the snapshot's time is cut off through the terms after it, and its record is back, under
/// the version that it knows, when it is heard again: all who know a larger token are others.
#[track_caller]
fn a_restored_etcd(scene: &str, revisions: Revisions) {
    let cluster = Cluster::start(Options::default()).unwrap();
    let api = Api::of(&cluster, scene, Rights::Full).unwrap();
    let tether = PartitionedCandidate::to(&api).unwrap();
    let mut terms = Terms { crew: Candidates::start(&api, &[]).unwrap(), seen: vec![] };
    let anna = Candidate::tethered(&api, &tether, "anna", &QUICK).unwrap();
    terms.crew.take_in(anna).unwrap();
    let first = terms.crew.leader();
    terms.note(first.clone());
    for name in ["ben", "cleo"] {
        terms.crew.add(name).unwrap();
    }
    terms.crew.leader();

    let renewed = api.spec("renewTime").unwrap();
    until("a renewal", SOON, || match api.spec("renewTime").unwrap() {
        same if same == renewed => Err(same),
        _ => Ok(()),
    });
    tether.cut();
    let anna = terms.crew.take("anna");
    let snapshot = cluster.snapshot().unwrap();
    let kept = api.lease().unwrap().unwrap();
    let forgotten = json!({"apiVersion": "v1", "kind": "ConfigMap",
                           "metadata": {"name": "forgotten"}});
    api.create("v1/configmaps", &forgotten).unwrap();
    let next = terms.crew.leader_after(&first);
    terms.note(next);
    terms.hand_over();

    cluster.kill_apiserver().unwrap();
    let silent = Instant::now();
    while silent.elapsed() < LEASE {
        for member in terms.crew.members() {
            member.leader().unwrap();
        }
    }
    cluster.restore_etcd(&snapshot, revisions).unwrap();
    tether.reconnect();
    cluster.restart_apiserver().unwrap();
    terms.crew.put_back(anna);
    let last = terms.seen.last().unwrap().clone();
    let next = terms.crew.leader_after(&last);
    terms.note(next);
    terms.hand_over();

    // Else this would be no restored etcd.
    let path = format!("/api/v1/namespaces/{}/configmaps/forgotten", api.namespace());
    assert_eq!(api.ask(Method::GET, &path, None).unwrap().0, 404);
    let lease = api.lease().unwrap().unwrap();
    assert_eq!(lease["metadata"]["uid"], kept["metadata"]["uid"]);
    let gone_on = version(&lease) - version(&kept);
    let bumped = revisions == Revisions::Bumped;
    assert_eq!(gone_on > 999_999_999, bumped, "{kept} and now {lease}");
    terms.crew.finish();
}

fn version(lease: &Value) -> u64 {
    lease["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap()
}

#[test]
fn after_a_restore_with_bumped_revisions_tokens_grow_and_one_leads() {
    a_restored_etcd("restored-bumped", Revisions::Bumped);
}

/// A restore that forgets to bump them: a version comes again with other content.
#[test]
fn after_a_restore_to_the_same_revisions_tokens_grow_and_one_leads() {
    a_restored_etcd("restored-again", Revisions::Again);
}
