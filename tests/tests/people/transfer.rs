//! Another leader, as a person or a coordinator asks.

use hotseat_tests::cluster::{Cluster, Kind, Options, Rights};
use hotseat_tests::process::Launch;
use hotseat_tests::scene::{Api, Candidates, Led, PATIENT, POLITE, SOON};
use hotseat_tests::wait::until;
use serde_json::{Value, json};

use super::{call, done, failed, ran};

const NAMES: [&str; 3] = ["anna", "ben", "cleo"];

pub fn the_leader_hands_over_to_whom_a_person_names(api: &Api) {
    let crew = Candidates::with(api, &NAMES, &POLITE).unwrap();
    let mut before = crew.leader();
    for round in 0..3 {
        let to = NAMES.into_iter().find(|name| *name != before.name).unwrap();
        let to_flag = format!("--to={to}");
        if round == 0 {
            let out = done(api, "transfer", &[&to_flag, "--any-name"]);
            let from = &before.name;
            let lines: Vec<&str> = out.lines().collect();
            assert_eq!(lines.len(), 3, "{out}");
            assert_eq!(lines[0], format!("asked {from} to hand over to {to} within 30.0 s"));
            assert_eq!(lines[1], format!("{from} resigned in favour of {to}"));
            assert!(lines[2].starts_with(&format!("{to} leads, ")), "{out}");
        } else {
            let flags = [to_flag.as_str(), "--any-name", "--output=json", "--within=20s"];
            let out: Value = serde_json::from_str(&done(api, "transfer", &flags)).unwrap();
            assert_eq!((&out["to"], &out["from"]), (&json!(to), &json!(before.name)), "{out}");
            assert!(out["token"].as_u64() > Some(0), "{out}");
        }
        let after = crew.leader_after(&before);
        assert_eq!(after.name, to, "{}", crew.logs());
        crew.member(&before.name).process.wait_line("the seat is handed over", SOON);
        let lease = api.lease().unwrap().unwrap();
        let annotations = &lease["metadata"]["annotations"];
        assert!(annotations.get("hotseat.dev/transfer").is_none(), "{lease}");
        before = after;
    }
    crew.finish();
}

pub fn what_is_not_possible_is_refused_with_the_reason(api: &Api) {
    let to_ben = ["--to=ben", "--any-name"];
    let error = failed(api, "transfer", &to_ben);
    assert!(error.contains("there is no such Lease"), "{error}");
    let flags = [&PATIENT[..], &["--preemptions-per-hour=0"]].concat();
    let crew = Candidates::with(api, &["anna"], &flags).unwrap();
    let before = crew.leader();
    let error = failed(api, "transfer", &["--to=anna", "--any-name"]);
    assert!(error.contains("anna leads already"), "{error}");
    let error = failed(api, "transfer", &to_ben);
    assert!(error.contains("anna does not hand over to ben: the budget"), "{error}");
    crew.member("anna").process.wait_line("the seat is not handed over as somebody asked", SOON);
    // What has failed is not left for later.
    let lease = api.lease().unwrap().unwrap();
    assert!(lease["metadata"]["annotations"].get("hotseat.dev/transfer").is_none(), "{lease}");
    done(api, "pause", &[]);
    let error = failed(api, "transfer", &to_ben);
    assert!(error.contains("paused by ") && error.contains("hotseat resume"), "{error}");
    done(api, "resume", &[]);
    assert!(crew.leader().is_same_term(&before), "{}", crew.logs());
    crew.finish();
}

pub fn a_successor_that_does_not_take_the_seat_is_named_and_somebody_leads(api: &Api) {
    let crew = Candidates::start(api, &["anna", "ben"]).unwrap();
    let before = crew.leader();
    let error = failed(api, "transfer", &["--to=nobody", "--any-name"]);
    assert!(error.contains("nobody did not take the seat that was left to it"), "{error}");
    let after = crew.leader_after(&before);
    assert!(["anna", "ben"].contains(&after.name.as_str()));
    crew.finish();
}

#[test]
fn a_name_that_no_pod_has_is_refused() {
    let api = Api::embedded("no-pod").unwrap();
    let crew = Candidates::with(&api, &["anna"], &PATIENT).unwrap();
    let before = crew.leader();
    let error = failed(&api, "transfer", &["--to=bne"]);
    assert!(error.contains("there is no pod of that name"), "{error}");
    assert!(error.contains("--any-name"), "{error}");
    assert!(crew.leader().is_same_term(&before));
    crew.finish();
}

/// A leader that does not look at its lock, and a request that nobody answers.
#[test]
fn a_leader_that_does_nothing_is_named_and_the_request_withdrawn() {
    let api = Api::embedded("no-answer").unwrap();
    // It believes for long.
    let flags = ["--lease-duration=60s", "--renew-deadline=40s", "--retry-period=500ms"];
    let mut crew = Candidates::with(&api, &["anna"], &flags).unwrap();
    crew.leader();
    let mut sleeper = crew.take("anna");
    sleeper.process.signal(hotseat_tests::process::Signal::STOP).unwrap();
    let error = failed(&api, "transfer", &["--to=ben", "--any-name", "--within=1s"]);
    assert!(error.contains("anna did not hand over to ben within 1 s"), "{error}");
    let lease = api.lease().unwrap().unwrap();
    assert!(lease["metadata"]["annotations"].get("hotseat.dev/transfer").is_none(), "{lease}");
    sleeper.process.signal(hotseat_tests::process::Signal::CONT).unwrap();
    crew.put_back(sleeper);
    crew.finish();
}

