//! Reading and writing objects.

use hyper::Method;
use serde_json::{Value, json};

use crate::support::{Client, LEASES, lease, server, version};

#[tokio::test]
async fn a_lease_lives_by_compare_and_swap() {
    let server = server().await;
    let client = Client::of(&server);
    let path = format!("{LEASES}/x");

    let missing = client.get(&path).await;
    assert_eq!(missing.code, 404);
    assert_eq!(missing.object["message"], "leases.coordination.k8s.io \"x\" not found");

    let created = client.post(LEASES, &lease("x", "a")).await;
    assert_eq!(created.code, 201);
    for field in ["uid", "creationTimestamp", "resourceVersion"] {
        assert!(created.object["metadata"][field].is_string(), "{field}");
    }
    let again = client.post(LEASES, &lease("x", "b")).await;
    assert_eq!((again.code, &again.object["reason"]), (409, &json!("AlreadyExists")));

    let mut mine = created.object.clone();
    mine["spec"]["holderIdentity"] = "b".into();
    let updated = client.put(&path, &mine).await;
    assert_eq!(updated.code, 200);
    let (old, new) = (version(&created.object), version(&updated.object));
    assert!(new.parse::<u64>().unwrap() > old.parse::<u64>().unwrap());
    assert_eq!(updated.object["metadata"]["uid"], created.object["metadata"]["uid"]);

    mine["spec"]["holderIdentity"] = "c".into();
    let stale = client.put(&path, &mine).await;
    assert_eq!((stale.code, &stale.object["reason"]), (409, &json!("Conflict")));
    assert_eq!(
        stale.object["message"],
        "Operation cannot be fulfilled on leases.coordination.k8s.io \"x\": the object has been \
         modified; please apply your changes to the latest version and try again"
    );
    assert_eq!(client.get(&path).await.object["spec"]["holderIdentity"], "b");
}

#[tokio::test]
async fn an_update_needs_a_version_and_the_right_uid() {
    let server = server().await;
    let client = Client::of(&server);
    let path = format!("{LEASES}/x");
    let created = client.post(LEASES, &lease("x", "a")).await.object;

    let blind = client.put(&path, &lease("x", "b")).await;
    assert_eq!((blind.code, &blind.object["reason"]), (422, &json!("Invalid")));
    assert_eq!(
        blind.object["message"],
        "leases.coordination.k8s.io \"x\" is invalid: metadata.resourceVersion: Invalid value: \
         0: must be specified for an update"
    );
    let mut other = created.clone();
    other["metadata"]["uid"] = "00000000-0000-4000-8000-000000000000".into();
    assert_eq!(client.put(&path, &other).await.code, 409);

    // Writing what is there makes no new version.
    let same = client.put(&path, &created).await;
    assert_eq!((same.code, version(&same.object)), (200, version(&created)));

    let wrong_name = client.put(&format!("{LEASES}/y"), &created).await;
    assert_eq!(wrong_name.code, 400);
}

#[tokio::test]
async fn a_put_makes_a_missing_lease_unless_it_names_a_uid() {
    let server = server().await;
    let client = Client::of(&server);
    let path = format!("{LEASES}/x");
    let mut object = lease("x", "a");
    object["metadata"]["uid"] = "00000000-0000-4000-8000-000000000000".into();
    let refused = client.put(&path, &object).await;
    assert_eq!((refused.code, &refused.object["reason"]), (409, &json!("Conflict")));
    object["metadata"].as_object_mut().unwrap().remove("uid");
    object["metadata"]["resourceVersion"] = "5".into();
    assert_eq!(client.put(&path, &object).await.code, 201);

    // Other kinds have other rules.
    let map = json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "m"}});
    let maps = "/api/v1/namespaces/le/configmaps";
    assert_eq!(client.put(&format!("{maps}/m"), &map).await.code, 404);
    assert_eq!(client.post(maps, &map).await.code, 201);
    assert_eq!(client.put(&format!("{maps}/m"), &map).await.code, 200);
}

