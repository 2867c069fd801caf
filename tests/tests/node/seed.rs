//! The post that made `leader-elector` known, "Simple leader election with Kubernetes and Docker", step
//! by step in its own order, with a Lease and with the seed's own lock. What differs: the image's name; a
//! manifest where the post has `kubectl run --replicas`, which kubectl has no longer; the Role, which
//! clusters of that time did not ask for; and the path of the proxy, which the API server has changed.

use std::time::Duration;

use hotseat_tests::process::{Launch, get};
use hotseat_tests::wait::until;

use super::belief::Belief;
use super::space::{SOON, Space, file, image};

const LABELS: &str = "run=leader-elector";

/// What a group campaigns by, and how `kubectl get .. -o yaml` shows its leader.
struct Lock {
    /// Besides the post's.
    flags: &'static [&'static str],
    /// What the post looks at.
    object: &'static str,
    /// What is before the leader's name.
    shows: &'static str,
}

/// What takes the place of the seed's lock where no flag says otherwise.
const LEASE: Lock = Lock { flags: &[], object: "lease", shows: "holderIdentity: " };
/// The seed's own.
const ENDPOINTS: Lock = Lock {
    flags: &["--lock=endpoints"],
    object: "endpoints",
    shows: r#"control-plane.alpha.kubernetes.io/leader: '{"holderIdentity":""#,
};

