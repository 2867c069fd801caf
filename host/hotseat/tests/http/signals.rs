//! `/v1/signals` as the application beside the sidecar uses it, and as others try to.

use crate::client::{Answer, Client, get};
use crate::site::{TestServer, own_address};
use hotseat_core::policy::{Source, Value};
use hotseat_election::clock;
use hotseat_election::signals::{Key, Report};
use hotseat_http::Limits;
use serde_json::json;
use std::net::SocketAddr;
use std::time::Duration;

const HEARTBEAT: &str = "/v1/signals/app.heartbeat";
const TEXT: &str = "Content-Type: text/plain\r\n";
const JSON: &str = "Content-Type: application/json\r\n";

/// A request with these headers and this body, on a connection of its own.
fn send(address: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let mut client = Client::connect(address);
    let host = if headers.contains("Host: ") { "" } else { "Host: localhost\r\n" };
    let length = body.len();
    client.send(format!(
        "{method} {path} HTTP/1.1\r\n{host}{headers}Content-Length: {length}\r\n\r\n{body}"
    ));
    client.receive(method)
}

fn put(site: &TestServer, path: &str, headers: &str, body: &str) -> Answer {
    send(site.address(), "PUT", path, headers, body)
}

/// The signals by key and value.
fn values(site: &TestServer) -> Vec<(String, Value)> {
    let all = site.state.signals().all(clock::now());
    all.into_iter().map(|held| (held.key.to_string(), held.report.value)).collect()
}

#[track_caller]
fn refused(answer: &Answer, status: u16, words: &[&str]) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.body.lines().count(), 1, "{answer:?}");
    for word in words {
        assert!(answer.body.contains(word), "no {word:?} in {answer:?}");
    }
}

#[test]
fn text_and_json_are_taken() {
    let site = TestServer::start();
    let text = |text: &str| Value::Text(text.to_owned());
    for (headers, body, value) in [
        ("", "ok", text("ok")),
        ("", "", text("")),
        (TEXT, "two words\n", text("two words")),
        ("Content-Type: TEXT/Plain; Charset=\"UTF-8\"\r\n", "äöü", text("äöü")),
        (JSON, "\"a\\u0062\"", text("ab")),
        (JSON, " 12 ", Value::Integer(12)),
        (JSON, "-9223372036854775808", Value::Integer(i64::MIN)),
        (JSON, "12.0", Value::Number(12.0)),
        (JSON, "-0.5e3", Value::Number(-500.0)),
        (JSON, "18446744073709551615", Value::Number(18_446_744_073_709_551_615.0)),
        (JSON, "true", Value::Flag(true)),
        (JSON, "[\"a\", \"b\"]", Value::Texts(vec!["a".to_owned(), "b".to_owned()])),
        (JSON, "[1, \"b\"]", Value::Json("[1,\"b\"]".to_owned())),
        (JSON, "{\"isr\": [1, 2]}", Value::Json("{\"isr\":[1,2]}".to_owned())),
        ("Content-Type: application/json; charset=utf-8\r\n", "false", Value::Flag(false)),
    ] {
        let answer = put(&site, HEARTBEAT, headers, body);
        assert_eq!((answer.status, answer.body.as_str()), (200, "ok\n"), "{body:?}");
        assert_eq!(values(&site), [("app.heartbeat".to_owned(), value)], "{body:?}");
    }
}

