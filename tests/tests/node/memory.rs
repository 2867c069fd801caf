//! The limits of memory that docs/limits.md recommends for policies in each language, set by a kubelet and kept
//! by the kernel: a running leader takes such a policy over, and a new container starts with it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use hotseat_tests::guests::{language, publish};
use hotseat_tests::lifeline::ScratchDir;
use hotseat_tests::wait::until;

use super::policy::active;
use super::space::{Space, image, kill};

/// An interpreter takes long to compile on a busy machine.
const COMPILED: Duration = Duration::from_secs(420);
/// Each a third above the smallest there.
const LIMITS: [(&str, &str); 3] = [("go", "256Mi"), ("javascript", "512Mi"), ("python", "864Mi")];

#[test]
fn each_language_fits_into_the_memory_that_readme_recommends() {
    for (name, limit) in LIMITS {
        let space = Space::new(&format!("memory-{name}"), false);
        let folder = ScratchDir::new("hotseat-node-memory-").unwrap();
        // The user of the image reads it.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let shipped = super::policy::Shipped::new();
        let file = folder.path().join("policy.wasm");
        publish(&file, &fs::read(shipped.path("standard")).unwrap()).unwrap();
        space.grant("memory", "default", &[]);
        space.apply(&pod(limit, folder.path()));
        space.kubectl(&["wait", "--for=condition=Ready", "pod/memory", "--timeout=180s"]);
        let leader = space.leader("app=memory", None);
        publish(&file, &fs::read(language(name).unwrap()).unwrap()).unwrap();
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
