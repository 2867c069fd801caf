//! Chart, manifests, kustomize and injection put the same container into a pod, and give it the same
//! rights: those that the program asks for.

use hotseat_engine::BUILTINS;
use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::kubetools::{self, deploy, kustomize};
use serde_json::Value;

use super::chart::{self, CASES, Case};
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
    let label = ["--label-leader=hotseat.dev/role=leader", "--pod-deletion-cost=100"];
    let beside = [&label[..], &["--for=label-leader"]].concat();
    assert_eq!(given(&manifest("leader-service.yaml")), asked(&beside));
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

/// What decides whether the roster is kept, and which facts are looked at, alone and together.
#[test]
fn the_chart_asks_for_the_rosters_and_the_facts_rights_as_the_program_does() {
    let facts = ["", "pod", "node", "time", "seats", "pod,node", "node,seats"];
    let policies = BUILTINS.map(|builtin| builtin.label());
    let others = ["builtin:standard".to_owned(), format!("builtin:rules#sha256={:064}", 0)];
    let policies: Vec<String> = policies.into_iter().chain(others).collect();
    let mut sets: Vec<[&str; 4]> = Vec::new();
    sets.extend(facts.map(|facts| ["builtin", "", facts, "false"]));
    sets.extend(policies.iter().map(|policy| [policy, "", "", "false"]));
    sets.extend(["0s", "0.5s", "10m"].map(|soak| ["builtin", soak, "", "false"]));
    sets.extend([["builtin", "", "", "true"], ["builtin:rules", "1m", "seats", "true"]]);
    for [policy, soak, facts, roster] in sets {
        let mut values = vec![
            format!("hotseat.policy={policy}"),
            format!("hotseat.rolloutSoak={soak}"),
            format!("hotseat.roster={roster}"),
        ];
        let mut flags = vec![format!("--policy={policy}"), format!("--roster={roster}")];
        if !facts.is_empty() {
            values.push(format!("hotseat.facts={{{facts}}}"));
            flags.push(format!("--facts={facts}"));
        }
        if !soak.is_empty() {
            flags.push(format!("--rollout-soak={soak}"));
        }
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let flags = flags.iter().map(String::as_str);
        let flags: Vec<&str> = ["--election=shop", "-n=web"].into_iter().chain(flags).collect();
        let case = Case { name: "", kubernetes: "1.36.0", values: &values, flags: &flags };
        let rendered = objects(&chart::render(&case, "web").unwrap());
        assert_eq!(grants(&rendered, "web"), grants(&printed(&flags), "web"), "{values:?}");
        let arguments = sidecar(&workload(&rendered)["spec"]["template"]["spec"])["args"].clone();
        // What is the default may be left out.
        let defaults = ["--policy=builtin", "--roster=false"];
        for flag in flags[2..].iter().filter(|flag| !defaults.contains(flag)) {
            let flag = if *flag == "--roster=true" { "--roster" } else { flag };
            assert!(
                arguments.as_array().unwrap().iter().any(|it| it == flag),
                "{flag}: {arguments}"
            );
        }
    }
}

#[test]
fn every_binding_is_of_its_role_and_of_the_account_of_the_pods() {
    for (name, text) in super::server::texts("web") {
        let objects = objects(&text);
        let in_namespaces = of_kind(&objects, "RoleBinding").into_iter();
        for binding in in_namespaces.chain(of_kind(&objects, "ClusterRoleBinding")) {
            let kind = binding["roleRef"]["kind"].as_str().unwrap();
            let alike = binding["kind"] == format!("{kind}Binding");
            if alike {
                let role = &binding["roleRef"]["name"];
                let place = &binding["metadata"]["namespace"];
                let roles = of_kind(&objects, kind);
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
