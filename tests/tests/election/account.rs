//! Accounts that may not do everything, and tokens that change. RBAC and tokens are the real
//! server's.

use std::time::Duration;

use hotseat_tests::cluster::{Cluster, Rights, client_for};
use hotseat_tests::scene::{Api, Candidates, SOON};
use hotseat_tests::wait::{until, until_async};
use k8s_openapi::api::coordination::v1::Lease;
use serde_json::json;

/// A watch that was refused is tried again after a minute; polling does not wait for that.
const NOTICED: Duration = Duration::from_secs(30);

#[test]
fn without_rights_it_says_which_are_missing_and_leads_once_it_has_them() {
    let api = Api::of(Cluster::shared(), "no-rights", Rights::None).unwrap();
    let mut crew = Candidates::start(&api, &["anna"]).unwrap();
    let candidate = crew.member("anna");
    let told = candidate.process.wait_line("rights are missing", SOON);
    for line in [
        "kind: Role",
        "resources: [leases], resourceNames: [seat], verbs: [get, list, watch, update]",
        "resources: [leases], verbs: [create]",
        "resources: [events], verbs: [create]",
    ] {
        candidate.process.wait_line_after(&told, line, SOON);
    }
    candidate.process.wait_line("403 Forbidden", SOON);
    assert_eq!(candidate.plain().unwrap(), r#"{"name":""}"#);
    assert!(api.lease().unwrap().is_none());

    let rules = json!([
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"],
         "verbs": ["get", "list", "watch", "update", "create"]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create"]},
    ]);
    let metadata = json!({"name": "late"});
    let rbac = "rbac.authorization.k8s.io";
    let role = json!({"apiVersion": format!("{rbac}/v1"), "kind": "Role", "metadata": metadata,
                      "rules": rules});
    api.create(&format!("{rbac}/v1/roles"), &role).unwrap();
    let binding = json!({"apiVersion": format!("{rbac}/v1"), "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "late"},
        "subjects": [{"kind": "ServiceAccount", "name": "candidate",
                      "namespace": api.namespace()}]});
    api.create(&format!("{rbac}/v1/rolebindings"), &binding).unwrap();
    crew.leader_that("the lead once there are rights", NOTICED, |_| true);
    crew.take("anna").end();
    crew.finish();
}

#[test]
fn without_the_right_to_watch_it_polls_and_elects_all_the_same() {
    let api = Api::of(Cluster::shared(), "no-watch", Rights::NoWatch).unwrap();
    let mut crew = Candidates::start(&api, &["anna", "ben"]).unwrap();
    let first = crew.leader();
    for member in crew.members() {
        member.process.wait_line("the lock cannot be watched, so it is polled", SOON);
    }
    crew.take(&first.name).end();
    let second = crew.leader_after(&first);
    assert_ne!(second.name, first.name);
    crew.finish();
}

/// Whether the server takes that account's token as it stands in its file at this moment.
async fn is_known(kubeconfig: &std::path::Path, namespace: &str) -> bool {
    let leases: kube::Api<Lease> =
        kube::Api::namespaced(client_for(kubeconfig).await.unwrap(), namespace);
    match leases.get_opt("seat").await {
        Ok(_) => true,
        Err(kube::Error::Api(status)) if status.code == 401 => false,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_token_that_was_rotated_is_read_anew_and_the_term_goes_on() {
    let cluster = Cluster::shared();
    let api = Api::of(cluster, "rotation", Rights::Full).unwrap();
    // Longer than the server may go on taking a token that it knew.
    let flags = ["--lease-duration=6s", "--renew-deadline=4s", "--retry-period=500ms"];
    let crew = Candidates::with(&api, &["anna"], &flags).unwrap();
    let first = crew.leader();

    // The old token stays in a file of its own, to see when the server has forgotten it.
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("token");
    std::fs::copy(cluster.token_file(api.namespace(), "candidate"), &old).unwrap();
    let config = std::fs::read_to_string(api.kubeconfig()).unwrap();
    let live = cluster.token_file(api.namespace(), "candidate");
    let config = config.replace(live.to_str().unwrap(), old.to_str().unwrap());
    let outdated = folder.path().join("kubeconfig");
    std::fs::write(&outdated, config).unwrap();

    cluster.delete_account(api.namespace(), "candidate").unwrap();
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
                         "metadata": {"name": "candidate"}});
    api.create("v1/serviceaccounts", &account).unwrap();
    let hour = Duration::from_secs(3600);
    let fresh = cluster.new_token(api.namespace(), "candidate", hour).unwrap();
    cluster.write_token(api.namespace(), "candidate", &fresh).unwrap();

    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(
        until_async("the old token to be refused", SOON, async || {
            match is_known(&outdated, api.namespace()).await {
                true => Err("it is taken"),
                false => Ok(()),
            }
        }),
    );
    let refused = api.spec("renewTime").unwrap();
    until("a renewal with the new token", SOON, || match api.spec("renewTime").unwrap() {
        time if time == refused => Err(time),
        _ => Ok(()),
    });
    assert!(crew.leader().is_same_term(&first), "{}", crew.logs());
    assert!(!crew.logs().contains("stepped down"), "{}", crew.logs());
    crew.finish();
}
