//! The component for kustomize: any workload, with names that kustomize makes.

use std::fs;
use std::path::Path;

use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::kubetools::{deploy, kustomize, objects};
use serde_json::{Value, json};

use super::server::{example, stored};
use super::{grants, of_kind, printed, restricted, sidecar, workload};

/// Copies a folder with all that is in it.
pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// What kustomize makes of a workload and the component, with that much more in the kustomization.
fn with_component(workload: &Value, more: &str) -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    copy(&deploy().join("kustomize/component"), &folder.path().join("component"));
    let own = folder.path().join("own");
    fs::create_dir(&own)?;
    fs::write(own.join("workload.yaml"), workload.to_string())?;
    let text = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n\
                resources: [workload.yaml]\ncomponents: [../component]\n";
    fs::write(own.join("kustomization.yaml"), format!("{text}{more}"))?;
    kustomize(&own)
}

fn stateful_set() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": "till", "labels": {"hotseat.dev/election": "till-seat"}},
        "spec": {
            "replicas": 3, "serviceName": "till",
            "selector": {"matchLabels": {"app": "till"}},
            "template": {
                "metadata": {"labels": {"app": "till"}},
                "spec": {
                    "serviceAccountName": "till-pods",
                    "initContainers": [{"name": "first", "image": "example/first:1"}],
                    "containers": [{"name": "till", "image": "example/till:1"}],
                },
            },
        },
    })
}

fn made(text: &str) -> Vec<Value> {
    objects(&Cluster::shared().admin_kubeconfig(), text).unwrap()
}

#[test]
fn a_stateful_set_gets_the_sidecar_before_its_own_init_containers() {
    let api = restricted("stateful-set", Rights::None);
    let text = with_component(&stateful_set(), "").unwrap();
    let all = stored(&api, &text);
    let spec = &workload(&all)["spec"]["template"]["spec"];
    assert_eq!(spec["initContainers"][0]["name"], "hotseat", "{spec}");
    assert_eq!(spec["initContainers"][1]["name"], "first", "{spec}");
    assert_eq!(sidecar(spec)["args"], json!(["--election=till-seat"]));
    let asked = grants(&printed(&["--election=till-seat", "-n=default"]), "default");
    let all = made(&text);
    assert_eq!(grants(&all, "default"), asked);
    assert_eq!(of_kind(&all, "RoleBinding")[0]["subjects"][0]["name"], "till-pods");
}

#[test]
fn prefixes_and_other_images_reach_all_that_they_have_to() {
    let more = "namePrefix: blue-\nnamespace: web\n\
                images: [{name: hotseat, newName: registry.example/hotseat, newTag: '7'}]\n";
    let all = made(&with_component(&stateful_set(), more).unwrap());
    let (role, binding) = (of_kind(&all, "Role")[0], of_kind(&all, "RoleBinding")[0]);
    assert_eq!(role["metadata"]["name"], "blue-hotseat");
    assert_eq!(binding["roleRef"]["name"], "blue-hotseat");
    assert_eq!(
        role["rules"][0]["resourceNames"],
        json!(["till-seat"]),
        "the Lease is not an object of theirs"
    );
    let spec = &workload(&all)["spec"]["template"]["spec"];
    assert_eq!(sidecar(spec)["image"], "registry.example/hotseat:7");
    assert_eq!(sidecar(spec)["args"], json!(["--election=till-seat"]));
}

#[test]
fn a_workload_that_does_not_say_what_it_has_to_is_refused() {
    let mut no_label = stateful_set();
    no_label["metadata"]["labels"] = json!({});
    let said = with_component(&no_label, "").unwrap_err().to_string();
    assert!(said.contains("hotseat.dev/election"), "{said}");
    let mut no_account = stateful_set();
    no_account["spec"]["template"]["spec"].as_object_mut().unwrap().remove("serviceAccountName");
    let said = with_component(&no_account, "").unwrap_err().to_string();
    assert!(said.contains("serviceAccountName"), "{said}");
}

#[test]
fn the_generated_config_map_has_one_name_wherever_it_is_named() {
    let all = made(&example());
    let map = of_kind(&all, "ConfigMap")[0]["metadata"]["name"].as_str().unwrap().to_owned();
    let args = &sidecar(&workload(&all)["spec"]["template"]["spec"])["args"];
    assert_eq!(*args, json!(["--election=shop", format!("--policy=configmap:{map}")]));
    let granted = grants(&all, "default");
    let list = ["list".to_owned(), "configmaps.".to_owned(), map, "default".to_owned()];
    assert!(granted.contains(&list), "{granted:?}");
}
