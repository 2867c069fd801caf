//! What decides where the policy fails: what the operator chose, or else what the policy says, which
//! for this one is to hold.

use super::*;
use hotseat_tests::scene::ELECTION;

/// The hostile policy with that misbehavior, and these flags.
fn flags(misbehavior: &str, more: &[&str]) -> Vec<String> {
    let own = [
        format!("--policy=file:{}", component().display()),
        format!("--policy-settings=\"{misbehavior}\""),
    ];
    let flags = [&PATIENT[..], &[LONG_CALLS], more].concat();
    flags.into_iter().map(str::to_owned).chain(own).collect()
}

fn start(api: &Api, misbehavior: &str, more: &[&str]) -> Candidate {
    let flags = flags(misbehavior, more);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    Candidate::start(api, "anna", &flags).unwrap()
}

fn failures(report: &Value) -> u64 {
    report["failures"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum()
}

/// Waits until the policy has failed some times more than it may in a row.
fn goes_on_failing(candidate: &Candidate) -> Value {
    until("failures", LOADED, || match candidate.json("/v1/policy").unwrap() {
        report if failures(&report) >= FAILURES => Ok(report),
        report => Err(report),
    })
}

/// A leader whose policy fails each time goes on leading: the policy is not replaced by one that
/// nobody asked for, and each renewal is reported as none of its decisions.
#[test]
fn a_leader_holds() {
    for (misbehavior, kinds) in
        [("trap@leader", &["trapped"][..]), ("fill@leader", &["timed-out", "out-of-fuel"])]
    {
        let api = Api::embedded("hold-leader").unwrap();
        let flags = flags(misbehavior, &[]);
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let crew = Candidates::with_patience(&api, &["anna"], &flags, LOADED).unwrap();
        let first = crew.leader();
        let anna = crew.member("anna");
        anna.process.wait_line("the policy failed; a leader holds, a standby waits", SOON);
        anna.process.wait_line("the policy failed three times in a row", SOON);
        let report = goes_on_failing(anna);
        assert_eq!(report["active"]["name"], "hostile", "{report}");
        assert_eq!((&report["on_failure"], &report["stage"]), (&"hold".into(), &"active".into()));
        assert_failed_as(&report, kinds);
        renews(&api);
        assert!(crew.leader().is_same_term(&first), "{}", crew.logs());
        assert!(!anna.log().contains("stepped down"), "{}", anna.log());
        assert!(anna.metric("hotseat_policy_decisions_total{by=\"hold\"}").unwrap() >= 6.0);
        assert_eq!(anna.metric("hotseat_policy_decisions_total{by=\"rule\"}").unwrap(), 0.0);
        let journal = anna.process.get("/v1/journal").unwrap().text();
        let held = "\"hold\":{\"decision\":{\"action\":\"renew\"";
        assert!(journal.contains(held), "{journal}");
        crew.finish();
    }
}

/// A leader whose policy fails gives the seat up.
#[test]
fn a_leader_resigns() {
    let api = Api::embedded("resign-leader").unwrap();
    let mut anna = start(&api, "trap@leader", &["--on-policy-failure=resign"]);
    anna.process.wait_line("became leader", LOADED);
    anna.process.wait_line("the policy failed; a leader resigns, a standby waits", SOON);
    let line = anna.process.wait_line("stepped down: the policy resigned", SOON);
    assert!(line.text.contains("the policy gave no decision, so the leader resigns"), "{line}");
    anna.process.wait_line("released the seat", SOON);
    assert!(anna.metric("hotseat_policy_decisions_total{by=\"resign\"}").unwrap() >= 1.0);
    assert_eq!(anna.json("/v1/policy").unwrap()["on_failure"], "resign");
    anna.end();
}

/// The seat is free, and the policy of the one candidate that there is fails each time: as with an
/// application that lags, and a policy which is too slow to say so. It leads by the rule alone.
#[test]
fn a_standby_does_not_lead() {
    for misbehavior in ["trap@later", "fill@later"] {
        for more in [&[][..], &["--on-policy-failure=hold"], &["--on-policy-failure=resign"]] {
            let api = Api::embedded("hold-standby").unwrap();
            let mut anna = start(&api, misbehavior, more);
            let report = goes_on_failing(&anna);
            assert_eq!(report["active"]["name"], "hostile", "{report}");
            assert_eq!(anna.leader().unwrap()["name"], "", "{}", anna.log());
            assert_eq!(api.lease().unwrap(), None, "{ELECTION} was taken: {}", anna.log());
            anna.end();
        }
    }
    let api = Api::embedded("rule-standby").unwrap();
    let mut anna = start(&api, "trap@later", &["--on-policy-failure=standard"]);
    anna.process.wait_line("became leader", LOADED);
    anna.end();
}

/// One good answer between two failures does not make a good policy.
#[test]
fn a_policy_that_fails_now_and_then_gives_way() {
    let api = Api::embedded("share").unwrap();
    let more = ["--policy-failure-share=2", "--on-policy-failure=standard"];
    let mut anna = start(&api, "trap@timer", &more);
    let report = until("the standard policy", LOADED, || match anna.json("/v1/policy").unwrap() {
        report if report["stage"] == "restored" => Ok(report),
        report => Err(report),
    });
    assert_eq!(report["active"]["name"], "standard", "{report}");
    let error = report["error"].as_str().unwrap();
    assert!(error.contains("failed 3 of its last hundred decisions, last: "), "{error}");
    assert_failed_as(&report, &["trapped"]);
    assert!(!anna.log().contains("three times in a row"), "{}", anna.log());
    assert!(!anna.log().contains("stepped down"), "{}", anna.log());
    anna.end();
}
