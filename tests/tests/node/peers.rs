//! The same hand-over by client-go, with release, on the same node: to compare the figures with.

use std::time::Duration;

use hotseat_tests::process::{Launch, Stream};
use hotseat_tests::wait::until;
use serde_json::Value;

use super::figures::{median_and_longest, note};
use super::space::{SOON, Space, kubeconfig};

const LABELS: &str = "app=peer";
const ROUNDS: usize = 5;

/// Three pods of `tests/peers`, which say on standard output when they begin and end to lead, by the
/// clock that all processes of a machine share.
const PEERS: &str = r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: peer}
rules: [{apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, create, update]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: peer}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: peer}
subjects: [{kind: ServiceAccount, name: default}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: peer}
spec:
  replicas: 3
  selector: {matchLabels: {app: peer}}
  template:
    metadata: {labels: {app: peer}}
    spec:
      containers:
      - name: peer
        image: example/peer:1
        args: [--kind=client-go, --lock=leases, --election=peer, "--namespace=$(NAMESPACE)", "--id=$(NAME)"]
        env:
        - {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
"#;

/// When an event was last said in these lines, in nanoseconds.
fn at(lines: &str, event: &str) -> Option<u64> {
    let events = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    events.filter(|said| said["event"] == event).filter_map(|said| said["at"].as_u64()).next_back()
}

#[test]
fn client_go_passes_the_seat_on_too() {
    let space = Space::new("peers", false);
    space.apply(PEERS);
    space.rolled_out("peer", 3);
    let mut lasted = Vec::new();
    for _ in 0..ROUNDS {
        let leader = until("a leader", SOON, || {
            let pods = space.pods(LABELS);
            let holder =
                space.try_kubectl(&["get", "lease", "peer", "-o=jsonpath={.spec.holderIdentity}"]);
            let pod =
                holder.ok().and_then(|name| pods.iter().find(|pod| pod.name == name).cloned());
            pod.ok_or(pods)
        });
        let mut log = Launch::program("kubectl")
            .args(["-n", space.name(), "logs", "--follow", &leader.name])
            .kubeconfig(&kubeconfig())
            .start()
            .unwrap();
        log.wait_line("began", SOON);
        space.kubectl(&["delete", "pod", &leader.name]);
        log.wait_exit(SOON);
        let ended = at(&log.output(Stream::Stdout), "ended").unwrap();
        let began = until("the next leader", SOON, || {
            let began = space.pods(LABELS).iter().find_map(|pod| {
                let log = space.try_kubectl(&["logs", &pod.name]).ok()?;
                at(&log, "began").filter(|began| *began > ended)
            });
            began.ok_or(())
        });
        lasted.push(Duration::from_nanos(began - ended));
        space.rolled_out("peer", 3);
    }
    note("the same by client-go 0.23 with ReleaseOnCancel", &median_and_longest(&lasted));
    assert_eq!(lasted.len(), ROUNDS);
}
