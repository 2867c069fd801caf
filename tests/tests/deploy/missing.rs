//! Missing rights are said where people look: `kubectl describe` of the pod and of the Lease, `hotseat
//! status`, and the log, once.

use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::kubetools::kubectl;
use hotseat_tests::process::{Launch, Stream};
use hotseat_tests::scene::{Api, Candidate, Candidates, ELECTION, QUICK, SOON};
use hotseat_tests::wait::until;
use http::Method;
use serde_json::{Value, json};

/// Gives the candidates' account this right as well.
fn grant(api: &Api, rules: &Value) {
    let rbac = "rbac.authorization.k8s.io";
    let metadata = json!({"name": "more"});
    let role = json!({"metadata": metadata, "rules": rules});
    api.create(&format!("{rbac}/v1/roles"), &role).unwrap();
    let binding = json!({
        "metadata": metadata,
        "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "more"},
        "subjects": [{"kind": "ServiceAccount", "name": "candidate",
                      "namespace": api.namespace()}],
    });
    api.create(&format!("{rbac}/v1/rolebindings"), &binding).unwrap();
}

fn describe(api: &Api, what: &str) -> String {
    let args = ["-n", api.namespace(), "describe", what];
    kubectl(&Cluster::shared().admin_kubeconfig(), &args, "").unwrap()
}

/// What `hotseat status` says of that candidate.
fn status(candidate: &Candidate) -> String {
    let address = format!("--address={}", candidate.process.http_addr());
    let mut status = Launch::hotseat().unwrap().args(["status", &address]).start().unwrap();
    assert!(status.wait_exit(SOON).success(), "{status}");
    status.output(Stream::Stdout)
}

#[test]
fn kubectl_describe_shows_the_leader_on_the_lease() {
    let api = Api::real("describe").unwrap();
    let crew = Candidates::start(&api, &["anna"]).unwrap();
    crew.leader();
    until("the Event", SOON, || match describe(&api, &format!("lease/{ELECTION}")) {
        text if text.contains("anna became leader") => Ok(()),
        text => Err(text),
    });
    crew.finish();
}

#[test]
fn kubectl_describe_shows_on_the_pod_which_rights_are_missing() {
    let api = super::restricted("describe-pod", Rights::None);
    grant(&api, &json!([{"apiGroups": [""], "resources": ["events"], "verbs": ["create"]}]));
    let container = json!({"name": "shop", "image": "example/shop:1", "securityContext": {
        "runAsNonRoot": true, "allowPrivilegeEscalation": false,
        "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "anna"},
                     "spec": {"serviceAccountName": "shop", "containers": [container]}});
    let path = format!("/api/v1/namespaces/{}/pods", api.namespace());
    let (code, pod) = api.ask(Method::POST, &path, Some(&pod)).unwrap();
    assert_eq!(code, 200, "{pod}");
    let anna = Candidate::start_with(&api, "anna", &QUICK, |launch| {
        launch
            .env("POD_NAME", "anna")
            .env("POD_NAMESPACE", api.namespace())
            .env("POD_UID", pod["metadata"]["uid"].as_str().unwrap())
    })
    .unwrap();
    let text = until("the Event", SOON, || match describe(&api, "pod/anna") {
        text if text.contains("RightsMissing") => Ok(text),
        text => Err(text),
    });
    assert!(text.contains("get, list, watch, update on leases seat"), "{text}");
    assert!(text.contains("hotseat rbac"), "{text}");
    let on_lease = api.events().unwrap();
    assert_eq!(on_lease.iter().filter(|note| note.contains("may not")).count(), 1, "{on_lease:?}");
    drop(anna);
}

#[test]
fn status_says_that_the_lease_may_not_be_read() {
    let api = Api::of(Cluster::shared(), "status-denied", Rights::None).unwrap();
    let anna = Candidate::start(&api, "anna", &QUICK).unwrap();
    let text = until("the refusal", SOON, || match status(&anna) {
        text if text.contains("not allowed to read the lease") => Ok(text),
        text => Err(text),
    });
    assert!(!text.contains("free"), "{text}");
    assert!(text.contains("last error     denied: 403 Forbidden"), "{text}");
    let text = until("the rights", SOON, || match status(&anna) {
        text if text.contains("rights         missing: ") => Ok(text),
        text => Err(text),
    });
    assert!(text.contains("get, list, watch, update on leases seat"), "{text}");
    // A Role with its binding, once, and a warning for the first refusal of each kind.
    let log = anna.log();
    assert_eq!(log.matches("kind: RoleBinding").count(), 1, "{log}");
    let subject = format!(
        "subjects: [{{kind: ServiceAccount, name: candidate, namespace: {}}}]",
        api.namespace()
    );
    assert!(log.contains(&subject), "{log}");
}

#[test]
fn a_pod_without_its_name_is_warned_of_its_nodes() {
    let api = Api::real("no-name").unwrap();
    let flags = ["--election=seat", "--http=127.0.0.1:0"];
    let namespace = format!("--election-namespace={}", api.namespace());
    let launch = Launch::hotseat().unwrap().args(flags).arg(namespace).kubeconfig(api.kubeconfig());
    let in_a_pod = launch.env("KUBERNETES_SERVICE_HOST", "10.96.0.1").start().unwrap();
    in_a_pod.wait_line("POD_NAME is not set, so the hostname is this candidate's name", SOON);
}

#[test]
fn a_log_in_json_is_json_on_both_streams() {
    let api = Api::real("json").unwrap();
    let mut anna =
        Candidate::start(&api, "anna", &[&QUICK[..], &["--log-format=json"]].concat()).unwrap();
    anna.process.wait_line("anna is the leader", SOON);
    anna.end();
    let text = anna.process.output(Stream::Stdout);
    assert_eq!(text.lines().count(), 1, "{text}");
    for line in anna.process.lines() {
        let object: Value =
            serde_json::from_str(&line.text).unwrap_or_else(|why| panic!("{line}: {why}"));
        assert!(object["timestamp"].is_string() && object["message"].is_string(), "{line}");
    }
    let line: Value = serde_json::from_str(text.trim()).unwrap();
    assert_eq!((&line["leader"], &line["message"]), (&json!("anna"), &json!("anna is the leader")));
}

#[test]
fn why_it_cannot_start_is_json_too() {
    for flags in [&["--log-format=json"][..], &["--log-format=json", "--nonsense"]] {
        let mut process = Launch::hotseat().unwrap().args(flags).start().unwrap();
        assert!(!process.wait_exit(SOON).success(), "{process}");
        let said = process.output(Stream::Stderr);
        assert!(!said.is_empty(), "{process}");
        for line in said.lines() {
            let object: Value =
                serde_json::from_str(line).unwrap_or_else(|why| panic!("{line}: {why}"));
            assert!(object["message"].is_string(), "{line}");
        }
    }
}
