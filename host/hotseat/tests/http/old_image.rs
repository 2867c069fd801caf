//! `/` answers as the old image did, byte for byte.

use crate::client::{Client, get};
use crate::site::TestServer;
use std::io::Write;
use std::net::Shutdown;
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3600);

/// The old image's answer with the date as it came.
fn expected(body: &str, date: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: {}\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n",
        body.len()
    )
}

#[test]
fn every_byte_is_as_of_old() {
    let site = TestServer::start();
    let names = [
        ("", r#"{"name":""}"#),
        ("web-1", r#"{"name":"web-1"}"#),
        (r#"a"<b>&\"#, r#"{"name":"a\"\u003cb\u003e\u0026\\"}"#),
        ("grün\u{2028}", "{\"name\":\"grün\\u2028\"}"),
    ];
    for (name, body) in names {
        site.show_holder(name, HOUR);
        let answer = get(site.address(), "/");
        let date = answer.header("date").expect("a date").to_owned();
        assert_eq!(answer.head, expected(body, &date));
        assert_eq!(answer.body, body);
        assert!(date.ends_with(" GMT") && date.len() == 29, "{date}");
    }
}

#[test]
fn nobody_is_named_before_the_lock_was_read() {
    let site = TestServer::start();
    assert_eq!(get(site.address(), "/").body, r#"{"name":""}"#);
}

#[test]
fn any_method_and_any_query_will_do() {
    let site = TestServer::start();
    site.show_own_term(HOUR);
    let mut client = Client::connect(site.address());
    for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"] {
        for path in ["/", "/?a=b", "http://elsewhere/"] {
            let answer = client.ask(method, path);
            assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"name":"web-0"}"#));
        }
    }
    let refused = client.ask("CONNECT", "/");
    assert_eq!(refused.status, 405, "a CONNECT could not have a body: {refused:?}");
}

#[test]
fn head_has_the_headers_and_no_body() {
    let site = TestServer::start();
    site.show_own_term(HOUR);
    let mut client = Client::connect(site.address());
    let head = client.ask("HEAD", "/");
    let get = client.ask("GET", "/");
    let date = head.header("date").expect("a date").to_owned();
    assert_eq!(head.head, expected(&get.body, &date));
}

#[test]
fn requests_follow_each_other_on_one_connection() {
    let site = TestServer::start();
    let mut client = Client::connect(site.address());
    for name in ["web-1", "web-2"] {
        site.show_holder(name, HOUR);
        assert_eq!(client.ask("GET", "/").body, format!(r#"{{"name":"{name}"}}"#));
    }
    let one = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";
    client.send(one.repeat(100));
    for _ in 0..100 {
        assert_eq!(client.receive("GET").body, r#"{"name":"web-2"}"#);
    }
}

#[test]
fn a_body_is_read_and_forgotten() {
    let site = TestServer::start();
    let mut client = Client::connect(site.address());
    let body = "x".repeat(60_000);
    for _ in 0..3 {
        client.send(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n{body}"));
        assert_eq!(client.receive("POST").body, r#"{"name":""}"#);
    }
    client.send(
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    );
    assert_eq!(client.receive("PUT").status, 200);
    assert_eq!(client.ask("GET", "/").status, 200, "the connection goes on");
}

#[test]
fn old_protocols_and_half_closed_clients_are_served() {
    let site = TestServer::start();
    let mut client = Client::connect(site.address());
    client.send("GET / HTTP/1.0\r\n\r\n");
    let bytes = String::from_utf8(client.until_closed()).expect("UTF-8");
    assert!(bytes.starts_with("HTTP/1.0 200 OK\r\nDate: "), "{bytes}");
    assert!(bytes.ends_with(r#"{"name":""}"#), "{bytes}");

    // As `printf .. | nc -N` does.
    let mut client = Client::connect(site.address());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.stream.shutdown(Shutdown::Write).expect("half closed");
    let bytes = String::from_utf8(client.until_closed()).expect("UTF-8");
    assert!(bytes.ends_with(r#"{"name":""}"#), "{bytes}");

    // With more answers on their way than fit in the kernel's buffers.
    let mut client = Client::connect(site.address());
    client.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2000));
    client.stream.shutdown(Shutdown::Write).expect("half closed");
    for answer in 0..2000 {
        assert_eq!(client.receive("GET").status, 200, "answer {answer}");
    }
}

#[test]
fn the_answer_expires_without_anybodys_help() {
    let site = TestServer::start();
    for own in [true, false] {
        let left = Duration::from_secs(3);
        let begin = Instant::now();
        if own {
            site.show_own_term(left);
        } else {
            site.show_holder("web-1", left);
        }
        let name = if own { "web-0" } else { "web-1" };
        let mut client = Client::connect(site.address());
        let mut named = 0;
        loop {
            let asked = begin.elapsed();
            let body = client.ask("GET", "/").body;
            let answered = begin.elapsed();
            if body == r#"{"name":""}"# {
                assert!(answered >= left, "gone after {answered:?} already");
                break;
            }
            assert_eq!(body, format!(r#"{{"name":"{name}"}}"#));
            // The view was made a moment after `begin`.
            assert!(asked < left + Duration::from_secs(2), "still named after {asked:?}");
            named += 1;
        }
        assert!(named > 0, "it was never named");
    }
}

#[test]
fn a_request_in_pieces_is_one_request() {
    let site = TestServer::start();
    let mut client = Client::connect(site.address());
    for piece in ["GE", "T / HT", "TP/1.1\r\nHo", "st: a\r", "\n\r", "\n"] {
        client.send(piece);
        client.stream.flush().expect("sent");
    }
    assert_eq!(client.receive("GET").status, 200);
}
