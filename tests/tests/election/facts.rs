//! What the policy sees of the pod, its node and the time, on a real API server. The kubelet and the
//! cloud are the test.

use std::process::Command;

use hotseat_tests::process::hotseat_binary;
use hotseat_tests::scene::{Api, Candidate, Pod, QUICK, SOON};
use hotseat_tests::wait::until;
use http::Method;
use serde_json::{Value, json};

const FACTS: &str = "--facts=pod,node,time";

/// What the signal of that key from that source says; null if there is none.
fn signal(candidate: &Candidate, source: &str, key: &str) -> Value {
    let all = candidate.json("/v1/signals").unwrap();
    let all = all["signals"].as_array().expect("a list");
    let found = all.iter().find(|signal| signal["source"] == source && signal["key"] == key);
    found.map_or(Value::Null, |signal| signal["value"].clone())
}

#[track_caller]
fn comes(candidate: &Candidate, source: &str, key: &str, value: &Value) {
    until(&format!("{key} to be {value}"), SOON, || match signal(candidate, source, key) {
        said if said == *value => Ok(()),
        other => Err(format!("{other}\n{}", candidate.log())),
    });
}

/// Changes an object as an administrator.
fn edit(api: &Api, path: &str, change: impl Fn(&mut Value)) {
    loop {
        let (code, mut object) = api.ask(Method::GET, path, None).unwrap();
        assert_eq!(code, 200, "{object}");
        change(&mut object);
        match api.ask(Method::PUT, path, Some(&object)).unwrap() {
            (200, _) => return,
            (409, _) => {}
            (code, answer) => panic!("{path}: {code}: {answer}"),
        }
    }
}

fn create(api: &Api, path: &str, object: &Value) {
    let (code, answer) = api.ask(Method::POST, path, Some(object)).unwrap();
    assert!((200..=201).contains(&code), "{path}: {code}: {answer}");
}

/// Gives the candidates what `hotseat rbac` prints for these flags, as far as the cluster gives it.
fn give_rights_on_nodes(api: &Api) {
    let command = ["rbac", "--election=shop", FACTS, "--service-account=candidate"];
    let printed = Command::new(hotseat_binary().unwrap())
        .args(command)
        .args(["--output=json", "--namespace", api.namespace()])
        .output()
        .unwrap();
    assert!(printed.status.success(), "{printed:?}");
    let list: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let of_cluster = |object: &&Value| object["metadata"]["namespace"].is_null();
    let mut made = Vec::new();
    for object in list["items"].as_array().unwrap().iter().filter(of_cluster) {
        let kind = object["kind"].as_str().unwrap();
        let plural = format!("{}s", kind.to_lowercase());
        create(api, &format!("/apis/rbac.authorization.k8s.io/v1/{plural}"), object);
        made.push(kind);
    }
    assert_eq!(made, ["ClusterRole", "ClusterRoleBinding"]);
}

#[test]
fn pod_node_and_time_are_facts_and_a_drain_is_a_cause() {
    let api = Api::real("facts").unwrap();
    let (node, zone) = (api.namespace(), "topology.kubernetes.io/zone");
    let path = format!("/api/v1/nodes/{node}");
    let object = json!({"apiVersion": "v1", "kind": "Node",
                        "metadata": {"name": node, "labels": {zone: "a"}}});
    create(&api, "/api/v1/nodes", &object);
    let mut pod = Pod::create(&api, "anna").unwrap();
    let own = format!("/api/v1/namespaces/{node}/pods/anna");
    edit(&api, &own, |pod| pod["metadata"]["labels"] = json!({"app.kubernetes.io/name": "web"}));
    let anna = pod.start(&[QUICK[0], QUICK[1], QUICK[2], FACTS]).unwrap();
    comes(&anna, "pod", "app.kubernetes.io/name", &json!("web"));
    comes(&anna, "pod", "pod.ready", &json!(false));
    let time = signal(&anna, "host", "host.time-of-day");
    assert_eq!(time.as_str().map(str::len), Some("12:34".len()), "{time}");
    assert!(signal(&anna, "host", "host.weekday").as_str().unwrap().ends_with("day"));
    // The election does not wait for what it may not know.
    anna.process.wait_line("became leader", SOON);
    anna.process.wait_line("list, watch on nodes in the cluster", SOON);
    assert_eq!(signal(&anna, "node", zone), Value::Null);

    // Its application crashes, and it gets its node.
    let crashed = json!({"waiting": {"reason": "CrashLoopBackOff"}});
    pod.report("Running", &crashed).unwrap();
    comes(&anna, "pod", "pod.container.hotseat", &json!("CrashLoopBackOff"));
    comes(&anna, "pod", "pod.container.app", &json!("running"));
    let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "anna"},
                         "target": {"apiVersion": "v1", "kind": "Node", "name": node}});
    create(&api, &format!("{own}/binding"), &binding);
    comes(&anna, "pod", "pod.node", &json!(node));
    give_rights_on_nodes(&api);
    comes(&anna, "node", zone, &json!("a"));
    comes(&anna, "node", "node.draining", &json!(false));

    // A label that goes is taken back, and the drain is one.
    edit(&api, &path, |node| {
        node["metadata"]["labels"] = json!({});
        node["spec"]["unschedulable"] = json!(true);
    });
    comes(&anna, "node", "node.draining", &json!(true));
    comes(&anna, "node", zone, &Value::Null);
    until("a question because of the drain", SOON, || {
        let journal = anna.process.get("/v1/journal").unwrap().text();
        let asked = journal
            .lines()
            .any(|line| line.contains(r#""causes":["#) && line.contains(r#""drain""#));
        if asked { Ok(()) } else { Err(journal) }
    });
    let removed = api.ask(Method::DELETE, &path, None).unwrap();
    assert_eq!(removed.0, 200, "{}", removed.1);
}
