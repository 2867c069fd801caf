//! The injection by a MutatingAdmissionPolicy, by pods that are really made. No kubelet is needed: the
//! pod as it is stored says what was put into it.

use std::time::Duration;

use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::kubetools::{deploy, kubectl};
use hotseat_tests::scene::Api;
use hotseat_tests::wait::until;
use http::Method;
use serde_json::{Value, json};

use super::server::stored;
use super::{label, read, restricted, sidecar, workload};

/// How long the API server may take to learn of a policy, its binding and its parameters.
const LEARNED: Duration = Duration::from_secs(60);

/// A pod of an application that is restricted, with these labels and annotations.
fn pod(name: &str, labels: Value, annotations: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": labels, "annotations": annotations},
        "spec": {"serviceAccountName": "shop", "containers": [{
            "name": "shop", "image": "example/shop:1",
            "securityContext": {
                "runAsNonRoot": true, "allowPrivilegeEscalation": false,
                "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
            },
        }]},
    })
}

/// Makes a pod, and gives what the server stored.
fn make(api: &Api, pod: &Value) -> (u16, Value) {
    let path = format!("/api/v1/namespaces/{}/pods", api.namespace());
    api.ask(Method::POST, &path, Some(pod)).unwrap()
}

fn names(pod: &Value) -> Vec<&str> {
    let all = pod["spec"]["initContainers"].as_array().into_iter().flatten();
    all.map(|container| container["name"].as_str().unwrap()).collect()
}

/// All in one test: the policy is the whole cluster's, and its parameters are taken away at the end.
#[test]
fn a_labelled_pod_gets_the_sidecar_and_no_other_does() {
    let api = restricted("injected", Rights::None);
    label(&api, &[("hotseat.dev/injection", "enabled")]);
    let elsewhere = restricted("not-injected", Rights::None);
    let admin = Cluster::shared().admin_kubeconfig();
    let folder = deploy().join("injection");
    kubectl(&admin, &["apply", "-k", &folder.to_string_lossy()], "").unwrap();
    let wanted = || json!({"hotseat.dev/election": "shop"});

    let path = format!("/api/v1/namespaces/{}/pods?dryRun=All", api.namespace());
    let probe = pod("probe", wanted(), json!({}));
    until("the policy to be in force", LEARNED, || {
        match api.ask(Method::POST, &path, Some(&probe)).unwrap() {
            (200, made) if names(&made) == ["hotseat"] => Ok(()),
            other => Err(other),
        }
    });

    let (code, plain) = make(&api, &pod("plain", wanted(), json!({})));
    assert_eq!((code, names(&plain)), (200, vec!["hotseat"]), "{plain}");
    assert_eq!(sidecar(&plain["spec"])["args"], json!(["--election=shop"]));
    assert_eq!(sidecar(&plain["spec"])["image"], concat!("hotseat:", env!("CARGO_PKG_VERSION")));
    is_as_in_the_manifest(&api, &plain);

    let flags = json!({"hotseat.dev/flags": " --policy=configmap:rules  --log-format=json"});
    let mut busy = pod("busy", wanted(), flags);
    busy["spec"]["initContainers"] = json!([busy["spec"]["containers"][0].clone()]);
    busy["spec"]["initContainers"][0]["name"] = json!("first");
    let (_, busy) = make(&api, &busy);
    assert_eq!(names(&busy), ["hotseat", "first"], "{busy}");
    let args = ["--election=shop", "--policy=configmap:rules", "--log-format=json"];
    assert_eq!(sidecar(&busy["spec"])["args"], json!(args));

    let mut own = pod("own", wanted(), json!({}));
    own["spec"]["containers"][0]["name"] = json!("hotseat");
    let (code, own) = make(&api, &own);
    assert_eq!((code, names(&own)), (200, vec![]), "there is one already: {own}");
    let (_, other) = make(&api, &pod("other", json!({"app": "other"}), json!({})));
    assert_eq!(names(&other), [""; 0], "{other}");
    let (_, far) = make(&elsewhere, &pod("far", wanted(), json!({})));
    assert_eq!(names(&far), [""; 0], "{far}");

    kubectl(&admin, &["-n", "hotseat-system", "delete", "configmap", "injection"], "").unwrap();
    let said = until("pods to be refused without an image", LEARNED, || {
        match api.ask(Method::POST, &path, Some(&probe)).unwrap() {
            (200, made) => Err(made),
            (_, answer) => Ok(answer),
        }
    });
    assert!(said["message"].as_str().unwrap().contains("injection.hotseat.dev"), "{said}");
}

/// The container is that of the manifest, apart from where the token is mounted.
fn is_as_in_the_manifest(api: &Api, pod: &Value) {
    let objects = stored(api, &read(&deploy().join("manifests/sidecar.yaml")));
    let manifest = sidecar(&workload(&objects)["spec"]["template"]["spec"]).clone();
    let mut injected = sidecar(&pod["spec"]).clone();
    injected.as_object_mut().unwrap().remove("volumeMounts");
    assert_eq!(injected, manifest);
}
