//! What kubectl reads before it asks for objects, and the tables that it shows.

use hyper::Method;
use serde_json::{Value, json};

use crate::support::{Client, LEASES, lease, server};

#[tokio::test]
async fn kubectl_finds_its_way() {
    let server = server().await;
    let client = Client {
        accept: Some(
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
             application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,\
             application/json",
        ),
        ..Client::of(&server)
    };
    for (path, kind) in [
        ("/api", "APIVersions"),
        ("/apis", "APIGroupList"),
        ("/api/v1", "APIResourceList"),
        ("/apis/coordination.k8s.io", "APIGroup"),
        ("/apis/coordination.k8s.io/v1", "APIResourceList"),
        ("/apis/authorization.k8s.io/v1", "APIResourceList"),
    ] {
        let reply = client.get(path).await;
        assert_eq!((reply.code, &reply.object["kind"]), (200, &json!(kind)), "{path}");
        assert_eq!(reply.headers["content-type"], "application/json", "{path}");
    }
    let core = client.get("/api/v1").await.object;
    let names: Vec<&str> =
        core["resources"].as_array().unwrap().iter().filter_map(|r| r["name"].as_str()).collect();
    assert_eq!(names, ["configmaps", "endpoints", "events", "namespaces", "pods"]);
    for path in ["/healthz", "/readyz", "/livez"] {
        assert_eq!(client.get(path).await.object, "ok", "{path}");
    }
    assert_eq!(client.get("/version").await.object["minor"], "36");
    let index = client.get("/openapi/v3").await.object;
    let url = &index["paths"]["apis/coordination.k8s.io/v1"]["serverRelativeURL"];
    let document = client.get(url.as_str().unwrap()).await.object;
    assert_eq!(document["openapi"], "3.0.0");
    assert_eq!(client.get("/openapi/v2").await.code, 404);
}

#[tokio::test]
async fn other_paths_and_methods_are_refused() {
    let server = server().await;
    let client = Client::of(&server);
    for path in ["/nope", "/apis/apps/v1/deployments", "/api/v1/secrets", "/apis/apps/v1"] {
        let reply = client.get(path).await;
        assert_eq!((reply.code, &reply.object["reason"]), (404, &json!("NotFound")), "{path}");
    }
    let one = format!("{LEASES}/x");
    for (method, path) in [
        (Method::POST, one.as_str()),
        (Method::PUT, LEASES),
        (Method::DELETE, LEASES),
        (Method::OPTIONS, LEASES),
        (Method::POST, "/apis/coordination.k8s.io/v1/leases"),
        (Method::DELETE, "/api/v1/namespaces/le"),
        (Method::GET, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
        (Method::POST, "/version"),
    ] {
        let reply = client.send(method.clone(), path, "application/json", Some(&json!({}))).await;
        let found = (reply.code, &reply.object["reason"]);
        assert_eq!(found, (405, &json!("MethodNotAllowed")), "{method} {path}");
    }
    let client = Client { accept: Some("application/vnd.kubernetes.protobuf"), ..client };
    assert_eq!(client.get(LEASES).await.code, 406);
}

#[tokio::test]
async fn tables_have_the_columns_of_a_real_server() {
    let server = server().await;
    server.store().put(lease("x", "a")).unwrap();
    let event = json!({
        "kind": "Event", "apiVersion": "v1", "metadata": {"name": "x.1", "namespace": "le"},
        "involvedObject": {"kind": "Lease", "name": "x", "namespace": "le"},
        "reason": "LeaderElection", "type": "Normal", "message": "a became leader",
        "source": {"component": "hotseat"}, "count": 1,
    });
    server.store().put(event).unwrap();
    let client = Client {
        accept: Some("application/json;as=Table;v=v1;g=meta.k8s.io,application/json"),
        ..Client::of(&server)
    };
    let columns = |table: &Value| -> Vec<String> {
        assert_eq!(
            (&table["kind"], &table["apiVersion"]),
            (&json!("Table"), &json!("meta.k8s.io/v1"))
        );
        let all = table["columnDefinitions"].as_array().unwrap();
        let shown = all.iter().filter(|c| c["priority"] == 0);
        shown.map(|c| c["name"].as_str().unwrap().to_owned()).collect()
    };
    let leases = client.get(LEASES).await.object;
    assert_eq!(columns(&leases), ["Name", "Holder", "Age"]);
    assert_eq!(leases["rows"][0]["cells"][0], "x");
    assert_eq!(leases["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    let one = client.get(&format!("{LEASES}/x?includeObject=Object")).await.object;
    assert_eq!(one["rows"][0]["object"]["kind"], "Lease");
    let about = "/api/v1/namespaces/le/events?fieldSelector=involvedObject.name%3Dx";
    let events = client.get(about).await.object;
    assert_eq!(columns(&events), ["Last Seen", "Type", "Reason", "Object", "Message"]);
    assert_eq!(events["rows"][0]["cells"][3], "lease/x");
}
