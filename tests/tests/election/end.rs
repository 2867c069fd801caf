//! Leaders that end, by choice or by force.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use hotseat_apiserver::{Action, EVENTS, Fault, Verb};
use hotseat_tests::guests;
use hotseat_tests::lifeline::ScratchDir;
use hotseat_tests::process::{Signal, Stream};
use hotseat_tests::scene::{Api, Candidate, Candidates, LEASE, PATIENT, QUICK, SOON, STEADY};
use hotseat_tests::wait::until;
use serde_json::Value;

use super::moment;

pub fn a_leader_that_is_asked_to_end_hands_over(api: &Api) {
    let mut crew = Candidates::with(api, &["anna", "ben", "cleo"], &STEADY).unwrap();
    let first = crew.leader();
    let mut leaver = crew.take(&first.name);
    let asked = Instant::now();
    leaver.process.signal(Signal::TERM).unwrap();
    let second = crew.leader_after(&first);
    assert!(second.at - asked < SOON / 2, "{:?}\n{}", second.at - asked, crew.logs());
    assert_eq!(leaver.process.wait_exit(SOON).code(), Some(0), "{}", leaver.process);
    leaver.process.wait_line("released the seat", SOON);
    assert_ne!(second.name, first.name);
    let lease = api.lease().unwrap().unwrap();
    assert_eq!(lease["spec"]["holderIdentity"], second.name.as_str(), "{lease}");
    crew.finish();
}

pub fn a_killed_leaders_seat_stays_empty_for_the_lease(api: &Api) {
    let mut crew = Candidates::start(api, &["anna", "ben", "cleo"]).unwrap();
    let first = crew.leader();
    crew.take(&first.name).kill().unwrap();
    let last = moment(&api.spec("renewTime").unwrap());
    let second = crew.leader_after(&first);
    assert_ne!(second.name, first.name);
    let next = moment(&api.spec("acquireTime").unwrap());
    let gap = Duration::try_from(next.duration_since(last)).unwrap();
    assert!(gap >= LEASE, "taken {gap:?} after the last renewal\n{}", crew.logs());
    assert!(gap < LEASE + Duration::from_secs(10), "taken after {gap:?} only\n{}", crew.logs());
    assert!(second.transitions > first.transitions, "{first:?} {second:?}");

    crew.add(&first.name).unwrap();
    assert!(crew.leader().is_same_term(&second), "{}", crew.logs());
    crew.finish();
}

/// The release hangs, and is given up after 30 s. Whoever asked does not want to wait.
fn a_second_signal_aborts(scene: &str, first: Signal, second: Signal) {
    let api = Api::embedded(scene).unwrap();
    let mut crew = Candidates::with(&api, &["anna"], &STEADY).unwrap();
    let led = crew.leader();
    let mut leaver: Candidate = crew.take(&led.name);
    let fault = Fault::on(Verb::Update).resource("leases");
    api.server().faults().add(fault, Action::Hang);
    leaver.process.signal(first).unwrap();
    leaver.process.wait_line("stopping", SOON);
    let asked = Instant::now();
    leaver.process.signal(second).unwrap();
    assert_eq!(leaver.process.wait_exit(SOON).code(), Some(1), "{}", leaver.process);
    assert!(asked.elapsed() < Duration::from_secs(15), "{}", leaver.process);
    leaver.process.wait_line("second signal: the seat is not released", SOON);
    assert_eq!(api.spec("holderIdentity").unwrap(), "anna");
    crew.finish();
}

#[test]
fn a_second_sigterm_aborts() {
    a_second_signal_aborts("second-sigterm", Signal::TERM, Signal::TERM);
}

#[test]
fn a_sigint_after_a_sigterm_aborts() {
    a_second_signal_aborts("sigint-sigterm", Signal::TERM, Signal::INT);
}

