//! Policies that are swapped while a candidate leads: it goes on leading.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use hotseat_engine::{STANDARD, digest};
use hotseat_tests::guests::{self, marked, publish, standard_marked};
use hotseat_tests::lifeline::ScratchDir;
use hotseat_tests::process::Launch;
use hotseat_tests::scene::{Api, Candidate, LONG_CALLS, PATIENT, QUICK, SOON};
use hotseat_tests::wait::until;
use http::Method;
use serde_json::{Value, json};

#[path = "swap/container.rs"]
mod container;
#[path = "swap/fleet.rs"]
mod fleet;
#[path = "swap/languages.rs"]
mod languages;
#[path = "swap/longest.rs"]
mod longest;
#[path = "swap/many.rs"]
mod many;
#[path = "swap/rules.rs"]
mod rules;
#[path = "swap/turns.rs"]
mod turns;

/// Until a policy is compiled by a debug build on a busy machine: Python's interpreter takes most of
/// a minute of a processor that is not shared.
const LOADED: Duration = Duration::from_secs(300);

/// A component of the workspace.
fn guest(name: &str) -> Vec<u8> {
    fs::read(guests::file(name).unwrap()).unwrap()
}

/// A candidate alone in its election, whose policy is a file.
struct Stage {
    folder: ScratchDir,
    anna: Candidate,
    api: Api,
}

impl Stage {
    fn new(scene: &str, first: &[u8], flags: &[&str]) -> Stage {
        let flags = [&PATIENT[..], &[LONG_CALLS], flags].concat();
        Stage::launched(scene, first, |api| Candidate::launch(api, "anna"), &flags)
    }

    /// One whose candidate is called in a way of its own.
    fn launched(
        scene: &str,
        first: &[u8],
        launch: impl FnOnce(&Api) -> anyhow::Result<Launch>,
        flags: &[&str],
    ) -> Stage {
        let api = Api::embedded(scene).unwrap();
        let folder = ScratchDir::new("hotseat-swap-").unwrap();
        let file = folder.path().join("policy.wasm");
        publish(&file, first).unwrap();
        let own = [format!("--policy=file:{}", file.display()), "--policy-poll=200ms".to_owned()];
        let anna = Candidate::of("anna", launch(&api).unwrap().args(own).args(flags)).unwrap();
        anna.process.wait_line("became leader", LOADED);
        Stage { folder, anna, api }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("policy.wasm")
    }

    fn policy(&self) -> Value {
        self.anna.json("/v1/policy").unwrap()
    }

    /// The lines of its log with these words.
    fn said(&self, words: &str) -> Vec<String> {
        let log = self.anna.log();
        log.lines().filter(|line| line.contains(words)).map(str::to_owned).collect()
    }

    /// Waits for a report of which `wanted` is true.
    fn report(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        until(what, LOADED, || match self.policy() {
            report if wanted(&report) => Ok(report),
            other => Err(other),
        })
    }

    fn active(&self, bytes: &[u8]) -> Value {
        let wanted = digest(bytes);
        self.report("the policy is active", |report| report["active"]["digest"] == wanted.as_str())
    }

    fn refused(&self, stage: &str) -> Value {
        self.report(&format!("refused at {stage}"), |report| {
            report["candidate"]["stage"] == stage && !report["candidate"]["error"].is_null()
        })
    }

    /// It led all the time, in one term.
    fn end(mut self) {
        assert_eq!(self.anna.leader().unwrap()["self"], true, "{}", self.anna.log());
        assert!(!self.anna.log().contains("stepped down"), "{}", self.anna.log());
        assert_eq!(self.api.spec("leaseTransitions").unwrap(), 0);
        self.anna.end();
    }
}

