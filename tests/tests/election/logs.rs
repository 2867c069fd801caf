//! Logs that nobody takes: the reader is gone or stands still, or the disk is full. The leader
//! leads on, answers, and gives its seat up when it is asked to.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use hotseat_tests::lifeline::ScratchDir;
use hotseat_tests::process::{Hotseat, Launch, Signal, get};
use hotseat_tests::scene::{Api, Candidate, LONG_CALLS, PATIENT, SOON};
use hotseat_tests::wait::until;
use serde_json::{Value, json};

/// Renewals to be seen, each of which is logged at this level.
const RENEWALS: u32 = 3;
const TRACE: &str = "--log-level=trace";
/// What a moment ends with and a level, as a line begins.
const LEVELS: [&str; 5] = ["Z TRACE ", "Z DEBUG ", "Z  INFO ", "Z  WARN ", "Z ERROR "];
/// Where that is, as in `2026-11-27T21:21:07.123456Z  INFO`.
const MOMENT: usize = 26;
/// A debug build that logs everything takes its time on a machine that is busy.
const LEADS_WITHIN: Duration = Duration::from_secs(120);

pub fn log_reader_gone(api: &Api) {
    let (out, err) = (io::pipe().unwrap(), io::pipe().unwrap());
    let launch = talkative(Candidate::launch(api, "anna").unwrap());
    let mut process = launch.start_with(out.1.into(), err.1.into()).unwrap();
    let address = leads(&process);
    drop((out.0, err.0));
    leads_on(api, &mut process);
    assert_ne!(lost(address, "stderr").unwrap(), 0);
    ends(api, &mut process);
}

pub fn log_on_a_full_disk(api: &Api) {
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let launch = talkative(Candidate::launch(api, "anna").unwrap());
    let mut process = launch.start_with(full().into(), full().into()).unwrap();
    let address = leads(&process);
    leads_on(api, &mut process);
    assert_ne!(lost(address, "stderr").unwrap(), 0);
    // `anna is the leader`.
    assert_eq!(lost(address, "stdout").unwrap(), 1);
    ends(api, &mut process);
}

/// Nothing fails here: each write waits for a reader that does not read.
pub fn log_that_nobody_reads(api: &Api) {
    let (out, err) = (io::pipe().unwrap(), io::pipe().unwrap());
    // Full before the one line of standard output is due.
    let standing = (fill(&out.1), out.0, err.0);
    let filler = err.1.try_clone().unwrap();
    let launch = talkative(Candidate::launch(api, "anna").unwrap());
    let mut process = launch.start_with(out.1.into(), err.1.into()).unwrap();
    leads(&process);
    // Whatever room the log has left.
    let filled = fill(&filler);
    leads_on(api, &mut process);
    ends(api, &mut process);
    // The readers stood still to the end.
    drop((standing, filled));
}

/// Fills a pipe from a thread, which waits there until the readers are gone.
fn fill(pipe: &io::PipeWriter) -> thread::JoinHandle<()> {
    let mut pipe = pipe.try_clone().unwrap();
    thread::spawn(move || while pipe.write_all(&[b'\n'; 4096]).is_ok() {})
}

