//! The manifest of README's sidecar, as it is, where pods have to be restricted.

use hotseat_tests::wait::until;

use super::belief::{Belief, PACE};
use super::space::{SOON, Space, file};

/// The labels of its pods.
pub const LABELS: &str = "app=shop";

/// A namespace with that manifest rolled out.
pub fn shop(name: &str) -> Space {
    let space = Space::new(name, true);
    space.apply(&file("deploy/manifests/sidecar.yaml"));
    space.rolled_out("shop", 3);
    space
}

/// As [`shop`], with more flags, and the rights that they need.
pub fn shop_with(name: &str, flags: &[&str]) -> Space {
    let space = Space::new(name, true);
    let all = [&["--election=shop"], flags].concat().join(", ");
    let manifest = file("deploy/manifests/sidecar.yaml");
    assert!(manifest.contains("args: [--election=shop]"), "{manifest}");
    space.apply(&manifest.replace("args: [--election=shop]", &format!("args: [{all}]")));
    space.grant("shop", "shop", flags);
    space.rolled_out("shop", 3);
    space
}

#[test]
fn the_manifest_works_as_it_is_under_the_restricted_standard() {
    let space = shop("sidecar");
    let belief = Belief::watch(&space, LABELS, PACE);
    let leader = space.leader(LABELS, None);
    let pods = space.pods(LABELS);
    assert_eq!(pods.len(), 3);
    for pod in &pods {
        let wanted = format!("{{\"name\":\"{}\"}}", leader.name);
        until("every pod to name the leader", SOON, || match pod.get("/") {
            Ok((200, body)) if body == wanted => Ok(()),
            other => Err(format!("{other:?}")),
        });
        assert_eq!(pod.container("hotseat")["restartCount"], 0, "{}", pod.object);
    }
    let lease = space.object("lease/shop");
    assert_eq!(lease["spec"]["holderIdentity"], leader.name, "{lease}");
    // What people look at: the program in the pod, and the Events beside the Lease.
    let status =
        space.kubectl(&["exec", &leader.name, "-c", "hotseat", "--", "/usr/bin/hotseat", "status"]);
    assert!(status.contains(&leader.name), "{status}");
    let events = space.kubectl(&["get", "events", "--field-selector", "involvedObject.name=shop"]);
    assert!(events.contains(&leader.name), "{events}");
    belief.end().assert_no_overlap();
}

#[test]
fn without_the_role_no_pod_is_ready_and_the_log_says_what_is_missing() {
    let space = Space::new("no-role", true);
    let manifest = file("deploy/manifests/sidecar.yaml");
    let (account, rest) = manifest.split_once("---").unwrap();
    let deployment = rest.rsplit("---").next().unwrap();
    space.apply(&format!("{account}\n---\n{deployment}"));
    let pod = until("a running pod", SOON, || {
        let pods = space.pods(LABELS);
        let runs =
            |pod: &super::space::Pod| !pod.container("hotseat")["state"]["running"].is_null();
        pods.iter().find(|pod| runs(pod)).cloned().ok_or(pods)
    });
    until("the Role in the log", SOON, || {
        let log = space.kubectl(&["logs", &pod.name, "-c", "hotseat"]);
        if log.contains("kind: RoleBinding") { Ok(()) } else { Err(log) }
    });
    let readiness = until("an answer", SOON, || pod.get("/readyz"));
    assert_eq!(readiness.0, 503, "{readiness:?}");
    let deployment = space.object("deployment/shop");
    assert_eq!(deployment["status"]["readyReplicas"], serde_json::Value::Null, "{deployment}");
}
