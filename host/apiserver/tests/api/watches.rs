//! Watches.

use std::time::Duration;

use hotseat_apiserver::{Config, LEASES as LEASE, Server};
use serde_json::json;

use crate::support::{Client, LEASES, lease, server, server_with, step, version};

fn hold(server: &Server, name: &str, holder: &str) {
    server.store().put(lease(name, holder)).unwrap();
}

#[tokio::test]
async fn changes_after_a_version_arrive_one_by_one() {
    let server = server().await;
    let client = Client::of(&server);
    hold(&server, "x", "a");
    let from = server.store().version();
    let path =
        format!("{LEASES}?watch=true&resourceVersion={from}&fieldSelector=metadata.name%3Dx");
    let mut watch = client.watch(&path).await;
    hold(&server, "other", "z");
    hold(&server, "x", "b");
    assert_eq!(watch.step().await, step("MODIFIED", "b"));
    assert!(server.store().remove(&LEASE, "le", "x"));
    let deleted = watch.next().await.unwrap();
    assert_eq!(deleted["type"], "DELETED");
    assert_eq!(deleted["object"]["spec"]["holderIdentity"], "b");
    assert_eq!(version(&deleted["object"]), server.store().version().to_string());
    hold(&server, "x", "c");
    assert_eq!(watch.step().await, step("ADDED", "c"));
}

#[tokio::test]
async fn without_a_version_the_state_comes_first() {
    let server = server().await;
    hold(&server, "x", "a");
    hold(&server, "y", "b");
    let mut elsewhere = lease("x", "far");
    elsewhere["metadata"]["namespace"] = "other".into();
    server.store().put(elsewhere).unwrap();
    for version in ["", "&resourceVersion=0"] {
        let path = format!("{LEASES}?watch=true{version}");
        let mut watch = Client::of(&server).watch(&path).await;
        assert_eq!(watch.step().await, step("ADDED", "a"));
        assert_eq!(watch.step().await, step("ADDED", "b"));
        let holder = format!("c{version}");
        hold(&server, "y", &holder);
        assert_eq!(watch.step().await, step("MODIFIED", &holder));
        hold(&server, "y", "b");
    }
}

#[tokio::test]
async fn what_enters_or_leaves_the_selection_is_added_or_deleted() {
    let server = server().await;
    hold(&server, "x", "a");
    let from = server.store().version();
    let path = format!("{LEASES}?watch=1&resourceVersion={from}&labelSelector=app%3Dweb");
    let mut watch = Client::of(&server).watch(&path).await;
    let label = |app: &str| {
        let edit = |l: &mut serde_json::Value| l["metadata"]["labels"] = json!({"app": app});
        server.store().edit(&LEASE, "le", "x", edit).unwrap()
    };
    label("web");
    assert_eq!(watch.step().await, step("ADDED", "a"));
    let last = label("db");
    let deleted = watch.next().await.unwrap();
    assert_eq!(
        (&deleted["type"], version(&deleted["object"])),
        (&json!("DELETED"), version(&last))
    );
    assert_eq!(deleted["object"]["metadata"]["labels"]["app"], "web");
}

#[tokio::test]
async fn a_forgotten_version_is_gone() {
    let server = server_with(Config { history: 4, ..Config::new() }).await;
    let early = server.store().version();
    for n in 0..8 {
        hold(&server, "x", &n.to_string());
    }
    let path = |from| format!("{LEASES}?watch=true&resourceVersion={from}");
    let mut watch = Client::of(&server).watch(&path(early)).await;
    let error = watch.next().await.unwrap();
    assert_eq!((&error["type"], &error["object"]["code"]), (&json!("ERROR"), &json!(410)));
    assert_eq!(error["object"]["reason"], "Expired");
    assert_eq!(watch.next().await, None);

    let recent = server.store().version() - 1;
    let mut watch = Client::of(&server).watch(&path(recent)).await;
    assert_eq!(watch.step().await, step("MODIFIED", "7"));
    server.store().forget_history();
    let mut watch = Client::of(&server).watch(&path(recent)).await;
    assert_eq!(watch.next().await.unwrap()["object"]["code"], 410);
}

