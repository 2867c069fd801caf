//! `hotseat timeline`, of the journals of sidecars that were really asked to end and killed.

use std::fs;
use std::path::Path;

use hotseat_tests::process::{Launch, Signal};
use hotseat_tests::scene::{Api, Candidate, ELECTION, QUICK, SOON};
use serde_json::Value;

use super::ran;

fn start(api: &Api, name: &str, folder: &Path) -> Candidate {
    let journal = format!("--journal={}", folder.join(name).display());
    Candidate::start(api, name, &[&QUICK[..], &[&journal]].concat()).unwrap()
}

fn timeline(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let journals = ["anna", "ben", "cleo"].map(|name| folder.join(name));
    ran(Launch::hotseat().unwrap().arg("timeline").args(args).args(journals))
}

#[test]
fn terms_gaps_and_hand_overs_are_those_that_there_were() {
    let api = Api::embedded("timeline").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut anna = start(&api, "anna", folder.path());
    anna.process.wait_line("anna is the leader", SOON);
    let mut ben = start(&api, "ben", folder.path());
    ben.process.wait_line("anna is the leader", SOON);
    anna.process.signal(Signal::TERM).unwrap();
    anna.process.wait_exit(SOON);
    ben.process.wait_line("ben is the leader", SOON);
    let mut cleo = start(&api, "cleo", folder.path());
    cleo.process.wait_line("ben is the leader", SOON);
    ben.process.signal(Signal::KILL).unwrap();
    ben.process.wait_exit(SOON);
    cleo.process.wait_line("cleo is the leader", SOON);
    cleo.process.wait_line("the policy is active", SOON);
    cleo.process.signal(Signal::TERM).unwrap();
    cleo.process.wait_exit(SOON);

    let (code, out, error) = timeline(folder.path(), &["--metrics", "--output=json"]);
    assert_eq!((code, error.as_str()), (0, ""));
    let counts: Value = serde_json::from_str(&out).unwrap();
    let counts = &counts[0];
    assert_eq!(counts["election"], format!("{}/{ELECTION}", api.namespace()));
    // A machine that stands still may make a term lapse and resume besides.
    let ends = &counts["terms"];
    assert!(ends["silent"] == 1 && ends["stopped"] == 2, "{out}");
    assert!(counts["handovers"].as_u64() >= Some(2), "{out}");
    // All by one clock.
    assert_eq!(counts["overlap_ms"], 0, "{out}");
    // Nobody may follow before a dead leader's lease is over; the journal has it until the renew deadline.
    let longest = counts["longest_gap_ms"].as_u64().unwrap();
    assert!(longest >= 500 && u128::from(longest) <= SOON.as_millis(), "{out}");

    let (code, page, error) = timeline(folder.path(), &[]);
    assert_eq!((code, error.as_str()), (0, ""));
    for words in ["the process was asked to stop", "it was killed, or cut off", "took over"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    fs::write(folder.path().join("ben"), "nothing\n").unwrap();
    let (code, _, error) = timeline(folder.path(), &["--metrics"]);
    let line = format!("{}: line 1: is damaged", folder.path().join("ben").display());
    assert!(code == 0 && error.contains(&line), "{error}");
    let (code, _, error) = ran(Launch::hotseat().unwrap().args(["timeline", "/nowhere"]));
    assert!(code == 1 && error.starts_with("hotseat: /nowhere: cannot be read"), "{error}");
    let (code, _, error) = ran(Launch::hotseat().unwrap().args(["timeline"]));
    assert!(code == 2 && error.contains("JOURNAL"), "{error}");
}
