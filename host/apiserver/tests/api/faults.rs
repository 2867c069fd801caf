//! Faults: each action, seen by a client.

use std::time::Duration;

use hotseat_apiserver::{Action, Fault, LEASES as LEASE, Server, Status, Verb};
use hyper::Method;
use serde_json::json;
use tokio::time::Instant;

use crate::support::{Client, LEASES, Reply, lease, server, step};

async fn update(client: &Client, holder: &str) -> Result<Reply, String> {
    let patch = json!({"spec": {"holderIdentity": holder}});
    let media = "application/merge-patch+json";
    client.try_send(Method::PATCH, &format!("{LEASES}/x"), media, patch.to_string()).await
}

fn holder(server: &Server) -> String {
    let lease = server.store().get(&LEASE, "le", "x").unwrap();
    lease["spec"]["holderIdentity"].as_str().unwrap().to_owned()
}

async fn with_lease() -> (Server, Client) {
    let server = server().await;
    server.store().put(lease("x", "a")).unwrap();
    let client = Client::named(&server, "cat/1");
    (server, client)
}

#[tokio::test]
async fn a_refusal_applies_nothing_and_is_used_up() {
    let (server, client) = with_lease().await;
    let busy = Status::new(429, "TooManyRequests", "slow down").with_retry_after(7);
    let fault = Fault::on(Verb::Patch).resource("leases").name("x").agent("cat").times(1);
    let id = server.faults().add(fault, Action::Status(busy));
    let other = Client::named(&server, "dog/1");
    assert_eq!(update(&other, "dog").await.unwrap().code, 200);
    let refused = update(&client, "b").await.unwrap();
    assert_eq!((refused.code, &refused.object["reason"]), (429, &json!("TooManyRequests")));
    assert_eq!(refused.headers["retry-after"], "7");
    assert_eq!(holder(&server), "dog");
    assert_eq!(server.faults().hits(id), 1);
    assert_eq!(update(&client, "c").await.unwrap().code, 200);
}

#[tokio::test]
async fn a_write_may_land_though_its_answer_says_no() {
    let (server, client) = with_lease().await;
    let late = Status::new(504, "Timeout", "Timeout: request did not complete");
    server.faults().add(Fault::on(Verb::Patch), Action::ApplyThenStatus(late));
    assert_eq!(update(&client, "b").await.unwrap().code, 504);
    assert_eq!(holder(&server), "b");
}

#[tokio::test]
async fn a_reset_may_come_before_or_after_the_write() {
    let (server, client) = with_lease().await;
    server.faults().add(Fault::any().times(1), Action::Reset);
    server.faults().add(Fault::any().times(1), Action::ApplyThenReset);
    update(&client, "b").await.unwrap_err();
    assert_eq!(holder(&server), "a");
    update(&client, "c").await.unwrap_err();
    assert_eq!(holder(&server), "c");
    assert_eq!(update(&client, "d").await.unwrap().code, 200);
}

#[tokio::test]
async fn a_hang_may_come_before_or_after_the_write() {
    let (server, client) = with_lease().await;
    for (action, then) in [(Action::Hang, "a"), (Action::ApplyThenHang, "b")] {
        let id = server.faults().add(Fault::any(), action);
        let hanging = tokio::spawn({
            let client = client.clone();
            async move { update(&client, "b").await }
        });
        server.faults().wait_for_hits(id, 1).await;
        if then == "b" {
            let mut changes = server.store().changes();
            changes.wait_for(|_| holder(&server) == "b").await.unwrap();
        }
        assert!(server.faults().remove(id));
        // Another client is served meanwhile; the hanging one is not, also without the rule.
        assert_eq!(Client::of(&server).get(&format!("{LEASES}/x")).await.code, 200);
        assert_eq!(holder(&server), then);
        assert!(!hanging.is_finished());
        server.close_connections();
        hanging.await.unwrap().unwrap_err();
    }
}

#[tokio::test(start_paused = true)]
async fn delays_come_before_or_after_the_write_and_keep_to_tokios_clock() {
    let (server, client) = with_lease().await;
    let time = Duration::from_secs(25);
    for (action, meanwhile) in [(Action::Delay(time), "a"), (Action::DelayAnswer(time), "b")] {
        server
            .store()
            .edit(&LEASE, "le", "x", |l| l["spec"]["holderIdentity"] = "a".into())
            .unwrap();
        server.faults().add(Fault::on(Verb::Patch).times(1), action);
        let started = Instant::now();
        let write = update(&client, "b");
        let look = async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            holder(&server)
        };
        let (reply, seen) = tokio::join!(write, look);
        assert_eq!((reply.unwrap().code, seen.as_str()), (200, meanwhile));
        assert!(started.elapsed() >= time);
        assert_eq!(holder(&server), "b");
    }
}