#[tokio::test]
async fn patches_merge_and_may_name_a_version() {
    let server = server().await;
    let client = Client::of(&server);
    let path = format!("{LEASES}/x");
    let created = client.post(LEASES, &lease("x", "a")).await.object;
    let patch = json!({
        "metadata": {"resourceVersion": version(&created), "annotations": {"k": "v"}},
        "spec": {"holderIdentity": null},
    });
    let patched = client.patch(&path, &patch).await;
    assert_eq!(patched.code, 200);
    assert_eq!(patched.object["spec"], json!({"leaseDurationSeconds": 15}));
    assert_eq!(patched.object["metadata"]["annotations"], json!({"k": "v"}));
    assert_eq!(client.patch(&path, &patch).await.code, 409);
    assert_eq!(client.patch(&format!("{LEASES}/y"), &json!({})).await.code, 404);
    let invalid = json!({"spec": {"leaseDurationSeconds": 0}});
    assert_eq!(client.patch(&path, &invalid).await.code, 422);
    assert_eq!(client.patch(&path, &json!([])).await.code, 400);

    let plain = json!({"spec": {"holderIdentity": "b"}});
    for (media, code) in [
        ("application/strategic-merge-patch+json", 200),
        ("application/json-patch+json", 415),
        ("application/apply-patch+yaml", 415),
        ("application/json", 415),
    ] {
        let reply = client.send(Method::PATCH, &path, media, Some(&plain)).await;
        assert_eq!(reply.code, code, "{media}");
    }
}

#[tokio::test]
async fn deletes_may_have_preconditions() {
    let server = server().await;
    let client = Client::of(&server);
    let path = format!("{LEASES}/x");
    let created = client.post(LEASES, &lease("x", "a")).await.object;
    let uid = &created["metadata"]["uid"];
    for wrong in [json!({"uid": "no"}), json!({"uid": uid, "resourceVersion": "1"})] {
        let reply = client.delete(&path, Some(&json!({"preconditions": wrong}))).await;
        assert_eq!((reply.code, &reply.object["reason"]), (409, &json!("Conflict")));
    }
    let right = json!({"preconditions": {"uid": uid, "resourceVersion": version(&created)}});
    let reply = client.delete(&path, Some(&right)).await;
    assert_eq!((reply.code, &reply.object["status"]), (200, &json!("Success")));
    assert_eq!(&reply.object["details"]["uid"], uid);
    assert_eq!(client.delete(&path, None).await.code, 404);
}

#[tokio::test]
async fn what_is_invalid_is_refused_with_the_field() {
    let server = server().await;
    let client = Client::of(&server);
    let named = |name: &str| lease(name, "a");
    let with = |spec: Value| json!({"metadata": {"name": "x"}, "spec": spec});
    for (object, code, part) in [
        (
            named("Bad_Name"),
            422,
            "Lease.coordination.k8s.io \"Bad_Name\" is invalid: \
            metadata.name: Invalid value: \"Bad_Name\": a lowercase RFC 1123 subdomain must",
        ),
        (json!({}), 422, "metadata.name: Required value: name or generateName is required"),
        (
            with(json!({"leaseDurationSeconds": 0})),
            422,
            "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
        ),
        (
            with(json!({"leaseTransitions": -1})),
            422,
            "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
        ),
        (with(json!({"leaseDurationSeconds": "15"})), 400, "cannot unmarshal string into Go"),
        (with(json!({"renewTime": "2026-01-01T00:00:00Z"})), 400, "cannot parse \"Z\""),
        (json!({"kind": "Pod", "apiVersion": "v1"}), 400, "cannot be handled as a Lease"),
        (json!({"metadata": {"name": "x", "namespace": "zz"}}), 400, "does not match the name"),
        (json!({"metadata": {"name": "x", "labels": {"a": "b c"}}}), 422, "metadata.labels"),
        (json!([]), 400, "unrecognized (must be of type Lease)"),
    ] {
        let reply = client.post(LEASES, &object).await;
        assert_eq!(reply.code, code, "{object}");
        assert_eq!(reply.object["code"], code, "{object}");
        let message = reply.object["message"].as_str().unwrap();
        assert!(message.contains(part), "{message}");
    }
    for (media, body, code) in [
        ("application/json", "{\"a\":", 400),
        ("application/json", "", 400),
        ("application/vnd.kubernetes.protobuf", "k8s", 415),
    ] {
        let reply = client.try_send(Method::POST, LEASES, media, body).await.unwrap();
        assert_eq!((reply.code, &reply.object["kind"]), (code, &json!("Status")), "{body}");
    }
    assert!(server.store().list(&hotseat_apiserver::LEASES, "").is_empty());
}

