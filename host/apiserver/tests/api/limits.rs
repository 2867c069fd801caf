//! Clients that are too big, too slow, too many or too loud.

use std::time::Duration;

use hotseat_apiserver::Config;
use hyper::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{Client, LEASES, PATIENCE, server, server_with};

/// Sends these bytes, then reads until the server closes.
async fn raw(server: &hotseat_apiserver::Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let mut answer = Vec::new();
    // A reset is an end as well, of either direction.
    let _ = stream.write_all(bytes).await;
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an end in time");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_big_body_is_refused() {
    let server = server_with(Config { body_limit: 1000, ..Config::new() }).await;
    let client = Client::of(&server);
    let body = format!("{{\"a\":\"{}\"}}", "x".repeat(2000));
    let reply = client.try_send(Method::POST, LEASES, "application/json", body).await.unwrap();
    assert_eq!(reply.code, 413);
    assert_eq!(reply.object["message"], "Request entity too large: limit is 1000");
    assert_eq!(Config::new().body_limit, 3 * 1024 * 1024);
}

#[tokio::test]
async fn a_slow_body_is_given_up() {
    let quick = Duration::from_millis(100);
    let server = server_with(Config { read_timeout: quick, ..Config::new() }).await;
    let head = format!("POST {LEASES} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{{");
    let answer = raw(&server, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("did not arrive within 0.1 s"), "{answer}");
}

#[tokio::test]
async fn a_slow_head_is_given_up() {
    let quick = Duration::from_millis(100);
    let server = server_with(Config { read_timeout: quick, ..Config::new() }).await;
    let answer = raw(&server, b"GET /version HTTP/1.1\r\nhost: ").await;
    assert!(!answer.contains("200 OK"), "{answer}");
    let answer = raw(&server, b"").await;
    assert_eq!(answer, "");
}

#[tokio::test]
async fn a_long_or_broken_head_is_refused() {
    let server = server().await;
    let long = format!("GET /version HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(1_000_000));
    let answer = raw(&server, long.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let answer = raw(&server, b"this is not HTTP\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(Client::of(&server).get("/version").await.code, 200);
}

#[tokio::test]
async fn connections_over_the_limit_are_closed() {
    let server = server_with(Config { connections: 1, ..Config::new() }).await;
    let mut first = TcpStream::connect(server.address()).await.unwrap();
    first.write_all(b"GET /version HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut start = [0; 12];
    first.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
    let answer = raw(&server, b"").await;
    assert_eq!(answer, "");
    drop(first);
    let client = Client::of(&server);
    let freed = async {
        // The server notices the end of the first connection on its own time.
        while client.try_send(Method::GET, "/version", "", "").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, freed).await.unwrap();
}
