//! Pods that name an election in a label, and get the sidecar from the API server.

use hotseat_tests::wait::until;

use super::belief::{Belief, PACE};
use super::space::{RESTRICTED, SOON, Space, run};

const LABELS: &str = "app=injected";

/// Takes the policy away again, whatever became of the test: it is the whole cluster's.
struct Injection;

impl Injection {
    fn new() -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/injection");
        run(&["apply", "-k", folder], "").unwrap();
        Self
    }
}

impl Drop for Injection {
    fn drop(&mut self) {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/injection");
        let _ = run(&["delete", "-k", folder, "--wait=false"], "");
    }
}

#[test]
fn a_labelled_pod_gets_the_sidecar_and_takes_part() {
    let _injection = Injection::new();
    let space = Space::new("injection", true);
    run(&["label", "namespace", space.name(), "hotseat.dev/injection=enabled"], "").unwrap();
    space.grant("injected", "default", &[]);
    // The API server learns of a policy after a while; until then pods are made without a sidecar.
    let pod = |name: &str| {
        format!(
            r#"
apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{app: injected, hotseat.dev/election: injected}}}}
spec:
  containers:
  - name: app
    image: example/shop:1
    {RESTRICTED}
"#
        )
    };
    let namespaced = ["-n", space.name()];
    let try_it = [&namespaced[..], &["apply", "--dry-run=server", "-o=yaml", "-f", "-"]].concat();
    until("the policy to be in force", SOON, || match run(&try_it, &pod("probe")) {
        Ok(made) if made.contains("name: hotseat\n") => Ok(()),
        other => Err(other),
    });
    for name in ["one", "two"] {
        space.apply(&pod(name));
    }
    space.kubectl(&["wait", "--for=condition=Ready", "pod/one", "pod/two", "--timeout=180s"]);
    let belief = Belief::watch(&space, LABELS, PACE);
    let leader = space.leader(LABELS, None).name;
    space.kubectl(&["delete", "pod", &leader]);
    let next = space.leader(LABELS, Some(&leader)).name;
    assert_eq!(space.object("lease/injected")["spec"]["holderIdentity"], next.as_str());
    belief.end().assert_no_overlap();
}
