//! What a slow, endless, oversized or malformed client may cost.

use crate::client::{Client, PATIENCE, get};
use crate::crowd::{open_connections, until};
use crate::site::TestServer;
use hotseat_http::Limits;
use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

/// Long enough to tell "at once" from "after the time", short enough for a test.
const SHORT: Duration = Duration::from_millis(250);
const LONG: Duration = Duration::from_secs(600);

/// Every time but the one under test is long, so that no other bound can make the test pass.
fn long() -> Limits {
    let limits = Limits::default();
    Limits { request_time: LONG, idle_time: LONG, write_time: LONG, ..limits }
}

fn assert_still_serves(site: &TestServer) {
    assert_eq!(get(site.address(), "/").body, r#"{"name":""}"#);
}

#[test]
fn the_sidecar_runs_with_these_limits() {
    let limits = Limits::default();
    let seconds = [limits.request_time, limits.idle_time, limits.write_time];
    assert_eq!(seconds.map(|time| time.as_secs()), [5, 60, 10]);
    assert_eq!((limits.head_bytes, limits.body_bytes), (1024 * 1024, 64 * 1024));
    assert_eq!((limits.free_bytes, limits.crowd_bytes), (16 * 1024, 4 * 1024 * 1024));
    assert_eq!((limits.head_fields, limits.connections), (1024, 256));
}

#[test]
fn a_client_that_sends_nothing_or_half_a_request_is_closed() {
    let site = TestServer::with(Limits { request_time: SHORT, ..long() });
    let halves = [
        "",
        "GET / HT",
        "GET / HTTP/1.1\r\nHost: a\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfive!",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfive!\r\n",
    ];
    for half in halves {
        let begin = Instant::now();
        let mut client = Client::connect(site.address());
        client.send(half);
        assert_eq!(client.until_closed(), b"", "{half:?}");
        assert!(begin.elapsed() >= SHORT, "{half:?} was closed after {:?}", begin.elapsed());
    }
    assert_still_serves(&site);
}

#[test]
fn a_request_in_drops_has_no_more_time() {
    let site = TestServer::with(Limits { request_time: SHORT, ..long() });
    // The second time on a connection that was idle.
    for asked_before in [false, true] {
        let mut begin = Instant::now();
        let mut client = Client::connect(site.address());
        if asked_before {
            assert_eq!(client.ask("GET", "/").status, 200);
            begin = Instant::now();
        }
        client.stream.set_read_timeout(Some(SHORT / 20)).expect("a timeout");
        client.send("GET / HTTP/1.1\r\nX: ");
        loop {
            assert!(begin.elapsed() < PATIENCE, "it is still open");
            match client.stream.read(&mut [0]) {
                Ok(0) => break,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
                other => panic!("an answer to half a request: {other:?}"),
            }
            // The server may have closed it meanwhile; the next read tells.
            let _ = client.stream.write_all(b"x");
        }
        assert!(begin.elapsed() >= SHORT, "closed after {:?}", begin.elapsed());
    }
}

#[test]
fn an_idle_connection_is_closed_after_its_time() {
    let site = TestServer::with(Limits { idle_time: SHORT, ..long() });
    let mut client = Client::connect(site.address());
    let begin = Instant::now();
    assert_eq!(client.ask("GET", "/").status, 200);
    assert_eq!(client.until_closed(), b"");
    assert!(begin.elapsed() >= SHORT, "closed after {:?}", begin.elapsed());
}

#[test]
fn an_idle_connection_stays_open_before_that() {
    let site = TestServer::with(Limits { request_time: SHORT, write_time: SHORT, ..long() });
    let mut client = Client::connect(site.address());
    assert_eq!(client.ask("GET", "/").status, 200);
    client.stream.set_read_timeout(Some(2 * SHORT)).expect("a timeout");
    let error = client.stream.read(&mut [0]).expect_err("nothing comes");
    assert_eq!(error.kind(), ErrorKind::WouldBlock, "neither bytes nor the end: {error}");
    client.stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    assert_eq!(client.ask("GET", "/").status, 200);
}

#[test]
fn an_oversized_head_is_refused() {
    let site = TestServer::with(long());
    let long_header = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(2048 * 1024));
    let long_path = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(2048 * 1024));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(1025));
    for request in [long_header, long_path, many] {
        let mut client = Client::connect(site.address());
        // The server may have had enough before the end.
        let _ = client.stream.write_all(request.as_bytes());
        assert_eq!(client.receive("GET").status, 431);
        client.until_closed();
    }
    // Just under the bounds.
    let mut client = Client::connect(site.address());
    client.send(format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(1000 * 1024)));
    assert_eq!(client.receive("GET").status, 200);
    client.send(format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(1024)));
    assert_eq!(client.receive("GET").status, 200);
    let metrics = get(site.address(), "/metrics").body;
    assert!(
        metrics.contains("hotseat_http_requests_total{path=\"\",code=\"431\"} 3\n"),
        "{metrics}"
    );
}