/// The log and the journal on a disk that is full for a while.
#[test]
fn a_disk_that_has_room_again() {
    let api = Api::embedded("room-again").unwrap();
    let disk = ScratchDir::new("hotseat-disk-").unwrap();
    let prepare = r#"mount -t tmpfs -o size=2m disk "$1" && exec 2>"$1/log""#;
    let launch = Candidate::launch_apart(&api, "anna", prepare, disk.path()).unwrap();
    let journal = format!("--journal={}", disk.path().join("journal").display());
    let mut process = talkative(launch).arg(journal).start().unwrap();
    let address = leads(&process);
    // The disk is there in the process's mount namespace alone.
    let inside = format!("/proc/{}/root{}", process.pid(), disk.path().display());
    let (log, filler) = (format!("{inside}/log"), format!("{inside}/filler"));
    let mut file = File::create(&filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    drop(file);
    until("lines and records that are lost", SOON, || {
        let records = metric(address, "hotseat_journal_dropped_total").unwrap();
        match (lost(address, "stderr").unwrap(), records) {
            (1.., 1..) => Ok(()),
            other => Err(other),
        }
    });
    leads_on(&api, &mut process);
    fs::remove_file(&filler).unwrap();
    // Each is written by a thread of its own, in whatever order.
    let news = ["log lines were lost before this one", "the journal's file is written again"];
    let told = until("lines that say so", SOON, || match fs::read_to_string(&log).unwrap() {
        told if news.iter().all(|line| told.contains(line)) => Ok(told),
        told => Err(told),
    });
    // Where the disk became full within a line, after its first byte or later, the next one is not
    // glued to it: a level stands after the moment that the line begins with, and nowhere else.
    assert!(told.contains(LEVELS[3]), "{told}");
    for line in told.lines() {
        let begins = |with: &&str| line.starts_with(with) || with.starts_with(line);
        assert!(["20", "    "].iter().any(begins), "{line:?}");
        let glued = |level: &&str| line.match_indices(level).any(|(at, _)| at != MOMENT);
        assert!(!LEVELS.iter().any(glued), "{line:?}");
    }
    ends(&api, &mut process);
}

/// With a log of everything, and the longest time for a policy's call that there is.
fn talkative(launch: Launch) -> Launch {
    launch.args(PATIENT).args([TRACE, LONG_CALLS])
}

/// Waits until it leads, and gives its address, which no log tells here.
fn leads(process: &Hotseat) -> SocketAddr {
    let address = process.listening_addr();
    until("the lead", LEADS_WITHIN, || match leader(address) {
        Ok(answer) if answer["self"] == true => Ok(()),
        other => Err(other),
    });
    address
}

/// It renews in the same term, by its policy's decisions, and its answers are true.
fn leads_on(api: &Api, process: &mut Hotseat) {
    let address = process.listening_addr();
    let token = leader(address).unwrap()["token"].clone();
    let before = until("the policy", LEADS_WITHIN, || match policy(address) {
        Ok(report) if report["stage"] == "active" => Ok(report),
        other => Err(other),
    });
    let mut time = api.spec("renewTime").unwrap();
    for _ in 0..RENEWALS {
        time = until("a renewal", SOON, || match api.spec("renewTime").unwrap() {
            same if same == time => Err(same),
            later => Ok::<Value, Value>(later),
        });
    }
    let answer = leader(address).unwrap();
    assert_eq!((&answer["self"], &answer["token"]), (&json!(true), &token), "{answer}");
    assert_eq!(get(address, "/").unwrap().text(), r#"{"name":"anna"}"#);
    assert_eq!(get(address, "/healthz").unwrap().status, 200);
    // Without the policy's thread the rule of the host would renew as well.
    let more = |after: &Value, count: &str| {
        let count = |report: &Value| report.pointer(count).unwrap().as_u64().unwrap();
        count(after) - count(&before)
    };
    let after = until("the policy's decisions", SOON, || match policy(address).unwrap() {
        report if more(&report, "/decisions") >= u64::from(RENEWALS) => Ok(report),
        report => Err(report),
    });
    // A busy machine may stop a call for longer than it has. A thread that waits for the log would
    // be late with every one.
    let late = more(&after, "/failures/timed-out");
    let instead = more(&after, "/rule_decisions") + more(&after, "/hold_decisions");
    assert!(instead <= late, "{before}\n{after}");
    assert!(late < more(&after, "/decisions"), "{before}\n{after}");
}

/// It is asked to end, and releases the seat.
fn ends(api: &Api, process: &mut Hotseat) {
    process.signal(Signal::TERM).unwrap();
    assert_eq!(process.wait_exit(SOON).code(), Some(0), "{process}");
    assert_eq!(api.spec("holderIdentity").unwrap(), "");
}

fn leader(address: SocketAddr) -> anyhow::Result<Value> {
    Ok(serde_json::from_slice(&get(address, "/v1/leader")?.body)?)
}

fn policy(address: SocketAddr) -> anyhow::Result<Value> {
    Ok(serde_json::from_slice(&get(address, "/v1/policy")?.body)?)
}

fn lost(address: SocketAddr, stream: &str) -> anyhow::Result<u64> {
    metric(address, &format!("hotseat_log_lines_dropped_total{{stream=\"{stream}\"}}"))
}

fn metric(address: SocketAddr, series: &str) -> anyhow::Result<u64> {
    let text = get(address, "/metrics")?.text();
    let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    Ok(value.unwrap_or_else(|| panic!("no {series} in {text}")).parse()?)
}
