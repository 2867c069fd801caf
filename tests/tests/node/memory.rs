//! The limits of memory that docs/limits.md recommends for policies in each language, set by a kubelet and kept
//! by the kernel: a running leader takes such a policy over, and a new container starts with it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use hotseat_tests::guests;
use hotseat_tests::guests::publish;
use hotseat_tests::lifeline::ScratchDir;
use hotseat_tests::wait::until;

use super::policy::active;
use super::space::{Space, file, image, kill};

/// An interpreter takes long to compile on a busy machine.
const COMPILED: Duration = Duration::from_secs(420);
/// The policies, and what follows the smallest limit for their language on the page.
const LANGUAGES: [(&str, &str); 5] = [
    ("rust-wasip2", RUST_OR_C),
    ("c", RUST_OR_C),
    ("go", " for Go"),
    ("javascript", " for JavaScript"),
    ("python", " for Python"),
];
pub const RUST_OR_C: &str = " for the standard policy and others in Rust or C";
pub const RULES: &str = ". Give a third more.";

/// What docs/limits.md recommends: a third more than the smallest limit, which is followed by this there.
pub fn recommended(behind: &str) -> String {
    let page = file("docs/limits.md").split_whitespace().collect::<Vec<_>>().join(" ");
    let behind = format!(" MiB{behind}");
    let (before, _) = page.split_once(&behind).unwrap_or_else(|| panic!("no {behind:?} in {page}"));
    let smallest: u32 = before.rsplit(' ').next().unwrap().parse().unwrap();
    format!("{}Mi", (smallest * 4).div_ceil(3))
}

/// The policy in that language, whose name is the language's.
fn component(name: &str) -> Vec<u8> {
    match name {
        "c" => guests::in_c().unwrap(),
        _ => fs::read(guests::language(name).unwrap()).unwrap(),
    }
}

#[test]
fn each_language_fits_into_the_memory_that_readme_recommends() {
    for (name, behind) in LANGUAGES {
        let limit = recommended(behind);
        let space = Space::new(&format!("memory-{name}"), false);
        let folder = ScratchDir::new("hotseat-node-memory-").unwrap();
        // The user of the image reads it.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let shipped = super::policy::Shipped::new();
        let file = folder.path().join("policy.wasm");
        publish(&file, &fs::read(shipped.path("standard")).unwrap()).unwrap();
        space.grant("memory", "default", &[]);
        space.apply(&pod(&limit, folder.path()));
        space.kubectl(&["wait", "--for=condition=Ready", "pod/memory", "--timeout=180s"]);
        let leader = space.leader("app=memory", None);
        publish(&file, &component(name)).unwrap();
        let decides = || {
            until("the policy to decide", COMPILED, || {
                let active = active(&space, "memory");
                if active["name"] == name { Ok(()) } else { Err(active) }
            });
        };
        decides();
        let pods = space.pods("app=memory");
        assert_eq!(pods[0].container("hotseat")["restartCount"], 0, "{}", pods[0].object);
        // A new container of the pod starts with it.
        kill(&leader.container_id("hotseat"));
        until("the next container", COMPILED, || {
            let pods = space.pods("app=memory");
            let status = pods[0].container("hotseat");
            let runs = !status["state"]["running"].is_null();
            match status["restartCount"].as_u64() {
                Some(1) if runs => Ok(()),
                _ => Err(status.to_string()),
            }
        });
        decides();
        let pods = space.pods("app=memory");
        let status = pods[0].container("hotseat");
        assert_eq!(status["restartCount"], 1, "{name} at {limit}: {status}");
        assert_ne!(status["lastState"]["terminated"]["reason"], "OOMKilled", "{name} at {limit}");
    }
}

/// A pod of the sidecar alone that follows a file of the node.
fn pod(limit: &str, folder: &Path) -> String {
    let (image, folder) = (image(), folder.display());
    format!(
        r#"
apiVersion: v1
kind: Pod
metadata: {{name: memory, labels: {{app: memory}}}}
spec:
  volumes: [{{name: policy, hostPath: {{path: {folder}, type: Directory}}}}]
  containers:
  - name: hotseat
    image: "{image}"
    args: [--election=memory, "--policy=file:/policy/policy.wasm"]
    env:
    - {{name: POD_NAME, valueFrom: {{fieldRef: {{fieldPath: metadata.name}}}}}}
    - {{name: POD_UID, valueFrom: {{fieldRef: {{fieldPath: metadata.uid}}}}}}
    volumeMounts: [{{name: policy, mountPath: /policy}}]
    readinessProbe: {{httpGet: {{path: /readyz, port: 4040}}, periodSeconds: 2}}
    resources: {{limits: {{memory: {limit}}}}}
"#
    )
}