/// As a browser sends the cookies of all that was ever served on this host, and a mesh its headers.
#[test]
fn large_cookies_on_localhost() {
    let site = TestServer::start();
    let mut client = Client::connect(site.address());
    let cookies = format!("Cookie: a={}\r\n", "x".repeat(20_000));
    let many: String = (0..120).map(|number| format!("X-{number}: 1\r\n")).collect();
    // On one connection, which stays open.
    for headers in [cookies.as_str(), many.as_str(), cookies.as_str(), "", cookies.as_str()] {
        for path in ["/", "/leader", "/v1/leader", "/v1/policy", "/healthz"] {
            client.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"));
            let answer = client.receive("GET");
            let expected = if path == "/leader" { 503 } else { 200 };
            assert_eq!(answer.status, expected, "{path}: {answer:?}");
            assert_eq!(answer.header("connection"), None);
        }
    }
}

/// Large heads, but not from everybody at a time.
#[test]
fn a_crowd_with_large_heads_has_a_common_bound() {
    let site = TestServer::with(long());
    let mut patient = Client::connect(site.address());
    assert_eq!(patient.ask("GET", "/").status, 200);
    // Half a request of 200 KiB each: four mebibytes are for 22 of them beyond what is free.
    let half = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}", "x".repeat(200 * 1024));
    let crowd: Vec<Client> = (0..100)
        .map(|_| {
            let mut client = Client::connect(site.address());
            // It may be cut off while it sends.
            let _ = client.stream.write_all(half.as_bytes());
            client
        })
        .collect();
    // The one that is patient, and those whose heads fit.
    until("most of the crowd to be gone", || open_connections(&site) <= 1 + 22);
    assert_eq!(patient.ask("GET", "/").status, 200, "small requests go on");
    assert_still_serves(&site);
    // Those that remain are served when they end their requests.
    let ended = crowd.into_iter().filter_map(|mut client| {
        client.stream.write_all(b"\r\n\r\n").ok()?;
        let answer = client.until_closed_or_answered()?;
        answer.starts_with(b"HTTP/1.1 200 OK\r\n").then_some(())
    });
    let served = ended.count();
    assert!((1..=22).contains(&served), "{served} were served");
}

/// Sends without end until the server has had enough; gives how much it was, and the answer.
fn flood(site: &TestServer, begin: &str, piece: &[u8]) -> (usize, String) {
    let mut client = Client::connect(site.address());
    client.send(begin);
    let mut sender = client.stream.try_clone().expect("a second handle");
    let piece = piece.to_vec();
    let sending = std::thread::spawn(move || {
        let mut sent = 0;
        while let Ok(count) = sender.write(&piece) {
            sent += count;
        }
        sent
    });
    let answer = String::from_utf8(client.until_closed()).expect("UTF-8");
    (sending.join().expect("the sender ends"), answer)
}

/// What fits in the kernel's buffers of both sides is sent before anybody can refuse it.
const IN_BUFFERS: usize = 16 * 1024 * 1024;

#[test]
fn an_endless_head_is_refused() {
    let site = TestServer::with(long());
    let (sent, answer) = flood(&site, "GET / HTTP/1.1\r\n", b"X-Endless: yes\r\n");
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert!(sent < IN_BUFFERS, "{sent} bytes were taken");
}

#[test]
fn an_endless_body_is_answered_and_cut_off() {
    let site = TestServer::with(long());
    let begin = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let piece = [b"1000\r\n".as_slice(), &[b'x'; 0x1000], b"\r\n"].concat();
    let (sent, answer) = flood(&site, begin, &piece);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with(r#"{"name":""}"#), "{answer}");
    assert!(sent < IN_BUFFERS, "{sent} bytes were taken");
    assert_still_serves(&site);
}

#[test]
fn a_body_that_is_too_long_is_not_waited_for() {
    let site = TestServer::with(long());
    let mut client = Client::connect(site.address());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n");
    let answer = client.receive("POST");
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert_eq!(client.until_closed(), b"");
}

#[test]
fn who_sent_too_much_still_gets_the_answer() {
    // The server closes with most of the body unread.
    let site = TestServer::with(long());
    let mut client = Client::connect(site.address());
    let body = "x".repeat(70_000);
    client.send(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n{body}"));
    let mut answer = String::new();
    client.stream.read_to_string(&mut answer).expect("an end without a reset");
    assert!(answer.ends_with(r#"{"name":""}"#), "{answer}");
}

#[test]
fn what_is_no_http_is_refused() {
    let site = TestServer::with(long());
    let malformed: [&[u8]; 9] = [
        b"\0\0\0\0\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nBad Header: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: a\0b\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        // The beginning of TLS.
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ];
    for request in malformed {
        let mut client = Client::connect(site.address());
        client.send(request);
        let answer = client.until_closed();
        let answer = String::from_utf8(answer).expect("UTF-8");
        let request = String::from_utf8_lossy(request);
        assert!(answer.starts_with("HTTP/1.1 400 "), "{request:?}: {answer:?}");
        assert_eq!(answer.matches("HTTP/").count(), 1, "{request:?}: {answer:?}");
    }
    assert_still_serves(&site);
}

#[test]
fn a_client_that_does_not_read_is_cut_off() {
    let site = TestServer::with(Limits { write_time: SHORT, ..long() });
    let mut client = Client::connect(site.address());
    let requests = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n".repeat(100);
    let error = loop {
        if let Err(error) = client.stream.write_all(requests.as_bytes()) {
            break error;
        }
    };
    let cut_off = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
    assert!(cut_off.contains(&error.kind()), "the client gave up first: {error}");
    assert_still_serves(&site);
}
