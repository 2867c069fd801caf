//! A fleet that takes its policy from a ConfigMap.

use super::*;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::scene::Candidates;

/// Makes the ConfigMap, or puts other contents into it.
fn apply(api: &Api, component: &[u8], settings: Option<&str>) {
    let mut map = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "policy"},
        "binaryData": {"policy.wasm": BASE64_STANDARD.encode(component)},
    });
    if let Some(settings) = settings {
        map["data"] = json!({"settings.json": settings});
    }
    let path = format!("/api/v1/namespaces/{}/configmaps", api.namespace());
    let named = format!("{path}/policy");
    let (code, answer) = match api.ask(Method::PUT, &named, Some(&map)).unwrap() {
        (404, _) => api.ask(Method::POST, &path, Some(&map)).unwrap(),
        other => other,
    };
    assert_eq!(code, 200, "{answer}");
}

fn all_report(crew: &Candidates<'_>, what: &str, wanted: impl Fn(&Value) -> bool) {
    until(what, LOADED, || {
        let reports = crew.members().iter().map(|member| member.json("/v1/policy").unwrap());
        let reports: Vec<Value> = reports.collect();
        if reports.iter().all(&wanted) { Ok(()) } else { Err(reports) }
    });
}

#[test]
fn a_fleet_takes_a_change_and_refuses_a_bad_one() {
    let api = Api::of(Cluster::shared(), "swap-fleet", Rights::Full).unwrap();
    apply(&api, &standard_marked(1), None);
    let flags = [&PATIENT[..], &[LONG_CALLS, "--policy=configmap:policy"]].concat();
    let names = ["anna", "bert", "cora"];
    let crew = Candidates::with_patience(&api, &names, &flags, LOADED).unwrap();
    let first = crew.leader();
    let has = |bytes: &[u8]| {
        let digest = digest(bytes);
        move |report: &Value| report["active"]["digest"] == digest.as_str()
    };
    all_report(&crew, "the first policy", has(&standard_marked(1)));

    // A change, and settings with it, and both packed with gzip.
    apply(&api, &standard_marked(2), None);
    all_report(&crew, "the second policy", has(&standard_marked(2)));
    let rotate = guest("rotate");
    apply(&api, &rotate, Some("{\"minutes\": 60}"));
    all_report(&crew, "the third policy", has(&rotate));

    // A bad one leaves all three on the old one, and one look at the Events tells.
    apply(&api, b"\0asm, but not really", None);
    all_report(&crew, "refused", |report| {
        report["candidate"]["stage"] == "parse" && has(&rotate)(report)
    });
    // Each tells of three swaps and the refusal, and the first one's Events serve for all.
    let tries = "hotseat_api_requests_total{verb=\"create-event\"}";
    until("an Event tried by each", SOON, || {
        let tries = crew.members().iter().map(|member| member.metric(tries).unwrap());
        let tries: Vec<f64> = tries.collect();
        if tries.iter().all(|count| *count >= 4.0) { Ok(()) } else { Err(tries) }
    });
    let digest = digest(&rotate);
    for what in ["stage parse: configmap:", &digest] {
        until("the Event", SOON, || {
            let events = api.events().unwrap();
            match events.iter().filter(|note| note.contains(what)).count() {
                0 => Err(events),
                // Two, if the clock was at the turn of a span.
                1 | 2 => Ok(()),
                count => panic!("{count} Events of {what}: {events:?}"),
            }
        });
    }
    assert!(crew.leader().is_same_term(&first), "{}", crew.logs());
    crew.finish();
}
