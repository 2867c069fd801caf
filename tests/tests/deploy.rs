//! The files in `deploy/`: what Helm and kustomize make of them, that a real API server takes it all
//! where pods have to be restricted, and that every one of them says the same of the sidecar.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

#[path = "deploy/alike.rs"]
mod alike;
#[path = "deploy/chart.rs"]
mod chart;
#[path = "deploy/containerfile.rs"]
mod containerfile;
#[path = "deploy/containers.rs"]
mod containers;
#[path = "deploy/injection.rs"]
mod injection;
#[path = "deploy/kustomize.rs"]
mod kustomize;
#[path = "deploy/missing.rs"]
mod missing;
#[path = "deploy/monitoring.rs"]
mod monitoring;
#[path = "deploy/plugin.rs"]
mod plugin;
#[path = "deploy/publish.rs"]
mod publish;
#[path = "deploy/rbac.rs"]
mod rbac;
#[path = "deploy/schema.rs"]
mod schema;
#[path = "deploy/server.rs"]
mod server;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::kubetools::deploy;
use hotseat_tests::process::hotseat_binary;
use hotseat_tests::scene::Api;
use serde_json::{Value, json};

/// A namespace in which pods have to be restricted, with the accounts `candidate` and `shop`. The
/// newest server alone has what these files are for.
fn restricted(scene: &str, rights: Rights) -> Api {
    let api = Api::of(Cluster::shared(), scene, rights).unwrap();
    label(&api, &[("pod-security.kubernetes.io/enforce", "restricted")]);
    for name in ["shop", "default"] {
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
                             "metadata": {"name": name}});
        api.create("v1/serviceaccounts", &account).unwrap();
    }
    api
}

/// Puts labels on the scene's namespace.
fn label(api: &Api, labels: &[(&str, &str)]) {
    let path = format!("/api/v1/namespaces/{}", api.namespace());
    let (_, mut namespace) = api.ask(http::Method::GET, &path, None).unwrap();
    for (key, value) in labels {
        namespace["metadata"]["labels"][*key] = json!(value);
    }
    let (code, answer) = api.ask(http::Method::PUT, &path, Some(&namespace)).unwrap();
    assert_eq!(code, 200, "{answer}");
}

/// Asks the server whether it would make this pod.
fn would_make(api: &Api, pod: &Value) -> (u16, Value) {
    let path = format!("/api/v1/namespaces/{}/pods?dryRun=All", api.namespace());
    api.ask(http::Method::POST, &path, Some(pod)).unwrap()
}

/// The pod that a Deployment or a StatefulSet would make.
fn pod_of(workload: &Value) -> Value {
    let template = &workload["spec"]["template"];
    let mut metadata = template["metadata"].clone();
    metadata["name"] = json!("a-pod");
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
}

/// The objects of a kind.
fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

/// The one workload among objects.
fn workload(objects: &[Value]) -> &Value {
    let mut all = of_kind(objects, "Deployment");
    all.extend(of_kind(objects, "StatefulSet"));
    assert_eq!(all.len(), 1, "{objects:?}");
    all[0]
}

/// The sidecar in a pod's spec, be it an init container or a container.
fn sidecar(spec: &Value) -> &Value {
    let lists = [&spec["initContainers"], &spec["containers"]];
    let all = lists.into_iter().filter_map(Value::as_array).flatten();
    let found: Vec<&Value> = all.filter(|container| container["name"] == "hotseat").collect();
    assert_eq!(found.len(), 1, "{spec}");
    found[0]
}

/// What the Roles among objects grant, whatever they are called: verb, resource, name and namespace, which
/// is empty where a ClusterRole does.
fn grants(objects: &[Value], namespace: &str) -> BTreeSet<[String; 4]> {
    let mut grants = BTreeSet::new();
    let in_cluster = of_kind(objects, "ClusterRole").into_iter().map(|role| (role, ""));
    let in_namespaces = of_kind(objects, "Role").into_iter().map(|role| (role, namespace));
    for (role, otherwise) in in_namespaces.chain(in_cluster) {
        let place = role["metadata"]["namespace"].as_str().unwrap_or(otherwise);
        for rule in role["rules"].as_array().unwrap() {
            let texts = |key: &str| -> Vec<String> {
                let all = rule[key].as_array().into_iter().flatten();
                all.map(|text| text.as_str().unwrap().to_owned()).collect()
            };
            let (groups, verbs, mut names) =
                (texts("apiGroups"), texts("verbs"), texts("resourceNames"));
            assert_eq!(groups.len(), 1, "{rule}");
            if names.is_empty() {
                names.push(String::new());
            }
            for resource in texts("resources") {
                for (verb, name) in verbs.iter().flat_map(|v| names.iter().map(move |n| (v, n))) {
                    let resource = format!("{resource}.{}", groups[0]);
                    grants.insert([verb.clone(), resource, name.clone(), place.to_owned()]);
                }
            }
        }
    }
    grants
}

/// What `hotseat rbac` prints with these flags, as objects.
fn printed(flags: &[&str]) -> Vec<Value> {
    let mut command = Command::new(hotseat_binary().unwrap());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HOTSEAT_") {
            command.env_remove(name);
        }
    }
    let output = command.args(["rbac", "--output=json"]).args(flags).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{flags:?}: {said}");
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    list["items"].as_array().unwrap().clone()
}

/// Fails unless the file of `deploy/` has this text; with `HOTSEAT_BLESS` set, writes it instead.
fn compare(path: &str, made: &str) {
    let file = deploy().join(path);
    if std::env::var_os("HOTSEAT_BLESS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, made).unwrap();
        return;
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    let first = there.lines().zip(made.lines()).enumerate().find(|(_, (one, two))| one != two);
    assert!(
        there == made,
        "deploy/{path} is out of date: run `make deploy-references`; the first difference: {first:?}"
    );
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