#[tokio::test]
async fn lists_are_narrowed_and_dated() {
    let server = server().await;
    let client = Client::of(&server);
    for name in ["b", "a", "c"] {
        let mut object = lease(name, name);
        object["metadata"]["labels"] = json!({"app": if name == "c" { "db" } else { "web" }});
        client.post(LEASES, &object).await;
    }
    let names = |reply: &Value| -> Vec<String> {
        let items = reply["items"].as_array().unwrap();
        let name = |item: &Value| item["metadata"]["name"].as_str().unwrap().to_owned();
        items.iter().map(name).collect()
    };
    let all = client.get(LEASES).await.object;
    assert_eq!(
        (names(&all), &all["kind"]),
        (vec!["a".into(), "b".into(), "c".into()], &json!("LeaseList"))
    );
    assert_eq!(version(&all), server.store().version().to_string());
    assert!(all["items"][0].get("kind").is_none());
    let path = format!("{LEASES}?labelSelector=app%3Dweb");
    assert_eq!(names(&client.get(&path).await.object), ["a", "b"]);
    let path = format!("{LEASES}?fieldSelector=metadata.name%3Dc");
    assert_eq!(names(&client.get(&path).await.object), ["c"]);
    let everywhere = client.get("/apis/coordination.k8s.io/v1/leases").await;
    assert_eq!(names(&everywhere.object).len(), 3);
    assert_eq!(client.get(&format!("{LEASES}?fieldSelector=spec.x%3D1")).await.code, 400);
    let future = client.get(&format!("{LEASES}?resourceVersion=999999")).await;
    assert_eq!((future.code, &future.object["reason"]), (504, &json!("Timeout")));
    assert_eq!(future.headers["retry-after"], "1");
}

#[tokio::test]
async fn a_list_in_pages_stays_as_it_was_until_its_history_is_forgotten() {
    let server = server().await;
    let client = Client::of(&server);
    for name in ["a", "b", "c", "d"] {
        client.post(LEASES, &lease(name, name)).await;
    }
    let names = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap();
        items.iter().map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let after = |page: &Value| {
        let more = page["metadata"]["continue"].as_str().unwrap();
        format!("{LEASES}?limit=2&continue={more}")
    };
    let first = client.get(&format!("{LEASES}?limit=2")).await.object;
    assert_eq!(
        (names(&first), &first["metadata"]["remainingItemCount"]),
        (vec!["a".into(), "b".into()], &json!(2))
    );
    server.store().remove(&hotseat_apiserver::LEASES, "le", "d");
    let second = client.get(&after(&first)).await.object;
    assert_eq!((names(&second), version(&second)), (vec!["c".into(), "d".into()], version(&first)));
    assert!(second["metadata"].get("continue").is_none());
    let first = client.get(&format!("{LEASES}?limit=2")).await.object;
    server.store().forget_history();
    let gone = client.get(&after(&first)).await;
    assert_eq!((gone.code, &gone.object["reason"]), (410, &json!("Expired")));
}

#[tokio::test]
async fn names_are_generated_and_dry_runs_leave_no_trace() {
    let server = server().await;
    let client = Client::of(&server);
    let object = json!({"metadata": {"generateName": "g-"}});
    let dry = client.post(&format!("{LEASES}?dryRun=All"), &object).await;
    assert_eq!(dry.code, 201);
    assert!(server.store().list(&hotseat_apiserver::LEASES, "").is_empty());
    let made = client.post(LEASES, &object).await.object;
    let name = made["metadata"]["name"].as_str().unwrap();
    assert!(name.starts_with("g-") && name.len() == 7, "{name}");
    let path = format!("{LEASES}/{name}");
    assert_eq!(client.delete(&format!("{path}?dryRun=All"), None).await.code, 200);
    assert_eq!(client.get(&path).await.code, 200);
}
