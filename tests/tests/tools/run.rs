//! `hotseat run`: a command that runs while its candidate leads.

use std::time::Instant;

use hotseat_tests::process::{Hotseat, Launch, Signal};
use hotseat_tests::scene::{Api, Candidate, PATIENT, QUICK, SOON, STEADY};
use hotseat_tests::wait::until;

use super::election;

/// A command that says what it was given, and ends in its own time when it is asked to.
const POLITE: &str = r#"trap 'echo "<asked>"; sleep 0.2; echo "<ended>"; exit 0' TERM
echo "<runs> $$ $HOTSEAT_NAME $HOTSEAT_TOKEN"; while :; do sleep 0.05; done"#;
/// One that does not.
const STUBBORN: &str =
    r#"trap 'echo "<asked>"' TERM; echo "<runs> $$ -"; while :; do sleep 0.05; done"#;

/// The arguments of `hotseat run` for a shell's script; the flags have to give a timing.
pub fn arguments(api: &Api, name: &str, flags: &[&str], script: &str) -> Vec<String> {
    let [election, namespace] = election(api);
    let own = [election, namespace, format!("--id={name}"), "--http=127.0.0.1:0".to_owned()];
    let flags = flags.iter().map(ToString::to_string);
    let command = ["--", "sh", "-c", script].map(str::to_owned);
    ["run".to_owned()].into_iter().chain(own).chain(flags).chain(command).collect()
}

pub fn start(api: &Api, name: &str, flags: &[&str], script: &str) -> Candidate {
    let launch = Launch::hotseat().unwrap().args(arguments(api, name, flags, script));
    Candidate::of(name, launch.kubeconfig(api.kubeconfig())).unwrap()
}

