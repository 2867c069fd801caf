//! Make before break: a leader that hands over on purpose waits until its successor's application is
//! ready.

use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::process::{Launch, send};
use hotseat_tests::scene::{Api, Candidate, ELECTION, QUICK, SOON};
use hotseat_tests::wait::until;
use serde_json::{Value, json};

fn start(api: &Api, name: &str) -> Candidate {
    let flags = [&QUICK[..], &["--roster", "--warm-up=10m"]].concat();
    Candidate::start(api, name, &flags).unwrap()
}

/// Waits until a field of that document is so.
#[track_caller]
fn until_is(candidate: &Candidate, path: &str, pointer: &str, wanted: Value) {
    until(pointer, SOON, || {
        let document = candidate.json(path).unwrap();
        match document.pointer(pointer) == Some(&wanted) {
            true => Ok(()),
            false => Err(document),
        }
    });
}

fn says(candidate: &Candidate, ready: bool) {
    let put = send(candidate.process.http_addr(), "PUT", "/v1/ready", &ready.to_string()).unwrap();
    assert_eq!(put.status, 200, "{}", put.text());
}

fn the_leader_leads_until_its_successor_is_warm(api: &Api) {
    let anna = start(api, "anna");
    until_is(&anna, "/v1/leader", "/state", json!("leading"));
    let ben = start(api, "ben");
    says(&ben, false);
    until_is(&anna, "/v1/roster", "/candidates/1/ready", json!(false));
    until_is(&ben, "/v1/leader", "/state", json!("standby"));

    let token = anna.json("/v1/leader").unwrap()["token"].clone();
    let transfer = |to: &str| {
        let transfer = ["transfer", ELECTION, "-n", api.namespace(), "--any-name", "--within=10m"];
        let transfer = Launch::hotseat().unwrap().args(transfer).args(["--to", to]);
        transfer.kubeconfig(api.kubeconfig()).start().unwrap()
    };
    // A name that no candidate has costs nobody a term.
    let mut refused = transfer("bne");
    assert_eq!(refused.wait_exit(SOON).code(), Some(1), "{refused}");
    refused
        .wait_line("--to bne: no candidate of that name is on the roster: name one of ben", SOON);
    let mut transfer = transfer("ben");
    transfer.wait_line("ben is not ready: anna leads on until it is", SOON);
    // The one leads on and says whom it waits for, and the other hears that it is the next: by the lock,
    // and by the roster once the request is gone.
    until_is(&anna, "/v1/leader", "/successor", json!("ben"));
    until_is(&anna, "/v1/leader", "/state", json!("draining"));
    until_is(&ben, "/v1/leader", "/state", json!("warming"));
    until_is(&ben, "/v1/roster", "/candidates/1/successor", json!("ben"));
    let leader = anna.json("/v1/leader").unwrap();
    assert_eq!((&leader["self"], &leader["token"]), (&json!(true), &token), "the same term");

    says(&ben, true);
    until_is(&ben, "/v1/leader", "/state", json!("leading"));
    until_is(&anna, "/v1/leader", "/state", json!("standby"));
    assert!(transfer.wait_exit(SOON).success(), "{transfer}");
    transfer.wait_line("ben leads, ", SOON);
}

#[test]
fn embedded() {
    let api = Api::embedded("warm-up").unwrap();
    the_leader_leads_until_its_successor_is_warm(&api);
}

#[test]
fn real() {
    let api = Api::of(Cluster::shared(), "warm-up", Rights::Roster).unwrap();
    the_leader_leads_until_its_successor_is_warm(&api);
}
