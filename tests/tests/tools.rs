//! What stands around an election: `hotseat run`, `wait`, `doctor`, `lock`, the leader's file and the
//! fences, with real processes.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

#[path = "tools/admission.rs"]
mod admission;
#[path = "tools/doctor.rs"]
mod doctor;
#[path = "tools/exit_code.rs"]
mod exit_code;
#[path = "tools/leader_file.rs"]
mod leader_file;
#[path = "tools/lock.rs"]
mod lock;
#[path = "tools/run.rs"]
mod run;
#[path = "tools/timeline.rs"]
mod timeline;
#[path = "tools/tree.rs"]
mod tree;
#[path = "tools/wait.rs"]
mod wait;

use hotseat_tests::on_both;
use hotseat_tests::process::{Hotseat, Launch, Stream};
use hotseat_tests::scene::{Api, ELECTION, SOON};

on_both![
    run::the_command_runs_while_its_candidate_leads,
    lock::a_lock_is_shown_in_words_and_as_json,
    lock::a_lock_is_emptied_for_who_names_its_holder,
    doctor::nothing_is_wrong_with_an_election_that_works,
];

/// The call of a subcommand about the scene's election, by its account.
fn command(api: &Api, words: &[&str]) -> Launch {
    Launch::hotseat().unwrap().args(words).kubeconfig(api.kubeconfig())
}

/// Runs a subcommand to its end; its exit status, standard output and standard error.
#[track_caller]
fn ran(launch: Launch) -> (i32, String, String) {
    let mut process: Hotseat = launch.start().unwrap();
    let status = process.wait_exit(SOON);
    let code = status.code().unwrap_or_else(|| panic!("{status}: {process}"));
    (code, process.output(Stream::Stdout), process.output(Stream::Stderr))
}

/// The flags that name the scene's election.
fn election(api: &Api) -> [String; 2] {
    [format!("--election={ELECTION}"), format!("--election-namespace={}", api.namespace())]
}
