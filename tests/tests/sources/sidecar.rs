//! Sidecars that lead while their policy comes from elsewhere.

use crate::signed::Signer;
use crate::{reference, with_policy};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hotseat_engine::STANDARD;
use hotseat_sources::Digest;
use hotseat_tests::guests;
use hotseat_tests::registry::{Options, Registry};
use hotseat_tests::scene::{Api, Candidate, LONG_CALLS, PATIENT};
use hotseat_tests::wait::until;
use http::Method;
use serde_json::{Value, json};
use std::fs;
use std::time::Duration;

/// A compilation in a debug build on a busy machine, and several attempts at a registry.
const LATER: Duration = Duration::from_secs(120);

/// The standard policy with a mark in it, so that it has a digest of its own.
fn marked(mark: &str) -> Vec<u8> {
    let length = |bytes: usize| u8::try_from(bytes).unwrap();
    // A custom section without content: its kind, its length, and its name with its length.
    let section = [0, length(mark.len() + 1), length(mark.len())];
    [STANDARD, &section, mark.as_bytes()].concat()
}

fn start(api: &Api, flags: &[&str]) -> Candidate {
    Candidate::start(api, "a", &[&PATIENT[..], &[LONG_CALLS], flags].concat()).unwrap()
}

/// What `/readyz` says.
fn readiness(candidate: &Candidate) -> (u16, String) {
    let answer = candidate.process.get("/readyz").unwrap();
    (answer.status, answer.text())
}

/// Becomes ready, and is not before the policy decides.
#[track_caller]
fn becomes_ready_by(candidate: &Candidate, component: &[u8]) {
    until("it to be ready", LATER, || match readiness(candidate) {
        (200, _) => Ok(()),
        other => Err(other),
    });
    assert_eq!(active(candidate), Digest::of(component).to_string(), "{}", candidate.log());
}

/// The digest of the active policy.
fn active(candidate: &Candidate) -> String {
    let digest = policy(candidate)["active"]["digest"].clone();
    digest.as_str().unwrap_or_default().to_owned()
}

fn policy(candidate: &Candidate) -> Value {
    candidate.json("/v1/policy").unwrap()
}

#[track_caller]
fn becomes_active(candidate: &Candidate, component: &[u8]) {
    let wanted = Digest::of(component).to_string();
    until("the policy to be active", LATER, || match active(candidate) {
        digest if digest == wanted => Ok(()),
        _ => Err(policy(candidate)),
    });
}

/// Has decided to wait some times, without a policy.
#[track_caller]
fn holds(candidate: &Candidate) {
    let report = until("it to wait", LATER, || match policy(candidate) {
        report if report["hold_decisions"].as_u64() >= Some(5) => Ok(report),
        report => Err(report),
    });
    assert_eq!((&report["active"], &report["on_failure"]), (&Value::Null, &"hold".into()));
    assert_eq!((&report["rule_decisions"], &report["swaps"]), (&0.into(), &0.into()), "{report}");
}

/// The same while nobody leads: it waits although the seat is free, and is not ready.
#[track_caller]
fn waits(candidate: &Candidate) {
    holds(candidate);
    assert_eq!(candidate.leader().unwrap()["name"], "", "{}", candidate.log());
    assert_eq!(readiness(candidate).0, 503, "{}", candidate.log());
}

/// Leads, and has since its first term.
#[track_caller]
fn leads_on(candidate: &Candidate) {
    let leader = until("it to lead", LATER, || match candidate.leader().unwrap() {
        leader if leader["self"] == true => Ok(leader),
        leader => Err(leader),
    });
    assert_eq!(leader["transitions"], 0, "{leader}");
}

/// Its answer is there long before the standard policy is compiled, and nothing comes after it.
#[test]
fn a_registry_that_answers_at_once() {
    let api = Api::embedded("registry-quick").unwrap();
    let registry = Registry::start(Options::default()).unwrap();
    let wanted = marked("at once");
    let reference = with_policy(&registry, &wanted).to_string();
    let candidate = start(&api, &["--policy", &reference]);
    becomes_active(&candidate, &wanted);
    leads_on(&candidate);
}

/// The wanted policy is waited for: another would let a candidate lead that it may not.
#[test]
fn a_registry_that_is_down_at_the_start_and_later() {
    let api = Api::embedded("registry-down").unwrap();
    let mut registry = Registry::start(Options::default()).unwrap();
    let wanted = marked("from a registry");
    let reference = with_policy(&registry, &wanted);
    registry.stop().unwrap();
    let candidate = start(&api, &["--policy", &reference.to_string()]);
    waits(&candidate);
    let error = until("the trouble to be shown", LATER, || {
        let error = policy(&candidate)["source_error"].clone();
        error.as_str().map(str::to_owned).ok_or(error)
    });
    assert!(error.contains("no connection to 127.0.0.1"), "{error}");
    assert_eq!(api.lease().unwrap(), None, "{}", candidate.log());
    registry.restart().unwrap();
    becomes_active(&candidate, &wanted);
    leads_on(&candidate);
    registry.stop().unwrap();
    leads_on(&candidate);
    assert_eq!(policy(&candidate)["source_error"], Value::Null);
    assert_eq!(active(&candidate), Digest::of(&wanted).to_string());
}

