//! Policies in other languages, whose toolchains import WASI: each passes every check, takes a
//! running leader over, and answers equal questions equally though it asks for the time and for
//! chance.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use hotseat_tests::guests::language;
use hotseat_tests::process::hotseat_binary;
use serde_json::Value;

use super::{STANDARD, ScratchDir, Stage, digest, fs, publish};

/// Decisions that a policy makes on the leader.
const DECISIONS: u64 = 12;

/// The name of a policy's folder, and what its toolchain cannot do without.
struct Guest {
    name: &'static str,
    imports: &'static [&'static str],
    /// What decides where it fails.
    on_failure: &'static str,
}

/// What counts for a policy that does not say.
const UNSAID: &str = "hold";
const CLOCKS: [&str; 2] = ["wasi:clocks/monotonic-clock", "wasi:clocks/wall-clock"];

#[test]
fn python() {
    let imports = &[CLOCKS[0], CLOCKS[1], "wasi:random/random", "wasi:sockets/tcp"];
    let guest = Guest { name: "python", imports, on_failure: UNSAID };
    // Each process compiles its interpreter anew, which takes most of a minute: the check's own
    // comparison must do.
    let component = language(guest.name).unwrap();
    guest.passes_the_check(&component);
    guest.says_why_it_fails(&component);
    let folder = scratch();
    guest.leads(&component, &folder.path().join("journal"));
}

#[test]
fn javascript() {
    let imports = &[CLOCKS[0], CLOCKS[1], "wasi:random/insecure-seed", "wasi:filesystem/types"];
    Guest { name: "javascript", imports, on_failure: "resign" }.proves_itself();
}

#[test]
fn go() {
    let imports = &[CLOCKS[0], CLOCKS[1], "wasi:random/random", "wasi:filesystem/types"];
    Guest { name: "go", imports, on_failure: UNSAID }.proves_itself();
}

#[test]
fn rust_for_wasip2() {
    let imports = &[CLOCKS[1], "wasi:cli/environment", "wasi:cli/stderr"];
    Guest { name: "rust-wasip2", imports, on_failure: UNSAID }.proves_itself();
}

impl Guest {
    fn proves_itself(&self) {
        let component = language(self.name).unwrap();
        self.passes_the_check(&component);
        self.says_why_it_fails(&component);
        let folder = scratch();
        let journal = folder.path().join("journal");
        self.leads(&component, &journal);
        self.decides_the_same_again(&component, &journal);
    }

    /// The check asks each of its questions twice.
    fn passes_the_check(&self, component: &Path) {
        let output = hotseat(&["check", path(component), "--output=json"]);
        assert!(output.status.success(), "{output:?}");
        let report = json(&output);
        assert_eq!((&report["ok"], &report["policy"]["name"]), (&true.into(), &self.name.into()));
        assert_eq!(report["policy"]["on_failure"], self.on_failure);
        let imports = report["imports"].as_array().unwrap();
        let imports: Vec<&str> = imports.iter().map(|import| import.as_str().unwrap()).collect();
        assert!(imports.iter().all(|import| import.starts_with("wasi:")), "{imports:?}");
        for wanted in self.imports {
            let there = imports.iter().any(|import| import.split('@').next() == Some(wanted));
            assert!(there, "{wanted} is not in {imports:?}");
        }
        for (sample, begin) in report["decisions"].as_array().unwrap().iter().zip(SAMPLES) {
            let decision = sample["decision"].as_str().unwrap();
            assert!(decision.starts_with(begin), "{begin}: {report:#}");
            // What it drew, and the uptime of the questions as the time of day.
            assert!(decision.contains("drew ") && decision.contains(" at 65"), "{report:#}");
        }
    }

    /// What is raised, thrown or panicked with in any language is heard.
    fn says_why_it_fails(&self, component: &Path) {
        const SCENES: &str = "
{from: leader, expect: {action: renew}}
---
from: leader
signals: {app.fail: true}
expect: {fails: trapped, detail_contains: the application asks for it}
";
        let folder = scratch();
        let scenes = folder.path().join("scenes.yaml");
        fs::write(&scenes, SCENES).unwrap();
        let output = hotseat(&["run", path(component), path(&scenes), "--policy-time=60s"]);
        assert!(output.status.success(), "{output:?}");
    }

    /// A leader with the standard policy swaps to it, and goes on in the same term.
    fn leads(&self, component: &Path, journal: &Path) {
        let scene = format!("swap-{}", self.name);
        let flags = [&*format!("--journal={}", path(journal))];
        let stage = Stage::new(&scene, STANDARD, &flags);
        let bytes = fs::read(component).unwrap();
        publish(&stage.file(), &bytes).unwrap();
        let report = stage.active(&bytes);
        assert_eq!(report["active"]["name"], self.name, "{report}");
        let counted = |report: &Value| report["decisions"].as_u64().unwrap();
        let before = counted(&report);
        let report = stage.report("it decides", |report| counted(report) >= before + DECISIONS);
        for (kind, count) in report["failures"].as_object().unwrap() {
            // One that was late has the clock to blame, on a machine with so much else to do.
            let late = kind == "timed-out";
            assert!(late || *count == 0, "{kind}: {report}");
        }
        assert_eq!((&report["active"]["name"], &report["swaps"]), (&self.name.into(), &2.into()));
        stage.end();
    }

    /// Another process asks it the leader's questions: neither the moment nor the machine's chance
    /// is in its answers.
    fn decides_the_same_again(&self, component: &Path, journal: &Path) {
        let digest = digest(&fs::read(component).unwrap());
        let text = fs::read_to_string(journal).unwrap();
        let own: Vec<&str> = text.lines().filter(|line| line.contains(&digest)).collect();
        let decided = own.iter().filter(|line| line.contains("drew ")).count();
        assert!(decided as u64 >= DECISIONS - 2, "{text}");
        let kept = journal.with_extension("own");
        fs::write(&kept, own.join("\n") + "\n").unwrap();
        let policy = format!("--policy={}", path(component));
        let output = hotseat(&["replay", path(&kept), &policy, "--strict", "--output=json"]);
        assert!(output.status.success(), "{output:?}");
        let report = json(&output);
        let differences = report["differences"].as_array().unwrap();
        let late = |it: &Value| it["was"].as_str().unwrap().starts_with("failed, timed-out");
        assert!(differences.iter().all(late), "{report:#}");
        assert!(report["equal"].as_u64().unwrap() >= decided as u64, "{report:#}");
        assert_eq!(report["failures"], 0, "{report:#}");
    }
}

/// How the answers to the check's questions begin.
const SAMPLES: [&str; 3] = ["wait, ", "campaign, ", "renew, "];

fn scratch() -> ScratchDir {
    ScratchDir::new("hotseat-language-").unwrap()
}

fn hotseat(args: &[&str]) -> Output {
    let mut command = Command::new(hotseat_binary().unwrap());
    command.arg("policy").args(args).stdin(Stdio::null()).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
