//! What people ask of an election, with real processes: `hotseat transfer`, `pause`, `resume` and
//! `status ELECTION`, as `kubectl hotseat` too, and a coordinator's `spec.preferredHolder`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

#[path = "people/pause.rs"]
mod pause;
#[path = "people/rights.rs"]
mod rights;
#[path = "people/transfer.rs"]
mod transfer;

use hotseat_tests::on_both;
use hotseat_tests::process::{Hotseat, Launch, Stream};
use hotseat_tests::scene::{Api, ELECTION, SOON};

on_both![
    transfer::the_leader_hands_over_to_whom_a_person_names,
    transfer::what_is_not_possible_is_refused_with_the_reason,
    transfer::a_successor_that_does_not_take_the_seat_is_named_and_somebody_leads,
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
