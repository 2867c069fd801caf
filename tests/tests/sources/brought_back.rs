//! What is in a registry is pulled, checked and asked by the tools as a file is.

use crate::cli::{component, hotseat, refuses};
use crate::{reference, with_policy};
use hotseat_engine::STANDARD;
use hotseat_sources::Digest;
use hotseat_tests::guests;
use hotseat_tests::registry::{Options, Registry};
use std::fs;

/// Pushed, and pulled by tag and by digest: the bytes and the signature beside them come back.
#[test]
fn what_was_pushed_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = component(folder.path());
    let registry = Registry::start(Options::default()).unwrap();
    let target = format!("oci://{}/team/policy:v1", registry.host());
    fs::write(format!("{file}.minisig"), "signed").unwrap();
    let (status, pushed, stderr) = hotseat(&["policy", "push", &file, &target]);
    assert_eq!(status, Some(0), "{stderr}");

    let back = folder.path().join("back.wasm");
    let back = back.to_str().unwrap();
    for artifact in [target.as_str(), pushed.trim_end()] {
        let (status, pulled, stderr) = hotseat(&["policy", "pull", artifact, back]);
        assert_eq!((status, pulled.as_str()), (Some(0), pushed.as_str()), "{stderr}");
        assert_eq!(fs::read(back).unwrap(), STANDARD);
        assert_eq!(fs::read_to_string(format!("{back}.minisig")).unwrap(), "signed");
        fs::remove_file(back).unwrap();
    }
    // One without a signature takes away the one of another that lies there.
    fs::remove_file(format!("{file}.minisig")).unwrap();
    let (_, pushed, _) = hotseat(&["policy", "push", &file, &target]);
    let (status, stdout, stderr) =
        hotseat(&["policy", "pull", pushed.trim_end(), back, "--output=json"]);
    let report: serde_json::Value = serde_json::from_str(&stdout).expect(&stderr);
    assert_eq!(status, Some(0), "{stderr}");
    assert_eq!(report["component"], Digest::of(STANDARD).to_string());
    assert_eq!(report.get("signature"), None);
    assert!(!fs::exists(format!("{back}.minisig")).unwrap());
}

#[test]
fn what_is_in_a_registry_is_checked_and_asked() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::start(Options::default()).unwrap();
    let artifact = with_policy(&registry, STANDARD).to_string();
    let (status, stdout, stderr) = hotseat(&["policy", "check", &artifact]);
    assert_eq!(status, Some(0), "{stderr}");
    assert!(stdout.contains(&format!("\ndigest    {}\n", Digest::of(STANDARD))), "{stdout}");
    let scene = folder.path().join("scene.yaml");
    fs::write(&scene, "{from: leader, expect: {action: renew}}").unwrap();
    let (status, stdout, _) = hotseat(&["policy", "run", &artifact, scene.to_str().unwrap()]);
    assert_eq!(status, Some(0), "{stdout}");
}

#[test]
fn what_cannot_be_pulled() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.wasm");
    fs::write(&file, "what was there").unwrap();
    let path = file.to_str().unwrap();
    let registry = Registry::start(Options::default()).unwrap();
    let artifact = with_policy(&registry, STANDARD).to_string();
    let missing = reference(&registry.host(), "team/policy", Digest::of(b"nothing")).to_string();
    let nowhere = format!("oci://{}/team/policy:none", registry.host());
    let key = "--policy-key=RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    let elsewhere = folder.path().join("none/policy.wasm");
    for (args, words) in [
        (&["policy.wasm", path][..], &["policy.wasm: is not in a registry: give oci://"][..]),
        (&["oci://ghcr.io/Policy", path], &["oci://ghcr.io/Policy: "]),
        (&[&missing, path], &[&missing, "404"]),
        (&[&nowhere, path], &[&nowhere, "404"]),
        (&[&artifact, path, key], &[&artifact, "it is not signed"]),
        (&[&artifact, elsewhere.to_str().unwrap()], &["none/policy.wasm: cannot be written"]),
    ] {
        refuses(&[&["policy", "pull"], args].concat(), words);
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "what was there");
}

/// What no sidecar would load is not pushed.
#[test]
fn a_push_takes_the_stages_of_a_sidecar() {
    let folder = tempfile::tempdir().unwrap();
    let target = "oci://127.0.0.1:1/policy";
    let second = folder.path().join("second.wasm");
    let text =
        r#"(component (component $c) (export "hotseat:policy/policy@2.0.0" (component $c)))"#;
    fs::write(&second, wat::parse_str(text).unwrap()).unwrap();
    let refused = ["stage exports: ", "hotseat:policy/policy@2.0.0", "nothing was pushed"];
    refuses(&["policy", "push", second.to_str().unwrap(), target], &refused);

    let hostile = guests::file("hostile").unwrap();
    let hostile = hostile.to_str().unwrap();
    let settings = |text: &str| format!("--settings=\"{text}@leader\"");
    let words = ["stage dry-run: ", "the settings ask for a trap", "nothing was pushed"];
    refuses(&["policy", "push", hostile, target, &settings("trap")], &words);
    let words = ["stage settings: ", "names none of", "nothing was pushed"];
    refuses(&["policy", "push", hostile, target, &settings("tarp")], &words);
    // It wants settings, and which it will have nobody knows here: so much is said.
    let registry = Registry::start(Options::default()).unwrap();
    let target = format!("oci://{}/hostile", registry.host());
    let (status, _, stderr) = hotseat(&["policy", "push", hostile, &target]);
    assert_eq!(status, Some(0), "{stderr}");
    assert!(stderr.contains("it wants settings, so it was not tried"), "{stderr}");
}