#[test]
fn a_lock_of_another_elector_is_not_asked() {
    let api = Api::embedded("foreign").unwrap();
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "seat"}, "spec": {"holderIdentity": "other", "leaseDurationSeconds": 15,
        "acquireTime": "2026-01-01T00:00:00.000000Z", "renewTime": "2026-01-01T00:00:00.000000Z"}});
    api.create("coordination.k8s.io/v1/leases", &lease).unwrap();
    let error = failed(&api, "transfer", &["--to=ben", "--any-name"]);
    assert!(error.contains("another elector knows nothing of requests"), "{error}");
    let out = done(&api, "status", &[]);
    assert!(out.contains("not by a Hotseat"), "{out}");
}

/// Asks for another leader as a coordinator does. Gives who led and who shall.
fn prefer(api: &Api, crew: &Candidates<'_>) -> (Led, &'static str) {
    let before = crew.leader();
    let to = NAMES.into_iter().find(|name| *name != before.name).unwrap();
    api.edit_lease(|lease| {
        lease["spec"]["strategy"] = json!("example.com/by-hand");
        lease["spec"]["preferredHolder"] = json!(to);
    })
    .unwrap();
    (before, to)
}

#[test]
fn a_coordinators_preferred_holder_is_handed_over_to() {
    // The newest alone has the field, behind a gate.
    let kind = Kind::from_env().unwrap();
    if kind == Kind::Oldest {
        return a_server_without_the_field_drops_it(&Api::real("preferred").unwrap());
    }
    let flags = &[
        "--feature-gates=CoordinatedLeaderElection=true",
        "--runtime-config=coordination.k8s.io/v1beta1=true",
    ];
    let cluster = Cluster::start(Options { flags, ..Options::default() }).unwrap();
    let api = Api::of(&cluster, "preferred", Rights::Full).unwrap();
    let crew = Candidates::with(&api, &NAMES, &POLITE).unwrap();
    let (before, to) = prefer(&api, &crew);
    let after = crew.leader_after(&before);
    assert_eq!(after.name, to, "{}", crew.logs());
    let lease = until("the field to be emptied", SOON, || match api.lease().unwrap().unwrap() {
        lease if lease["spec"]["preferredHolder"].is_null() => Ok(lease),
        lease => Err(lease),
    });
    assert_eq!(lease["spec"]["strategy"], json!("example.com/by-hand"));
    crew.finish();
}

fn a_server_without_the_field_drops_it(api: &Api) {
    let crew = Candidates::with(api, &NAMES, &PATIENT).unwrap();
    let (before, _) = prefer(api, &crew);
    let edited = api.spec("renewTime").unwrap();
    until("a renewal after the edit", SOON, || match api.spec("renewTime").unwrap() {
        time if time == edited => Err(time),
        _ => Ok(()),
    });
    assert!(crew.leader().is_same_term(&before), "{}", crew.logs());
    crew.finish();
}

#[test]
fn an_api_server_without_coordinated_election_drops_the_field() {
    a_server_without_the_field_drops_it(&Api::embedded("no-field").unwrap());
}

#[test]
fn an_annotation_is_a_lock_that_can_be_asked_too() {
    let api = Api::embedded("people-map").unwrap();
    let flags = [&POLITE[..], &["--lock=configmaps"]].concat();
    let crew = Candidates::with(&api, &["anna", "ben"], &flags).unwrap();
    let before = crew.leader();
    let to = if before.name == "anna" { "ben" } else { "anna" };
    done(&api, "pause", &["--lock=configmaps"]);
    assert!(done(&api, "status", &["--lock=configmaps"]).contains("the leader stays"));
    done(&api, "resume", &["--lock=configmaps"]);
    let to_flag = format!("--to={to}");
    let out = done(&api, "transfer", &["--lock=configmaps", &to_flag, "--any-name"]);
    assert!(out.contains(&format!("{to} leads, ")), "{out}");
    crew.finish();
}

/// kubectl runs `kubectl-hotseat`, which is this program under another name.
#[test]
fn the_same_program_is_a_plugin_of_kubectl() {
    let api = Api::embedded("plugin").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("kubectl-hotseat");
    std::os::unix::fs::symlink(hotseat_tests::process::hotseat_binary().unwrap(), &plugin).unwrap();
    let crew = Candidates::with(&api, &["anna", "ben"], &POLITE).unwrap();
    let before = crew.leader();
    let to = if before.name == "anna" { "ben" } else { "anna" };
    let by = |verb: &str, more: &[&str]| ran(call(Launch::program(&plugin), &api, verb, more));
    let (code, out, error) = by("status", &[]);
    assert_eq!(code, 0, "{error}");
    assert!(out.contains(&format!("leader         {}, for ", before.name)), "{out}");
    let (code, _, error) = by("transfer", &["--to", to, "--any-name"]);
    assert_eq!(code, 0, "{error}");
    assert_eq!(crew.leader_after(&before).name, to);
    let (code, out, error) = ran(Launch::program(&plugin).kubeconfig(api.kubeconfig()));
    assert_eq!(code, 0, "{error}");
    assert!(out.contains("Usage: kubectl hotseat"), "a person wants no sidecar: {out}");
    crew.finish();
}
