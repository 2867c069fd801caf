//! `/v1/journal`.

use crate::client::{Client, get};
use crate::crowd::until;
use crate::site::TestServer;
use hotseat_election::Fact;
use hotseat_journal::Reader;
use hotseat_rollout::{Fact as PolicyFact, Refusal};
use serde_json::Value;

fn refuse(site: &TestServer, stage: &'static str, why: &str) {
    let refusal = Refusal { stage, why: why.to_owned() };
    let source = "builtin".to_owned();
    site.say(Fact::Policy(PolicyFact::Refused { policy: None, about: None, source, refusal }));
}

fn fill(site: &TestServer, count: usize) {
    for _ in 0..count {
        refuse(site, "compile", "");
    }
}

fn numbers(body: &str) -> Vec<u64> {
    Reader::new(body.as_bytes()).map(|line| line.expect("a record").1.number).collect()
}

#[test]
fn the_last_records_are_json_lines() {
    let site = TestServer::start();
    assert_eq!(get(site.address(), "/v1/journal").body, "");
    fill(&site, 20);
    let answer = get(site.address(), "/v1/journal");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/x-ndjson")));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(numbers(&answer.body), (1..=20).collect::<Vec<u64>>());
    for line in answer.body.lines() {
        let record: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(record["stage"], "compile");
    }
    assert_eq!(numbers(&get(site.address(), "/v1/journal?last=3").body), [18, 19, 20]);
    assert_eq!(get(site.address(), "/v1/journal?last=0").body, "");
}

#[test]
fn head_has_the_length_and_no_body() {
    let site = TestServer::start();
    fill(&site, 3);
    let whole = get(site.address(), "/v1/journal?last=3");
    let head = Client::connect(site.address()).ask("HEAD", "/v1/journal?last=3");
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-length"), Some(whole.body.len().to_string().as_str()));
    let rest = {
        let mut client = Client::connect(site.address());
        client.send("HEAD /v1/journal HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client.until_closed()
    };
    assert!(rest.ends_with(b"\r\n\r\n"), "{rest:?}");
}

#[test]
fn another_query_or_method_is_refused_with_the_reason() {
    let site = TestServer::start();
    let answer = get(site.address(), "/v1/journal?first=3");
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("give ?last=N"), "{answer:?}");
    let answer = Client::connect(site.address()).ask("DELETE", "/v1/journal");
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")));
}

#[test]
fn only_a_few_read_it_at_a_time() {
    let site = TestServer::start();
    // More than the kernel takes for a client that does not read.
    let reason = "\u{1}".repeat(20_000);
    for _ in 0..12 {
        refuse(&site, "compile", &reason);
    }
    let ask = || {
        let mut client = Client::connect(site.address());
        client.send("GET /v1/journal HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client
    };
    let slow: Vec<Client> = (0..4).map(|_| ask()).collect();
    let head = || Client::connect(site.address()).ask("HEAD", "/v1/journal?last=0");
    until("four to be reading", || head().status == 503);
    assert_eq!(head().header("retry-after"), Some("1"));
    assert_eq!(get(site.address(), "/").status, 200, "the other pages go on");
    for client in slow {
        let bytes = client.until_closed();
        assert!(bytes.starts_with(b"HTTP/1.1 200 OK\r\n") && bytes.len() > 1_400_000);
    }
    until("their seats", || get(site.address(), "/v1/journal").status == 200);
}

#[test]
fn what_is_dropped_is_counted_in_the_metrics() {
    let site = TestServer::start();
    let count = || {
        let text = get(site.address(), "/metrics").body;
        let line =
            text.lines().find_map(|line| line.strip_prefix("hotseat_journal_dropped_total "));
        line.expect("the series").parse::<u64>().expect("a number")
    };
    assert_eq!(count(), 0);
    refuse(&site, "compile", &"x".repeat(1 << 20));
    assert_eq!(count(), 1);
}