#[tokio::test]
async fn a_silent_watch_says_nothing_until_the_rule_is_gone() {
    let (server, client) = with_lease().await;
    let path = format!("{LEASES}?watch=true&fieldSelector=metadata.name%3Dx");
    let mut running = client.watch(&path).await;
    assert_eq!(running.step().await, step("ADDED", "a"));
    let fault = Fault::on(Verb::Watch).name("x").agent("cat");
    let id = server.faults().add(fault, Action::Silence);
    server.faults().wait_for_hits(id, 1).await;
    let mut new = client.watch(&path).await;
    server.faults().wait_for_hits(id, 2).await;
    let mut other = Client::named(&server, "dog/1").watch(&path).await;
    assert_eq!(other.step().await, step("ADDED", "a"));
    update(&client, "b").await.unwrap();
    assert_eq!(other.step().await, step("MODIFIED", "b"));
    // What the other watch has got had time to arrive here too.
    let nothing = tokio::time::timeout(Duration::from_millis(50), running.next()).await;
    assert!(nothing.is_err(), "{nothing:?}");
    assert!(server.faults().remove(id));
    assert_eq!(running.step().await, step("MODIFIED", "b"));
    assert_eq!(new.step().await, step("ADDED", "a"));
    assert_eq!(new.step().await, step("MODIFIED", "b"));
}

#[tokio::test]
async fn watches_can_expire_or_end() {
    let (server, client) = with_lease().await;
    let path = format!("{LEASES}?watch=true");
    for action in [Action::Expire, Action::CloseWatch] {
        let expires = action == Action::Expire;
        let mut running = client.watch(&path).await;
        running.step().await;
        let id = server.faults().add(Fault::on(Verb::Watch).times(2), action);
        let mut new = {
            server.faults().wait_for_hits(id, 1).await;
            client.watch(&path).await
        };
        for watch in [&mut running, &mut new] {
            if expires {
                let error = watch.next().await.unwrap();
                assert_eq!(
                    (&error["type"], &error["object"]["code"]),
                    (&json!("ERROR"), &json!(410))
                );
            }
            assert_eq!(watch.next().await, None);
        }
        assert_eq!(server.faults().hits(id), 2);
        client.watch(&path).await.step().await;
    }
}

#[tokio::test]
async fn a_watch_can_be_refused_at_its_start() {
    let (server, client) = with_lease().await;
    let no = Status::new(403, "Forbidden", "leases is forbidden");
    server.faults().add(Fault::on(Verb::Watch).times(1), Action::Status(no));
    let path = format!("{LEASES}?watch=true");
    assert_eq!(client.get(&path).await.code, 403);
    client.watch(&path).await;
}

#[tokio::test]
async fn selectors_can_be_passed_over() {
    let (server, client) = with_lease().await;
    server.store().put(lease("y", "b")).unwrap();
    let path = format!("{LEASES}?fieldSelector=metadata.name%3Dy");
    let narrowed = client.get(&path).await;
    assert_eq!(narrowed.object["items"].as_array().unwrap().len(), 1);
    server.faults().add(Fault::any().name("y"), Action::Unfiltered);
    assert_eq!(client.get(&path).await.object["items"].as_array().unwrap().len(), 2);
    let mut watch = client.watch(&format!("{path}&watch=true")).await;
    assert_eq!(watch.step().await, step("ADDED", "a"));
    assert_eq!(watch.step().await, step("ADDED", "b"));
}

#[tokio::test]
async fn an_answer_can_be_anything_or_have_no_end() {
    let (server, client) = with_lease().await;
    server.faults().add(Fault::on(Verb::Get), Action::Text("<html>".to_owned()));
    let reply = client.get(&format!("{LEASES}/x")).await;
    assert_eq!((reply.code, reply.object), (200, json!("<html>")));
    server.faults().add(Fault::on(Verb::List), Action::Endless);
    let mut endless = client.watch(LEASES).await;
    assert!(endless.bytes(1 << 20).await >= 1 << 20);
}
