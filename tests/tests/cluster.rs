//! The real API server, and those of its manners that an election relies on. The oldest and the
//! newest supported Kubernetes pass the same tests.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

use std::time::Duration;

use futures_util::{Stream, StreamExt};
use hotseat_election::{ElectionName, Facts, clock};
use hotseat_kubernetes::{Connection, Credentials, RosterRows, list_roster};
use hotseat_tests::cluster::{
    AuditRecord, Caller, Cluster, Kind, Options, Rights, account_user, client_for,
};
use hotseat_tests::wait::until_async;
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::Event;
use kube::Client;
use kube::api::{Api, DeleteParams, ObjectMeta, PostParams, WatchEvent, WatchParams};
use kube::core::Status;

const SOON: Duration = Duration::from_secs(20);

fn lease(name: &str, holder: &str) -> Lease {
    Lease {
        metadata: ObjectMeta { name: Some(name.into()), ..Default::default() },
        spec: Some(LeaseSpec {
            holder_identity: Some(holder.into()),
            lease_duration_seconds: Some(15),
            ..Default::default()
        }),
    }
}

fn held_by(lease: &Lease, holder: &str) -> Lease {
    let mut lease = lease.clone();
    lease.spec.get_or_insert_default().holder_identity = Some(holder.into());
    lease
}

fn holder(lease: &Lease) -> &str {
    lease.spec.as_ref().unwrap().holder_identity.as_deref().unwrap()
}

fn version_of(lease: &Lease) -> &str {
    lease.metadata.resource_version.as_deref().unwrap()
}

#[track_caller]
fn refusal<T: std::fmt::Debug>(answer: kube::Result<T>) -> Status {
    match answer {
        Err(kube::Error::Api(status)) => *status,
        other => panic!("not a refusal by the server: {other:?}"),
    }
}

/// An account of its own in a namespace of its own, and leases through its eyes.
async fn account(namespace: &str, rights: Rights) -> (Client, Api<Lease>) {
    let kubeconfig =
        Cluster::shared().create_candidate_account(namespace, "candidate", rights).unwrap();
    let client = client_for(&kubeconfig).await.unwrap();
    (client.clone(), Api::namespaced(client, namespace))
}

/// The next event, which has to come soon.
async fn next<T>(events: &mut (impl Stream<Item = kube::Result<T>> + Unpin)) -> Option<T> {
    let event = tokio::time::timeout(SOON, events.next()).await;
    event.expect("an event or the end of the watch").map(|event| event.unwrap())
}

