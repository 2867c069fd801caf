//! `/v1/released`: the application says that it has let go of a term.

use crate::client::{Answer, Client, get};
use crate::site::{TestServer, own_address};
use hotseat_core::lock::Token;
use hotseat_core::view::View;
use hotseat_http::Limits;
use std::net::SocketAddr;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(3600);
/// The token of [`TestServer::show_own_term`].
const OWN: &str = "/v1/released?token=4711";

fn put(address: SocketAddr, path: &str, headers: &str) -> Answer {
    let mut client = Client::connect(address);
    client.send(format!("PUT {path} HTTP/1.1\r\n{headers}Content-Length: 0\r\n\r\n"));
    client.receive("PUT")
}

#[test]
fn a_term_is_let_go_of_by_its_token() {
    let site = TestServer::start();
    let local = "Host: localhost\r\n";
    assert_eq!(get(site.address(), "/v1/released").status, 200, "it never led");
    let early = put(site.address(), OWN, local);
    assert_eq!(early.status, 409, "{early:?}");
    assert!(early.body.contains("this candidate has not led yet"), "{early:?}");

    site.show_own_term(LONG);
    for (path, code, words) in [
        ("/v1/released", 400, "name the term that is over"),
        ("/v1/released?token=x", 400, "name the term that is over"),
        ("/v1/released?token=4712", 409, "this candidate's last term has the token 4711"),
    ] {
        let answer = put(site.address(), path, local);
        assert_eq!(answer.status, code, "{answer:?}");
        assert!(answer.body.contains(words), "{answer:?}");
    }
    assert_eq!(site.state.application().last(), Token(0), "nothing was said yet");
    // Its term has ended, and it does not say so.
    site.state.show(View::default());
    let late = get(site.address(), "/v1/released");
    assert_eq!(late.status, 503, "{late:?}");
    assert!(late.body.contains("the token 4711 is over for"), "{late:?}");
    assert_eq!(get(site.address(), "/v1/released?after=1h").status, 200);
    assert_eq!(get(site.address(), "/v1/released?after=x").status, 400);
    assert_eq!(put(site.address(), OWN, local).status, 200);
    assert_eq!(site.state.application().last(), Token(4711));
    assert_eq!(get(site.address(), "/v1/released").status, 200);
    let deleted = Client::connect(site.address()).ask("DELETE", "/v1/released");
    assert_eq!((deleted.status, deleted.header("allow")), (405, Some("GET, HEAD, PUT")));
}

/// Who says it ends the drain of this pod's application.
#[test]
fn only_this_pod_says_it() {
    let site = TestServer::at(":0", Limits::default());
    site.show_own_term(LONG);
    let port = site.address().port();
    let own = SocketAddr::from((own_address(), port));
    let local = SocketAddr::from(([127, 0, 0, 1], port));
    for (address, headers, words) in [
        (own, "Host: localhost\r\n", "releases come from this pod only"),
        (local, "Host: evil.example\r\n", "for the host evil.example"),
        (local, "Host: localhost\r\nVia: 1.1 mesh\r\n", "a proxy handed this on"),
        (local, "Host: localhost\r\nOrigin: http://evil.example\r\n", "cannot send releases"),
    ] {
        let answer = put(address, OWN, headers);
        assert_eq!(answer.status, 403, "{headers}: {answer:?}");
        assert!(answer.body.contains(words), "{answer:?}");
    }
    assert_eq!(site.state.application().last(), Token(0));
    // A kubelet asks from the node whether it was said.
    assert_eq!(get(own, "/v1/released").status, 200);
}
