//! `kubectl hotseat` as krew installs it: the manifest that a release has, and kubectl's own search.

use std::path::Path;
use std::process::Command;

use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::kubetools::{deploy, kubectl_path};
use hotseat_tests::process::hotseat_binary;
use hotseat_tests::scene::Api;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const URL: &str = "https://example.com/OWNER/hotseat/releases/download/v0";

/// An archive as a release has it, with a few bytes for the program. Gives what is in it, and its sum.
fn archive(dist: &Path, target: &str) -> (Vec<String>, String) {
    let folder = format!("hotseat-v{VERSION}-{target}");
    std::fs::create_dir(dist.join(&folder)).unwrap();
    for file in ["hotseat", "LICENSE"] {
        std::fs::write(dist.join(&folder).join(file), target).unwrap();
    }
    let name = format!("{folder}.tar.gz");
    let packed = Command::new("tar").current_dir(dist).args(["-czf", &name, &folder]).status();
    assert!(packed.unwrap().success());
    let sum = Command::new("sha256sum").arg(dist.join(&name)).output().unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap();
    let sum = sum.split_whitespace().next().unwrap().to_owned();
    (vec![format!("{folder}/hotseat"), format!("{folder}/LICENSE")], sum)
}

#[test]
fn the_manifest_names_what_a_release_has() {
    let dist = tempfile::tempdir().unwrap();
    let script = deploy().join("krew/manifest.sh");
    let run = || Command::new(&script).arg(URL).env("HOTSEAT_DIST", dist.path()).output().unwrap();
    let early = run();
    let said = String::from_utf8_lossy(&early.stderr).into_owned();
    assert!(
        !early.status.success() && said.contains("run deploy/release/build.sh first"),
        "{said}"
    );
    let targets = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];
    let archives = targets.map(|target| archive(dist.path(), target));
    let done = run();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let manifest = String::from_utf8(done.stdout).unwrap();
    for line in [
        "apiVersion: krew.googlecontainertools.github.com/v1alpha2".to_owned(),
        "metadata: {name: hotseat}".to_owned(),
        format!("  version: v{VERSION}"),
        "  homepage: https://example.com/OWNER/hotseat".to_owned(),
        "      bin: kubectl-hotseat".to_owned(),
    ] {
        assert!(manifest.lines().any(|other| other == line), "{line} is not in {manifest}");
    }
    for (target, (files, sum)) in targets.iter().zip(&archives) {
        let uri =
            format!("      uri: {URL}/hotseat-v{VERSION}-{target}.tar.gz\n      sha256: {sum}\n");
        assert!(manifest.contains(&uri), "{uri} is not in {manifest}");
        let program = format!("{{from: {}, to: kubectl-hotseat}}", files[0]);
        let licence = format!("{{from: {}, to: .}}", files[1]);
        assert!(manifest.contains(&program) && manifest.contains(&licence), "{manifest}");
    }
}

#[test]
fn kubectl_finds_the_plugin_by_its_name() {
    let api = Api::of(Cluster::shared(), "kubectl-plugin", Rights::Full).unwrap();
    let folder = tempfile::tempdir().unwrap();
    // krew's folder of plugins has links like this one.
    let plugin = folder.path().join("kubectl-hotseat");
    std::os::unix::fs::symlink(hotseat_binary().unwrap(), plugin).unwrap();
    let kubectl = |args: &[&str]| {
        let mut command = Command::new(kubectl_path().unwrap());
        command.args(args).env("PATH", folder.path()).env("KUBECONFIG", api.kubeconfig());
        let output = command.env("HOME", folder.path()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, out, error) = kubectl(&["hotseat", "transfer", "--help"]);
    assert_eq!(code, Some(0), "{error}");
    assert!(out.contains("Usage: kubectl hotseat transfer"), "{out}");
    // In the namespace of the kubeconfig's context, as kubectl's own commands.
    let (code, _, error) = kubectl(&["hotseat", "status", "nothing"]);
    assert_eq!(code, Some(1), "{error}");
    assert!(
        error.contains(&format!("{}/nothing: there is no such Lease", api.namespace())),
        "{error}"
    );
}
