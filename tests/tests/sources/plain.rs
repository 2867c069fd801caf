//! Nothing is asked without TLS but this machine itself, and credentials go nowhere else.

use crate::{LIMIT, pull, reference, refused};
use hotseat_sources::{Digest, Registries};
use hotseat_tests::registry::{NAME, Options, PASSWORD, Registry};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// A server on all addresses of this machine that answers as the test says, and tells what it was
/// sent.
struct Canned {
    port: u16,
    sent: mpsc::UnboundedReceiver<Vec<u8>>,
}

impl Canned {
    /// Gives one answer to everything.
    async fn start(answer: String) -> Self {
        Self::answering(move |_| answer.clone()).await
    }

    async fn answering(answer: impl Fn(&str) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, sent) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 8192];
                let length = stream.read(&mut request).await.unwrap_or_default();
                request.truncate(length);
                let answer = answer(&String::from_utf8_lossy(&request));
                // The test may have ended.
                let _ = sender.send(request);
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { port, sent }
    }

    fn host(&self) -> String {
        SocketAddr::from(([127, 0, 0, 1], self.port)).to_string()
    }

    /// All that was sent so far.
    fn sent(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.sent.try_recv().ok())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .collect()
    }
}

fn answer(status: &str, header: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{header}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

#[tokio::test]
async fn another_name_than_loopback_s_is_asked_by_tls() {
    let registry = Registry::start(Options::default()).unwrap();
    let mut server = Canned::start(answer("200 OK", "X: y")).await;
    // It is this machine, but not by a name that says so.
    let by_any = reference(&format!("0.0.0.0:{}", server.port), "a", Digest::of(b""));
    let registries = Registries { ca: Some(registry.ca_file()), ..Registries::default() };
    refused(registries.pull(&by_any, LIMIT).await, "read", &["TLS with 0.0.0.0 fails"]);
    let sent = server.sent();
    assert!(!sent.is_empty() && sent.iter().all(|bytes| bytes.starts_with('\u{16}')), "{sent:?}");
    let by_loopback = reference(&server.host(), "a", Digest::of(b"x"));
    refused(pull(&by_loopback).await, "digest", &["the manifest that came is"]);
    assert!(server.sent()[0].starts_with("GET /v2/a/manifests/sha256:"));
}

#[tokio::test]
async fn nobody_is_sent_on_to_plain_http_elsewhere() {
    let server = Canned::start(answer("307 x", "Location: http://192.0.2.1/blob")).await;
    let found = pull(&reference(&server.host(), "a", Digest::of(b""))).await;
    refused(found, "read", &["plain HTTP to 192.0.2.1 is refused"]);
    let server = wanting_a_token("http://192.0.2.1/token").await;
    let found = pull(&reference(&server.host(), "a", Digest::of(b""))).await;
    refused(
        found,
        "read",
        &["http://192.0.2.1/token", "another host or port than its own, and without TLS"],
    );
}

/// A registry that asks for a token of that realm.
async fn wanting_a_token(realm: &str) -> Canned {
    Canned::start(answer("401 x", &wants(realm))).await
}

fn wants(realm: &str) -> String {
    format!("WWW-Authenticate: Bearer realm=\"{realm}\"")
}

#[tokio::test]
async fn a_token_s_realm_gets_no_credentials_elsewhere_or_by_a_redirect() {
    let registry = Registry::start(Options::default()).unwrap();
    let pull = async |server: &Canned| {
        let credentials = Some(registry.docker_config(&server.host(), NAME, PASSWORD).unwrap());
        let registries = Registries { credentials, ..Registries::default() };
        registries.pull(&reference(&server.host(), "a", Digest::of(b"")), LIMIT).await
    };
    // A service of this machine that is none of the registry's, by the registry's own name and by another.
    let mut internal = Canned::start(answer("200 OK", "X: y")).await;
    for host in ["127.0.0.1", "localhost"] {
        let realm = format!("http://{host}:{}/admin/delete?x=1", internal.port);
        let server = wanting_a_token(&realm).await;
        let words = "another host or port than its own, and without TLS: that is refused";
        refused(pull(&server).await, "read", &[words]);
        let sent = internal.sent();
        assert!(sent.is_empty(), "{sent:?}");
    }

    // A registry that gives the tokens itself, as it may, and then sends on.
    let elsewhere = format!("http://{}/elsewhere", internal.host());
    let mut server = Canned::answering(move |request| {
        let own = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        match request.starts_with("GET /token?") {
            true => answer("307 x", &format!("Location: {elsewhere}")),
            false => answer("401 x", &wants(&format!("http://{own}/token"))),
        }
    })
    .await;
    refused(pull(&server).await, "read", &["sends on elsewhere: that is refused"]);
    let (asked, elsewhere) = (server.sent(), internal.sent());
    assert!(asked.len() == 2 && asked[1].contains("authorization: Basic "), "{asked:?}");
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}

#[tokio::test]
async fn a_ring_of_redirects_ends() {
    let mut server = Canned::start(answer("302 x", "Location: /v2/again")).await;
    let found = pull(&reference(&server.host(), "a", Digest::of(b""))).await;
    refused(found, "read", &["sends on too often"]);
    assert_eq!(server.sent().len(), 6);
}

/// Asks for a password, and sends who gives one on to `elsewhere`.
async fn asking(elsewhere: String) -> Canned {
    let ask = "WWW-Authenticate: Basic realm=\"r\"";
    Canned::answering(move |request| match request.contains("authorization: Basic ") {
        true => answer("307 x", &format!("Location: {elsewhere}")),
        false => answer("401 x", ask),
    })
    .await
}

#[tokio::test]
async fn credentials_stay_with_the_registry_that_they_are_for() {
    let registry = Registry::start(Options::default()).unwrap();
    let mut other = Canned::start(answer("200 OK", "X: y")).await;
    let mut server = asking(format!("http://{}/elsewhere", other.host())).await;
    let credentials = Some(registry.docker_config(&server.host(), NAME, PASSWORD).unwrap());
    let registries = Registries { credentials, ..Registries::default() };
    let wanted = reference(&server.host(), "a", Digest::of(b"x"));
    refused(registries.pull(&wanted, LIMIT).await, "digest", &["the manifest that came is"]);
    let (asked, elsewhere) = (server.sent(), other.sent());
    assert_eq!((asked.len(), elsewhere.len()), (2, 1), "{asked:?} {elsewhere:?}");
    // Not even the registry gets them before it asks.
    assert!(asked[0].starts_with("GET /v2/a/") && !asked[0].contains("authorization"));
    assert!(elsewhere[0].starts_with("GET /elsewhere "), "{elsewhere:?}");
    assert!(!elsewhere[0].to_ascii_lowercase().contains("authorization"), "{elsewhere:?}");
}

#[tokio::test]
async fn a_password_that_is_refused_is_not_given_for_ever() {
    let registry = Registry::start(Options::default()).unwrap();
    let mut server = Canned::start(answer("401 x", "WWW-Authenticate: Basic realm=\"r\"")).await;
    let credentials = Some(registry.docker_config(&server.host(), NAME, PASSWORD).unwrap());
    let registries = Registries { credentials, ..Registries::default() };
    let wanted = reference(&server.host(), "a", Digest::of(b"x"));
    refused(registries.pull(&wanted, LIMIT).await, "read", &["401"]);
    assert_eq!(server.sent().len(), 2);
}
