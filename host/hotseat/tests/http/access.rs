//! Who is shown the policy, the journal and the signals.

use crate::client::{Answer, Client, get};
use crate::site::{TestServer, own_address};
use hotseat_http::{Access, Detail, Limits};
use std::net::SocketAddr;

/// The pages that repeat settings and signals.
const DETAILS: [&str; 5] =
    ["/v1/policy", "/v1/journal", "/v1/signals", "/v1/roster", "/v1/history"];
/// All others.
const OPEN: [&str; 7] = ["/", "/leader", "/v1/leader", "/ui", "/healthz", "/readyz", "/metrics"];

fn ask(address: SocketAddr, method: &str, path: &str, headers: &str) -> Answer {
    let mut client = Client::connect(address);
    client.send(format!("{method} {path} HTTP/1.1\r\n{headers}\r\n"));
    client.receive(method)
}

#[track_caller]
fn refused(answer: &Answer, words: &[&str]) {
    assert_eq!(answer.status, 403, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.body.lines().count(), 1, "{answer:?}");
    for word in words {
        assert!(answer.body.contains(word), "no {word:?} in {answer:?}");
    }
}

#[test]
fn details_are_for_this_pod_and_all_else_is_for_everybody() {
    let site = TestServer::at(":0", Limits::default());
    let port = site.address().port();
    let pod = SocketAddr::from((own_address(), port));
    let own = SocketAddr::from(([127, 0, 0, 1], port));
    for path in DETAILS {
        let from = format!("this came from {}: ask from a container of this pod", pod.ip());
        let remedy = "let the operator show them to the pod's network";
        refused(&get(pod, path), &["shown to this pod only", &from, "at 127.0.0.1", remedy]);
        let head = ask(pod, "HEAD", path, "Host: localhost\r\n");
        assert_eq!((head.status, head.body.as_str()), (403, ""));
        assert_eq!(get(own, path).status, 200, "{path}");
    }
    for path in OPEN {
        assert_eq!(get(pod, path).status, get(own, path).status, "{path}");
        assert_ne!(get(pod, path).status, 403, "{path}");
    }
    let metrics = get(own, "/metrics").body;
    for path in DETAILS {
        let refused = format!("hotseat_http_requests_total{{path=\"{path}\",code=\"403\"}} 2\n");
        assert!(metrics.contains(&refused), "no {refused:?} in {metrics}");
    }
}

#[test]
fn a_page_whose_name_was_made_to_resolve_here_is_not_shown_details() {
    let site = TestServer::start();
    let port = site.address().port();
    for path in DETAILS {
        for host in [format!("evil.example:{port}"), "localhost.evil.example".to_owned()] {
            let answer = ask(site.address(), "GET", path, &format!("Host: {host}\r\n"));
            let words = [&format!("for the host {host}, a name that anybody may let resolve here")];
            refused(&answer, &words.map(String::as_str));
        }
        for headers in ["X-Forwarded-For: 10.0.0.7\r\n", "Via: 1.1 mesh\r\n"] {
            let headers = format!("Host: localhost\r\n{headers}");
            refused(&ask(site.address(), "GET", path, &headers), &["a proxy handed this on"]);
        }
        // By a page that is asked for in full.
        let mut client = Client::connect(site.address());
        client.send(format!("GET http://evil.example{path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        refused(&client.receive("GET"), &["for the host evil.example"]);
        for host in [format!("LOCALHOST:{port}"), "127.0.0.1".to_owned(), format!("[::1]:{port}")] {
            let answer = ask(site.address(), "GET", path, &format!("Host: {host}\r\n"));
            assert_eq!(answer.status, 200, "{host}: {answer:?}");
        }
    }
    for path in OPEN {
        let answer = ask(site.address(), "GET", path, "Host: shop.example\r\n");
        assert_ne!(answer.status, 403, "{path}: {answer:?}");
    }
}

#[test]
fn the_operator_may_show_details_to_the_pods_network() {
    let access = Access { detail: Detail::PodNetwork, ..Access::default() };
    let site = TestServer::open_to(access, ":0", Limits::default());
    let pod = SocketAddr::from((own_address(), site.address().port()));
    for path in DETAILS {
        assert_eq!(get(pod, path).status, 200, "{path}");
        assert_eq!(ask(pod, "GET", path, "Host: shop.default.svc\r\n").status, 200, "{path}");
    }
    // To change signals is another matter.
    let answer = ask(pod, "DELETE", "/v1/signals/app.heartbeat", "Host: localhost\r\n");
    refused(&answer, &["signals come from this pod only"]);
}