fn a_signal_ends_it_as_a_sigterm_does(scene: &str, signal: Signal, name: &str) {
    let api = Api::embedded(scene).unwrap();
    let mut candidate = Candidate::start(&api, "anna", &PATIENT).unwrap();
    candidate.process.wait_line("became leader", SOON);
    candidate.process.signal(signal).unwrap();
    assert_eq!(candidate.process.wait_exit(SOON).code(), Some(0), "{}", candidate.process);
    candidate.process.wait_line(&format!("stopping signal=\"{name}\""), SOON);
    assert_eq!(api.spec("holderIdentity").unwrap(), "");
}

#[test]
fn a_sigint_ends_it_as_a_sigterm_does() {
    a_signal_ends_it_as_a_sigterm_does("sigint", Signal::INT, "SIGINT");
}

#[test]
fn a_sighup_ends_it_as_a_sigterm_does() {
    a_signal_ends_it_as_a_sigterm_does("sighup", Signal::HUP, "SIGHUP");
}

#[test]
fn a_sigquit_ends_it_as_a_sigterm_does() {
    a_signal_ends_it_as_a_sigterm_does("sigquit", Signal::QUIT, "SIGQUIT");
}

/// A terminal that is closed is reported by the kernel and by the shell.
#[test]
fn a_second_sighup_does_not_abort_the_release() {
    let api = Api::embedded("sighup-sighup").unwrap();
    let mut candidate = Candidate::start(&api, "anna", &PATIENT).unwrap();
    candidate.process.wait_line("became leader", SOON);
    let fault = Fault::on(Verb::Update).resource("leases").times(1);
    let held = api.server().faults().add(fault, Action::Hang);
    candidate.process.signal(Signal::HUP).unwrap();
    until("the release, which hangs", SOON, || match api.server().faults().hits(held) {
        0 => Err(()),
        _ => Ok(()),
    });
    candidate.process.signal(Signal::HUP).unwrap();
    assert_eq!(candidate.process.wait_exit(SOON).code(), Some(0), "{}", candidate.process);
    assert_eq!(api.spec("holderIdentity").unwrap(), "");
}

/// The versions of the Lease that a leader released and of the Event that tells of it. On a busy
/// machine there may be no Event: the process waits for it for half a second.
fn versions_of_a_release() -> Option<(u64, u64)> {
    let api = Api::embedded("event-order").unwrap();
    let mut leaver = Candidate::start(&api, "anna", &PATIENT).unwrap();
    leaver.process.wait_line("became leader", SOON);
    let release = Fault::on(Verb::Update).resource("leases");
    api.server().faults().add(release, Action::Delay(Duration::from_millis(200)));
    leaver.end();
    let version = |object: &Value| {
        object["metadata"]["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap()
    };
    let released = version(&api.lease().unwrap().unwrap());
    let events = api.server().store().list(&EVENTS, api.namespace());
    let mut events = events.iter();
    let told = events.find(|event| event["message"] == "anna stopped leading (stopped)");
    Some((released, version(told?)))
}

/// An Event is a write too, and the server takes one after the other.
#[test]
fn the_seat_is_released_before_an_event_tells_of_it() {
    let versions = (0..5).find_map(|_| versions_of_a_release());
    let (released, told) = versions.expect("there is such an Event after one of five releases");
    assert!(told > released, "the Event {told}, the release {released}");
}

/// The start is over when nothing was connected or closed for so long.
const SETTLED: Duration = Duration::from_secs(1);

/// Established connections of a process to that port.
fn connections(process: u32, port: u16) -> usize {
    let port = format!(":{port:04X}");
    let table = std::fs::read_to_string(format!("/proc/{process}/net/tcp")).unwrap();
    let established = table.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        (words[2].ends_with(&port) && words[3] == "01").then(|| format!("socket:[{}]", words[9]))
    });
    let established: Vec<PathBuf> = established.map(PathBuf::from).collect();
    std::fs::read_dir(format!("/proc/{process}/fd"))
        .unwrap()
        .filter_map(|file| std::fs::read_link(file.ok()?.path()).ok())
        .filter(|target| established.contains(target))
        .count()
}

