//! Chart, manifests, kustomize and injection put the same container into a pod, and give it the same
//! rights: those that the program asks for.

use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::kubetools::{self, deploy, kustomize};
use serde_json::Value;

use super::chart::{self, CASES};
use super::server::{example, stored};
use super::{grants, of_kind, printed, read, restricted, sidecar, workload};

/// A container without what is the operator's own: flags, the image's name, and the form.
fn kernel(container: &Value) -> Value {
    let mut kernel = container.clone();
    for own in ["args", "image", "restartPolicy"] {
        kernel.as_object_mut().unwrap().remove(own);
    }
    kernel
}

#[test]
fn each_way_puts_the_same_container_into_the_pod() {
    let api = restricted("alike", Rights::None);
    let of =
        |text: &str| sidecar(&workload(&stored(&api, text))["spec"]["template"]["spec"]).clone();
    let manifest = of(&read(&deploy().join("manifests/sidecar.yaml")));
    assert_eq!(manifest["args"], serde_json::json!(["--election=shop"]));
    assert_eq!(manifest["restartPolicy"], "Always");
    assert_eq!(manifest["readinessProbe"]["httpGet"]["path"], "/readyz");
    assert_eq!(manifest["livenessProbe"]["httpGet"]["path"], "/healthz");
    assert_eq!(manifest["ports"][0]["name"], "hotseat");
    assert_eq!(manifest["terminationMessagePolicy"], "FallbackToLogsOnError");
    let others = [
        ("chart", of(&chart::render(&CASES[0], api.namespace()).unwrap())),
        ("chart before 1.29", of(&chart::render(&CASES[1], api.namespace()).unwrap())),
        ("containers.yaml", of(&read(&deploy().join("manifests/containers.yaml")))),
        ("kustomize", of(&example())),
    ];
    for (name, other) in &others {
        assert_eq!(kernel(&manifest), kernel(other), "{name}");
    }
    let old =
        |index: usize| (others[index].1["args"].clone(), others[index].1.get("restartPolicy"));
    assert_eq!(old(1), (serde_json::json!(["--election=shop", "--reaction-time=4s"]), None));
    assert_eq!(old(1), old(2));
}

#[test]
fn the_rights_are_those_that_the_program_asks_for() {
    for case in &CASES {
        let rendered = chart::render(case, "web").unwrap();
        let objects = objects(&rendered);
        let mut flags = vec!["--election=shop", "--namespace=web"];
        flags.extend(case.flags);
        let asked = grants(&printed(&flags), "web");
        assert_eq!(grants(&objects, "web"), asked, "{}", case.name);
    }
    let asked = |flags: &[&str]| {
        let flags: Vec<&str> =
            ["--election=shop", "-n=default"].iter().chain(flags).copied().collect();
        grants(&printed(&flags), "default")
    };
    let given = |text: &str| grants(&objects(text), "default");
    let manifest = |name: &str| read(&deploy().join("manifests").join(name));
    let by_map = "--policy=configmap:shop-policy";
    assert_eq!(given(&manifest("sidecar.yaml")), asked(&[]));
    assert_eq!(given(&manifest("policy-configmap.yaml")), asked(&[by_map, "--for=configmap"]));
    assert_eq!(given(&example()), asked(&[by_map]));
    // A ClusterRole cannot name the Lease.
    let mut injection = objects(&kustomize(&deploy().join("injection")).unwrap());
    for object in &mut injection {
        if object["kind"] == "ClusterRole" {
            object["kind"] = "Role".into();
        }
    }
    let unnamed = asked(&[])
        .into_iter()
        .map(|[verb, resource, _, place]| [verb, resource, String::new(), place]);
    assert_eq!(grants(&injection, "default"), unnamed.collect());
}

#[test]
fn every_binding_is_of_its_role_and_of_the_account_of_the_pods() {
    for (name, text) in super::server::texts("web") {
        let objects = objects(&text);
        for binding in of_kind(&objects, "RoleBinding") {
            if binding["roleRef"]["kind"] == "Role" {
                let role = &binding["roleRef"]["name"];
                let place = &binding["metadata"]["namespace"];
                let roles = of_kind(&objects, "Role");
                let mut found = roles.iter().map(|role| &role["metadata"]);
                assert!(
                    found.any(|theirs| theirs["name"] == *role && theirs["namespace"] == *place),
                    "{name}: {binding}"
                );
            }
            let Some(workload) = of_kind(&objects, "Deployment").first().copied() else { continue };
            let account = &workload["spec"]["template"]["spec"]["serviceAccountName"];
            assert_eq!(binding["subjects"][0]["name"], *account, "{name}: {binding}");
        }
    }
}

fn objects(text: &str) -> Vec<Value> {
    kubetools::objects(&Cluster::shared().admin_kubeconfig(), text).unwrap()
}
