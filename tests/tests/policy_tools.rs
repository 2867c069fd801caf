//! `hotseat policy check` and `hotseat policy replay` as a person calls them, and the journal that
//! a running sidecar writes.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

use std::fs;
use std::io::Write as _;
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
#[path = "policy_tools/swaps.rs"]
mod swaps;

/// What a policy of the SDK writes a panic's message to.
const STDERR: &str = "hotseat:diagnostics/stderr@1.0.0";
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

#[test]
fn the_standard_policy_passes_every_stage() {
    let output = hotseat(&["policy", "check", "builtin", "--output=json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stderr), "");
    let report = json(&output);
    assert_eq!(report["ok"], true);
    assert_eq!(report["world"], "hotseat:policy/election@1.0.0");
    assert_eq!(report["imports"], serde_json::json!([STDERR]));
    assert_eq!(report["exports"][0], "hotseat:policy/policy@1.0.0");
    assert_eq!(report["policy"]["name"], "standard");
    assert_eq!(report["policy"]["on_failure"], "standard");
    assert!(report["compiled_bytes"].as_u64().unwrap() > 10_000, "{report}");
    let decisions = report["decisions"].as_array().unwrap();
    let begins: Vec<&str> = decisions
        .iter()
        .map(|sample| sample["decision"].as_str().unwrap().split(", ").next().unwrap())
        .collect();
    assert_eq!(begins, ["wait", "wait", "renew", "resign"]);
    for sample in decisions {
        assert!((100..100_000).contains(&sample["fuel"].as_u64().unwrap()), "{sample}");
    }
}

/// The used of each limit, and the limit.
fn usage(report: &Value) -> Vec<(String, u64, u64)> {
    let number = |usage: &Value, field: &str| usage[field].as_u64().unwrap();
    let usage = report["usage"].as_array().unwrap().iter();
    usage
        .map(|it| (it["limit"].as_str().unwrap().into(), number(it, "used"), number(it, "most")))
        .collect()
}

#[test]
fn check_shows_use_beside_limit() {
    let report = json(&hotseat(&["policy", "check", "builtin", "--output=json"]));
    let usage = usage(&report);
    let limits: Vec<&str> = usage.iter().map(|(limit, ..)| limit.as_str()).collect();
    let all = ["component size", "compiler's time", "compiler's memory", "compiled size"];
    assert_eq!(limits, [&all[..], &["fuel", "time", "memory", "answer"]].concat());
    for (limit, used, most) in &usage {
        assert!(used > &0 && used < most, "{limit}: {used} of {most}");
    }
    let told = text(&hotseat(&["policy", "check", "builtin"]).stdout);
    let (_, used, most) = &usage[4];
    assert!(told.contains(&format!("\nuses      fuel: {used} of {most} units, 1 %\n")), "{told}");
}

#[test]
fn limits_are_the_operators() {
    let file = guest("hostile");
    let file = file.to_str().unwrap();
    let spin = |flags: &[&str]| {
        let args = ["policy", "check", file, "--settings=\"spin@leader\"", "--output=json"];
        json(&hotseat(&[&args[..], flags].concat()))
    };
    let report = spin(&["--policy-fuel=1000000", "--policy-time=400ms"]);
    assert_eq!(report["stage"], "dry-run", "{report}");
    let error = report["error"].as_str().unwrap();
    assert!(error.contains("out-of-fuel: used up its fuel of 1000000 units"), "{error}");

    let output = hotseat(&["policy", "check", "builtin", "--policy-time=1s"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let told = text(&output.stderr);
    assert!(
        told.contains("'--policy-time <LENGTH>'") && told.contains("give 400ms or less"),
        "{told}"
    );
}

/// What passes here survives there: in a small container a call has less, and so has the compiler.
#[test]
fn check_looks_at_the_container_that_it_is_for() {
    let within = |limit: &str| {
        let flag = format!("--container-memory={limit}");
        json(&hotseat(&["policy", "check", "builtin", "--output=json", &flag]))
    };
    let report = within("64Mi");
    assert_eq!(report["ok"], true, "{report}");
    let memory = usage(&report).into_iter().find(|(limit, ..)| limit == "memory").unwrap();
    assert_eq!(memory.2, (64 - 16 - 8) * (1 << 20) / 6);
    let report = within("24Mi");
    assert_eq!(report["stage"], "compile", "{report}");
    let error = report["error"].as_str().unwrap();
    assert!(error.contains("the container's memory limit of 24 MiB leaves 2 MiB"), "{error}");
}

#[test]
fn a_policy_of_a_file_is_told_in_lines() {
    let file = guest("rotate");
    let file = file.to_str().unwrap();
    let output = hotseat(&["policy", "check", file, "--settings={\"minutes\": 0}"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told = text(&output.stdout);
    for words in [
        format!("file      {file}\n"),
        "\nworld     hotseat:policy/election@1.0.0\n".to_owned() + "imports   " + STDERR + "\n",
        "\npolicy    rotate 1.0.0: passes the seat on after a while\n".to_owned(),
        "\nfailing   standard\n".to_owned(),
        "\ndecides   a leader whose renewal is due: resign, again in".to_owned(),
        " (led for 0 minutes); ".to_owned(),
        "\nok        every stage was passed".to_owned(),
    ] {
        assert!(told.contains(&words), "no {words:?} in {told}");
    }
}

/// Ends with status 1 at that stage, in one line; with JSON the report says the same.
#[track_caller]
fn fails_at(stage: &str, words: &str, args: &[&str]) {
    let args = [&["policy", "check"], args].concat();
    let output = hotseat(&args);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said.starts_with(&format!("hotseat: stage {stage}: ")), "{said}");
    assert!(said.contains(words) && said.lines().count() == 1, "{said}");
    assert!(!text(&output.stdout).contains("every stage was passed"), "{output:?}");
    let report = json(&hotseat(&[&args[..], &["--output=json"]].concat()));
    assert_eq!((&report["ok"], &report["stage"]), (&false.into(), &stage.into()), "{report}");
}

#[test]
fn each_stage_that_fails_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let wat = |text: &str| wat::parse_str(text).unwrap();
    let foreign = r#"(component (import "acme:store/kv@1.0.0" (instance)))"#;
    let world = r#"(component (component $c) (export "acme:other/thing@1.0.0" (component $c)))"#;
    fails_at("read", "No such file", &["/nonexistent.wasm"]);
    fails_at("parse", "is not WebAssembly", &[&file("text", b"hello")]);
    fails_at("parse", "is a core module", &[&file("core", &wat("(module)"))]);
    fails_at("imports", "acme:store/kv@1.0.0", &[&file("foreign", &wat(foreign))]);
    fails_at("exports", "acme:other/thing@1.0.0", &[&file("world", &wat(world))]);
    let rotate = guest("rotate");
    fails_at("settings", "settings: ", &[rotate.to_str().unwrap()]);
}

#[test]
fn a_hostile_policy_fails_its_sample_decision() {
    let file = guest("hostile");
    let file = file.to_str().unwrap();
    for (misdeed, words) in [
        ("trap", "trapped: "),
        ("loop", ""),
        ("wake-zero", "rejected: wake-after is 0 ms"),
        ("reason-megabyte", "answer-too-large: "),
    ] {
        let settings = format!("--settings=\"{misdeed}@leader\"");
        fails_at("dry-run", words, &[file, &settings]);
    }
    let said = text(&hotseat(&["policy", "check", file, "--settings=\"trap@leader\""]).stderr);
    assert!(said.contains("(asked as a leader whose renewal is due)"), "{said}");
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

#[test]
fn the_sidecar_writes_each_decision_with_what_became_of_it() {
    let lines = journal().lines();
    let records: Vec<Value> =
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let numbers: Vec<u64> = records.iter().map(|record| record["n"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=records.len() as u64).collect::<Vec<u64>>());
    let decided: Vec<&Value> = records.iter().filter(|record| record["ask"].is_u64()).collect();
    let digest = decided[0]["policy"].as_str().unwrap();
    assert!(digest.starts_with("sha256:") && digest.len() == 71, "{digest}");
    let renewed = decided.iter().filter(|record| {
        let answer = &record["answer"]["decided"];
        answer["decision"]["action"] == "renew" && answer["verdict"] == "carried-out"
    });
    assert!(renewed.count() >= 2, "{}", lines.join("\n"));
    // The last question is that for a successor, asked when the process was asked to stop.
    let last = decided.last().unwrap();
    let causes = last["input"]["observation"]["causes"].as_array().unwrap();
    assert!(causes.contains(&"stopping".into()), "{last}");
}

/// Differences only where the recorded policy had no time to answer: the machine may be busy.
#[track_caller]
fn assert_equal(report: &Value) {
    let differences = report["differences"].as_array().unwrap();
    let busy = |it: &Value| it["was"].as_str().unwrap().starts_with("failed, timed-out");
    assert!(differences.iter().all(busy), "{report:#}");
    assert!(report["equal"].as_u64().unwrap() >= DECISIONS as u64 - 3, "{report:#}");
    assert_eq!((&report["skipped"], &report["failures"]), (&0.into(), &0.into()), "{report:#}");
}

#[test]
fn the_policy_that_decided_decides_the_same() {
    let path = journal().argument();
    for strict in [&[][..], &["--strict"]] {
        let args = ["policy", "replay", &path, "--policy=builtin", "--output=json"];
        let output = hotseat(&[&args[..], strict].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_equal(&json(&output));
    }
}

#[test]
fn another_policy_decides_otherwise() {
    let (path, file) = (journal().argument(), guest("rotate"));
    let policy = format!("--policy={}", file.display());
    let args = ["policy", "replay", &path, &policy, "--settings={\"minutes\": 0}", "--output=text"];
    let output = hotseat(&args);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told = text(&output.stdout);
    assert!(told.contains("\n  was       renew, again in 500 ms (renewal is due)\n"), "{told}");
    assert!(told.contains("\n  would be  resign, again in "), "{told}");
    assert!(told.lines().last().unwrap().contains(" different, 0 failures"), "{told}");
    let output = hotseat(&[&args[..], &["--fail-on-difference"]].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    // An hour was not over.
    let args = [&args[..4], &["--settings={\"minutes\": 60}", "--output=json"]].concat();
    assert_equal(&json(&hotseat(&args)));
    // Carried memory begins empty, so that the first retry is drawn anew; it is a way all the same.
    let output = hotseat(&[&args[..], &["--memory=carried"]].concat());
    assert_eq!(json(&output)["failures"], 0, "{output:?}");
}

#[test]
fn settings_that_the_policy_refuses_are_told() {
    let (path, file) = (journal().argument(), guest("rotate"));
    let policy = format!("--policy={}", file.display());
    let output = hotseat(&["policy", "replay", &path, &policy]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = text(&output.stderr);
    assert!(said.contains(": settings: ") && said.contains("by --settings"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

/// What a person pipes in, with lines that are not records among it.
#[test]
fn damage_is_told_and_passed_over() {
    let lines = journal().lines();
    let decision = lines.iter().find(|line| of_a_policy(line)).unwrap();
    let later = decision.replace("\"v\":3", "\"v\":9");
    let input = format!("{decision}\nnot json\n{later}\n{decision}\n{}", &decision[..40]);
    let mut child = Command::new(hotseat_binary().unwrap())
        .args(["policy", "replay", "-", "--policy=builtin", "--output=json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report = json(&output);
    assert_eq!((&report["decisions"], &report["skipped"]), (&2.into(), &3.into()), "{report:#}");
    let said = text(&output.stderr);
    let notes: Vec<&str> = said.lines().collect();
    assert_eq!(notes.len(), 3, "{said}");
    assert!(notes[0].starts_with("hotseat: -: line 2: is damaged"), "{said}");
    assert!(notes[1].starts_with("hotseat: -: line 3: is a record of version 9"), "{said}");
    assert!(notes[2].starts_with("hotseat: -: line 5: is cut off"), "{said}");
}

#[test]
fn a_journal_that_says_nothing_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    fs::write(&empty, "").unwrap();
    for (path, words) in [
        (empty, "no decision of a policy is in it, as it is empty"),
        (folder.path().join("missing"), "cannot be read"),
        (folder.path().to_owned(), "directory"),
    ] {
        let path = path.to_str().unwrap();
        let output =
            hotseat(&["policy", "replay", path, "--policy=builtin", "--fail-on-difference"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = text(&output.stderr);
        let right = said.contains(path) && said.contains(words) && said.lines().count() == 1;
        assert!(right, "{said}");
    }
}

/// Which line, and why: a journal that nothing can be done with says what is wrong with it.
#[test]
fn a_journal_that_cannot_be_read_says_which_line_and_why() {
    let lines = journal().lines();
    let decision = lines.iter().find(|line| of_a_policy(line)).unwrap();
    let mut cut = lines.iter().take_while(|line| !of_a_policy(line)).cloned().collect::<Vec<_>>();
    cut.push(decision[..decision.len() / 2].to_owned());
    let line = cut.len();
    let zipped = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0x56];
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal");
    for (content, words) in [
        (b"hello\nthere\n".to_vec(), "line 1: is damaged or no record of a journal: ".to_owned()),
        (b"hello\nthere\n".to_vec(), "; 1 other lines are not records either: give".to_owned()),
        (
            b"{\"a\": 1}\n".to_vec(),
            "line 1: is damaged or no record of a journal: missing field `v`".to_owned(),
        ),
        (zipped, "line 1: is ".to_owned()),
        (cut.join("\n").into_bytes(), format!("line {line}: is cut off")),
        (
            decision.replace("\"v\":3", "\"v\":9").into_bytes(),
            "line 1: is a record of version 9, and this program reads versions".to_owned(),
        ),
        (
            decision.replace("\"uptime_ms\"", "\"uptime\"").into_bytes(),
            "missing field `uptime_ms`".to_owned(),
        ),
    ] {
        fs::write(&file, &content).unwrap();
        let path = file.to_str().unwrap();
        let output = hotseat(&["policy", "replay", path, "--policy=builtin"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = text(&output.stderr);
        let begins = format!("hotseat: {path}: no decision of a policy is in it: ");
        let right = said.starts_with(&begins) && said.contains(&words) && said.lines().count() == 1;
        assert!(right, "no {words:?} in {said}");
    }
}

#[test]
fn a_live_journal_can_be_read_and_replayed() {
    let api = Api::embedded("live-journal").unwrap();
    let mut anna = Candidate::start(&api, "anna", &QUICK).unwrap();
    let page = until("decisions of the policy", LOADED, || {
        let page = anna.process.get("/v1/journal").unwrap();
        assert_eq!(page.status, 200);
        match page.text() {
            text if text.lines().filter(|line| of_a_policy(line)).count() >= DECISIONS => Ok(text),
            text => Err(text.lines().count()),
        }
    });
    let few = anna.process.get("/v1/journal?last=2").unwrap().text();
    assert_eq!(few.lines().count(), 2);
    anna.end();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page");
    fs::write(&path, page).unwrap();
    let path = path.to_str().unwrap();
    let output = hotseat(&["policy", "replay", path, "--policy=builtin", "--output=json"]);
    assert_equal(&json(&output));
}

#[test]
fn a_journal_that_cannot_be_written_ends_the_process() {
    let api = Api::embedded("unwritable").unwrap();
    for (path, words) in [
        ("/nonexistent/journal", "cannot be written (No such file"),
        ("/dev/null", "is not a regular file"),
    ] {
        let flag = format!("--journal={path}");
        let launch =
            Candidate::launch(&api, "anna").unwrap().args([flag.as_str(), "--log-level=error"]);
        let mut process = launch.start().unwrap();
        assert_eq!(process.wait_exit(SOON).code(), Some(1), "{process}");
        let said = process.output(hotseat_tests::process::Stream::Stderr);
        assert!(said.starts_with(&format!("hotseat: --journal: {path}: ")), "{said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{said}");
    }
}
