//! What proves the end of a process, and each thing that does not.

use super::*;
use serde_json::{Value, json};

const UID: &str = "9e1c0c5e-0000-4000-8000-000000000001";

fn process(container: Option<&str>) -> Incarnation {
    let container = container.map(str::to_owned);
    let home = Home {
        pod: "web-0".to_owned(),
        uid: UID.to_owned(),
        container,
        reaction: Default::default(),
    };
    Incarnation { site: "s".to_owned(), nonce: "00000000000000aa".to_owned(), home: Some(home) }
}

fn running() -> Value {
    json!({"running": {"startedAt": "2026-11-26T00:00:00Z"}})
}

/// The end of an instance of a container, as a kubelet reports it.
fn ended(message: &str) -> Value {
    json!({"terminated": {"containerID": "containerd://c1", "exitCode": 137, "reason": "Error",
                          "message": message, "finishedAt": "2026-11-26T00:00:09Z"}})
}

fn container(name: &str, id: &str, state: Value, last: Value) -> Value {
    json!({"name": name, "containerID": id, "ready": false, "restartCount": 1,
           "state": state, "lastState": last})
}

/// A pod with the sidecar as these say, beside an application that runs.
fn pod(sidecar: Value) -> Value {
    let app = container("app", "containerd://a", running(), json!({}));
    json!({"metadata": {"name": "web-0", "uid": UID},
           "status": {"phase": "Running", "initContainerStatuses": [sidecar],
                      "containerStatuses": [app]}})
}

fn dead_sidecar() -> Value {
    let words = last_words("00000000000000aa");
    pod(container("hotseat", "containerd://c1", ended(&words), json!({})))
}

#[track_caller]
fn proves(pod: &Value, process: &Incarnation) -> bool {
    serde_json::from_value::<Pod>(pod.clone()).unwrap().proves_the_end_of(process)
}

#[test]
fn the_end_of_the_very_instance_is_a_proof() {
    assert!(proves(&dead_sidecar(), &process(Some("hotseat"))));
    // Waiting to be started again, or running again: it is the state before then.
    let words = ended(&last_words("00000000000000aa"));
    let waits = json!({"waiting": {"reason": "CrashLoopBackOff"}});
    for state in [waits, running()] {
        let pod = pod(container("hotseat", "containerd://c2", state, words.clone()));
        assert!(proves(&pod, &process(Some("hotseat"))), "{pod}");
    }
    // A plain container beside the application, and one that wrote more than that.
    let mut plain = dead_sidecar();
    let sidecar = plain["status"]["initContainerStatuses"].take();
    plain["status"]["containerStatuses"] = sidecar;
    let message = format!("{}\nerror: out of luck", last_words("00000000000000aa"));
    plain["status"]["containerStatuses"][0]["state"]["terminated"]["message"] = json!(message);
    assert!(proves(&plain, &process(Some("hotseat"))));
}

#[test]
fn what_is_said_of_another_pod_or_instance_is_none() {
    let mut another_pod = dead_sidecar();
    another_pod["metadata"]["uid"] = json!("9e1c0c5e-0000-4000-8000-000000000002");
    let other_words = last_words("00000000000000bb");
    let another_process =
        pod(container("hotseat", "containerd://c0", running(), ended(&other_words)));
    let another_container = {
        // The application is no witness.
        let mut pod = dead_sidecar();
        pod["status"]["initContainerStatuses"][0]["name"] = json!("app");
        pod
    };
    let debugging = {
        let mut pod = dead_sidecar();
        pod["status"]["ephemeralContainerStatuses"] = pod["status"]["initContainerStatuses"].take();
        pod
    };
    for pod in [another_pod, another_process, another_container, debugging] {
        assert!(!proves(&pod, &process(Some("hotseat"))), "{pod}");
    }
    // A process that does not know its container, or its pod.
    assert!(!proves(&dead_sidecar(), &process(None)));
    let homeless = Incarnation { home: None, ..process(None) };
    assert!(!proves(&dead_sidecar(), &homeless));
}

