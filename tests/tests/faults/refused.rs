//! What the API server refuses: how often it is asked again, and what is said. On a real server.

use std::time::{Duration, Instant};

use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::process::{Launch, Stream};
use hotseat_tests::scene::{Api, Candidate, Candidates, LONG_CALLS, QUICK, SOON};
use hotseat_tests::wait::until;
use http::Method;
use serde_json::{Value, json};

const CREATES: &str = "hotseat_api_requests_total{verb=\"create\"}";
const UPDATES: &str = "hotseat_api_requests_total{verb=\"update\"}";

/// Waits for that many requests, and gives the time from now to then.
fn requests(candidate: &Candidate, series: &str, more: u32) -> Duration {
    let before = candidate.metric(series).unwrap();
    let began = Instant::now();
    until("more requests", SOON, || match candidate.metric(series).unwrap() {
        now if now >= before + f64::from(more) => Ok(()),
        now => Err(now),
    });
    began.elapsed()
}

/// The lines that warn of a write, which has to be one, with these words.
#[track_caller]
fn warned_once(candidate: &Candidate, words: &[&str]) {
    candidate.process.wait_line("a write of the lock failed", SOON);
    let log = candidate.process.output(Stream::Stderr);
    let lines: Vec<&str> =
        log.lines().filter(|line| line.contains("a write of the lock failed")).collect();
    assert_eq!(lines.len(), 1, "{log}");
    for word in words {
        assert!(lines[0].contains(word), "no {word:?} in {}", lines[0]);
    }
    assert!(!lines[0].contains("give the account the Role"), "{}", lines[0]);
}

#[test]
fn namespace_not_there_yet() {
    let cluster = Cluster::shared();
    let namespace = format!("r-not-yet-{}", std::process::id());
    let launch = Launch::hotseat().unwrap().kubeconfig(&cluster.admin_kubeconfig()).args(QUICK);
    let flag = format!("--election-namespace={namespace}");
    let launch = launch.args(["--election=seat", "--id=anna", "--http=127.0.0.1:0", &flag]);
    let candidate = Candidate::of("anna", launch).unwrap();
    candidate.process.wait_line("a write of the lock failed", SOON);
    // From a retry period of 500 ms to 2.2 of them at first, and more later.
    let took = requests(&candidate, CREATES, 4);
    assert!(took >= Duration::from_millis(1_600), "four more tries in {took:?}");
    let words = format!("the namespace {namespace} does not exist yet: create it");
    warned_once(&candidate, &["404 NotFound", &words]);
    let api = Api::of(cluster, "of-not-yet", Rights::None).unwrap();
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    assert_eq!(api.ask(Method::POST, "/api/v1/namespaces", Some(&object)).unwrap().0, 200);
    until("the lead", SOON, || match candidate.leader().unwrap() {
        answer if answer["self"] == true => Ok(()),
        answer => Err(answer),
    });
    candidate.process.wait_line("writes of the lock succeed again", SOON);
}

#[test]
fn denied_but_not_by_rbac() {
    let quota = |api: &Api| {
        let hard = json!({"count/leases.coordination.k8s.io": "0"});
        let object = json!({"apiVersion": "v1", "kind": "ResourceQuota",
            "metadata": {"name": "q"}, "spec": {"hard": hard}});
        api.create("v1/resourcequotas", &object).unwrap();
        // What the controller would say, which does not run here.
        let path = format!("/api/v1/namespaces/{}/resourcequotas/q", api.namespace());
        let (_, mut stored) = api.ask(Method::GET, &path, None).unwrap();
        stored["status"] = json!({"hard": hard, "used": hard});
        let (code, answer) =
            api.ask(Method::PUT, &format!("{path}/status"), Some(&stored)).unwrap();
        assert_eq!(code, 200, "{answer}");
    };
    let end = |api: &Api| {
        // Nobody finalizes it here, so it stays as it is.
        let path = format!("/api/v1/namespaces/{}", api.namespace());
        assert_eq!(api.ask(Method::DELETE, &path, None).unwrap().0, 200);
    };
    refused("quota", quota, &["403 Forbidden", "exceeded quota", "a ResourceQuota of the"]);
    refused("ending", end, &["403 Forbidden", "the namespace is being deleted"]);
}

fn refused(scene: &str, prepare: impl FnOnce(&Api), words: &[&str]) {
    let api = Api::of(Cluster::shared(), scene, Rights::Full).unwrap();
    prepare(&api);
    let candidate = Candidate::start(&api, "anna", &QUICK).unwrap();
    candidate.process.wait_line("a write of the lock failed", SOON);
    let took = requests(&candidate, CREATES, 3);
    assert!(took >= Duration::from_millis(1_000), "three more tries in {took:?}");
    warned_once(&candidate, words);
}

/// Others have filled the annotations of the Lease, and no write fits any more. That the pauses grow to minutes is
/// seen in the scenes of `host/core`.
#[test]
fn a_record_that_the_server_does_not_take_is_named_and_tried_less_and_less() {
    let api = Api::of(Cluster::shared(), "too-long", Rights::Full).unwrap();
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "seat", "annotations": {"example.com/a": "x".repeat(262_100)}},
        "spec": {},
    });
    api.create("coordination.k8s.io/v1/leases", &lease).unwrap();
    let candidate = Candidate::start(&api, "anna", &QUICK).unwrap();
    candidate.process.wait_line("a write of the lock failed", SOON);
    let took = requests(&candidate, UPDATES, 3);
    assert!(took >= Duration::from_millis(1_000), "three more tries in {took:?}");
    warned_once(&candidate, &["422 Invalid", "annotations leave no room"]);
    api.edit_lease(|lease| lease["metadata"]["annotations"] = Value::Null).unwrap();
    until("the lead", SOON, || match candidate.leader().unwrap() {
        answer if answer["self"] == true => Ok(()),
        answer => Err(answer),
    });
}

#[test]
fn three_candidates_start_without_a_warning() {
    let api = Api::real("quiet-start").unwrap();
    // client-go's timing: a request has three seconds, also on a busy machine.
    // A policy's call has the longest time that there is.
    let flags = [LONG_CALLS];
    let crew = Candidates::with(&api, &["anna", "ben", "cleo"], &flags).unwrap();
    let led = crew.leader();
    let renewed = api.spec("renewTime").unwrap();
    until("a renewal", SOON, || match api.spec("renewTime").unwrap() {
        time if time == renewed => Err(time),
        _ => Ok(()),
    });
    assert!(crew.leader().is_same_term(&led));
    for member in crew.members() {
        member.process.wait_line("the policy is active", SOON * 4);
        let log = member.log();
        assert!(!log.contains(" WARN ") && !log.contains(" ERROR "), "{log}");
        // A swap is one line.
        assert!(!log.contains("stage"), "{log}");
    }
    crew.finish();
}
