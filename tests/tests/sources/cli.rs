//! `hotseat policy push` as a person calls it, and the reference that it prints.

use crate::{LIMIT, reference};
use hotseat_engine::STANDARD;
use hotseat_sources::{Digest, Registries};
use hotseat_tests::process::{Launch, Stream};
use hotseat_tests::registry::{Login, NAME, Options, PASSWORD, Registry};
use std::fs;
use std::path::Path;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

/// Status, standard output, standard error.
pub(crate) fn hotseat(args: &[&str]) -> (Option<i32>, String, String) {
    let mut process = Launch::hotseat().unwrap().args(args).start().unwrap();
    let status = process.wait_exit(SOON).code();
    (status, process.output(Stream::Stdout), process.output(Stream::Stderr))
}

/// It ends with status 1 and one line with these words.
#[track_caller]
pub(crate) fn refuses(args: &[&str], words: &[&str]) {
    let (status, stdout, stderr) = hotseat(args);
    assert_eq!((status, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(stderr.starts_with("hotseat: ") && stderr.lines().count() == 1, "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "no {word:?} in {stderr}");
    }
}

pub(crate) fn component(folder: &Path) -> String {
    let path = folder.join("policy.wasm");
    fs::write(&path, STANDARD).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_push_prints_what_the_policy_flag_takes() {
    let folder = tempfile::tempdir().unwrap();
    let file = component(folder.path());
    let registry = Registry::start(Options::default()).unwrap();
    let target = format!("oci://{}/team/policy:v1", registry.host());
    let (status, stdout, stderr) = hotseat(&["policy", "push", &file, &target]);
    assert_eq!((status, stderr.as_str()), (Some(0), ""), "{stdout}");
    let digest = stdout.trim_end().rsplit_once('@').unwrap().1.parse::<Digest>().unwrap();
    let pushed = reference(&registry.host(), "team/policy", digest);
    assert_eq!(stdout, format!("{pushed}\n"));
    let fetched = Registries::default().pull(&pushed, LIMIT * 20).await.unwrap();
    assert_eq!((fetched.bytes.as_slice(), fetched.signature), (STANDARD, None));
    // The same file again, with a signature beside it and every flag given.
    fs::write(format!("{file}.minisig"), "signed").unwrap();
    let (_, stdout, stderr) = hotseat(&["policy", "push", &file, &target, "--output=json"]);
    let report: serde_json::Value = serde_json::from_str(&stdout).expect(&stderr);
    assert_eq!(report["component"], Digest::of(STANDARD).to_string());
    assert_eq!((&report["tag"], &report["signed"]), (&"v1".into(), &true.into()));
    assert_ne!(report["reference"], pushed.to_string());
    // A tag is not taken as a policy, and what it names now is said.
    let words = ["the tag v1 can be moved", report["reference"].as_str().unwrap()];
    refuses(&["--election=a", "--policy", &target], &words);
}

#[test]
fn a_push_with_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let file = component(folder.path());
    let options = Options { login: Login::Password, ..Options::default() };
    let registry = Registry::start(options).unwrap();
    let target = format!("oci://{}/policy", registry.host());
    refuses(&["policy", "push", &file, &target], &[&target, "registry credentials"]);
    let config = registry.docker_config(&registry.host(), NAME, PASSWORD).unwrap();
    let flag = format!("--registry-credentials={}", config.display());
    let (status, stdout, stderr) = hotseat(&["policy", "push", &file, &target, &flag]);
    assert_eq!(status, Some(0), "{stderr}");
    assert!(stdout.starts_with(&format!("{target}@sha256:")), "{stdout}");
}

#[test]
fn what_cannot_be_pushed() {
    let folder = tempfile::tempdir().unwrap();
    let file = component(folder.path());
    let file_of = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let module = file_of("module.wasm", b"\0asm\x01\0\0\0");
    let other = file_of("other.wasm", b"\0asm\x0d\0\x01\0");
    let target = "oci://127.0.0.1:1/policy";
    let key = "--policy-key=RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    for (args, words) in [
        (
            &["/nowhere/policy.wasm", target][..],
            &["file:/nowhere/policy.wasm", "check the path"][..],
        ),
        (&[&module, target], &["module.wasm", "core module"]),
        (
            &[&other, target],
            &["stage exports: ", "other.wasm: exports nothing", "nothing was pushed"],
        ),
        (&[&file, "ghcr.io/policy"], &["TARGET ghcr.io/policy: ", "oci://HOST/NAME[:TAG]"]),
        (&[&file, "oci://ghcr.io/Policy"], &["TARGET oci://ghcr.io/Policy: ", "not a repository"]),
        (&[&file, target, key], &["policy.wasm", "it is not signed"]),
        (&[&file, target, "--policy-key=x"], &["--policy-key", "neither a minisign public key"]),
        (&[&file, target], &[target, "cannot be pushed: no connection to 127.0.0.1"]),
    ] {
        refuses(&[&["policy", "push"], args].concat(), words);
    }
}
