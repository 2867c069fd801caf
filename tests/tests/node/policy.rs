//! A policy in a ConfigMap that is mounted into the pods, replaced while they run; in as little memory
//! as docs/limits.md says is enough.

use std::path::PathBuf;

use hotseat_tests::lifeline::ScratchDir;
use hotseat_tests::wait::until;
use serde_json::Value;

use super::belief::{Belief, PACE};
use super::memory::{RUST_OR_C, recommended};
use super::sidecar::LABELS;
use super::space::{SOON, Space, file, image, run, runtime};

/// The policies that the image brings, unpacked.
pub struct Shipped {
    folder: ScratchDir,
}

impl Shipped {
    /// Mounts the image.
    pub fn new() -> Self {
        let folder = ScratchDir::new("hotseat-node-policies-").unwrap();
        let image = format!("docker.io/library/{}", image());
        runtime(&["images", "mount", &image, folder.path().to_str().unwrap()]);
        Self { folder }
    }

    /// The file of one of them.
    pub fn path(&self, policy: &str) -> PathBuf {
        self.folder.path().join("policies").join(format!("{policy}.wasm"))
    }
}

impl Drop for Shipped {
    fn drop(&mut self) {
        runtime(&["images", "unmount", "--rm", self.folder.path().to_str().unwrap()]);
    }
}

/// Publishes a component with its settings, in one write.
fn publish(space: &Space, policy: &std::path::Path, settings: &str) {
    let made = space.kubectl(&[
        "create",
        "configmap",
        "shop-policy",
        &format!("--from-file=policy.wasm={}", policy.display()),
        &format!("--from-literal=settings.json={settings}"),
        "--dry-run=client",
        "-o=yaml",
    ]);
    let apply = ["-n", space.name(), "apply", "--server-side", "--force-conflicts", "-f", "-"];
    run(&apply, &made).unwrap();
}

/// What `hotseat status` shows of the policy that decides in a pod.
pub fn active(space: &Space, pod: &str) -> Value {
    let said = space.try_kubectl(&[
        "exec",
        pod,
        "-c",
        "hotseat",
        "--",
        "/usr/bin/hotseat",
        "status",
        "--output=json",
    ]);
    let said: Value =
        said.ok().and_then(|said| serde_json::from_str(&said).ok()).unwrap_or_default();
    said["policy"]["active"].clone()
}

#[test]
fn a_mounted_policy_is_replaced_in_running_pods() {
    let shipped = Shipped::new();
    let space = Space::new("policy", true);
    publish(&space, &shipped.path("standard"), "");
    let flags = ["--policy=file:/policy/policy.wasm", "--policy-settings=@/policy/settings.json"];
    let limit = recommended(RUST_OR_C);
    space.apply(&mounted(&with_policy(&file("deploy/manifests/sidecar.yaml"), &flags, &limit)));
    space.rolled_out("shop", 3);
    let leader = space.leader(LABELS, None);
    let pods = space.pods(LABELS);
    let belief = Belief::watch(&space, LABELS, PACE);
    for (policy, settings) in [("rotate", r#"{"minutes": 60}"#), ("standard", "")] {
        publish(&space, &shipped.path(policy), settings);
        for pod in &pods {
            until("the new policy to decide", SOON, || {
                let active = active(&space, &pod.name);
                if active["name"] == policy { Ok(()) } else { Err(active) }
            });
        }
    }
    let heard = belief.end();
    heard.assert_no_overlap();
    // Nobody was restarted, and the seat stayed where it was.
    assert_eq!(heard.terms().len(), 1, "{:?}", heard.terms());
    assert_eq!(space.leader(LABELS, None).name, leader.name);
    for pod in space.pods(LABELS) {
        assert_eq!(pod.container("hotseat")["restartCount"], 0, "{}", pod.object);
    }
}

/// README's manifest with these flags and this limit.
pub fn with_policy(manifest: &str, flags: &[&str], limit: &str) -> String {
    let all = [&["--election=shop"], flags].concat();
    let text = replace(manifest, "args: [--election=shop]", &format!("args: {all:?}"));
    replace(&text, "limits: {memory: 256Mi}", &format!("limits: {{memory: {limit}}}"))
}

/// That with the ConfigMap mounted into the sidecar.
fn mounted(manifest: &str) -> String {
    let mounts = "\n        volumeMounts: [{name: policy, mountPath: /policy}]\n        env:\n";
    let volume =
        "      volumes: [{name: policy, configMap: {name: shop-policy}}]\n      containers:\n";
    let text = replace(manifest, "\n        env:\n", mounts);
    replace(&text, "      containers:\n", volume)
}

fn replace(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the manifest has no {from:?}");
    text.replace(from, to)
}