#[test]
fn a_file_is_followed_in_all_ways_that_files_change() {
    let stage = Stage::new("swap-ways", STANDARD, &[]);
    let file = stage.file();
    let [plain, renamed, linked] = [1, 2, 3].map(standard_marked);
    fs::write(&file, &plain).unwrap();
    // The line comes a moment after what `/v1/policy` says.
    let said_of = |bytes: &[u8]| {
        stage.active(bytes);
        let wanted = digest(bytes);
        until("a line of log", SOON, || match stage.said(" INFO ") {
            said if said.iter().any(|line| line.contains(&wanted)) => Ok(said),
            said => Err(said),
        })
    };
    let before = said_of(&plain);
    publish(&file, &renamed).unwrap();
    // Its stages are for whoever looks for them, at debug.
    let said = said_of(&renamed).split_off(before.len());
    assert!(said.len() == 1 && said[0].contains("the policy is active"), "{said:?}");
    fs::remove_file(&file).unwrap();
    stage.report("the file is gone", |report| {
        report["source_error"].as_str().is_some_and(|error| error.contains("check the path"))
    });
    // As the kubelet updates a volume: the link `..data` is replaced.
    for (folder, bytes) in [("..one", &linked), ("..two", &plain)] {
        let folder = stage.folder.path().join(folder);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("policy.wasm"), bytes).unwrap();
        let (data, next) = (stage.folder.path().join("..data"), stage.folder.path().join("..next"));
        symlink(folder.file_name().unwrap(), &next).unwrap();
        fs::rename(next, data).unwrap();
        if !file.is_symlink() {
            symlink("..data/policy.wasm", &file).unwrap();
        }
        let report = stage.active(bytes);
        assert_eq!((&report["source_error"], &report["error"]), (&Value::Null, &Value::Null));
    }
    assert_eq!(stage.policy()["swaps"], 5);
    stage.end();
}

#[test]
fn a_policy_that_does_not_load_changes_nothing() {
    let stage = Stage::new("swap-refused", STANDARD, &[]);
    let core_module = wat::parse_str("(module)").unwrap();
    for (bytes, name) in [(b"no wasm".to_vec(), "parse"), (core_module, "parse")] {
        publish(&stage.file(), &bytes).unwrap();
        let wanted = digest(&bytes);
        let report = stage.report("refused", |report| {
            report["candidate"]["digest"] == wanted.as_str() && report["candidate"]["stage"] == name
        });
        assert_eq!(report["active"]["digest"], digest(STANDARD).as_str());
        assert_eq!((&report["active"]["name"], &report["swaps"]), (&json!("standard"), &json!(1)));
    }
    // The hostile policy takes no settings but names of misbehaviors.
    publish(&stage.file(), &guest("hostile")).unwrap();
    let report = stage.refused("settings");
    assert_eq!(report["candidate"]["name"], "hostile");
    let series = "hotseat_policy_refusals_total{stage=\"settings\"}";
    assert!(stage.anna.metric(series).unwrap() >= 1.0);
    let events = until("an Event", SOON, || {
        let events = stage.api.events().unwrap();
        let told = events.iter().any(|note| note.starts_with("stage settings: file:"));
        if told { Ok(events) } else { Err(events) }
    });
    assert!(events.iter().any(|note| note.starts_with("stage parse: ")), "{events:?}");
    publish(&stage.file(), STANDARD).unwrap();
    stage.report("nothing is tried", |report| report["candidate"].is_null());
    stage.end();
}