impl Lock {
    /// The flags of one that takes part, after these of the post's.
    fn with(&self, flags: &[&'static str]) -> Vec<&'static str> {
        [flags, self.flags].concat()
    }

    /// "Alternately, you can inspect the .. object directly".
    #[track_caller]
    fn names(&self, space: &Space, leader: &str) {
        let yaml = space.kubectl(&["get", self.object, "example", "-o", "yaml"]);
        assert!(yaml.contains(&format!("{}{leader}", self.shows)), "{yaml}");
    }
}

/// What `kubectl run leader-elector --image=.. --replicas=3 -- FLAGS` made.
fn group(flags: &[&str]) -> String {
    let image = image();
    format!(
        r#"
apiVersion: apps/v1
kind: Deployment
metadata: {{name: leader-elector}}
spec:
  replicas: 3
  selector: {{matchLabels: {{run: leader-elector}}}}
  template:
    metadata: {{labels: {{run: leader-elector}}}}
    spec: {{containers: [{{name: leader-elector, image: "{image}", args: {flags:?}}}]}}
"#
    )
}

#[test]
fn the_post_works_step_by_step() {
    post(&LEASE);
}

#[test]
fn the_post_works_step_by_step_with_the_lock_of_its_time() {
    post(&ENDPOINTS);
}

fn post(lock: &Lock) {
    let space = Space::default();
    space.grant("example", "default", lock.flags);

    space.apply(&group(&lock.with(&["--election=example"])));
    space.kubectl(&["rollout", "status", "deployment/leader-elector", "--timeout=180s"]);
    assert_eq!(space.pods(LABELS).len(), 3);
    let belief = Belief::watch(&space, LABELS, super::belief::PACE);

    // "To see which pod was chosen as the leader, you can access the logs of one of the pods"
    let first = space.leader(LABELS, None).name;
    every_log_names(&space, &first);
    lock.names(&space, &first);

    // "To validate that leader election actually works, in a different terminal, run"
    space.kubectl(&["delete", "pods", &first]);
    let second = space.leader(LABELS, Some(&first)).name;
    lock.names(&space, &second);
    belief.end().assert_no_overlap();

    // "Delete the old leader elector group, create the new group, note the --http flag"
    space.kubectl(&["delete", "deployment", "leader-elector"]);
    until("the old group to be gone", SOON, || {
        let pods = space.kubectl(&["get", "pods", "-l", LABELS, "-o", "name"]);
        if pods.is_empty() { Ok(()) } else { Err(pods) }
    });
    space.apply(&group(&lock.with(&["--election=example", "--http=0.0.0.0:4040"])));
    space.kubectl(&["rollout", "status", "deployment/leader-elector", "--timeout=180s"]);
    let leader = space.leader(LABELS, None).name;
    // "Create a proxy to your Kubernetes API server. You can then access"
    for pod in space.pods(LABELS) {
        let path = format!("/api/v1/namespaces/default/pods/{}:4040/proxy/", pod.name);
        until("every pod to name the leader", SOON, || match by_proxy(&path) {
            (200, body) if body == format!("{{\"name\":\"{leader}\"}}") => Ok(()),
            other => Err(other),
        });
    }
    sidecar_of_the_node_program(&space, lock, &leader);
    space.kubectl(&["delete", "deployment", "leader-elector"]);
    space.kubectl(&["delete", lock.object, "example"]);
}

/// "Leader election with sidecars": the post's program in Node.js asks the sidecar beside it. It joins
/// the group, and so names the leader of that.
fn sidecar_of_the_node_program(space: &Space, lock: &Lock, leader: &str) {
    let script = format!("{:?}", file("tests/tests/node/server.js"));
    let image = image();
    let flags = lock.with(&["--election=example", "--http=localhost:4040"]);
    space.apply(&format!(
        r#"
apiVersion: v1
kind: Pod
metadata: {{name: nodejs, labels: {{app: nodejs}}}}
spec:
  containers:
  - {{name: nodejs, image: "example/nodejs:1", args: [-e, {script}]}}
  - {{name: leader-elector, image: "{image}", args: {flags:?}}}
"#
    ));
    space.kubectl(&["wait", "--for=condition=Ready", "pod/nodejs", "--timeout=180s"]);
    let pod = &space.pods("app=nodejs")[0];
    let address = std::net::SocketAddr::new(pod.ip().unwrap(), 8080);
    until("the program to name the leader", SOON, || match get(address, "/") {
        Ok(answer) if answer.text() == format!("Master is {leader}") => Ok(()),
        other => Err(format!("{other:?}")),
    });
    // It takes part, and the next group has a pod of this name.
    space.kubectl(&["delete", "pod", "nodejs", "--now"]);
}

/// Each pod's log has the line that the post shows.
fn every_log_names(space: &Space, leader: &str) {
    for pod in space.pods(LABELS) {
        until("the leader in the log", SOON, || {
            let log = space.kubectl(&["logs", &pod.name]);
            match log.lines().any(|line| line == format!("{leader} is the leader")) {
                true => Ok(()),
                false => Err(log),
            }
        });
    }
}

/// What `kubectl proxy` gives for this path.
fn by_proxy(path: &str) -> (u16, String) {
    let proxy = Launch::program("kubectl")
        .args(["proxy", "--port=0"])
        .kubeconfig(&super::space::kubeconfig())
        .start()
        .unwrap();
    let line = proxy.wait_line("Starting to serve on ", SOON).text;
    let address = line.trim().rsplit(' ').next().unwrap().parse().unwrap();
    let answer = get(address, path).unwrap();
    (answer.status, answer.text())
}

/// Seconds and minutes in the post: "a new leader within 30-40 seconds".
#[test]
fn a_new_leader_comes_sooner_than_the_post_says() {
    let space = Space::new("sooner", false);
    space.grant("example", "default", &[]);
    let flags = [
        "--election=example".to_owned(),
        format!("--election-namespace={}", space.name()),
        "--ttl=10s".to_owned(),
    ];
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    space.apply(&group(&flags));
    space.kubectl(&["rollout", "status", "deployment/leader-elector", "--timeout=180s"]);
    let first = space.leader(LABELS, None).name;
    let belief = Belief::watch(&space, LABELS, super::belief::PACE);
    until("the first to be heard", SOON, || {
        if space.leader(LABELS, None).name == first { Ok(()) } else { Err(()) }
    });
    space.kubectl(&["delete", "pods", &first]);
    space.leader(LABELS, Some(&first));
    let heard = belief.end();
    heard.assert_no_overlap();
    // The old one gave the seat up: nobody waited for its lease to run out.
    assert!(heard.longest_gap() < Duration::from_secs(5), "{:?}", heard.gaps());
    super::figures::note(
        "the seed's flags, `kubectl delete pods LEADER`: without a leader",
        &format!("{} ms", heard.longest_gap().as_millis()),
    );
}
