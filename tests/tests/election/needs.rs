//! A policy that needs what the sidecar's flags do not give: it is said once, with the flag that gives it.

use hotseat_tests::guests::{self, marked, publish};
use hotseat_tests::lifeline::ScratchDir;
use hotseat_tests::process::Hotseat;
use hotseat_tests::scene::{Api, Candidate, QUICK, SOON};
use hotseat_tests::wait::until;
use serde_json::{Value, json};

const SAID: &str = "the policy needs facts that nothing here gives";
const DRAINING: &str = "node.draining: --facts node, with the right to list and watch nodes";

/// How many lines say that something is not given.
fn said(process: &Hotseat) -> usize {
    process.lines().iter().filter(|line| line.text.contains(SAID)).count()
}

/// What `/v1/policy` says of what the active policy of that digest needs: each fact, and whether it is given.
fn shown(candidate: &Candidate, digest: &str) -> Vec<(Value, Value)> {
    until("the policy to decide", SOON, || {
        let policy = candidate.json("/v1/policy").unwrap();
        let active = &policy["active"];
        if active["digest"] != digest {
            return Err(policy);
        }
        let needs = active["needs"].as_array().unwrap().iter();
        Ok(needs.map(|need| (need["fact"].clone(), need["given"].clone())).collect())
    })
}

#[test]
fn what_a_policy_needs_and_no_flag_gives_is_said_once_for_each_publication() {
    let api = Api::embedded("needs").unwrap();
    let folder = ScratchDir::new("hotseat-needs-").unwrap();
    let file = folder.path().join("policy.wasm");
    let policy = std::fs::read(guests::file("hostile").unwrap()).unwrap();
    let digest = |bytes: &[u8]| hotseat_engine::digest(bytes);
    publish(&file, &policy).unwrap();
    let source = format!("--policy=file:{}", file.display());
    let settings = r#"--policy-settings="loop@later""#;
    let flags = [QUICK[0], QUICK[1], QUICK[2], &source, settings, "--policy-poll=100ms"];

    let anna = Candidate::start(&api, "anna", &[&flags[..], &["--facts=time"]].concat()).unwrap();
    let wanted = vec![(json!("host.weekday"), json!(true)), (json!("node.draining"), json!(false))];
    assert_eq!(shown(&anna, &digest(&policy)), wanted);
    let line = anna.process.wait_line(SAID, SOON);
    assert!(line.text.contains(DRAINING), "{line:?}");
    assert!(!line.text.contains("host.weekday"), "{line:?}");
    let policy_page = anna.json("/v1/policy").unwrap();
    let from = &policy_page["active"]["needs"][1]["from"];
    assert!(DRAINING.ends_with(from.as_str().unwrap()), "{from}");
    // The next one is a publication of its own. Nothing is said twice of the first by then.
    let next = marked(&policy, 1);
    publish(&file, &next).unwrap();
    assert_eq!(shown(&anna, &digest(&next)), wanted);
    // Its line may come later than its name.
    until("a line for the next one", SOON, || match said(&anna.process) {
        2.. => Ok(()),
        count => Err((count, anna.log())),
    });

    // Who has all of it gets no warning.
    let all = ["--facts=pod,node,time"];
    let ben = Candidate::start(&api, "ben", &[&flags[..], &all].concat()).unwrap();
    let needs = shown(&ben, &digest(&next));
    assert!(needs.iter().all(|(_, given)| *given == true), "{needs:?}");
    assert_eq!(said(&ben.process), 0, "{}", ben.log());
    assert_eq!(said(&anna.process), 2, "{}", anna.log());
}