#[test]
fn settings_change_live_and_through_the_policys_own_check() {
    let folder = ScratchDir::new("hotseat-settings-").unwrap();
    let settings = folder.path().join("settings.json");
    publish(&settings, br#"{"minutes": 60}"#).unwrap();
    let flag = format!("--policy-settings=@{}", settings.display());
    let stage = Stage::new("swap-settings", &guest("rotate"), &[&flag]);
    publish(&settings, br#"{"minutes": "many"}"#).unwrap();
    stage.refused("settings");
    assert_eq!(stage.policy()["swaps"], 1);
    publish(&settings, b"{nonsense").unwrap();
    let report = stage.report("not JSON", |report| {
        report["error"].as_str().is_some_and(|error| error.contains("not JSON"))
    });
    assert_eq!((&report["stage"], &report["swaps"]), (&json!("settings"), &json!(1)));
    fs::remove_file(&settings).unwrap();
    stage.report("the file is gone", |report| {
        report["source_error"].as_str().is_some_and(|error| error.contains("check the path"))
    });
    publish(&settings, br#"{"minutes": 50}"#).unwrap();
    let report = stage.report("other settings", |report| report["swaps"] == 2);
    assert_eq!(report["active"]["digest"], digest(&guest("rotate")).as_str());
    assert_eq!(report["compile_ms"], 0, "only settings changed: {report}");
    stage.end();
}

/// The hostile policy with a misbehavior that can be borne, and the file of its settings.
fn hostile_stage(scene: &str, flags: &[&str]) -> (Stage, ScratchDir) {
    let folder = ScratchDir::new("hotseat-misbehavior-").unwrap();
    misbehavior(&folder, "spin");
    let settings = format!("--policy-settings=@{}", folder.path().join("settings").display());
    let flags: Vec<&str> = flags.iter().copied().chain([settings.as_str()]).collect();
    (Stage::new(scene, &guest("hostile"), &flags), folder)
}

fn misbehavior(folder: &ScratchDir, name: &str) {
    let text = format!("\"{name}@leader\"");
    publish(&folder.path().join("settings"), text.as_bytes()).unwrap();
}

#[test]
fn the_last_good_policy_comes_back_and_what_failed_stays_away() {
    let (stage, folder) = hostile_stage("swap-back", &[]);
    // A failure in the trial decision, which is the leader's own last question.
    misbehavior(&folder, "trap");
    let refused = stage.refused("dry-run");
    assert!(refused["candidate"]["error"].as_str().unwrap().contains("trapped"), "{refused}");

    // One that comes only later: back to what was active before.
    misbehavior(&folder, "trap-later");
    // The decision to go back is shown before the take-over that follows from it.
    let report =
        stage.report("back", |report| report["stage"] == "restored" && report["swaps"] == 3);
    assert!(report["error"].as_str().unwrap().contains("failed three times in a row"), "{report}");
    assert_eq!(report["active"]["name"], "hostile");
    let decided = report["decisions"].as_u64().unwrap();
    stage.report("it decides", |report| report["decisions"].as_u64().unwrap() > decided + 3);

    // What failed is not taken up again until its bytes or its settings change.
    misbehavior(&folder, "trap");
    // It has to be seen, or the next one is no change.
    stage.refused("dry-run");
    misbehavior(&folder, "trap-later");
    stage.refused("known-bad");
    publish(&stage.file(), &marked(&guest("hostile"), 1)).unwrap();
    stage.report("other bytes", |report| report["swaps"] == 4);
    stage.end();
}

#[test]
fn a_shadow_takes_over_or_is_refused() {
    let (stage, folder) = hostile_stage("swap-shadow", &["--shadow=6"]);
    let other = marked(&guest("hostile"), 2);
    publish(&stage.file(), &other).unwrap();
    let seen = stage.report("a decision in shadow", |report| {
        report["candidate"]["shadow_decisions"].as_u64().unwrap_or(0) > 0
    });
    assert_eq!(seen["candidate"]["shadow_differences"], 0, "{seen}");
    assert_eq!(seen["active"]["digest"], digest(&guest("hostile")).as_str());
    stage.active(&other);
    assert!(stage.anna.metric("hotseat_policy_shadow_decisions_total").unwrap() >= 6.0);

    misbehavior(&folder, "trap-later");
    let report = stage.refused("shadow");
    assert!(report["candidate"]["error"].as_str().unwrap().contains("trapped"), "{report}");
    assert_eq!(report["swaps"], 2, "{report}");
    stage.end();
}

/// As many differences as the operator allows, and no more. The answers differ in their action alone: to
/// campaign where the other one renews.
#[test]
fn a_shadow_that_decides_otherwise_is_refused_unless_it_may() {
    let (stage, folder) = hostile_stage("swap-differs", &["--shadow=4", "--shadow-differences=0"]);
    misbehavior(&folder, "campaign-storm");
    let report = stage.refused("shadow");
    let why = report["candidate"]["error"].as_str().unwrap();
    assert!(why.contains("differed in 1 of") && why.contains("at most 0 may"), "{report}");
    assert_eq!(report["swaps"], 1, "{report}");
    stage.end();

    let (stage, folder) =
        hostile_stage("swap-may-differ", &["--shadow=4", "--shadow-differences=100%"]);
    // One that would resign is refused by itself.
    misbehavior(&folder, "resign-storm");
    let report = stage.refused("shadow");
    assert!(report["candidate"]["error"].as_str().unwrap().contains("resign"), "{report}");
    misbehavior(&folder, "campaign-storm");
    stage.report("it took over", |report| report["swaps"] == 2);
    assert!(stage.anna.metric("hotseat_policy_shadow_differences_total").unwrap() >= 2.0);
    stage.end();
}

#[test]
fn a_pin_holds() {
    let pin = digest(STANDARD);
    let api = Api::embedded("swap-pin").unwrap();
    let folder = ScratchDir::new("hotseat-pin-").unwrap();
    let file = folder.path().join("policy.wasm");
    publish(&file, STANDARD).unwrap();
    let policy =
        format!("--policy=file:{}#sha256={}", file.display(), pin.trim_start_matches("sha256:"));
    let flags = [&PATIENT[..], &[&policy, "--policy-poll=200ms"]].concat();
    let mut anna = Candidate::start(&api, "anna", &flags).unwrap();
    anna.process.wait_line("became leader", LOADED);
    publish(&file, &standard_marked(1)).unwrap();
    until("refused", SOON, || match anna.json("/v1/policy").unwrap() {
        report if report["stage"] == "digest" => Ok(()),
        other => Err(other),
    });
    anna.end();
}