#[test]
fn what_was_set_is_shown_and_deleted() {
    let site = TestServer::start();
    assert_eq!(put(&site, "/v1/signals/app.lag?ttl=1m30s", JSON, "0.25").status, 200);
    assert_eq!(put(&site, HEARTBEAT, TEXT, "ok").status, 200);
    let label = "/v1/signals/app.kubernetes.io/name";
    assert_eq!(put(&site, label, JSON, "{\"a\": [1]}").status, 200);
    site.report(Source::Node, "app.lag", Value::Texts(vec!["x".to_owned()]));
    let mut shown = get(site.address(), "/v1/signals").json();
    for signal in shown["signals"].as_array_mut().expect("a list") {
        let signal = signal.as_object_mut().expect("an object");
        for name in ["age_ms", "unchanged_ms"] {
            let age = signal.remove(name).and_then(|age| age.as_u64()).expect("an age");
            assert!(age < 60_000, "{name} {age}");
        }
    }
    let expected = json!([
        {"key": "app.heartbeat", "source": "application", "value": "ok", "ttl_ms": null},
        {"key": "app.kubernetes.io/name", "source": "application", "value": {"a": [1]}, "ttl_ms": null},
        {"key": "app.lag", "source": "node", "value": ["x"], "ttl_ms": null},
        {"key": "app.lag", "source": "application", "value": 0.25, "ttl_ms": 90_000},
    ]);
    assert_eq!(shown["signals"], expected);

    let mut client = Client::connect(site.address());
    let delete = |client: &mut Client| {
        client.send(format!("DELETE {HEARTBEAT} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        client.receive("DELETE")
    };
    assert_eq!(delete(&mut client).status, 200);
    refused(&delete(&mut client), 404, &["app.heartbeat: no such signal"]);
    assert_eq!(values(&site).len(), 3);
    let answer = send(site.address(), "DELETE", "/v1/signals/app.lag", "", "");
    assert_eq!(answer.status, 200);
    refused(&send(site.address(), "DELETE", "/v1/signals/app.lag", "", ""), 404, &["app.lag"]);
}

#[test]
fn a_signal_past_its_ttl_is_not_shown() {
    let site = TestServer::start();
    let report = Report {
        value: Value::Flag(true),
        at: clock::now() - Duration::from_secs(10),
        ttl: Some(Duration::from_secs(9)),
    };
    let key = Key::new(Source::Application, "app.old").expect("a key");
    site.state.signals().report(key, report).expect("room");
    assert_eq!(get(site.address(), "/v1/signals").json()["signals"], json!([]));
    let answer = send(site.address(), "DELETE", "/v1/signals/app.old", "", "");
    assert_eq!(answer.status, 404);
}

#[test]
fn keys_and_parameters_are_checked() {
    let site = TestServer::start();
    for (path, status, words) in [
        ("/v1/signals/", 400, &["no key of a signal", "such as app.heartbeat"][..]),
        ("/v1/signals/a%20b", 400, &["a%20b: ", "without spaces and control characters"]),
        ("/v1/signals/a%0ab", 400, &["a%0ab: "]),
        ("/v1/signals/a%ff", 400, &["a%ff: ", "UTF-8"]),
        ("/v1/signals/a?ttl=30", 400, &["ttl=30: ", "write it as 15s"]),
        ("/v1/signals/a?ttl=", 400, &["ttl=: "]),
        ("/v1/signals/a?ttl=99ms", 400, &["from 100ms to 24h"]),
        ("/v1/signals/a?ttl=25h", 400, &["from 100ms to 24h"]),
        ("/v1/signals/a?ttl=1s&ttl=2s", 400, &["give one ttl"]),
        ("/v1/signals/a?tll=1s", 400, &["tll=1s: no such parameter", "?ttl=30s"]),
    ] {
        refused(&put(&site, path, TEXT, "x"), status, words);
    }
    let long = "k".repeat(318);
    let answer = put(&site, &format!("/v1/signals/{long}"), TEXT, "x");
    refused(&answer, 400, &["a key of 318 bytes: give at most 317"]);
    assert_eq!(values(&site), []);
    let longest = format!("/v1/signals/{}", "k".repeat(317));
    assert_eq!(put(&site, &longest, TEXT, "x").status, 200);
}

#[test]
fn bodies_are_checked() {
    let site = TestServer::start();
    for (headers, body, status, words) in [
        (JSON, "null", 400, "not JSON, or null"),
        (JSON, "[1,]", 400, "send a string, a number, a boolean, a list or an object"),
        (JSON, "{\"a\"}", 400, "or send text as text/plain"),
        (JSON, "1 2", 400, "not JSON"),
        (JSON, "1e999", 400, "not JSON"),
        (JSON, "", 400, "not JSON"),
        (
            "Content-Type: application/x-www-form-urlencoded\r\n",
            "a",
            415,
            "curl -H 'Content-Type: text/plain'",
        ),
        ("Content-Type: text/plain; charset=latin1\r\n", "a", 415, "in UTF-8"),
        ("Content-Type: image/png\r\n", "a", 415, "image/png: send text/plain"),
        ("Content-Encoding: gzip\r\n", "a", 415, "a coded body"),
    ] {
        refused(&put(&site, HEARTBEAT, headers, body), status, &[words]);
    }
    let mut client = Client::connect(site.address());
    client
        .send(format!("PUT {HEARTBEAT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n"));
    client.send([0xff, 0xfe]);
    refused(&client.receive("PUT"), 400, &["not UTF-8"]);
    assert_eq!(values(&site), []);
}

#[test]
fn the_size_of_a_value_is_bounded_and_so_is_what_is_read_of_it() {
    let site = TestServer::start();
    let longest = "x".repeat(1024);
    assert_eq!(put(&site, HEARTBEAT, TEXT, &longest).status, 200);
    // Each byte escaped.
    let escaped = format!("\"{}\"", "\\u0078".repeat(1024));
    assert_eq!(put(&site, HEARTBEAT, JSON, &escaped).status, 200);
    assert_eq!(values(&site), [("app.heartbeat".to_owned(), Value::Text(longest))]);
    for (headers, body) in [
        (TEXT, "x".repeat(1025)),
        (TEXT, "x".repeat(20_000)),
        (JSON, format!("\"{}\"", "x".repeat(1025))),
        (JSON, format!("{}1", " ".repeat(10_000))),
        (JSON, format!("[{}\"\"]", "\"\",".repeat(1024))),
        (JSON, format!("{{\"a\":\"{}\"}}", "x".repeat(1024))),
    ] {
        let answer = put(&site, HEARTBEAT, headers, &body);
        refused(&answer, 413, &["a value of more than 1024 bytes: send less"]);
        assert_eq!(answer.header("connection"), None, "what was read needs no end");
    }
    // More than is read even to be thrown away.
    let mut client = Client::connect(site.address());
    client.send(format!(
        "PUT {HEARTBEAT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65537\r\n\r\n"
    ));
    let answer = client.receive("PUT");
    refused(&answer, 413, &["send less"]);
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(client.until_closed(), b"");
}

#[test]
fn half_a_body_sets_nothing() {
    let short = Duration::from_millis(250);
    let site = TestServer::with(Limits { request_time: short, ..Limits::default() });
    let begin = format!("PUT {HEARTBEAT} HTTP/1.1\r\nHost: localhost\r\n");
    for rest in ["Content-Length: 4\r\n\r\nhal", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"]
    {
        // Too slow, and then gone in the middle.
        let mut client = Client::connect(site.address());
        client.send(format!("{begin}{rest}"));
        assert_eq!(client.until_closed(), b"", "{rest:?}");
        let mut client = Client::connect(site.address());
        client.send(format!("{begin}{rest}"));
        client.stream.shutdown(std::net::Shutdown::Write).expect("an end");
        let answer = String::from_utf8(client.until_closed()).expect("UTF-8");
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    let mut client = Client::connect(site.address());
    client.send(format!("{begin}Transfer-Encoding: chunked\r\n\r\nzz\r\nhalf\r\n"));
    let answer = String::from_utf8(client.until_closed()).expect("UTF-8");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(values(&site), []);
}

#[test]
fn the_number_of_signals_is_bounded() {
    let site = TestServer::start();
    let mut client = Client::connect(site.address());
    let mut set = |number: usize| {
        client.send(format!(
            "PUT /v1/signals/app.n{number} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx"
        ));
        client.receive("PUT")
    };
    for number in 0..64 {
        assert_eq!(set(number).status, 200, "{number}");
    }
    refused(&set(64), 409, &["64 signals are there already: delete one, or give them a ttl"]);
    assert_eq!(set(0).status, 200);
    let metrics = get(site.address(), "/metrics").body;
    assert!(metrics.contains("hotseat_signals{election=\"shop/web\"} 64\n"), "{metrics}");
}

#[test]
fn only_put_and_delete_change_a_signal_and_no_answer_allows_other_origins() {
    let site = TestServer::start();
    for method in ["GET", "HEAD", "POST", "PATCH", "OPTIONS"] {
        let headers = "Origin: http://evil.example\r\nAccess-Control-Request-Method: PUT\r\n";
        let answer = send(site.address(), method, HEARTBEAT, headers, "");
        assert_eq!((answer.status, answer.header("allow")), (405, Some("PUT, DELETE")), "{method}");
        assert!(!answer.head.to_lowercase().contains("access-control"), "{answer:?}");
    }
    let answer = send(site.address(), "PUT", "/v1/signals", "", "x");
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")));
}

#[test]
fn pages_of_other_origins_names_that_resolve_here_and_proxies_are_refused() {
    let site = TestServer::start();
    let port = site.address().port();
    for (headers, words) in [
        ("Origin: http://evil.example\r\n".to_owned(), "a page of another origin"),
        ("Origin: null\r\n".to_owned(), "a page of another origin"),
        ("Origin: https://localhost\r\n".to_owned(), "a page of another origin"),
        (format!("Host: localhost:{port}\r\nOrigin: http://localhost:1\r\n"), "another origin"),
        ("Sec-Fetch-Site: cross-site\r\n".to_owned(), "a page of another origin"),
        ("Sec-Fetch-Site: same-site\r\n".to_owned(), "a page of another origin"),
        (format!("Host: evil.example:{port}\r\n"), "for the host evil.example"),
        ("Host: localhost.evil.example\r\n".to_owned(), "ask for http://127.0.0.1"),
        ("Host: 10.0.0.7\r\n".to_owned(), "for the host 10.0.0.7"),
        ("Host: [::1].evil.example\r\n".to_owned(), "for the host"),
        ("Host: \r\n".to_owned(), "for the host"),
        ("Host: localhost\r\nHost: evil.example\r\n".to_owned(), "for the host evil.example"),
        ("X-Forwarded-For: 10.0.0.7\r\n".to_owned(), "x-forwarded-for says"),
        ("Forwarded: for=10.0.0.7\r\n".to_owned(), "a proxy handed this on"),
        ("Via: 1.1 mesh\r\n".to_owned(), "a proxy handed this on"),
    ] {
        for method in ["PUT", "DELETE"] {
            let answer = send(site.address(), method, HEARTBEAT, &headers, "x");
            refused(&answer, 403, &[words]);
        }
    }
    let mut client = Client::connect(site.address());
    client.send(format!("PUT http://evil.example{HEARTBEAT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"));
    refused(&client.receive("PUT"), 403, &["for the host evil.example"]);
    assert_eq!(values(&site), []);

    for headers in [
        format!("Host: localhost:{port}\r\nOrigin: http://localhost:{port}\r\n"),
        format!("Host: LOCALHOST:{port}\r\n"),
        format!("Host: 127.0.0.1:{port}\r\nSec-Fetch-Site: same-origin\r\n"),
        "Host: 127.8.9.10\r\n".to_owned(),
        "Host: [::1]\r\nSec-Fetch-Site: none\r\n".to_owned(),
        format!("Host: [::ffff:127.0.0.1]:{port}\r\n"),
    ] {
        let answer = put(&site, HEARTBEAT, &headers, "x");
        assert_eq!(answer.status, 200, "{headers}: {answer:?}");
    }
    // As HTTP/1.0 may have it.
    let mut client = Client::connect(site.address());
    client.send(format!("DELETE {HEARTBEAT} HTTP/1.0\r\n\r\n"));
    assert_eq!(client.receive("DELETE").status, 200);
}

#[test]
fn peers_that_are_not_on_loopback_are_refused() {
    // Both families on one socket: IPv4 peers come as mapped addresses.
    let site = TestServer::at(":0", Limits::default());
    let port = site.address().port();
    let local = SocketAddr::from(([127, 0, 0, 1], port));
    assert_eq!(send(local, "PUT", HEARTBEAT, "", "x").status, 200);
    let own = SocketAddr::from((own_address(), port));
    for method in ["PUT", "DELETE"] {
        let answer = send(own, method, HEARTBEAT, "", "y");
        let from = format!("this came from {}:", own.ip());
        refused(&answer, 403, &["signals come from this pod only", &from, "to 127.0.0.1"]);
    }
    let value = Value::Text("x".to_owned());
    assert_eq!(values(&site), [("app.heartbeat".to_owned(), value)]);
}

#[test]
fn both_loopback_addresses_are_this_pod() {
    for host in [":0", "localhost:0", "[::]:0", "0.0.0.0:0"] {
        let site = TestServer::at(host, Limits::default());
        let port = site.address().port();
        for address in [SocketAddr::from(([127, 0, 0, 1], port)), ipv6_loopback(port)] {
            let answer = send(address, "PUT", HEARTBEAT, "", "x");
            assert_eq!(answer.status, 200, "{host}, {address}: {answer:?}");
            assert_eq!(get(address, "/v1/signals").status, 200, "{host}, {address}");
        }
    }
}

fn ipv6_loopback(port: u16) -> SocketAddr {
    SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port))
}

#[test]
fn probes_are_in_the_metrics() {
    let site = TestServer::start();
    for (name, up) in [("web", true), ("db-main", false)] {
        site.report(Source::Probe, &format!("probe.{name}"), Value::Flag(up));
    }
    let metrics = get(site.address(), "/metrics").body;
    for line in [
        "hotseat_signals{election=\"shop/web\"} 2\n",
        "hotseat_probe_up{election=\"shop/web\",probe=\"web\"} 1\n",
        "hotseat_probe_up{election=\"shop/web\",probe=\"db-main\"} 0\n",
    ] {
        assert!(metrics.contains(line), "no {line:?} in {metrics}");
    }
}
