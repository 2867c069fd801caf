//! A real API server takes everything in `deploy/`, and would make its pods where they have to be
//! restricted.

use std::collections::BTreeMap;
use std::fs;

use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::kubetools::{deploy, dry_run, kustomize};
use hotseat_tests::scene::Api;
use serde_json::Value;

use super::chart::{self, CASES};
use super::{of_kind, pod_of, read, restricted, would_make};

/// Everything that somebody would apply to a namespace, by what it is called.
pub(super) fn texts(namespace: &str) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for case in &CASES {
        let rendered = chart::render(case, namespace).unwrap();
        // The namespaces of the lock and of the policy are there in a cluster that has them.
        let rendered = rendered.replace("namespace: locks", &format!("namespace: {namespace}"));
        let rendered = rendered.replace("namespace: platform", &format!("namespace: {namespace}"));
        texts.insert(format!("chart/{}", case.name), rendered);
    }
    for file in fs::read_dir(deploy().join("manifests")).unwrap() {
        let path = file.unwrap().path();
        texts.insert(format!("manifests/{}", path.file_name().unwrap().display()), read(&path));
    }
    texts.insert("kustomize/example".to_owned(), example());
    let injection = kustomize(&deploy().join("injection")).unwrap();
    texts.insert("injection".to_owned(), injection.replace("hotseat-system", namespace));
    texts.insert(
        "injection/binding.yaml".to_owned(),
        read(&deploy().join("injection/binding.yaml")),
    );
    texts
}

/// The example of kustomize, with a policy where a person would put one.
pub(super) fn example() -> String {
    let folder = tempfile::tempdir().unwrap();
    super::kustomize::copy(&deploy().join("kustomize"), folder.path());
    fs::write(folder.path().join("example/policy.wasm"), b"\0asm").unwrap();
    kustomize(&folder.path().join("example")).unwrap()
}

/// The objects of a text as the server would store them. Role and RoleBinding of two charts in one
/// namespace have one name, which a dry run does not mind.
pub(super) fn stored(api: &Api, text: &str) -> Vec<Value> {
    dry_run(&Cluster::shared().admin_kubeconfig(), api.namespace(), text).unwrap()
}

#[test]
fn the_server_takes_all_of_it_and_would_make_its_pods_restricted() {
    let api = restricted("taken", Rights::None);
    let mut pods = 0;
    for (name, text) in texts(api.namespace()) {
        let objects = stored(&api, &text);
        assert!(!objects.is_empty(), "{name}");
        for workload in of_kind(&objects, "Deployment") {
            let mut pod = pod_of(workload);
            // The accounts of the charts are in the dry run only.
            pod["spec"]["serviceAccountName"] = "shop".into();
            let (code, answer) = would_make(&api, &pod);
            assert_eq!(code, 200, "{name}: {answer}");
            pods += 1;
        }
    }
    // Four of the chart, two manifests, one of kustomize.
    assert_eq!(pods, 7);
}

#[test]
fn a_pod_that_may_do_more_is_refused_there() {
    let api = restricted("not-taken", Rights::None);
    let objects = stored(&api, &read(&deploy().join("manifests/sidecar.yaml")));
    let mut pod = pod_of(super::workload(&objects));
    pod["spec"]["initContainers"][0]["securityContext"]["allowPrivilegeEscalation"] = true.into();
    let (code, answer) = would_make(&api, &pod);
    assert_eq!(code, 403, "{answer}");
    assert!(answer["message"].as_str().unwrap().contains("PodSecurity"), "{answer}");
}
