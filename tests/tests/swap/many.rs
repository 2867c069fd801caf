//! A thousand swaps on one leader, against a real API server.

use super::*;

/// As many as a year of a busy platform team brings.
const SWAPS: u32 = 1_000;
/// After so many the process has seen all that it will keep.
const WARM: u32 = 50;
/// How much more may be resident at the end, in bytes.
const MOST_GROWTH: u64 = 1 << 20;
/// Twice the pace of renewals: a renewal that is later was missed.
const LONGEST_GAP: Duration = Duration::from_secs(2);

#[test]
fn a_thousand_swaps_cost_neither_a_renewal_nor_memory() {
    let api = Api::real("swap-many").unwrap();
    let folder = ScratchDir::new("hotseat-many-").unwrap();
    let file = folder.path().join("policy.wasm");
    let policies = [standard_marked(0), standard_marked(1)];
    publish(&file, &policies[0]).unwrap();
    let policy = format!("--policy=file:{}", file.display());
    let flags = ["--lease-duration=6s", "--renew-deadline=4s", "--retry-period=1s", &policy];
    let mut anna = Candidate::start(&api, "anna", &flags).unwrap();
    anna.process.wait_line("became leader", LOADED);
    let token = anna.leader().unwrap()["token"].clone();
    // Until the first policy is asked, something else decides.
    let others = |report: &Value| {
        let count = |key: &str| report[key].as_u64().unwrap();
        count("rule_decisions") + count("hold_decisions")
    };
    let by_others = others(&anna.json("/v1/policy").unwrap());
    let mut warm = 0;
    let (mut renewals, mut last, mut longest) = (0.0, Instant::now(), Duration::ZERO);
    for swap in 1..=SWAPS {
        let next = &policies[swap as usize % 2];
        let digest = digest(next);
        publish(&file, next).unwrap();
        until("the policy is active", LOADED, || {
            let counted = anna.metric("hotseat_renewals_total").unwrap();
            if counted > renewals {
                (renewals, longest) = (counted, longest.max(last.elapsed()));
                last = Instant::now();
            }
            match anna.json("/v1/policy").unwrap() {
                report if report["active"]["digest"] == digest.as_str() => Ok(()),
                other => Err(other),
            }
        });
        if swap == WARM {
            warm = anna.process.memory().unwrap().resident;
        }
    }
    let leader = anna.leader().unwrap();
    assert_eq!((&leader["self"], &leader["token"]), (&json!(true), &token), "{}", anna.log());
    assert_eq!(api.spec("leaseTransitions").unwrap(), 0);
    assert!(!anna.log().contains("stepped down"), "it stepped down");
    assert!(renewals > 10.0 && longest < LONGEST_GAP, "{renewals} renewals, {longest:?} apart");
    let report = anna.json("/v1/policy").unwrap();
    assert_eq!((&report["swaps"], others(&report)), (&json!(SWAPS + 1), by_others), "{report}");
    let end = anna.process.memory().unwrap().resident;
    assert!(end < warm + MOST_GROWTH, "{warm} bytes after {WARM} swaps, {end} after {SWAPS}");
    anna.end();
}