/// The process id of a command, by the line that it writes.
pub fn pid_in(line: &str) -> u32 {
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

pub fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[track_caller]
pub fn wait_dead(pid: u32, process: &Hotseat) {
    let what = format!("the end of {pid}; {process}");
    until(&what, SOON, || if is_alive(pid) { Err("alive") } else { Ok(()) });
}

pub fn the_command_runs_while_its_candidate_leads(api: &Api) {
    let mut anna = start(api, "anna", &STEADY, POLITE);
    let line = anna.process.wait_line("<runs>", SOON);
    let leader = anna.leader().unwrap();
    let expected = format!("anna {}", leader["token"]);
    assert!(line.text.ends_with(&expected), "{} {leader}", line.text);

    let ben = start(api, "ben", &STEADY, POLITE);
    until("a standby that knows who leads", SOON, || match ben.leader() {
        Ok(leader) if leader["name"] == "anna" => Ok(()),
        other => Err(format!("{other:?}")),
    });
    assert!(ben.process.lines().iter().all(|line| !line.text.starts_with("<runs>")));

    let asked = Instant::now();
    anna.process.signal(Signal::TERM).unwrap();
    assert_eq!(anna.process.wait_exit(SOON).code(), Some(0), "{}", anna.process);
    // The seat is released after the end of the command, and long before the lease is over.
    let ended = anna.process.wait_line("<ended>", SOON);
    assert!(anna.process.wait_line("released the seat", SOON).at >= ended.at, "{}", anna.process);
    let next = ben.process.wait_line("<runs>", SOON);
    assert!(next.at > ended.at, "{} {}", anna.process, ben.process);
    assert!(next.at - asked < SOON / 2, "{:?} {}", next.at - asked, ben.process);
    let token = |line: &str| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap();
    assert!(token(&next.text) > token(&line.text));
}

/// The end of the grace, and not the reaction time, is what a command that does not listen gets.
#[test]
fn a_command_that_does_not_listen_is_killed_before_the_release() {
    let api = Api::embedded("run-stubborn").unwrap();
    // A shell answers the signal when what it waits for has ended, on a busy machine after a while.
    let flags = [&PATIENT[..], &["--grace=3s"]].concat();
    let mut anna = start(&api, "anna", &flags, STUBBORN);
    let pid = pid_in(&anna.process.wait_line("<runs>", SOON).text);
    anna.process.signal(Signal::TERM).unwrap();
    let asked = anna.process.wait_line("<asked>", SOON);
    let killed = anna.process.wait_line("the command did not end: killing it", SOON);
    assert_eq!(anna.process.wait_exit(SOON).code(), Some(0), "{}", anna.process);
    assert!(!is_alive(pid));
    assert!(anna.process.wait_line("released the seat", SOON).at >= killed.at);
    assert!(killed.at >= asked.at, "{}", anna.process);
    assert_eq!(api.spec("holderIdentity").unwrap(), "");
}

/// Nobody tells a leader that is cut off: its clock does.
#[test]
fn a_command_is_dead_before_anybody_else_may_lead() {
    let api = Api::embedded("run-lapse").unwrap();
    let flags = [&QUICK[..], &["--grace=300ms"]].concat();
    let anna = start(&api, "anna", &flags, STUBBORN);
    let first = anna.process.wait_line("<runs>", SOON);
    api.pause().unwrap();
    wait_dead(pid_in(&first.text), &anna.process);
    let stopped = anna.process.wait_line("stopping the command", SOON);
    let killed = anna.process.wait_line("killing it", SOON);
    // As a count of what came in which order, so that a busy machine changes nothing.
    assert!(stopped.index < killed.index, "{}", anna.process);
    assert!(anna.process.lines().iter().all(|line| !line.text.contains("released the seat")));
    api.resume().unwrap();
    let again = anna.process.wait_line_after(&first, "<runs>", SOON);
    assert_ne!(pid_in(&again.text), pid_in(&first.text));
}

#[test]
fn a_command_that_ends_gives_the_seat_up_and_its_status_on() {
    let api = Api::embedded("run-exit").unwrap();
    // It may take all of the reaction time to stop, and takes none.
    let mut anna = start(&api, "anna", &PATIENT, "echo '<runs>'; sleep 0.1; exit 7");
    let status = anna.process.wait_exit(SOON);
    assert_eq!(status.code(), Some(7), "{}", anna.process);
    let over = anna.process.wait_line("the command has ended by itself", SOON);
    assert!(over.text.contains("status=7"), "{}", over.text);
    let released = anna.process.wait_line("released the seat", SOON);
    assert!(released.index > over.index, "{}", anna.process);
    assert_eq!(api.spec("holderIdentity").unwrap(), "");
}

#[test]
fn a_command_that_a_signal_ends_has_a_status_like_in_a_shell() {
    let api = Api::embedded("run-signal").unwrap();
    let mut anna = start(&api, "anna", &QUICK, "kill -9 $$");
    assert_eq!(anna.process.wait_exit(SOON).code(), Some(137), "{}", anna.process);
}

#[test]
fn a_candidate_may_campaign_again_after_its_command_ended() {
    let api = Api::embedded("run-again").unwrap();
    let flags = [&QUICK[..], &["--on-exit=campaign"]].concat();
    let anna = start(&api, "anna", &flags, "echo '<runs>'; exit 3");
    anna.process.wait_line("<runs>", SOON);
    let ben = start(&api, "ben", &flags, POLITE);
    // The other one has its turn, and whoever gave up goes on as a standby.
    ben.process.wait_line("<runs>", SOON);
    until("anna as a standby", SOON, || match anna.leader() {
        Ok(leader) if leader["name"] == "ben" => Ok(()),
        other => Err(format!("{other:?}")),
    });
    drop(ben);
    let first = anna.process.wait_line("<runs>", SOON);
    anna.process.wait_line_after(&first, "<runs>", SOON);
}

#[test]
fn signals_reach_the_command() {
    let api = Api::embedded("run-signals").unwrap();
    let script = r#"trap 'echo "<one>"' USR1; trap 'echo "<two>"' USR2; trap 'echo "<up>"' HUP
        echo "<runs> $$ -"; while :; do sleep 0.05; done"#;
    let mut anna = start(&api, "anna", &QUICK, script);
    anna.process.wait_line("<runs>", SOON);
    for (signal, word) in [(Signal::USR1, "<one>"), (Signal::USR2, "<two>"), (Signal::HUP, "<up>")]
    {
        anna.process.signal(signal).unwrap();
        anna.process.wait_line(word, SOON);
    }
    anna.end();
}

/// A standby has nobody to hand them to, and does not die of them.
#[test]
fn a_standby_lives_through_signals_that_are_not_for_it() {
    let api = Api::embedded("run-standby").unwrap();
    let leader = Candidate::start(&api, "ben", &QUICK).unwrap();
    leader.process.wait_line("became leader", SOON);
    let mut anna = start(&api, "anna", &QUICK, POLITE);
    anna.process.wait_line("listening", SOON);
    until("anna as a standby", SOON, || match anna.leader() {
        Ok(leader) if leader["name"] == "ben" => Ok(()),
        other => Err(format!("{other:?}")),
    });
    for signal in [Signal::USR1, Signal::HUP] {
        anna.process.signal(signal).unwrap();
    }
    anna.end();
}

#[test]
fn what_cannot_be_run_is_refused_before_an_election_is_won() {
    let api = Api::embedded("run-refused").unwrap();
    for (words, code, remedy) in [
        (&["--", "no-such-program"][..], 1, "check the name after --"),
        (&["--grace=30s", "--", "true"], 1, "a longer --lease-duration"),
        (&["--fence-exit-code=88", "--", "true"], 1, "leave it out"),
        (&[], 2, "see hotseat --help"),
    ] {
        let [election, namespace] = election(&api);
        let launch = Launch::hotseat().unwrap().arg("run").args([election, namespace]).args(words);
        let (status, _, error) = super::ran(launch.kubeconfig(api.kubeconfig()));
        assert_eq!(status, code, "{error}");
        assert!(error.contains(remedy), "{error}");
    }
    assert_eq!(api.lease().unwrap(), None);
}