/// Connecting with TLS takes longer than the write that takes the seat.
#[test]
fn a_standby_writes_on_a_connection_that_is_open_already() {
    let api = Api::embedded("connections").unwrap();
    let mut crew = Candidates::with(&api, &["anna", "ben"], &PATIENT).unwrap();
    let first = crew.leader();
    let standby = if first.name == "anna" { "ben" } else { "anna" };
    let process = crew.member(standby).process.pid();
    let port = api.server().address().port();
    // One is the watch's, one is for Events and what else is not the lock's, one is to write on.
    let (mut open, mut since) = (0, Instant::now());
    until("a connection to write on, and no other for a while", SOON, || {
        let now = connections(process, port);
        if now != open {
            (open, since) = (now, Instant::now());
        }
        if open >= 3 && since.elapsed() >= SETTLED { Ok(()) } else { Err((open, since.elapsed())) }
    });
    crew.take(&first.name).end();
    crew.leader_after(&first);
    assert_eq!(connections(process, port), open, "{}", crew.logs());
    crew.finish();
}

/// As with `nohup`: whoever starts it so means it to outlive the terminal.
#[test]
fn a_sighup_that_is_ignored_at_the_start_stays_ignored() {
    let api = Api::embedded("nohup").unwrap();
    let folder = ScratchDir::new("hotseat-nohup-").unwrap();
    let launch = Candidate::launch_apart(&api, "anna", "trap '' HUP", folder.path()).unwrap();
    let mut process = launch.args(QUICK).start().unwrap();
    process.wait_line("became leader", SOON);
    process.signal(Signal::HUP).unwrap();
    process.signal(Signal::TERM).unwrap();
    assert_eq!(process.wait_exit(SOON).code(), Some(0), "{process}");
    process.wait_line("stopping signal=\"SIGTERM\"", SOON);
    assert!(!process.output(Stream::Stderr).contains("SIGHUP"), "{process}");
}

/// The compiler of the candidate, once it runs: a debug build takes its time to look over tens of
/// megabytes before.
fn compiler(candidate: &Candidate) -> u32 {
    until("the compiler", SOON * 4, || {
        let tasks = format!("/proc/{}/task", candidate.process.pid());
        let tasks = std::fs::read_dir(tasks).unwrap();
        let children: Vec<u32> = tasks
            .flatten()
            .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
            .flat_map(|all| all.split(' ').filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
            .collect();
        let compiles = |pid: &u32| {
            let words = std::fs::read_to_string(format!("/proc/{pid}/cmdline"));
            words.is_ok_and(|words| words.split('\0').any(|word| word == "compile-policy"))
        };
        children.iter().copied().find(compiles).ok_or_else(|| (children, candidate.log()))
    })
}

/// Python's interpreter takes a minute to compile, and this compiler does not go on at all.
#[test]
fn a_candidate_whose_first_policy_is_still_compiled_ends_when_it_is_asked() {
    let api = Api::embedded("end-compiling").unwrap();
    let policy = guests::language("python").unwrap();
    let policy = format!("--policy=file:{}", policy.display());
    let flags = [&QUICK[..], &[policy.as_str()]].concat();
    let mut anna = Candidate::start(&api, "anna", &flags).unwrap();
    let child = compiler(&anna);
    let stopped = std::process::Command::new("kill").args(["-STOP", &child.to_string()]).status();
    assert!(stopped.unwrap().success());
    anna.process.signal(Signal::TERM).unwrap();
    assert_eq!(anna.process.wait_exit(SOON).code(), Some(0), "{}", anna.process);
    until("the compiler's end", SOON, || {
        let words = std::fs::read_to_string(format!("/proc/{child}/cmdline")).unwrap_or_default();
        if words.contains("compile-policy") { Err(words) } else { Ok(()) }
    });
    assert!(!anna.process.output(Stream::Stdout).contains("anna is the leader"));
}
