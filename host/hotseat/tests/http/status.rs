//! `hotseat status` against a sidecar, against nothing and against something else.

use crate::site::TestServer;
use hotseat::commands::status::report;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

fn refused(address: &str) -> String {
    let error = report(address, false).expect_err("no sidecar is there").to_string();
    assert!(!error.contains('\n'), "more than one line: {error}");
    error
}

#[test]
fn a_sidecar_is_described() {
    let site = TestServer::start();
    site.show_own_term(Duration::from_secs(3600));
    let address = site.address().to_string();
    let text = report(&address, false).expect("it answers");
    assert!(text.starts_with("leader         web-0, for 0."), "{text}");
    assert!(text.contains("\nfencing token  4711\n"), "{text}");

    let document = report(&address, true).expect("it answers");
    let document: serde_json::Value = serde_json::from_str(&document).expect("JSON");
    assert_eq!(document["leader"]["token"], 4711);
    assert_eq!(document["policy"]["failures"]["trapped"], 0);

    let port = site.address().port();
    assert!(report(&format!(":{port}"), true).is_ok(), "an empty host is this machine");
}

#[test]
fn nothing_there_is_an_error() {
    let free = TcpListener::bind("127.0.0.78:0").expect("a port is free");
    let address = free.local_addr().expect("an address").to_string();
    drop(free);
    let error = refused(&address);
    assert!(error.starts_with(&format!("--address {address}: nothing answers (")), "{error}");
    assert!(
        error.ends_with("give the address of a running sidecar, as its --http says"),
        "{error}"
    );
    assert!(refused("no-port").contains("nothing answers"));
}

#[test]
fn something_else_there_is_an_error() {
    // The old image answers so to any path.
    let old = b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"name\":\"web\"}";
    let answers: [&[u8]; 4] = [old, b"HTTP/1.1 404 Not Found\r\n\r\n", b"SSH-2.0-x\r\n", b""];
    for answer in answers {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("an address").to_string();
        let serving = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut request = [0; 4096];
            let count = stream.read(&mut request).expect("a request");
            assert!(request[..count].starts_with(b"GET /v1/leader HTTP/1.1\r\n"));
            stream.write_all(answer).expect("sent");
        });
        let error = refused(&address);
        let begin = format!("--address {address}: the server there is not a Hotseat sidecar: ");
        assert!(error.starts_with(&begin), "{error}");
        serving.join().expect("it served");
    }
}
