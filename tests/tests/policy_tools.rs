//! `hotseat policy check` and `hotseat policy replay` as a person calls them, and the journal that
//! a running sidecar writes.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use hotseat_tests::guests;
use hotseat_tests::lifeline::ScratchDir;
use hotseat_tests::process::hotseat_binary;
use hotseat_tests::scene::{Api, Candidate, QUICK, SOON};
use hotseat_tests::wait::until;
use serde_json::Value;

#[path = "policy_tools/asking.rs"]
mod asking;
#[path = "policy_tools/check.rs"]
mod check;
#[path = "policy_tools/journals.rs"]
mod journals;
#[path = "policy_tools/swaps.rs"]
mod swaps;

/// Decisions of which a journal is worth replaying.
const DECISIONS: usize = 12;
/// Until a policy is loaded: a debug build on a busy machine takes its time.
const LOADED: Duration = Duration::from_secs(120);

fn guest(name: &str) -> PathBuf {
    guests::file(name).unwrap()
}

fn hotseat(args: &[&str]) -> Output {
    Command::new(hotseat_binary().unwrap()).args(args).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// A sidecar that led for a while and ended, and the journal that it wrote.
struct Journal {
    folder: ScratchDir,
}

impl Journal {
    fn path(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    fn argument(&self) -> String {
        self.path().to_str().unwrap().to_owned()
    }

    /// None before the sidecar has begun it.
    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

fn of_a_policy(line: &str) -> bool {
    line.contains("\"kind\":\"decision\"") && line.contains("\"ask\":")
}

fn journal() -> &'static Journal {
    static JOURNAL: OnceLock<Journal> = OnceLock::new();
    JOURNAL.get_or_init(|| {
        let journal = Journal { folder: ScratchDir::new("hotseat-journal-").unwrap() };
        let api = Api::embedded("journal").unwrap();
        let flag = format!("--journal={}", journal.argument());
        let flags = [QUICK[0], QUICK[1], QUICK[2], &flag];
        let mut anna = Candidate::start(&api, "anna", &flags).unwrap();
        until("decisions of the policy", LOADED, || {
            let count = journal.lines().iter().filter(|line| of_a_policy(line)).count();
            if count >= DECISIONS { Ok(()) } else { Err(count) }
        });
        anna.end();
        journal
    })
}
