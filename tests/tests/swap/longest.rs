//! Leases of more than a day, longer than a policy may sleep: no policy fails for them.

use super::{LOADED, LONG_CALLS, json, until};
use hotseat_engine::digest;
use hotseat_tests::guests::{publish, standard_marked};
use hotseat_tests::lifeline::ScratchDir;
use hotseat_tests::scene::{Api, Candidate, ELECTION, PATIENT, SOON};

/// Changes of the Lease that are seen: three failures in a row put a policy aside.
const CHANGES: u64 = 5;
/// 25 hours, in seconds.
const LONG: u32 = 90_000;

/// A candidate whose policy is on top of the standard one, and no other's bytes.
fn candidate(api: &Api, folder: &ScratchDir, name: &str, flags: &[&str]) -> Candidate {
    let file = folder.path().join("policy.wasm");
    let policy = standard_marked(1);
    publish(&file, &policy).unwrap();
    let own = format!("--policy=file:{}", file.display());
    let flags = [flags, &[LONG_CALLS, &own]].concat();
    let candidate = Candidate::start(api, name, &flags).unwrap();
    let wanted = digest(&policy);
    until("the policy to decide", LOADED, || match candidate.json("/v1/policy").unwrap() {
        report if report["active"]["digest"] == wanted.as_str() && report["decisions"] != 0 => {
            Ok(())
        }
        other => Err(other),
    });
    candidate
}

fn decisions(candidate: &Candidate) -> u64 {
    candidate.json("/v1/policy").unwrap()["decisions"].as_u64().unwrap()
}

/// It decided all the while, waits, and did not fail once. An answer that is late on a busy machine has the
/// clock to blame, and the policy is asked again soon.
#[track_caller]
fn assert_waits_without_a_failure(candidate: &Candidate) {
    let report = until("its own reason", SOON, || match candidate.json("/v1/policy").unwrap() {
        report if report["last_reason"] == "the seat is taken" => Ok(report),
        report => Err(report),
    });
    assert_eq!(report["active"]["digest"], digest(&standard_marked(1)).as_str(), "{report}");
    assert_eq!(report["stage"], "active", "{report}");
    let mut failures = report["failures"].as_object().unwrap().iter();
    assert!(failures.all(|(kind, count)| kind == "timed-out" || *count == 0), "{report}");
    let log = candidate.log();
    let mut failed = log.lines().filter(|line| line.contains("the policy failed"));
    assert!(failed.all(|line| line.contains("timed-out")), "{log}");
}

#[test]
fn lease_longer_than_a_day() {
    let api = Api::real("longer-than-a-day").unwrap();
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": ELECTION},
        "spec": {
            "holderIdentity": "batch-leader", "leaseDurationSeconds": LONG,
            "leaseTransitions": 1, "renewTime": "2026-01-01T00:00:00.000000Z",
        },
    });
    api.create("coordination.k8s.io/v1/leases", &lease).unwrap();
    let folder = ScratchDir::new("hotseat-longest-").unwrap();
    let candidate = candidate(&api, &folder, "anna", &PATIENT);
    for change in 1..=CHANGES {
        let before = decisions(&candidate);
        let time = format!("2026-01-01T00:00:0{change}.000000Z");
        api.edit_lease(|lease| lease["spec"]["renewTime"] = json!(time)).unwrap();
        until("a decision", SOON, || match decisions(&candidate) {
            more if more > before => Ok(()),
            same => Err(same),
        });
    }
    assert_waits_without_a_failure(&candidate);
    assert_eq!(api.spec("holderIdentity").unwrap(), "batch-leader");
}

#[test]
fn lease_longer_than_a_day_by_ones_own_flags() {
    let api = Api::embedded("longer-flags").unwrap();
    let folder = ScratchDir::new("hotseat-longest-").unwrap();
    let lease = format!("--lease-duration={LONG}s");
    let flags = [lease.as_str(), "--renew-deadline=70000s", "--retry-period=500ms"];
    let leader = candidate(&api, &folder, "anna", &flags);
    leader.process.wait_line("became leader", SOON);
    let standby = candidate(&api, &folder, "ben", &flags);
    let before = decisions(&standby);
    until("decisions about renewals", SOON, || match decisions(&standby) {
        more if more >= before + CHANGES => Ok(()),
        few => Err(few),
    });
    assert_waits_without_a_failure(&standby);
}