#[tokio::test]
async fn the_server_is_the_one_asked_for() {
    let cluster = Cluster::shared();
    let begin = match cluster.kind() {
        Kind::Newest => "v1.36.",
        Kind::Oldest => "v1.20.",
    };
    assert!(cluster.version().starts_with(begin), "{}", cluster.version());
    assert!(cluster.url().starts_with("https://127.0.0.1:"), "{}", cluster.url());
    assert!(cluster.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
    // The oldest may stand in for the newest, never the other way round.
    if Kind::from_env().unwrap() == Kind::Oldest {
        assert_eq!(cluster.kind(), Kind::Oldest);
    }
}

#[tokio::test]
async fn a_second_create_is_refused_as_already_exists() {
    let (_, leases) = account("create-twice", Rights::Full).await;
    leases.create(&PostParams::default(), &lease("seat", "a")).await.unwrap();
    let status = refusal(leases.create(&PostParams::default(), &lease("seat", "b")).await);
    assert_eq!((status.code, status.reason.as_str()), (409, "AlreadyExists"));
    assert_eq!(holder(&leases.get("seat").await.unwrap()), "a");
}

#[tokio::test]
async fn an_update_with_a_stale_version_is_refused_as_a_conflict() {
    let (_, leases) = account("stale-update", Rights::Full).await;
    let params = PostParams::default();
    let first = leases.create(&params, &lease("seat", "a")).await.unwrap();
    let second = leases.replace("seat", &params, &held_by(&first, "b")).await.unwrap();
    assert_ne!(version_of(&first), version_of(&second));
    let status = refusal(leases.replace("seat", &params, &held_by(&first, "c")).await);
    assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
    assert_eq!(holder(&leases.get("seat").await.unwrap()), "b");
}

#[tokio::test]
async fn an_update_without_a_version_is_refused_as_invalid() {
    let (_, leases) = account("blind-update", Rights::Full).await;
    leases.create(&PostParams::default(), &lease("seat", "a")).await.unwrap();
    let blind = leases.replace("seat", &PostParams::default(), &lease("seat", "b")).await;
    let status = refusal(blind);
    assert_eq!((status.code, status.reason.as_str()), (422, "Invalid"));
    assert!(status.message.contains("resourceVersion"), "{}", status.message);
}

#[tokio::test]
async fn a_watch_of_one_lease_tells_its_changes_and_bookmarks() {
    let (_, leases) = account("watch", Rights::Full).await;
    let params = PostParams::default();
    let first = leases.create(&params, &lease("seat", "a")).await.unwrap();
    let other = leases.create(&params, &lease("other", "x")).await.unwrap();
    // Of a watch this short the server sends a bookmark two seconds before the end.
    let only = WatchParams::default().fields("metadata.name=seat").timeout(5);
    let mut events = leases.watch(&only, version_of(&first)).await.unwrap().boxed();

    leases.replace("other", &params, &held_by(&other, "y")).await.unwrap();
    let second = leases.replace("seat", &params, &held_by(&first, "b")).await.unwrap();
    match next(&mut events).await {
        Some(WatchEvent::Modified(seen)) => assert_eq!(seen, second),
        event => panic!("not the change of the seat: {event:?}"),
    }
    let number = |version: &str| version.parse::<u64>().unwrap();
    let mut bookmarks = 0;
    // Then the server ends the watch.
    while let Some(event) = next(&mut events).await {
        let WatchEvent::Bookmark(bookmark) = event else {
            panic!("not a bookmark: {event:?}");
        };
        assert!(number(&bookmark.metadata.resource_version) >= number(version_of(&second)));
        bookmarks += 1;
    }
    assert!(bookmarks > 0);
}

#[tokio::test]
async fn a_watch_reports_a_deleted_lease() {
    let (_, leases) = account("watch-delete", Rights::Full).await;
    let first = leases.create(&PostParams::default(), &lease("seat", "a")).await.unwrap();
    let only = WatchParams::default().fields("metadata.name=seat").timeout(60);
    let mut events = leases.watch(&only, version_of(&first)).await.unwrap().boxed();
    let admin: Api<Lease> =
        Api::namespaced(Cluster::shared().client().await.unwrap(), "watch-delete");
    admin.delete("seat", &DeleteParams::default()).await.unwrap();
    match next(&mut events).await {
        Some(WatchEvent::Deleted(gone)) => assert_eq!(gone.metadata.uid, first.metadata.uid),
        event => panic!("not the deletion: {event:?}"),
    }
}

#[tokio::test]
async fn an_account_may_do_what_its_role_says_and_no_more() {
    let (client, leases) = account("rights-full", Rights::Full).await;
    let params = PostParams::default();
    let created = leases.create(&params, &lease("seat", "a")).await.unwrap();
    leases.list(&Default::default()).await.unwrap();
    let event = Event {
        metadata: ObjectMeta { generate_name: Some("seat.".into()), ..Default::default() },
        involved_object: k8s_openapi::api::core::v1::ObjectReference {
            namespace: Some("rights-full".into()),
            name: Some("seat".into()),
            ..Default::default()
        },
        ..Default::default()
    };
    Api::namespaced(client, "rights-full").create(&params, &event).await.unwrap();
    assert_eq!(refusal(leases.delete("seat", &DeleteParams::default()).await).code, 403);

    let (_, leases) = account("rights-read", Rights::ReadOnly).await;
    leases.list(&Default::default()).await.unwrap();
    assert_eq!(refusal(leases.create(&params, &lease("seat", "a")).await).code, 403);

    let (_, leases) = account("rights-nowatch", Rights::NoWatch).await;
    leases.create(&params, &lease("seat", "a")).await.unwrap();
    let watch = leases.watch(&WatchParams::default(), version_of(&created)).await;
    assert_eq!(refusal(watch.map(drop)).code, 403);

    let (_, leases) = account("rights-none", Rights::None).await;
    let status = refusal(leases.get("seat").await);
    assert_eq!((status.code, status.reason.as_str()), (403, "Forbidden"));
    let message = r#"User "system:serviceaccount:rights-none:candidate" cannot get resource "leases" in API group "coordination.k8s.io" in the namespace "rights-none""#;
    assert!(status.message.contains(message), "{}", status.message);
}

#[tokio::test]
async fn a_token_counts_as_long_as_it_is_one_and_its_account_lives() {
    let cluster = Cluster::shared();
    let (namespace, name) = ("tokens", "candidate");
    let kubeconfig = cluster.create_candidate_account(namespace, name, Rights::Full).unwrap();
    let list = async || {
        let client = client_for(&kubeconfig).await.unwrap();
        Api::<Lease>::namespaced(client, namespace).list(&Default::default()).await
    };
    list().await.unwrap();

    cluster.write_token(namespace, name, "not-a-token").unwrap();
    let status = refusal(list().await);
    assert_eq!((status.code, status.reason.as_str()), (401, "Unauthorized"));

    let fresh = cluster.new_token(namespace, name, Duration::from_secs(600)).unwrap();
    cluster.write_token(namespace, name, &fresh).unwrap();
    list().await.unwrap();
    assert!(cluster.new_token(namespace, name, Duration::from_secs(1)).is_err());

    cluster.delete_account(namespace, name).unwrap();
    until_async("the deleted account's token to be refused", SOON, async || match list().await {
        Err(kube::Error::Api(status)) if status.code == 401 => Ok(()),
        other => Err(other.map(drop)),
    })
    .await;
    assert!(cluster.new_token(namespace, name, Duration::from_secs(600)).is_err());
}

#[tokio::test]
async fn the_audit_log_counts_each_request_once() {
    let (namespace, since) = ("audit", Timestamp::now());
    let (_, leases) = account(namespace, Rights::Full).await;
    let params = PostParams::default();
    let first = leases.create(&params, &lease("seat", "a")).await.unwrap();
    leases.replace("seat", &params, &held_by(&first, "b")).await.unwrap();
    refusal(leases.replace("seat", &params, &held_by(&first, "c")).await);
    let only = WatchParams::default().fields("metadata.name=seat").timeout(1);
    let watch = leases.watch(&only, version_of(&first)).await.unwrap();
    let _: Vec<_> = watch.collect().await;
    leases.get("seat").await.unwrap();

    let user = account_user(namespace, "candidate");
    let brief = |record: &AuditRecord| {
        assert_eq!((record.resource.as_str(), record.user.as_str()), ("leases", user.as_str()));
        assert!(record.stage_timestamp >= record.received);
        format!("{} {} {}", record.verb, record.name, record.code)
    };
    let expected =
        ["create seat 201", "update seat 200", "update seat 409", "watch seat 200", "get seat 200"];
    let cluster = Cluster::shared();
    until_async("the five requests in the audit log", SOON, async || {
        let records = cluster.requests(since, Caller::User(&user)).unwrap();
        let seen: Vec<_> = records.iter().map(brief).collect();
        if seen == expected { Ok(()) } else { Err(seen) }
    })
    .await;
    let later = cluster.requests(Timestamp::now(), Caller::User(&user)).unwrap();
    assert_eq!(later, []);
    let agents = cluster.requests(since, Caller::UserAgent("no such client")).unwrap();
    assert_eq!(agents, []);
}

/// What this program asks for a list of is in its pages, each once.
#[tokio::test]
async fn a_roster_of_many_is_read_page_by_page() {
    let (namespace, agent, count) = ("pages", "pages-test/1", 230);
    account(namespace, Rights::None).await;
    let cluster = Cluster::shared();
    let admin: Api<Lease> = Api::namespaced(cluster.client().await.unwrap(), namespace);
    for number in 0..count {
        let said = serde_json::json!({"election": "shop", "identity": format!("web-{number}")});
        let mut entry = lease(&format!("shop-{number:03}"), "web");
        let metadata = &mut entry.metadata;
        metadata.labels = Some([("hotseat.dev/roster".into(), "shop".into())].into());
        metadata.annotations = Some([("hotseat.dev/candidate".into(), said.to_string())].into());
        admin.create(&PostParams::default(), &entry).await.unwrap();
    }
    let since = Timestamp::now();
    let credentials = Credentials::Files(vec![cluster.admin_kubeconfig()]);
    let connection = Connection::open(credentials, agent).await.unwrap();
    let name = ElectionName::new(namespace, "shop");
    let facts = Facts::new(name.clone(), clock::now);
    let RosterRows { rows, cut } = list_roster(connection, facts, &name).await.unwrap();
    let names: Vec<_> = rows.iter().map(|row| row.lease.as_str()).collect();
    let expected: Vec<_> = (0..count).map(|number| format!("shop-{number:03}")).collect();
    assert_eq!((names, cut), (expected.iter().map(String::as_str).collect(), false));
    assert!(rows.iter().all(|row| row.entry.is_ok()));
    until_async("three requests in the audit log", SOON, async || {
        let records = cluster.requests(since, Caller::UserAgent(agent)).unwrap();
        let lists: Vec<_> = records.iter().map(|it| (it.verb.clone(), it.code)).collect();
        if lists == vec![("list".to_owned(), 200); 3] { Ok(()) } else { Err(lists) }
    })
    .await;
}

/// Crash, restart and freeze, on a server of its own.
#[tokio::test]
async fn the_server_keeps_its_data_over_a_crash() {
    let cluster = Cluster::start(Options::default()).unwrap();
    let leases = async || Api::<Lease>::namespaced(cluster.client().await.unwrap(), "default");
    let params = PostParams::default();
    let first = leases().await.create(&params, &lease("seat", "a")).await.unwrap();
    let watched = leases().await;
    let watch = WatchParams::default().fields("metadata.name=seat").timeout(250);
    let mut events = watched.watch(&watch, version_of(&first)).await.unwrap().boxed();

    cluster.kill_apiserver().unwrap();
    assert!(cluster.kill_apiserver().is_err(), "it is dead already");
    assert!(cluster.stop_apiserver().is_err(), "it is dead already");
    let end = tokio::time::timeout(SOON, events.next()).await.expect("the watch ends");
    assert!(!matches!(end, Some(Ok(_))), "an event of a dead server: {end:?}");
    let error = leases().await.get("seat").await.unwrap_err();
    assert!(!matches!(error, kube::Error::Api(_)), "an answer of a dead server: {error}");

    let url = cluster.url();
    cluster.restart_apiserver().unwrap();
    assert!(cluster.restart_apiserver().is_err(), "it runs already");
    assert_eq!(cluster.url(), url);
    assert_eq!(leases().await.get("seat").await.unwrap(), first);
    leases().await.replace("seat", &params, &held_by(&first, "b")).await.unwrap();

    cluster.stop_apiserver().unwrap();
    let frozen = leases().await;
    let silence = tokio::time::timeout(Duration::from_millis(500), frozen.get("seat")).await;
    assert!(silence.is_err(), "a frozen server answered: {silence:?}");
    cluster.cont_apiserver().unwrap();
    assert_eq!(holder(&leases().await.get("seat").await.unwrap()), "b");
}