/// Unless the operator lets the standard rule decide meanwhile.
#[test]
fn a_damaged_layer_leaves_the_standard_rule_until_it_is_repaired() {
    let api = Api::embedded("registry-damaged").unwrap();
    let registry = Registry::start(Options::default()).unwrap();
    let wanted = marked("damaged");
    let digest = Digest::of(&wanted);
    let reference = with_policy(&registry, &wanted);
    registry.damage(digest, |layer| layer.truncate(1000)).unwrap();
    let meanwhile = "--on-policy-failure=standard";
    let candidate = start(&api, &["--policy", &reference.to_string(), meanwhile]);
    until("the refusal to be shown", LATER, || match policy(&candidate) {
        policy if policy["stage"] == "digest" => Ok(()),
        policy => Err(policy),
    });
    // The built-in rule, which is its native twin, decides until it is there.
    leads_on(&candidate);
    assert_eq!(policy(&candidate)["active"], Value::Null);
    registry.damage(digest, |layer| *layer = wanted.clone()).unwrap();
    becomes_active(&candidate, &wanted);
    leads_on(&candidate);
}

#[test]
fn two_layers_are_no_policy_and_nobody_leads() {
    let api = Api::embedded("two-layers").unwrap();
    let registry = Registry::start(Options::default()).unwrap();
    let component = marked("twice");
    let layers = [("application/wasm", component.as_slice()); 2];
    let digest = registry.put_artifact("team/policy", &layers).unwrap();
    let reference = reference(&registry.host(), "team/policy", digest).to_string();
    let candidate = start(&api, &["--policy", &reference]);
    let error = until("the trouble to be shown", LATER, || {
        let error = policy(&candidate)["source_error"].clone();
        error.as_str().map(str::to_owned).ok_or(error)
    });
    assert!(error.starts_with(&reference) && error.contains("it has 2 layers"), "{error}");
    waits(&candidate);
    assert_eq!(api.lease().unwrap(), None, "{}", candidate.log());
}

#[test]
fn only_what_minisign_signed_is_taken() {
    let api = Api::embedded("signed").unwrap();
    let signer = Signer::new();
    let file = signer.path("policy.wasm");
    let first = marked("first");
    fs::write(&file, &first).unwrap();
    signer.sign("one", &["-t", "the first"]);
    let flags = [
        format!("--policy=file:{}", file.display()),
        format!("--policy-key={}", signer.key("one").display()),
    ];
    let flags = [flags[0].as_str(), &flags[1], "--policy-poll=100ms"];
    let candidate = start(&api, &flags);
    becomes_active(&candidate, &first);
    // Another component under the old signature.
    let second = marked("second");
    fs::write(&file, &second).unwrap();
    until("the refusal to be shown", LATER, || match policy(&candidate) {
        policy if policy["stage"] == "signature" => Ok(()),
        policy => Err(policy),
    });
    assert_eq!(active(&candidate), Digest::of(&first).to_string());
    signer.sign("two", &[]);
    signer.sign("one", &["-t", "the second"]);
    becomes_active(&candidate, &second);
    leads_on(&candidate);
}

/// What somebody applies as the ConfigMap `policy`.
struct Applied<'a> {
    component: &'a [u8],
    signature: &'a str,
    settings: &'a str,
}

fn apply(api: &Api, Applied { component, signature, settings }: &Applied<'_>) {
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "policy"},
        "binaryData": {"policy.wasm": BASE64_STANDARD.encode(component)},
        "data": {"policy.wasm.minisig": signature, "settings.json": settings},
    });
    let path = format!("/api/v1/namespaces/{}/configmaps", api.namespace());
    let (code, answer) = match api.ask(Method::PUT, &format!("{path}/policy"), Some(&map)).unwrap()
    {
        (404, _) => api.ask(Method::POST, &path, Some(&map)).unwrap(),
        other => other,
    };
    assert_eq!(code, 200, "{answer}");
}

/// The settings of the question that the policy was asked last.
fn asked_with(candidate: &Candidate) -> Option<String> {
    let answer = candidate.process.get("/v1/journal").unwrap().text();
    let decisions = answer.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let settings = |decision: Value| decision["settings"].as_str().map(str::to_owned);
    decisions.filter_map(settings).next_back()
}

