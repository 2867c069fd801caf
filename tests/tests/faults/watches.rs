//! What a server, or what is between, does wrong to watches and answers.

use std::fs;
use std::time::Instant;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hotseat_apiserver::{Action, CONFIGMAPS, Fault, LEASES, Verb};
use hotseat_engine::digest;
use hotseat_tests::process::Memory;
use hotseat_tests::scene::{Api, Candidate, Candidates, QUICK, SOON};
use hotseat_tests::wait::until;
use serde_json::{Value, json};

use super::renewals;

/// Far more than the process needs, far less than an answer without an end.
const MOST_MEMORY: u64 = 160 << 20;

#[test]
fn watch_ends_at_once() {
    let api = Api::embedded("watch-ends").unwrap();
    let watches = Fault::on(Verb::Watch).resource(LEASES.plural);
    api.server().faults().add(watches, Action::CloseWatch);
    let mut crew = Candidates::start(&api, &["anna", "ben"]).unwrap();
    let first = crew.leader();
    let (earlier, began) = (api.server().requests(), Instant::now());
    for member in crew.members() {
        member.process.wait_line("the lock cannot be watched, so it is polled", SOON);
    }
    renewals(&api, 6);
    let (requests, seconds) = (api.server().requests().since(&earlier), began.elapsed().as_secs());
    // Both grow their pauses at first.
    let watches = requests.of(Verb::Watch, "leases");
    assert!(watches <= 40 + 10 * seconds, "{watches} watches in {seconds} s");
    // Nor is anything else asked in their place: each polls once in a pause, and one renews. What has no
    // agent is this test.
    let candidates = requests.counts().iter().filter(|count| !count.agent.is_empty());
    let others = candidates.map(|count| count.count).sum::<u64>() - watches;
    assert!(others <= 40 + 10 * seconds, "{seconds} s: {:?}", requests.counts());
    for member in crew.members() {
        let said = member.log().matches("the lock cannot be watched").count();
        assert_eq!(said, 1, "{}", member.log());
    }
    assert!(crew.leader().is_same_term(&first), "{}", crew.logs());
    // It is as good as polling: a release is heard of before the lease would have run out.
    crew.take(&first.name).end();
    crew.leader_after(&first);
    crew.finish();
}

#[test]
fn field_selector_ignored() {
    let api = Api::embedded("no-selector").unwrap();
    let neighbour = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "aaa-other"},
        "spec": {"holderIdentity": "somebody-else", "leaseDurationSeconds": 60,
                 "renewTime": "2026-01-01T00:00:00.000000Z"},
    });
    api.create("coordination.k8s.io/v1/leases", &neighbour).unwrap();
    api.server().faults().add(Fault::any().resource(LEASES.plural), Action::Unfiltered);
    let crew = Candidates::start(&api, &["anna", "ben"]).unwrap();
    let first = crew.leader();
    renewals(&api, 3);
    assert!(crew.leader().is_same_term(&first), "{}", crew.logs());
    assert!(!crew.logs().contains("somebody-else"), "{}", crew.logs());
    crew.finish();
}

/// The ConfigMap's component, which need not load to be seen.
fn publish(api: &Api, component: &[u8]) {
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "policy", "namespace": api.namespace()},
        "binaryData": {"policy.wasm": BASE64_STANDARD.encode(component)},
    });
    api.server().store().put(map).unwrap();
}

fn sees(candidate: &Candidate, component: &[u8]) {
    let digest = digest(component);
    until("the policy to be seen", SOON, || match candidate.json("/v1/policy").unwrap() {
        report if report["candidate"]["digest"] == digest.as_str() => Ok(()),
        report => Err::<(), Value>(report),
    });
}

#[test]
fn configmap_watch_after_token_rotation() {
    let api = Api::embedded("rotation").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig");
    let write = |token: &str| {
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "it",
            "clusters": [{"name": "it", "cluster": {"server": api.server().url()}}],
            "users": [{"name": "it", "user": {"token": token}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        });
        let fresh = path.with_extension("new");
        fs::write(&fresh, config.to_string()).unwrap();
        fs::rename(&fresh, &path).unwrap();
    };
    write("t1");
    api.server().access().require_tokens(["t1"]);
    publish(&api, b"one");
    let launch = Candidate::launch(&api, "anna").unwrap().kubeconfig(&path).args(QUICK);
    let candidate = Candidate::of("anna", launch.arg("--policy=configmap:policy")).unwrap();
    sees(&candidate, b"one");
    let watches = || api.server().requests().of(Verb::Watch, CONFIGMAPS.plural);
    until("the watch", SOON, || if watches() > 0 { Ok(()) } else { Err("none") });
    write("t2");
    api.server().access().require_tokens(["t2"]);
    api.server().close_connections();
    publish(&api, b"two");
    sees(&candidate, b"two");
}

#[test]
fn an_answer_without_an_end_does_not_end_in_the_memory() {
    for verb in [Verb::Watch, Verb::List, Verb::Get] {
        let api = Api::embedded("endless").unwrap();
        // Not the test's own reads.
        let endless = Fault::on(verb).resource(LEASES.plural).agent("anna");
        let fault = api.server().faults().add(endless, Action::Endless);
        let crew = Candidates::start(&api, &["anna"]).unwrap();
        let first = crew.leader();
        if verb != Verb::Get {
            until("the endless answer", SOON, || match api.server().faults().hits(fault) {
                0 => Err("none yet"),
                _ => Ok(()),
            });
        }
        renewals(&api, 3);
        assert!(crew.leader().is_same_term(&first), "{}", crew.logs());
        let memory: Memory = crew.member("anna").process.memory().unwrap();
        assert!(memory.resident.max(memory.height) < MOST_MEMORY, "{verb:?}: {memory:?}");
        crew.finish();
    }
}

#[test]
fn an_answer_that_is_no_json_is_not_written_to_the_log() {
    let api = Api::embedded("no-json").unwrap();
    let page = format!("<html>{}", "do-not-log-me ".repeat(10_000));
    api.server().faults().add(Fault::on(Verb::List), Action::Text(page));
    let crew = Candidates::start(&api, &["anna"]).unwrap();
    crew.leader();
    let candidate = crew.member("anna");
    let line = candidate.process.wait_line("the lock cannot be watched", SOON);
    assert!(line.text.contains("is not the Kubernetes API"), "{line}");
    renewals(&api, 3);
    let log = candidate.log();
    assert!(!log.contains("do-not-log-me") && log.len() < 20_000, "{} bytes", log.len());
    crew.finish();
}