#[tokio::test]
async fn bookmarks_carry_the_version_of_other_changes() {
    let every = Duration::from_millis(20);
    let server = server_with(Config { bookmark_every: every, ..Config::new() }).await;
    hold(&server, "x", "a");
    let from = server.store().version();
    let path = format!(
        "{LEASES}?watch=true&resourceVersion={from}&allowWatchBookmarks=true\
         &fieldSelector=metadata.name%3Dx"
    );
    let mut watch = Client::of(&server).watch(&path).await;
    hold(&server, "y", "b");
    let now = server.store().version();
    loop {
        let event = watch.next().await.unwrap();
        assert_eq!(
            (&event["type"], &event["object"]["kind"]),
            (&json!("BOOKMARK"), &json!("Lease"))
        );
        if version(&event["object"]) == now.to_string() {
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_ends_at_its_timeout_with_a_bookmark() {
    let server =
        server_with(Config { bookmark_every: Duration::from_secs(900), ..Config::new() }).await;
    let from = server.store().version();
    let path = format!(
        "{LEASES}?watch=true&resourceVersion={from}&timeoutSeconds=20&allowWatchBookmarks=true"
    );
    let started = tokio::time::Instant::now();
    let mut watch = Client::of(&server).watch(&path).await;
    assert_eq!(watch.next().await.unwrap()["type"], "BOOKMARK");
    assert_eq!(watch.next().await, None);
    let lasted = started.elapsed();
    assert!(lasted >= Duration::from_secs(20) && lasted < Duration::from_secs(21), "{lasted:?}");
}

#[tokio::test]
async fn a_streamed_list_is_marked_at_its_end() {
    let server = server().await;
    hold(&server, "x", "a");
    let path = format!(
        "{LEASES}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true\
         &resourceVersionMatch=NotOlderThan"
    );
    let mut watch = Client::of(&server).watch(&path).await;
    assert_eq!(watch.step().await, step("ADDED", "a"));
    let mark = watch.next().await.unwrap();
    assert_eq!(mark["type"], "BOOKMARK");
    let annotations = &mark["object"]["metadata"]["annotations"];
    assert_eq!(annotations["k8s.io/initial-events-end"], "true");
}

#[tokio::test]
async fn tables_have_columns_once() {
    let server = server().await;
    hold(&server, "x", "a");
    let client = Client {
        accept: Some("application/json;as=Table;v=v1;g=meta.k8s.io"),
        ..Client::of(&server)
    };
    let mut watch = client.watch(&format!("{LEASES}?watch=true")).await;
    let first = watch.next().await.unwrap()["object"].take();
    assert_eq!((&first["kind"], &first["rows"][0]["cells"][1]), (&json!("Table"), &json!("a")));
    assert_eq!(first["columnDefinitions"][1]["name"], "Holder");
    hold(&server, "x", "b");
    let second = watch.next().await.unwrap()["object"].take();
    assert_eq!(
        (&second["rows"][0]["cells"][1], second["columnDefinitions"].is_null()),
        (&json!("b"), true)
    );
}

#[tokio::test]
async fn a_client_that_does_not_read_is_dropped() {
    let server = server_with(Config { watch_lag: 50, ..Config::new() }).await;
    let from = server.store().version();
    let path = format!("{LEASES}?watch=true&resourceVersion={from}");
    let mut watch = Client::of(&server).watch(&path).await;
    let big = "x".repeat(256 * 1024);
    let changes = 300;
    for n in 0..changes {
        hold(&server, "x", &format!("{n}{big}"));
        // Lets the server's tasks run between the changes, as they would on a busy server.
        tokio::task::yield_now().await;
    }
    let mut seen = 0;
    let end = loop {
        match watch.try_next().await {
            Ok(Some(_)) => seen += 1,
            end => break end,
        }
    };
    assert!(end.is_err() && seen < changes, "{seen} events, then {end:?}");
    // The server goes on, and so does a watch that reads.
    let from = server.store().version();
    let mut watch =
        Client::of(&server).watch(&format!("{LEASES}?watch=true&resourceVersion={from}")).await;
    hold(&server, "x", "b");
    assert_eq!(watch.step().await, step("MODIFIED", "b"));
}