/// Bytes, signature and settings go live together or not at all.
#[test]
fn a_config_map_is_one_publication() {
    let api = Api::embedded("one-publication").unwrap();
    let signer = Signer::new();
    let file = signer.path("policy.wasm");
    let sign = |component: &[u8], settings: &str| {
        fs::write(&file, component).unwrap();
        let covered = format!("settings={}", Digest::of(settings.as_bytes()));
        signer.sign("one", &["-t", &covered]);
        fs::read_to_string(signer.path("policy.wasm.minisig")).unwrap()
    };
    let rotate = fs::read(guests::file("rotate").unwrap()).unwrap();
    let [first, second] = [1, 2].map(|mark| guests::marked(&rotate, mark));
    let (old, new) = (r#"{"minutes": 60}"#, r#"{"minutes": 50}"#);
    let signature = sign(&first, old);
    apply(&api, &Applied { component: &first, signature: &signature, settings: old });
    let key = format!("--policy-key={}", signer.key("one").display());
    let candidate = start(&api, &["--policy=configmap:policy", &key]);
    becomes_active(&candidate, &first);
    // Other bytes and other settings under the old signature, then the settings alone, and then both
    // with a signature of the bytes that does not cover the settings.
    fs::write(&file, &second).unwrap();
    signer.sign("one", &["-t", "by the platform team"]);
    let bytes_alone = fs::read_to_string(signer.path("policy.wasm.minisig")).unwrap();
    for (component, signature, words) in [
        (&second, &signature, "is not one of these bytes"),
        (&first, &signature, "put the signed ones back"),
        (&second, &bytes_alone, "does not cover the settings in configmap:policy/settings.json"),
    ] {
        apply(&api, &Applied { component, signature, settings: new });
        until("the refusal to be shown", LATER, || match policy(&candidate) {
            shown
                if shown["stage"] == "signature"
                    && shown["error"].as_str().is_some_and(|error| error.contains(words)) =>
            {
                Ok(())
            }
            other => Err(other),
        });
        assert_eq!(policy(&candidate)["swaps"], 1, "the first one and no other");
        assert_eq!(asked_with(&candidate).as_deref(), Some(old));
    }
    // One Event for each refusal, and no second one for the settings.
    let events = until("three Events", LATER, || {
        let refused = |note: &String| note.starts_with("stage signature: configmap:policy: ");
        let events: Vec<String> = api.events().unwrap().into_iter().filter(refused).collect();
        if events.len() >= 3 { Ok(events) } else { Err(events) }
    });
    assert_eq!(events.len(), 3, "{events:?}");
    let both = sign(&second, new);
    apply(&api, &Applied { component: &second, signature: &both, settings: new });
    becomes_active(&candidate, &second);
    until("a decision with the new settings", LATER, || match asked_with(&candidate) {
        Some(settings) if settings == new => Ok(()),
        other => Err(other),
    });
    assert_eq!(policy(&candidate)["swaps"], 2);
    leads_on(&candidate);
}

/// A rollout must not go on while no new pod can lead.
#[test]
fn a_sidecar_is_ready_once_its_policy_is_compiled() {
    let api = Api::embedded("ready-by-file").unwrap();
    let signer = Signer::new();
    let file = signer.path("policy.wasm");
    let component = marked("compiled");
    fs::write(&file, &component).unwrap();
    let candidate = start(&api, &[&format!("--policy=file:{}", file.display())]);
    becomes_ready_by(&candidate, &component);
    leads_on(&candidate);
}

#[test]
fn a_config_map_that_is_missing_keeps_a_sidecar_from_being_ready_until_it_is_there() {
    let api = Api::embedded("ready-by-map").unwrap();
    let source = "--policy=configmap:policy";
    let candidate = start(&api, &[source]);
    waits(&candidate);
    let away =
        "no policy decides yet, so this candidate cannot take the seat: its source gives nothing";
    let (status, why) = readiness(&candidate);
    assert!(status == 503 && why.starts_with(away) && why.contains("policy"), "{status} {why}");
    let component = marked("applied");
    apply(&api, &Applied { component: &component, signature: "", settings: "" });
    becomes_ready_by(&candidate, &component);
    // It can lead without its source, and one that begins now cannot.
    let map = format!("/api/v1/namespaces/{}/configmaps/policy", api.namespace());
    assert_eq!(api.ask(Method::DELETE, &map, None).unwrap().0, 200);
    until("the trouble to be shown", LATER, || match policy(&candidate)["source_error"].clone() {
        Value::Null => Err(()),
        _ => Ok(()),
    });
    assert_eq!(readiness(&candidate), (200, "ok\n".to_owned()));
    let late = Candidate::start(&api, "b", &[&PATIENT[..], &[source]].concat()).unwrap();
    holds(&late);
    assert_eq!(readiness(&late).0, 503);
    leads_on(&candidate);
}
