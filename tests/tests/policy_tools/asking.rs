//! `hotseat policy run`, `diff` and `wit` as a person calls them.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use hotseat_tests::process::hotseat_binary;

use super::{guest, hotseat, journal, json, text};

fn run(scene: &str, policy: &str, args: &[&str]) -> Output {
    let mut child = Command::new(hotseat_binary().unwrap())
        .args(["policy", "run", policy, "-"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(scene.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn the_contract_is_printed() {
    let output = hotseat(&["policy", "wit"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stdout), include_str!("../../../wit/policy.wit"));
}

/// That it is the contract is tested where it is encoded.
#[test]
fn the_contract_is_written_as_a_package() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("contract.wasm");
    let written = hotseat(&["policy", "wit", "--package", file.to_str().unwrap()]);
    assert_eq!(written.status.code(), Some(0), "{written:?}");
    let bytes = fs::read(&file).unwrap();
    // A component by its layer, and a package by what no component of code has.
    assert!(bytes.starts_with(b"\0asm\x0d\0\x01\0"), "{:?}", &bytes[..8]);
    let name = b"hotseat:policy/policy@1.0.0";
    assert!(bytes.windows(name.len()).any(|window| window == name));
    let report = hotseat(&["policy", "check", file.to_str().unwrap()]);
    assert_eq!(report.status.code(), Some(1), "not a policy: {report:?}");
    let nowhere = folder.path().join("no/such.wasm");
    let refused = hotseat(&["policy", "wit", "--package", nowhere.to_str().unwrap()]);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("such.wasm: cannot be written") && said.lines().count() == 1, "{said}");
}

#[test]
fn a_question_of_ones_own_is_answered() {
    let output = run("{from: leader, claim: {held_for_ms: 5}}", "builtin", &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told = text(&output.stdout);
    assert!(told.starts_with("answer a leader whose renewal is due: renew, again in "), "{told}");
    assert!(told.contains(" fuel, ") && told.lines().count() == 1, "{told}");
}

const SCENES: &str = "
name: it renews
from: leader
expect: {action: renew, reason_contains: due}
---
name: it leaves a free seat to others
from: vacant
expect: {action: wait}
";

#[test]
fn what_is_expected_is_a_test() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scenes.yaml");
    fs::write(&file, SCENES).unwrap();
    let file = file.to_str().unwrap();
    let output = hotseat(&["policy", "run", "builtin", file]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = text(&output.stdout);
    assert!(told.starts_with("ok     it renews: renew, "), "{told}");
    assert!(told.contains("\nFAILED it leaves a free seat to others: campaign, "), "{told}");
    let difference = "\n  action\n    expected  wait\n    is        campaign\n";
    assert!(told.contains(difference) && told.ends_with("\n2 scenes, 1 failed\n"), "{told}");
    let report = json(&hotseat(&["policy", "run", "builtin", file, "--output=json"]));
    assert_eq!(report["failed"], 1, "{report}");
    assert_eq!(report["scenes"][1]["mismatches"][0]["field"], "action", "{report}");
    // Twice the file, and all as it is expected.
    fs::write(file, SCENES.replace("action: wait", "action: campaign")).unwrap();
    let output = hotseat(&["policy", "run", "builtin", file, file]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output.stdout).ends_with("\n4 scenes, 0 failed\n"), "{output:?}");
}

#[test]
fn settings_are_the_scenes_or_those_of_the_flag() {
    let file = guest("rotate");
    let file = file.to_str().unwrap();
    let scenes = "
{from: leader, settings: {minutes: 0}, expect: {action: resign}}
---
{from: leader, expect: {action: renew}}
";
    let output = run(scenes, file, &["--settings={\"minutes\": 60}"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = run("{from: leader}", file, &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = text(&output.stderr);
    assert!(said.contains(": settings: ") && said.contains("give --settings"), "{said}");
}

/// The words of a policy that fails are heard, whatever the tool.
#[test]
fn a_failure_is_reported_in_the_policys_own_words() {
    let file = guest("hostile");
    let file = file.to_str().unwrap();
    let trap = "{from: leader, settings: '\"trap@leader\"'";
    let output = run(&format!("{trap}}}"), file, &["--output=json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let answer = json(&output)["scenes"][0]["answer"].as_str().unwrap().to_owned();
    assert!(answer.starts_with("failed, trapped: wasm trap: "), "{answer}");
    let words = "it wrote: panicked at ";
    assert!(
        answer.contains(words) && answer.ends_with(": the settings ask for a trap"),
        "{answer}"
    );
    // A failure may be what is expected.
    let expect = "expect: {fails: trapped, detail_contains: ask for a trap}}";
    let output = run(&format!("{trap}, {expect}"), file, &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");

    let said = text(&hotseat(&["policy", "check", file, "--settings=\"trap@leader\""]).stderr);
    assert!(said.contains(words) && said.contains("the settings ask for a trap"), "{said}");
    let (journal, policy) = (journal().argument(), format!("--policy={file}"));
    let settings = "--settings=\"trap@leader\"";
    let replayed = hotseat(&["policy", "replay", &journal, &policy, settings]);
    let told = text(&replayed.stdout);
    assert!(told.contains(words) && told.contains("the settings ask for a trap"), "{told}");
}

#[test]
fn a_scene_that_says_something_unknown_is_refused_before_anything_is_compiled() {
    let output = run("{from: leader, seat: {hodler: web-1}}", "/nonexistent.wasm", &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let expected = "hotseat: -: seat: `hodler` is not known: write `holder`, if that is meant\n";
    assert_eq!(text(&output.stderr), expected);
}

#[test]
fn two_policies_are_compared_over_a_journal() {
    let journal = format!("--journal={}", journal().argument());
    let same = hotseat(&["policy", "diff", "builtin", "builtin", &journal]);
    assert_eq!(same.status.code(), Some(0), "{same:?}");
    let told = text(&same.stdout);
    assert!(told.contains(" questions: 0 answered differently; failures: 0 of "), "{told}");
    let rotate = guest("rotate");
    let rotate = rotate.to_str().unwrap();
    let settings = "--second-settings={\"minutes\": 0}";
    let args = ["policy", "diff", "builtin", rotate, &journal, settings];
    let output = hotseat(&[&args[..], &["--show=1"]].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = text(&output.stdout);
    assert_eq!(told.matches("\n  second    resign, again in ").count(), 1, "{told}");
    assert!(told.contains("\nand ") && told.contains(" more\n"), "{told}");
    let told = text(&hotseat(&[&args[..], &["--show=1000"]].concat()).stdout);
    assert!(told.contains("\n  first     renew, again in 500 ms "), "{told}");
    assert!(!told.contains(" more\n"), "{told}");
    let report = json(&hotseat(&[&args[..], &["--output=json"]].concat()));
    assert!(report["different"].as_u64().unwrap() >= 2, "{report:#}");
    assert_eq!(report["failures"], serde_json::json!([0, 0]), "{report:#}");
}

/// The rules of `examples/rules` answer the scenes beside them, by the program itself.
#[test]
fn ready_made_rules_answer_their_scenes() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/rules");
    let rules = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let rules: Vec<_> =
        rules.filter(|path| path.extension().is_some_and(|it| it == "yaml")).collect();
    assert!(rules.len() >= 10, "{rules:?}");
    for path in rules {
        let name = path.file_name().unwrap().to_str().unwrap();
        let settings = format!("--settings=@{}", path.display());
        let scenes = format!("{folder}/scenes/{name}");
        let output = hotseat(&["policy", "run", "builtin:rules", &scenes, &settings]);
        assert_eq!(output.status.code(), Some(0), "{name}: {output:?}");
        let told = text(&output.stdout);
        assert!(told.ends_with(" scenes, 0 failed\n"), "{name}: {told}");
        // A scene that expects nothing is no test.
        assert!(!told.contains("answer "), "{name}: {told}");
    }
}
