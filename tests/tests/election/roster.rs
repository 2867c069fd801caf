//! The roster: candidates whose policy asks for it see each other, and go by that.

use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::guests;
use hotseat_tests::process::{Launch, Stream, send};
use hotseat_tests::scene::{Api, Candidate, ELECTION, QUICK, SOON};
use hotseat_tests::wait::until;
use serde_json::{Value, json};

const PREFER: &str = r#"--policy-settings={"prefer": "anna"}"#;

/// A candidate that prefers anna as the leader.
fn start(api: &Api, name: &str) -> Candidate {
    let policy = format!("--policy=file:{}", guests::file("steady").unwrap().display());
    Candidate::start(api, name, &[QUICK[0], QUICK[1], QUICK[2], &policy, PREFER]).unwrap()
}

/// The candidates by name, each with whom it says that it prefers, as that one sees them.
fn seen_by(candidate: &Candidate) -> Vec<(String, Value)> {
    let roster = candidate.json("/v1/roster").unwrap();
    let candidates = roster["candidates"].as_array().unwrap().clone();
    let row = |it: Value| {
        let prefers = it["signals"][0]["value"].clone();
        (it["identity"].as_str().unwrap().to_owned(), prefers)
    };
    let mut all: Vec<_> = candidates.into_iter().map(row).collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

#[track_caller]
fn until_seen(candidate: &Candidate, names: &[&str]) {
    let wanted: Vec<(String, Value)> =
        names.iter().map(|name| ((*name).to_owned(), json!("anna"))).collect();
    until("the roster", SOON, || match seen_by(candidate) {
        seen if seen == wanted => Ok(()),
        seen => Err(json!(seen)),
    });
}

#[track_caller]
fn until_led_by(candidates: &[&Candidate], name: &str) {
    let wanted = format!(r#"{{"name":"{name}"}}"#);
    for candidate in candidates {
        until("the leader", SOON, || match candidate.plain().unwrap() {
            said if said == wanted => Ok(()),
            said => Err(json!(said)),
        });
    }
}

/// What `hotseat roster` prints.
fn shown(api: &Api, more: &str) -> String {
    let launch = Launch::hotseat().unwrap().args(["roster", ELECTION, "-n", api.namespace(), more]);
    let mut process = launch.kubeconfig(api.kubeconfig()).start().unwrap();
    assert!(process.wait_exit(SOON).success(), "{process}");
    process.output(Stream::Stdout)
}

/// Whom the others see comes back, and gets the seat.
fn the_preferred_candidate_gets_the_seat_when_it_comes_back(api: &Api) {
    let ben = start(api, "ben");
    until_led_by(&[&ben], "ben");
    let cleo = start(api, "cleo");
    until_seen(&cleo, &["ben", "cleo"]);
    // Somebody who may create Leases there says that it is one of them.
    api.create("coordination.k8s.io/v1/leases", &forged(api)).unwrap();

    let mut anna = start(api, "anna");
    until_led_by(&[&anna, &ben, &cleo], "anna");
    for candidate in [&anna, &ben, &cleo] {
        until_seen(candidate, &["anna", "ben", "cleo"]);
    }
    let put = send(anna.process.http_addr(), "PUT", "/v1/ready", "true").unwrap();
    assert_eq!(put.status, 200, "{}", put.text());
    until("ready", SOON, || {
        let roster = ben.json("/v1/roster").unwrap();
        let of = roster["candidates"].as_array().unwrap().clone();
        let anna = of.into_iter().find(|it| it["identity"] == "anna").unwrap_or_default();
        if anna["ready"] == true { Ok(()) } else { Err(roster) }
    });
    let table = shown(api, "--output=text");
    assert!(table.contains("CANDIDATE") && table.contains("steady.prefers=\"anna\""), "{table}");
    let document: Value = serde_json::from_str(&shown(api, "--output=json")).unwrap();
    assert_eq!(
        document["candidates"].as_array().unwrap().len(),
        4,
        "the forged one, too: {document}"
    );

    // It leaves, and takes its entry with it.
    anna.end();
    until_seen(&ben, &["ben", "cleo"]);
    let left = ben.json("/v1/roster").unwrap()["left_out"].clone();
    assert_eq!(left, 1, "the forged one");
    until("another leader", SOON, || match ben.plain().unwrap() {
        said if said.contains("ben") || said.contains("cleo") => Ok(()),
        said => Err(json!(said)),
    });
    let anna = start(api, "anna");
    until_led_by(&[&anna, &ben, &cleo], "anna");
}

fn forged(api: &Api) -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": "seat-forged", "namespace": api.namespace(),
            "labels": {"hotseat.dev/roster": ELECTION},
            "annotations": {"hotseat.dev/candidate": "{\"election\":\"seat\",\"identity\":7}"},
        },
        "spec": {},
    })
}

#[test]
fn embedded() {
    let api = Api::embedded("roster").unwrap();
    the_preferred_candidate_gets_the_seat_when_it_comes_back(&api);
}

#[test]
fn real() {
    let api = Api::of(Cluster::shared(), "roster", Rights::Roster).unwrap();
    the_preferred_candidate_gets_the_seat_when_it_comes_back(&api);
}

/// I18: for an account that may not do it the log says so once, and the election goes on.
#[test]
fn without_the_rights_it_says_which_role_gives_them_and_leads() {
    let api = Api::of(Cluster::shared(), "no-roster", Rights::NoWatch).unwrap();
    let ben = start(&api, "ben");
    until_led_by(&[&ben], "ben");
    ben.process.wait_line("the roster cannot be watched, so it is polled", SOON);
    // It may create its Lease, and not change it.
    let put = send(ben.process.http_addr(), "PUT", "/v1/ready", "true").unwrap();
    assert_eq!(put.status, 200);
    let told = "the Role that it takes is what `hotseat rbac --roster` prints";
    ben.process.wait_line(told, SOON);
    let roster = ben.json("/v1/roster").unwrap();
    assert!(roster["not_published"].as_str().is_some_and(|why| why.contains(told)), "{roster}");
    let need = ben.json("/v1/policy").unwrap()["active"]["needs"][0].clone();
    // It is polled: what the policy needs are the others.
    assert_eq!((&need["fact"], &need["given"]), (&json!("roster"), &json!(true)), "{need}");
    assert!(need["from"].as_str().unwrap().contains("hotseat rbac --roster"), "{need}");
    until_led_by(&[&ben], "ben");
}
