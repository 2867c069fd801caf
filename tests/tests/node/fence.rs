//! Both fences of `hotseat fence`, where there is a kubelet: the API server refuses a pod that does not
//! lead, and the kubelet stops an application that has not let go.

use std::fs;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hotseat_tests::lifeline::ScratchDir;
use hotseat_tests::wait::until;

use super::belief::{Belief, PACE};
use super::figures::{median_and_longest, note, note_barred, within};
use super::sidecar::{LABELS, shop};
use super::space::{Pod, SOON, Space, node, process, run};

/// The reaction time S of the fenced application: what `--reaction-time` says.
const REACTION: Duration = Duration::from_secs(4);
/// How often the kubelet has to fence, for the figures.
const ROUNDS: usize = 3;

/// Takes the admission policy away again, whatever became of the test: it is the whole cluster's.
struct Applied(String);

impl Drop for Applied {
    fn drop(&mut self) {
        let _ = run(&["delete", "--ignore-not-found", "--wait=false", "-f", "-"], &self.0);
    }
}

/// Writes a ConfigMap with the token that the kubelet has mounted into the application of that pod.
fn writes(space: &Space, pod: &str, name: &str) -> Result<String, String> {
    let token = "/var/run/secrets/kubernetes.io/serviceaccount/token";
    let token = space.kubectl(&["exec", pod, "-c", "shop", "--", "/bin/cat", token]);
    let authority = format!("--certificate-authority={}", node().join("keys/ca.crt").display());
    let namespace = format!("--namespace={}", space.name());
    run(
        &[
            "--kubeconfig=/dev/null",
            "--server=https://10.200.0.1:6443",
            &authority,
            &format!("--token={token}"),
            &namespace,
            "create",
            "configmap",
            name,
        ],
        "",
    )
}

#[test]
fn the_api_server_refuses_who_does_not_lead() {
    let space = shop("admission");
    space.kubectl(&["create", "role", "writer", "--verb=create", "--resource=configmaps"]);
    let account = format!("--serviceaccount={}:shop", space.name());
    space.kubectl(&["create", "rolebinding", "writer", "--role=writer", &account]);
    let namespace = format!("--election-namespace={}", space.name());
    let fence = space.printed(&[
        "fence",
        "admission",
        "--election=shop",
        &namespace,
        "--service-account=shop",
        "--resources=configmaps",
    ]);
    run(&["apply", "-f", "-"], &fence).unwrap();
    let _applied = Applied(fence);
    let leader = space.leader(LABELS, None).name;
    let standby = space.pods(LABELS).into_iter().find(|pod| pod.name != leader).unwrap().name;
    // The API server learns of a policy after a while; what was written meanwhile has its own name.
    let mut tries = 0;
    let refused = until("the fence to be in force", SOON, || {
        tries += 1;
        match writes(&space, &standby, &format!("early-{tries}")) {
            Err(refused) if refused.contains("ValidatingAdmissionPolicy") => Ok(refused),
            other => Err(other),
        }
    });
    assert!(refused.contains("forbidden") || refused.contains("Forbidden"), "{refused}");
    writes(&space, &leader, "by-the-leader").unwrap();
    // The seat moves, and with it the right to write.
    space.kubectl(&["delete", "pod", &leader]);
    let next = space.leader(LABELS, Some(&leader)).name;
    until("the next leader to be let through", SOON, || writes(&space, &next, "by-the-next"));
    let other = space.pods(LABELS).into_iter().find(|pod| pod.name != next).unwrap().name;
    let refused = writes(&space, &other, "by-a-standby").unwrap_err();
    assert!(refused.contains("ValidatingAdmissionPolicy"), "{refused}");
}

/// A namespace whose applications are fenced by their sidecars' exit code.
fn fenced(name: &str) -> Space {
    let space = shop(name);
    let fence = space.printed(&["fence", "exit-code", "deployment/shop", "--reaction-time=4s"]);
    let folder = ScratchDir::new("hotseat-node-fence-").unwrap();
    let file = folder.path().join("fence.yaml");
    fs::write(&file, fence).unwrap();
    let patch = format!("--patch-file={}", file.display());
    space.kubectl(&["patch", "deployment", "shop", &patch]);
    space.rolled_out("shop", 3);
    space
}

