//! The server going away and coming back.

use hotseat_apiserver::LEASES as LEASE;
use hyper::Method;
use tokio::net::TcpListener;

use crate::support::{Client, LEASES, lease, server, step};

#[tokio::test]
async fn an_outage_refuses_and_ends_with_all_objects_there() {
    let server = server().await;
    let client = Client::of(&server);
    client.post(LEASES, &lease("x", "a")).await;
    let address = server.address();
    let mut watch = client.watch(&format!("{LEASES}?watch=true")).await;
    assert_eq!(watch.step().await, step("ADDED", "a"));
    for _ in 0..2 {
        server.pause().await.unwrap();
        server.pause().await.unwrap();
        let refused = client.try_send(Method::GET, LEASES, "", "").await.unwrap_err();
        assert!(refused.contains("refused"), "{refused}");
        // Nobody else gets the port meanwhile.
        TcpListener::bind(address).await.unwrap_err();
        server.resume().await.unwrap();
        server.resume().await.unwrap();
        assert_eq!(server.address(), address);
        assert_eq!(client.get(&format!("{LEASES}/x")).await.code, 200);
    }
    assert!(watch.try_next().await.is_err(), "the outage cut the watch");
    assert_eq!(server.store().list(&LEASE, "le").len(), 1);
}

#[tokio::test]
async fn connections_can_be_cut() {
    let server = server().await;
    let client = Client::of(&server);
    let mut watch = client.watch(&format!("{LEASES}?watch=true")).await;
    server.close_connections();
    assert!(watch.try_next().await.is_err());
    assert_eq!(client.get(LEASES).await.code, 200);
}

#[tokio::test]
async fn after_the_end_the_port_is_free() {
    let server = server().await;
    let client = Client::of(&server);
    let address = server.address();
    let mut watch = client.watch(&format!("{LEASES}?watch=true")).await;
    server.shutdown().await;
    assert!(watch.try_next().await.is_err());
    TcpListener::bind(address).await.unwrap();
}
