//! Policies that misbehave on a live leader: it goes on leading, and says what happened.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

#[path = "hostile/on_failure.rs"]
mod on_failure;

use std::path::PathBuf;

use hotseat_tests::guests;
use hotseat_tests::scene::{Api, Candidate, Candidates, LONG_CALLS, PATIENT, SOON};
use hotseat_tests::wait::until;
use serde_json::Value;
use std::time::Duration;

/// Before it campaigns, two policies are compiled: a debug build on a busy machine takes its time.
const LOADED: Duration = Duration::from_secs(120);
/// Renewals to be seen after the policy gave way, or while it goes on failing.
const RENEWALS: u32 = 3;
/// Failures to be seen of a policy that stays: it is asked again and again.
const FAILURES: u64 = 6;
/// Far more than the process needs, far less than a policy that takes what it gets: its 32 MiB of
/// memory are counted in.
const MOST_MEMORY: u64 = 160 << 20;

fn component() -> PathBuf {
    guests::file("hostile").unwrap()
}

fn goes_on_leading(api: &Api, misbehavior: &str, kinds: &[&str]) {
    let policy = format!("--policy=file:{}", component().display());
    let settings = format!("--policy-settings=\"{misbehavior}@leader\"");
    // There is no good policy before it: the standard one follows where it may decide.
    let may = "--on-policy-failure=standard";
    let flags = [&PATIENT[..], &[LONG_CALLS, &policy, &settings, may]].concat();
    let crew = Candidates::with_patience(api, &["anna"], &flags, LOADED).unwrap();
    let first = crew.leader();
    let candidate = crew.member("anna");

    // It failed three times in a row, and gave way.
    candidate.process.wait_line("the policy failed; the built-in rule decides", SOON);
    candidate.process.wait_line("the policy failed three times in a row", SOON);
    let report =
        until("the standard policy", SOON, || match candidate.json("/v1/policy").unwrap() {
            report if report["stage"] == "restored" && report["decisions"] != 0 => Ok(report),
            other => Err(other),
        });
    assert_eq!(report["active"]["name"], "standard", "{report}");
    assert_eq!(report["previous"]["name"], "hostile", "{report}");
    let kind = report["last_failure"]["kind"].as_str().unwrap().to_owned();
    assert_failed_as(&report, kinds);
    let error = report["error"].as_str().unwrap();
    assert!(error.contains(&format!("failed three times in a row, last: {kind}")), "{error}");
    assert!(error.len() < 2_000, "{} bytes of error", error.len());
    let series = format!("hotseat_policy_failures_total{{kind=\"{kind}\"}}");
    let counted = candidate.metric(&series).unwrap();
    assert!(counted >= 1.0, "{series} is {counted}");
    let line = candidate.process.wait_line(&format!("kind=\"{kind}\""), SOON);
    assert!(line.text.len() < 2_000, "{} bytes of log line", line.text.len());
    if misbehavior == "trap" && kind == "trapped" {
        // The panic's own words, wherever people look.
        let words = "the settings ask for a trap";
        let detail = report["last_failure"]["detail"].as_str().unwrap();
        for said in [detail, error, &line.text] {
            assert!(said.contains("panicked at ") && said.contains(words), "{said}");
        }
    }

    // And the term goes on.
    renews(api);
    assert!(crew.leader().is_same_term(&first), "{}", crew.logs());
    assert!(!candidate.log().contains("stepped down"), "{}", candidate.log());
    let memory = candidate.process.memory().unwrap();
    assert!(memory.resident.max(memory.height) < MOST_MEMORY, "{memory:?}");
    crew.finish();
}

/// It failed in these ways, the last time too, and in no other one. The clock may have ended a call before
/// that, on a machine that is slow just then, but not each.
#[track_caller]
fn assert_failed_as(report: &Value, kinds: &[&str]) {
    let last = report["last_failure"]["kind"].as_str().unwrap();
    assert!(last == "timed-out" || kinds.contains(&last), "{report}");
    let failures = report["failures"].as_object().unwrap();
    let count = |kind: &str| failures[kind].as_u64().unwrap();
    let own: u64 = kinds.iter().map(|kind| count(kind)).sum();
    let all: u64 = failures.keys().map(|kind| count(kind)).sum();
    let late = if kinds.contains(&"timed-out") { 0 } else { count("timed-out") };
    assert!(own >= 1 && all >= 3 && own + late == all, "{report}");
}

/// Waits for some renewals.
fn renews(api: &Api) {
    let mut time = api.spec("renewTime").unwrap();
    for _ in 0..RENEWALS {
        time = until("a renewal", SOON, || match api.spec("renewTime").unwrap() {
            same if same == time => Err(same),
            later => Ok::<Value, Value>(later),
        });
    }
}

macro_rules! on_a_live_leader {
    ($($test:ident: $misbehavior:literal is $($kind:literal)|+),* $(,)?) => {
        $(#[test]
        fn $test() {
            goes_on_leading(&Api::embedded($misbehavior).unwrap(), $misbehavior, &[$($kind),+]);
        })*
    };
}

on_a_live_leader![
    a_trap: "trap" is "trapped",
    an_endless_loop: "loop" is "out-of-fuel" | "timed-out",
    a_memory_bomb: "memory-bomb" is "out-of-memory" | "timed-out",
    a_wake_up_at_once: "wake-zero" is "rejected",
    a_wake_up_in_a_century: "wake-century" is "rejected",
    a_giant_lease: "lease-giant" is "rejected",
    a_negative_lease: "lease-negative" is "rejected",
    a_megabyte_of_reasons: "reason-megabyte" is "answer-too-large",
];

#[test]
fn an_endless_loop_against_a_real_server() {
    goes_on_leading(&Api::real("hostile").unwrap(), "loop", &["out-of-fuel", "timed-out"]);
}

/// The limits of the sidecar's calls are the operator's.
#[test]
fn the_fuel_of_a_call_is_the_operators() {
    let api = Api::embedded("fuel").unwrap();
    let policy = format!("--policy=file:{}", component().display());
    let flags =
        [&PATIENT[..], &[&policy, "--policy-settings=\"loop@leader\"", "--policy-fuel=123456"]];
    let mut candidate = Candidate::start(&api, "anna", &flags.concat()).unwrap();
    candidate.process.wait_line("used up its fuel of 123456 units", LOADED);
    candidate.end();
}

#[test]
fn settings_that_the_policy_refuses_end_the_process() {
    let api = Api::embedded("refused-settings").unwrap();
    let mut process = Candidate::launch(&api, "anna")
        .unwrap()
        .arg(format!("--policy=file:{}", component().display()))
        .args(["--policy-settings=\"tarp@leader\"", "--log-level=error"])
        .start()
        .unwrap();
    assert_eq!(process.wait_exit(LOADED).code(), Some(1), "{process}");
    let said = process.output(hotseat_tests::process::Stream::Stderr);
    let begin = format!("hotseat: --policy: file:{}: settings: ", component().display());
    assert!(said.starts_with(&begin), "{said}");
    assert!(said.contains("\"tarp@leader\" names none of trap, loop"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}