/// A hand in the lock ends the term, and the application does not hear of it.
fn steal(space: &Space) {
    let stolen = r#"{"spec": {"holderIdentity": "somebody-else"}}"#;
    space.kubectl(&["patch", "lease", "shop", "--type=merge", &format!("--patch={stolen}")]);
}

/// Waits until the application in that pod has been started once more than it had been.
fn restarted(space: &Space, before: &Pod) -> Pod {
    let count = |pod: &Pod| pod.container("shop")["restartCount"].as_u64();
    until("the application to be started again", SOON, || {
        let pods = space.pods(LABELS);
        let pod = pods.iter().find(|pod| pod.name == before.name).cloned();
        let pod = pod.ok_or_else(|| "the pod is gone".to_owned())?;
        match count(&pod) > count(before) {
            true => Ok(pod),
            false => Err(pod.object["status"].to_string()),
        }
    })
}

#[test]
fn the_kubelet_stops_an_application_that_has_not_let_go() {
    let space = fenced("exit-code");
    let leader = space.leader(LABELS, None);
    assert_eq!(leader.container("shop")["restartCount"], 0);
    let belief = Belief::watch(&space, LABELS, PACE);
    steal(&space);
    let restarted = restarted(&space, &leader);
    // By the rule for the status of the fence, and not because it had ended itself.
    let ended = &restarted.container("shop")["lastState"]["terminated"];
    assert_eq!(ended["reason"], "RestartingAllContainers", "{}", restarted.object["status"]);
    // Nobody else was stopped.
    for pod in space.pods(LABELS).iter().filter(|pod| pod.name != leader.name) {
        assert_eq!(pod.container("shop")["restartCount"], 0, "{}", pod.object);
    }
    space.leader(LABELS, None);
    belief.end().assert_no_overlap();
}

/// When the first process of that pod's container is seen to be gone, looked at all the while.
fn end_of(pod: &Pod, container: &str) -> JoinHandle<Instant> {
    let folder = PathBuf::from(format!("/proc/{}", process(&pod.container_id(container))));
    assert!(folder.exists(), "{container} of {} does not run", pod.name);
    thread::spawn(move || {
        until("the container to end", SOON, || {
            if folder.exists() { Err(folder.clone()) } else { Ok(Instant::now()) }
        })
    })
}

/// The sidecar ends after half of S by the clock; what the kubelet then takes has to fit into the other half.
#[test]
fn how_long_an_application_lives_on_that_has_not_let_go() {
    let space = fenced("exit-code-lasts");
    let (mut whole, mut by_kubelet) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let leader = space.leader(LABELS, None);
        let belief = Belief::watch(&space, LABELS, PACE);
        until("its term to be heard", SOON, || match leader.get("/v1/leader") {
            Ok((200, answer)) if answer.contains(&leader.name) => Ok(()),
            other => Err(format!("{other:?}")),
        });
        let ends = [end_of(&leader, "hotseat"), end_of(&leader, "shop")];
        steal(&space);
        let [sidecar, application] = ends.map(|end| end.join().unwrap());
        restarted(&space, &leader);
        let heard = belief.end();
        heard.assert_no_overlap();
        let last = heard.terms().iter().find(|term| term.name == leader.name).unwrap().said_last();
        whole.push(application.saturating_duration_since(last));
        by_kubelet.push(application.saturating_duration_since(sidecar));
    }
    assert!(whole.iter().zip(&by_kubelet).all(|(whole, part)| whole >= part), "{whole:?}");
    note_barred(
        "`fence exit-code`, S 4 s: from the end of belief until the application is dead",
        &median_and_longest(&whole),
        "longest S",
        within(&whole, REACTION, REACTION),
    );
    note("of which by the kubelet, after the sidecar's end", &median_and_longest(&by_kubelet));
}
