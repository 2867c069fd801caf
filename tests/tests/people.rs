//! What people ask of an election, with real processes: `hotseat transfer`, `pause`, `resume` and
//! `status ELECTION`, as `kubectl hotseat` too, and a coordinator's `spec.preferredHolder`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

#[path = "people/pause.rs"]
mod pause;
#[path = "people/rights.rs"]
mod rights;
#[path = "people/terms.rs"]
mod terms;
#[path = "people/transfer.rs"]
mod transfer;

use hotseat_tests::on_both;
use hotseat_tests::process::{Hotseat, Launch, Stream};
use hotseat_tests::scene::{Api, ELECTION, SOON};
use serde_json::json;
use std::ffi::OsStr;
use std::path::Path;

on_both![
    transfer::the_leader_hands_over_to_whom_a_person_names,
    transfer::what_is_not_possible_is_refused_with_the_reason,
    transfer::a_successor_that_does_not_take_the_seat_is_named_and_somebody_leads,
    terms::the_last_terms_are_shown_with_why_they_ended,
    pause::while_paused_the_leader_stays_and_a_dead_one_is_followed,
];

/// The call of a command about the scene's election, by the account of that kubeconfig.
fn call(launch: Launch, api: &Api, verb: &str, more: &[&str]) -> Launch {
    launch.args([verb, ELECTION, "-n", api.namespace()]).args(more).kubeconfig(api.kubeconfig())
}

/// Runs it to its end; its exit status, standard output and standard error.
#[track_caller]
fn ran(launch: Launch) -> (i32, String, String) {
    let mut process: Hotseat = launch.start().unwrap();
    let status = process.wait_exit(SOON);
    let code = status.code().unwrap_or_else(|| panic!("{status}: {process}"));
    (code, process.output(Stream::Stdout), process.output(Stream::Stderr))
}

/// What a command says that succeeds.
#[track_caller]
fn done(api: &Api, verb: &str, more: &[&str]) -> String {
    let (code, out, error) = ran(call(Launch::hotseat().unwrap(), api, verb, more));
    assert_eq!(code, 0, "{verb} {more:?}: {out}{error}");
    out
}

/// What a command says that fails.
#[track_caller]
fn failed(api: &Api, verb: &str, more: &[&str]) -> String {
    let (code, out, error) = ran(call(Launch::hotseat().unwrap(), api, verb, more));
    assert_eq!(code, 1, "{verb} {more:?}: {out}{error}");
    error
}

/// The context's namespace is found as kubectl finds it, where the list has a file that is not there; and
/// nobody is taken to `default` by a kubeconfig that cannot be read.
#[test]
fn the_namespace_is_that_of_the_context_in_a_kubeconfig_list() {
    let api = Api::embedded("context").unwrap();
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": ELECTION}, "spec": {"leaseDurationSeconds": 15}});
    api.create("coordination.k8s.io/v1/leases", &lease).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let context = folder.path().join("context");
    let set = format!(
        "contexts: [{{name: mine, context: {{cluster: embedded, user: embedded, namespace: {}}}}}]\n\
         current-context: mine",
        api.namespace()
    );
    std::fs::write(&context, set).unwrap();
    let missing = Path::new("/nonexistent/kubeconfig");
    let list = std::env::join_paths([missing, &context, api.kubeconfig()]).unwrap();
    let without_flag = |kubeconfig: &OsStr, command: &[&str]| {
        let launch = Launch::hotseat().unwrap().env("KUBECONFIG", kubeconfig);
        ran(launch.args(command).env("HOME", folder.path()))
    };
    let whole = format!("{}/{ELECTION}", api.namespace());
    for command in [
        &["status", ELECTION][..],
        &["pause", ELECTION],
        &["resume", ELECTION],
        &["lock", "show", ELECTION],
    ] {
        let (code, out, error) = without_flag(&list, command);
        assert!(code == 0 && out.contains(&whole), "{command:?}: {code} {out}{error}");
    }
    // One that asks nobody would print what is in force in another namespace.
    let fence =
        ["fence", "admission", "--election=shop", "--service-account=x", "--resources=pods"];
    let (code, out, error) = without_flag(&list, &fence);
    assert!(code == 0 && out.contains(api.namespace()), "{code} {out}{error}");
    for command in [&fence[..], &["pause", ELECTION], &["roster", ELECTION]] {
        let (code, out, error) = without_flag(missing.as_os_str(), command);
        assert!(code == 1 && out.is_empty(), "{command:?}: {code} {out}{error}");
        for words in ["--namespace is not given", "kubeconfig /nonexistent", "name another"] {
            assert!(error.contains(words), "no {words:?} in {error}");
        }
    }
}
