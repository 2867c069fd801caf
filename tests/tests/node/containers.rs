//! The manifest for Kubernetes before 1.29, as it is: application and sidecar are asked to end at the same
//! moment, and an application that takes its time has ended before anybody else leads.

use std::path::PathBuf;

use super::belief::{Belief, PACE};
use super::sidecar::LABELS;
use super::space::{Space, file, process};

/// Ends two seconds after it is asked to: half of the manifest's reaction time.
const SLOW: &str = r#"image: example/shop:1
        command: [/bin/sh, -c, "trap 'sleep 2; exit' TERM; while :; do sleep 3600 & wait; done"]"#;

#[test]
fn nobody_else_leads_before_the_application_has_ended() {
    let space = Space::new("containers", true);
    // "The rights are those of sidecar.yaml."
    let native = file("deploy/manifests/sidecar.yaml");
    let rights: Vec<&str> = native.split("---\n").take(3).collect();
    space.apply(&rights.join("---\n"));
    let manifest = file("deploy/manifests/containers.yaml");
    assert!(manifest.contains("image: example/shop:1"), "{manifest}");
    space.apply(&manifest.replace("image: example/shop:1", SLOW));
    space.rolled_out("shop", 3);
    let belief = Belief::watch(&space, LABELS, PACE);
    let leader = space.leader(LABELS, None);
    let application = PathBuf::from(format!("/proc/{}", process(&leader.container_id("shop"))));
    assert!(application.exists());

    space.kubectl(&["delete", "pod", &leader.name, "--wait=false"]);
    space.leader(LABELS, Some(&leader.name));
    // Looked at after another has said that it leads: it would have acted beside that one.
    assert!(!application.exists(), "the application of {} is still there", leader.name);
    let heard = belief.end();
    heard.assert_no_overlap();
    super::figures::note(
        "containers.yaml, `kubectl delete pod LEADER`: without a leader, of which 4 s are the reaction time",
        &format!("{} ms", heard.longest_gap().as_millis()),
    );
}
