//! Tokens, denials and the count of requests.

use hotseat_apiserver::{Denial, LEASES as LEASE, Verb};
use serde_json::json;

use crate::support::{Client, LEASES, lease, server, step};

#[tokio::test]
async fn tokens_can_rotate_under_a_running_watch() {
    let server = server().await;
    let mut client = Client::of(&server);
    server.access().require_tokens(["one"]);
    let refused = client.get(LEASES).await;
    assert_eq!((refused.code, &refused.object["message"]), (401, &json!("Unauthorized")));
    client.token = Some("one".to_owned());
    assert_eq!(client.get(LEASES).await.code, 200);
    let mut watch = client.watch(&format!("{LEASES}?watch=true")).await;
    server.access().require_tokens(["two"]);
    assert_eq!(client.post(LEASES, &lease("x", "a")).await.code, 401);
    client.token = Some("two".to_owned());
    assert_eq!(client.post(LEASES, &lease("x", "a")).await.code, 201);
    assert_eq!(watch.step().await, step("ADDED", "a"));
    server.access().accept_any_token();
    client.token = None;
    assert_eq!(client.get(LEASES).await.code, 200);
}

#[tokio::test]
async fn reviews_report_a_denial_and_it_is_enforced() {
    let server = server().await;
    let client = Client::of(&server);
    server.access().deny(Denial::of(Verb::Watch, &LEASE));
    let refused = client.get(&format!("{LEASES}?watch=true")).await;
    assert_eq!((refused.code, &refused.object["reason"]), (403, &json!("Forbidden")));
    assert_eq!(client.get(LEASES).await.code, 200);
    for (verb, allowed) in [("watch", false), ("get", true)] {
        let review = json!({"spec": {"resourceAttributes": {
            "group": "coordination.k8s.io", "resource": "leases", "verb": verb, "namespace": "le",
        }}});
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let reply = client.post(path, &review).await;
        assert_eq!(reply.code, 201);
        assert_eq!(reply.object["status"]["allowed"], allowed, "{verb}");
    }
    server.access().allow_all();
    client.watch(&format!("{LEASES}?watch=true")).await;
}

#[tokio::test]
async fn requests_are_counted_by_client_and_verb() {
    let server = server().await;
    let (a, b) = (Client::named(&server, "a/1"), Client::named(&server, "b/1"));
    a.post(LEASES, &lease("x", "a")).await;
    let mut watch = b.watch(&format!("{LEASES}?watch=true")).await;
    watch.step().await;
    let before = server.requests();
    assert_eq!(before.total(), 2);
    a.patch(&format!("{LEASES}/x"), &json!({"spec": {"holderIdentity": "b"}})).await;
    a.get("/version").await;
    watch.step().await;
    let since = server.requests().since(&before);
    assert_eq!(since.total(), 2);
    assert_eq!(since.of(Verb::Patch, "leases"), 1);
    let of_b = server.requests().by_agent("b/");
    assert_eq!((of_b.total(), of_b.of(Verb::Watch, "leases")), (1, 1));
}