#[test]
fn what_is_no_end_of_a_container_is_none() {
    let words = last_words("00000000000000aa");
    let mut pods = vec![];
    for state in [
        running(),
        json!({}),
        json!({"waiting": {"reason": "ContainerCreating", "message": words}}),
        ended(""),
        json!({"terminated": {"containerID": "containerd://c1", "exitCode": 1}}),
    ] {
        pods.push(pod(container("hotseat", "containerd://c1", state, json!({}))));
    }
    for (field, value) in [
        // Nobody saw it end.
        ("reason", json!("ContainerStatusUnknown")),
        ("reason", json!("Unknown")),
        ("containerID", json!("")),
        ("containerID", json!(null)),
    ] {
        let mut lost = dead_sidecar();
        lost["status"]["initContainerStatuses"][0]["state"]["terminated"][field] = value;
        pods.push(lost);
    }
    for pod in pods {
        assert!(!proves(&pod, &process(Some("hotseat"))), "{pod}");
    }
}

/// Deletion, readiness, the node's state, a rejection: none of it is an end.
#[test]
fn what_else_may_be_said_of_a_pod_is_none() {
    let alive = pod(container("hotseat", "containerd://c1", running(), json!({})));
    let with = |change: &dyn Fn(&mut Value)| {
        let mut pod = alive.clone();
        change(&mut pod);
        pod
    };
    let condition = |kind: &str, reason: &str| {
        json!([{"type": kind, "status": "True", "reason": reason},
               {"type": "Ready", "status": "False", "reason": "ContainersNotReady"}])
    };
    let all = [
        with(&|pod| pod["metadata"]["deletionTimestamp"] = json!("2026-11-26T00:00:00Z")),
        with(&|pod| pod["status"]["conditions"] = condition("Ready", "NodeLost")),
        with(&|pod| {
            pod["status"]["conditions"] = condition(DISRUPTION, "DeletionByTaintManager");
        }),
        with(&|pod| {
            pod["status"]["phase"] = json!("Unknown");
            pod["status"]["reason"] = json!("NodeLost");
        }),
        // Failed by word of a controller, while the kubelet's last word is that it runs.
        with(&|pod| pod["status"]["phase"] = json!("Failed")),
        // A kubelet that came up and will not have the pod knows of no container.
        with(&|pod| pod["status"] = json!({"phase": "Failed", "reason": "NodeAffinity"})),
        json!({"metadata": {"uid": UID}}),
        json!({}),
    ];
    for pod in all {
        assert!(!proves(&pod, &process(Some("hotseat"))), "{pod}");
        assert!(!proves(&pod, &process(None)), "{pod}");
    }
}

/// A pod whose containers have all ended, and will not be started again.
fn pod_that_is_over(phase: &str) -> Value {
    let container = |name| container(name, "containerd://x", ended(""), json!({}));
    json!({"metadata": {"uid": UID},
           "status": {"phase": phase, "containerStatuses": [container("hotseat"), container("app")]}})
}

#[test]
fn the_end_of_the_whole_pod_is_a_proof_for_whoever_does_not_know_its_container() {
    for phase in ["Failed", "Succeeded"] {
        assert!(proves(&pod_that_is_over(phase), &process(None)));
        assert!(proves(&pod_that_is_over(phase), &process(Some("hotseat"))));
    }
    let mut never_started = pod_that_is_over("Failed");
    let waits = json!({"waiting": {"reason": "ImagePullBackOff"}});
    never_started["status"]["initContainerStatuses"] =
        json!([container("late", "", waits, json!({}))]);
    assert!(proves(&never_started, &process(None)));
}

#[test]
fn a_pod_whose_containers_may_run_is_not_over() {
    assert!(!proves(&pod_that_is_over("Running"), &process(None)), "they will be started again");
    let with = |change: &dyn Fn(&mut Value)| {
        let mut pod = pod_that_is_over("Failed");
        change(&mut pod["status"]);
        pod
    };
    let backs_off = json!({"waiting": {"reason": "CrashLoopBackOff"}});
    let all = [
        with(&|status| status["containerStatuses"][1]["state"] = running()),
        with(&|status| status["containerStatuses"][1]["state"] = json!({})),
        with(&|status| status["containerStatuses"][1]["state"] = backs_off.clone()),
        with(&|status| {
            let end = &mut status["containerStatuses"][0]["state"]["terminated"];
            end["reason"] = json!("ContainerStatusUnknown");
        }),
        with(&|status| {
            status["ephemeralContainerStatuses"] =
                json!([container("sh", "c", running(), json!({}))]);
        }),
        // The node is gone, and nobody asked it: what is said of the containers is old.
        with(&|status| {
            status["conditions"] =
                json!([{"type": DISRUPTION, "status": "True", "reason": BY_POD_GC}]);
        }),
    ];
    for pod in all {
        assert!(!proves(&pod, &process(None)), "{pod}");
    }
}
