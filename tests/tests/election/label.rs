//! The leader's label on its pod.

use hotseat_tests::process::Launch;
use hotseat_tests::scene::{Api, Candidate, Pod, QUICK, SOON};
use hotseat_tests::wait::until;
use serde_json::Value;

const FLAGS: [&str; 2] = ["--label-leader=hotseat.dev/role=leader", "--pod-deletion-cost=100"];
const COST: &str = "controller.kubernetes.io/pod-deletion-cost";

fn start(api: &Api, name: &str) -> Candidate {
    let flags = [QUICK[0], QUICK[1], QUICK[2], FLAGS[0], FLAGS[1]];
    let named = |launch: Launch| launch.env("POD_NAME", name);
    Candidate::start_with(api, name, &flags, named).unwrap()
}

fn is_labelled(pod: &Pod<'_>) -> (bool, Value) {
    let metadata = pod.object().unwrap().unwrap()["metadata"].take();
    let label = metadata["labels"]["hotseat.dev/role"] == "leader";
    assert_eq!(label, metadata["annotations"][COST] == "100", "{metadata}");
    (label, metadata)
}

#[track_caller]
fn until_labelled(pod: &Pod<'_>, label: bool) {
    until("the pod's label", SOON, || match is_labelled(pod) {
        (is, metadata) if is != label => Err(metadata),
        _ => Ok(()),
    });
}

pub fn the_leaders_pod_bears_the_label(api: &Api) {
    let pods = ["anna", "ben"].map(|name| Pod::create(api, name).unwrap());
    let mut anna = start(api, "anna");
    until_labelled(&pods[0], true);
    let mut ben = start(api, "ben");
    ben.process.wait_line("campaigning", SOON);
    // It leaves: the label is off before the seat is given up.
    anna.process.signal(hotseat_tests::process::Signal::TERM).unwrap();
    anna.process.wait_line("released the seat", SOON);
    assert!(!is_labelled(&pods[0]).0);
    until_labelled(&pods[1], true);
    anna.process.wait_exit(SOON);
    // It is killed: the next leader takes its label off.
    let anna = start(api, "anna");
    ben.kill().unwrap();
    assert!(is_labelled(&pods[1]).0);
    until_labelled(&pods[0], true);
    until_labelled(&pods[1], false);
    drop(anna);
}

/// A pod of the same name has taken the place of the one that this process is in.
pub fn another_pod_of_the_name_is_not_labelled(api: &Api) {
    let pod = Pod::create(api, "anna").unwrap();
    let flags = [QUICK[0], QUICK[1], QUICK[2], FLAGS[0]];
    let other = |launch: Launch| {
        launch.env("POD_NAME", "anna").env("POD_UID", "9e1c0c5e-0000-4000-8000-000000000001")
    };
    let candidate = Candidate::start_with(api, "anna", &flags, other).unwrap();
    candidate.process.wait_line("became leader", SOON);
    candidate.process.wait_line("the pod cannot be labelled", SOON);
    assert!(!is_labelled(&pod).0);
    assert_eq!(candidate.plain().unwrap(), r#"{"name":"anna"}"#);
}
