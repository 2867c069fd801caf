//! A thousand swaps on one leader, against a real API server.

use std::path::Path;

use super::*;

/// As many as a year of a busy platform team brings.
const SWAPS: u32 = 1_000;
/// After so many the process has seen all that it will keep.
const WARM: u32 = 50;
/// How much more may be resident at the end, in bytes.
const MOST_GROWTH: u64 = 1 << 20;
/// Of the renewals that the pace of one in a second asks for, so many come at least: each takes its request
/// besides, and the machine may be busy. If each swap cost one, there would be hardly any.
const LEAST_SHARE: f64 = 0.6;

#[test]
fn a_thousand_swaps_cost_neither_a_renewal_nor_memory() {
    let api = Api::real("swap-many").unwrap();
    let folder = ScratchDir::new("hotseat-many-").unwrap();
    let file = folder.path().join("policy.wasm");
    let policies = [standard_marked(0), standard_marked(1)];
    publish(&file, &policies[0]).unwrap();
    let policy = format!("--policy=file:{}", file.display());
    let timing = ["--lease-duration=15s", "--renew-deadline=10s", "--retry-period=1s"];
    let flags = [&timing[..], &[LONG_CALLS, &policy]].concat();
    let mut anna = Candidate::start(&api, "anna", &flags).unwrap();
    anna.process.wait_line("became leader", LOADED);
    let token = anna.leader().unwrap()["token"].clone();
    // Until the first policy is asked, something else decides.
    let first = anna.json("/v1/policy").unwrap();
    let renewed = || anna.metric("hotseat_renewals_total").unwrap();
    let (before, begin) = (renewed(), Instant::now());
    let mut warm = 0;
    for swap in 1..=SWAPS {
        let [old, new] = [swap - 1, swap].map(|index| &policies[index as usize % 2]);
        takes_over(&anna, &file, old, new);
        if swap == WARM {
            warm = anna.process.memory().unwrap().resident;
        }
    }
    let (renewals, time) = (renewed() - before, begin.elapsed().as_secs_f64());
    let leader = anna.leader().unwrap();
    assert_eq!((&leader["self"], &leader["token"]), (&json!(true), &token), "{}", anna.log());
    assert_eq!(api.spec("leaseTransitions").unwrap(), 0);
    assert!(!anna.log().contains("stepped down"), "it stepped down");
    assert!(renewals > 10.0 && renewals > time * LEAST_SHARE, "{renewals} renewals in {time} s");
    let report = anna.json("/v1/policy").unwrap();
    assert_eq!(report["swaps"], SWAPS + 1, "{report}");
    // Nothing decides in a policy's place but for an answer that is late, on a machine that is busy.
    let excused = timed_out(&report) - timed_out(&first);
    assert!(others(&report) - others(&first) <= excused, "{first} {report}");
    let end = anna.process.memory().unwrap().resident;
    assert!(end < warm + MOST_GROWTH, "{warm} bytes after {WARM} swaps, {end} after {SWAPS}");
    anna.end();
}

/// Publishes the new policy and waits until it is active. One whose trial was late is refused, and published
/// once more: that takes another file in between, or there would be no change.
#[track_caller]
fn takes_over(anna: &Candidate, file: &Path, old: &[u8], new: &[u8]) {
    let wanted = digest(new);
    publish(file, new).unwrap();
    until("the policy is active", LOADED, || match anna.json("/v1/policy").unwrap() {
        report if report["active"]["digest"] == wanted.as_str() => Ok(()),
        report => {
            let refused = &report["candidate"];
            let why = refused["error"].as_str().unwrap_or_default();
            if refused["stage"] == "dry-run" && why.contains("timed-out") {
                publish(file, old).unwrap();
                until("nothing is tried", LOADED, || {
                    let report = anna.json("/v1/policy").unwrap();
                    if report["candidate"].is_null() { Ok(()) } else { Err(report) }
                });
                publish(file, new).unwrap();
            }
            Err(report)
        }
    });
}

/// Decisions that no policy made.
fn others(report: &Value) -> u64 {
    let count = |key: &str| report[key].as_u64().unwrap();
    count("rule_decisions") + count("hold_decisions")
}

fn timed_out(report: &Value) -> u64 {
    report["failures"]["timed-out"].as_u64().unwrap()
}
