//! The lines of README and docs/publishing.md that publish a policy, word for word, with one of the size of a
//! policy in Go.

use std::process::Command;

use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::kubetools::{deploy, kubectl_path};

use super::{read, restricted};

/// Bytes that do not get smaller by gzip, as many as a policy in Go has when it is gzipped.
const NOISE: usize = 700 << 10;

/// The commands in that file that begin so.
fn lines(file: &str, begin: &str) -> Vec<String> {
    let text = read(&deploy().join("..").join(file));
    let lines = text.lines().filter_map(|line| line.strip_prefix("$ "));
    lines.filter(|line| line.starts_with(begin)).map(str::to_owned).collect()
}

#[test]
fn the_line_that_publishes_a_policy_takes_a_big_one() {
    let api = restricted("publish", Rights::None);
    let folder = tempfile::tempdir().unwrap();
    let mut noise = Vec::with_capacity(NOISE);
    let mut state: u64 = 42;
    while noise.len() < NOISE {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        noise.push(state.to_be_bytes()[0]);
    }
    std::fs::write(folder.path().join("new.wasm"), noise).unwrap();
    std::fs::write(folder.path().join("rules.yaml"), "campaign: ready\n").unwrap();
    let gzip = lines("docs/publishing.md", "gzip ");
    let publish = lines("docs/publishing.md", "kubectl create configmap shop-policy ");
    let rules = lines("README.md", "kubectl create configmap shop-rules ");
    assert_eq!(
        (gzip.len(), publish.len(), rules.len()),
        (1, 1, 1),
        "{gzip:?} {publish:?} {rules:?}"
    );
    let run = |line: &str| {
        let kubectl = kubectl_path().unwrap();
        let script = format!(
            "kubectl() {{ '{}' -n {} \"$@\"; }}\n{line}",
            kubectl.display(),
            api.namespace()
        );
        let mut command = Command::new("bash");
        command.args(["-o", "pipefail", "-c", &script]).current_dir(folder.path());
        command.env("KUBECONFIG", Cluster::shared().admin_kubeconfig()).env("HOME", folder.path());
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    // Rules twice: a change of them is the same line.
    for line in gzip.iter().chain(&publish).chain(&rules).chain(&rules) {
        let (done, said) = run(line);
        assert!(done, "{line}: {said}");
    }
    // Why it is written so.
    let (done, said) = run(&publish[0].replace(" --server-side", ""));
    assert!(!done && said.contains("metadata.annotations"), "{said}");
}
