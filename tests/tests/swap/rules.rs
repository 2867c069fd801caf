//! Rules in a ConfigMap: the program's own policy, whose settings alone are published.

use super::*;
use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::process::{Launch, Stream};
use hotseat_tests::scene::Candidates;

/// Makes the ConfigMap, or puts other rules into it.
pub(super) fn apply(api: &Api, rules: &str) {
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shop-rules"},
        "data": {"rules.yaml": rules},
    });
    let path = format!("/api/v1/namespaces/{}/configmaps", api.namespace());
    let named = format!("{path}/shop-rules");
    let (code, answer) = match api.ask(Method::PUT, &named, Some(&map)).unwrap() {
        (404, _) => api.ask(Method::POST, &path, Some(&map)).unwrap(),
        other => other,
    };
    assert!(matches!(code, 200 | 201), "{code}: {answer}");
}

#[test]
fn a_rule_in_a_config_map_is_in_force_and_a_typing_error_changes_nothing() {
    let api = Api::of(Cluster::shared(), "swap-rules", Rights::Full).unwrap();
    apply(&api, "campaign: identity.startsWith('anna')\n");
    let own = [
        "--policy=builtin:rules",
        "--policy-settings=configmap:shop-rules",
        "--preemptions-per-hour=1000",
    ];
    let flags = [&PATIENT[..], &own].concat();
    let crew = Candidates::with_patience(&api, &["anna", "bert"], &flags, LOADED).unwrap();
    let first = crew.leader();
    let policy = crew.member("anna").json("/v1/policy").unwrap();
    assert_eq!(
        (&policy["active"]["name"], &policy["source"]),
        (&json!("rules"), &json!("builtin:rules"))
    );

    // Nobody restarts, and bert, who never could, leads.
    apply(&api, "campaign: identity.startsWith('bert')\nresign: identity.startsWith('anna')\n");
    let second = crew.leader_after(&first);
    assert_eq!((&*first.name, &*second.name), ("anna", "bert"));

    apply(&api, "campaign: identty == 'anna'\n");
    until("the refusal", SOON, || {
        let report = crew.member("anna").json("/v1/policy").unwrap();
        let error = report["candidate"]["error"].as_str().unwrap_or_default();
        let words = "/campaign: line 1, column 1: there is no identty: did you mean identity?";
        let refused = report["candidate"]["stage"] == "settings" && error.contains(words);
        if refused && report["active"]["name"] == "rules" { Ok(()) } else { Err(report) }
    });
    assert!(crew.leader().is_same_term(&second), "{}", crew.logs());
    crew.finish();
}

#[test]
fn rules_in_the_flag_are_the_operators_to_put_right() {
    let api = Api::embedded("rules-in-the-flag").unwrap();
    let ends = |policy: &str, settings: &str, words: &str| {
        let mut process = Candidate::launch(&api, "anna")
            .unwrap()
            .args(QUICK)
            .args([policy, settings])
            .start()
            .unwrap();
        assert!(!process.wait_exit(LOADED).success(), "{process}");
        let said = process.output(Stream::Stderr);
        assert!(said.contains(words), "no {words:?} in {said}");
    };
    let near = "line 1, column 1: there is no zne: did you mean zone?";
    ends("--policy=builtin:rules", "--policy-settings=campaign: zne == 'a'", near);
    let none = "--policy builtin:rule: the program has no such policy: give one of builtin:standard, builtin:rules";
    ends("--policy=builtin:rule", "--policy-settings=", none);
    let map = "only a sidecar reads settings";
    let check = ["policy", "check", "builtin:rules", "--settings=configmap:shop-rules"];
    let mut process = Launch::hotseat().unwrap().args(check).start().unwrap();
    assert!(!process.wait_exit(LOADED).success(), "{process}");
    assert!(process.output(Stream::Stderr).contains(map), "{process}");
}
