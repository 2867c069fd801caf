//! `/v1/roster`, and `/v1/ready` as the application beside the sidecar uses it.

use crate::client::{Answer, Client, get};
use crate::site::{TestServer, policy};
use hotseat_core::policy::{Source, Value};
use hotseat_election::clock;
use hotseat_election::roster::{Entry, Listed, PolicyEntry};
use hotseat_rollout::{Fingerprint, Need, Objection};
use serde_json::json;

fn send(site: &TestServer, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let mut client = Client::connect(site.address());
    let length = body.len();
    client.send(format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    ));
    client.receive(method)
}

fn ready(site: &TestServer) -> Option<bool> {
    site.state.entry("1", clock::now()).ready
}

#[test]
fn the_roster_shows_this_candidate_first_and_what_is_wrong() {
    let site = TestServer::start();
    let shown = get(site.address(), "/v1/roster").json();
    let none = json!({
        "lock": {"namespace": "shop", "name": "web", "uid": null},
        "wanted": false, "candidates": [], "left_out": 0, "not_published": null, "not_followed": null,
    });
    assert_eq!(shown, none);
    let entry_of_policy = PolicyEntry {
        digest: "sha256:aa".to_owned(),
        state: "active".to_owned(),
        objection: Some(Objection {
            to: Fingerprint { policy: "sha256:bb".to_owned(), settings: String::new() },
            why: "refused it at settings: no".to_owned(),
        }),
        ..PolicyEntry::default()
    };
    let signals = vec![("lag".to_owned(), Value::Integer(3))];
    let entry = |identity: &str| Entry {
        identity: identity.to_owned(),
        ready: Some(true),
        policy: Some(entry_of_policy.clone()),
        signals: signals.clone(),
        version: "1.0".to_owned(),
        zone: None,
        node: None,
        leads: false,
        successor: Some("web-2".to_owned()),
    };
    site.state.change_roster(|roster| {
        roster.wanted = true;
        roster.own = Some(entry("web-1"));
        roster.others =
            vec![Listed { entry: entry("web-0"), at: clock::now(), since: vec![clock::now()] }];
        roster.left_out = 2;
        roster.not_followed = Some("403".to_owned());
    });
    let mut shown = get(site.address(), "/v1/roster").json();
    let age = shown["candidates"][1]["age_ms"].take();
    assert!(age.as_u64().is_some_and(|age| age < 60_000), "{age}");
    let candidate = |identity: &str, own: bool| {
        json!({
            "identity": identity, "self": own, "age_ms": null, "ready": true, "zone": null,
            "successor": "web-2",
            "version": "1.0", "signals": [{"key": "lag", "value": 3}],
            "policy": {
                "digest": "sha256:aa", "settings": "", "state": "active", "candidate": null,
                "candidate_settings": "", "objection": "refused it at settings: no",
            },
        })
    };
    assert_eq!(shown["candidates"], json!([candidate("web-1", true), candidate("web-0", false)]));
    assert_eq!((&shown["left_out"], &shown["not_followed"]), (&json!(2), &json!("403")));
}

#[test]
fn an_application_says_that_it_is_ready_for_a_while_or_until_it_takes_that_back() {
    let site = TestServer::start();
    let (text, json) = ("Content-Type: text/plain\r\n", "Content-Type: application/json\r\n");
    for (headers, body, is) in [
        (json, "true", true),
        (text, "false", false),
        ("", "true\n", true),
        (json, "\"false\"", false),
    ] {
        assert_eq!(send(&site, "PUT", "/v1/ready", headers, body).status, 200, "{body}");
        assert_eq!(ready(&site), Some(is), "{body}");
    }
    let mut shown = get(site.address(), "/v1/signals").json();
    let signal = shown["signals"][0].take();
    assert_eq!((&signal["key"], &signal["source"]), (&json!("ready"), &json!("application")));
    assert_eq!(signal["value"], false);
    assert_eq!(send(&site, "DELETE", "/v1/ready", "", "").status, 200);
    assert_eq!(ready(&site), None);
    assert_eq!(send(&site, "DELETE", "/v1/ready", "", "").status, 404);
    assert_eq!(send(&site, "PUT", "/v1/ready?ttl=24h", text, "true").status, 200);
    let shown = get(site.address(), "/v1/signals").json();
    assert_eq!(shown["signals"][0]["ttl_ms"], 86_400_000);
    // Who leads is another question.
    assert_eq!(get(site.address(), "/v1/leader").json()["self"], false);
}

#[test]
fn what_is_neither_yes_nor_no_is_refused_and_so_is_whoever_may_not_say_it() {
    let site = TestServer::start();
    site.report(Source::Node, "ready", Value::Flag(true));
    for (headers, body) in [("", ""), ("", "yes"), ("Content-Type: application/json\r\n", "1")] {
        let answer = send(&site, "PUT", "/v1/ready", headers, body);
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(answer.body.contains("neither true nor false"), "{answer:?}");
    }
    let answer = send(&site, "PUT", "/v1/ready?ttl=1ms", "", "true");
    assert_eq!(answer.status, 400, "{answer:?}");
    let answer = send(&site, "PUT", "/v1/ready", "X-Forwarded-For: 10.0.0.7\r\n", "true");
    assert_eq!(answer.status, 403, "{answer:?}");
    let answer = send(&site, "GET", "/v1/ready", "", "");
    assert_eq!(answer.status, 405, "{answer:?}");
    // What the node says of something is not the application's word; what it is asked by its probe is.
    assert_eq!(ready(&site), None);
    site.report(Source::Probe, "ready", Value::Flag(false));
    assert_eq!(ready(&site), Some(false));
}

/// Whether the host gives it is known from the flags; whether it can be read only while it runs.
#[test]
fn a_policy_that_needs_the_roster_does_not_get_one_that_cannot_be_read() {
    let site = TestServer::start();
    let mut active = policy("steady", "1.0");
    let from = "the roster".to_owned();
    active.about.needs.push(Need { fact: "roster".to_owned(), given: true, from });
    site.show_policy(active);
    let need = || get(site.address(), "/v1/policy").json()["active"]["needs"][0].take();
    assert_eq!(need(), json!({"fact": "roster", "given": true, "from": "the roster"}));
    site.state.change_roster(|roster| roster.not_followed = Some("403".to_owned()));
    assert_eq!(need(), json!({"fact": "roster", "given": false, "from": "the roster: 403"}));
    site.state.change_roster(|roster| roster.not_followed = None);
    assert_eq!(need()["given"], true);
}
