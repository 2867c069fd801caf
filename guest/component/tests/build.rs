//! Crates that are policies, and crates that are not.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};

use hotseat_component::{BuildError, Options, build};

/// One folder for all guests, as build scripts share it.
fn options() -> Options {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    Options::new(target.join("policy-guests"))
}

fn in_workspace(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// A crate without dependencies, in a folder that goes with the returned value. Each has a name of
/// its own, since the tests run at once and share a target folder.
fn a_crate(name: &str, lib: &str, source: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[lib]\n{lib}\n"
    );
    fs::write(dir.path().join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(dir.path().join("src")).unwrap();
    fs::write(dir.path().join("src/lib.rs"), source).unwrap();
    dir
}

const CDYLIB: &str = "crate-type = [\"cdylib\"]";

#[test]
fn the_standard_policy_is_small_and_the_same_each_time() {
    let component = build(&in_workspace("guest/standard"), &options()).unwrap();
    let size = component.len();
    assert!((1_000..64 * 1_024).contains(&size), "{size} bytes");
    let again = build(&in_workspace("guest/standard"), &options()).unwrap();
    assert!(component == again, "another build gave other bytes");
}

#[test]
fn no_folder_of_this_machine_is_in_a_component() {
    let component = build(&in_workspace("examples/policies/steady"), &options()).unwrap();
    let root = fs::canonicalize(in_workspace(".")).unwrap();
    let home = std::env::home_dir().unwrap();
    for folder in [root, home] {
        let folder = folder.to_str().unwrap().as_bytes();
        let found = component.windows(folder.len()).any(|bytes| bytes == folder);
        assert!(!found, "{} is in it", String::from_utf8_lossy(folder));
    }
}

#[test]
fn every_policy_of_the_workspace_is_one() {
    for path in ["guest/hostile", "examples/policies/steady"] {
        let component = build(&in_workspace(path), &options());
        assert!(component.is_ok(), "{path}: {:?}", component.err());
    }
}

#[test]
fn a_folder_without_a_manifest_is_named() {
    let error = build(&in_workspace("wit"), &options()).unwrap_err().to_string();
    assert!(error.ends_with("wit is not a crate: it has no Cargo.toml"), "{error}");
}

#[test]
fn a_crate_that_does_not_compile_is_named() {
    let odd = a_crate("broken", CDYLIB, "this is not Rust");
    let error = build(odd.path(), &options()).unwrap_err();
    assert!(matches!(error, BuildError::Cargo { .. }), "{error}");
    let manifest = fs::canonicalize(odd.path().join("Cargo.toml")).unwrap();
    let expected = format!("cargo could not build {} (exit status: 101)", manifest.display());
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[test]
fn a_crate_without_a_library_is_refused_with_the_reason() {
    let odd = a_crate("no-module", "path = \"src/missing.rs\"", "");
    let error = build(odd.path(), &options()).unwrap_err();
    assert!(matches!(error, BuildError::Cargo { .. }), "{error}");
}

/// The one and the other want different features of the standard policy's crate.
#[test]
fn policies_that_share_a_folder_and_a_dependency_do_not_spoil_each_other() {
    let built = |path: &str| build(&in_workspace(path), &options()).unwrap();
    let (standard, steady) = (built("guest/standard"), built("examples/policies/steady"));
    assert!(built("guest/standard") == standard);
    assert!(built("examples/policies/steady") == steady);
    assert!(standard != steady);
}

#[test]
fn a_module_that_is_no_policy_is_refused_with_how_to_export_one() {
    let odd =
        a_crate("no-policy", CDYLIB, "#[unsafe(no_mangle)]\npub extern \"C\" fn decide() {}\n");
    let error = build(odd.path(), &options()).unwrap_err();
    assert!(matches!(error, BuildError::Encode(_)), "{error}");
    assert!(error.to_string().contains("`hotseat_policy::export!`"), "{error}");
}

#[test]
fn a_module_that_imports_a_function_is_refused_by_its_name() {
    // By the module's name, or a linker may take it for a mistake.
    let source = "#[link(wasm_import_module = \"env\")]\n\
                  unsafe extern \"C\" { fn clock() -> u64; }\n\
                  #[unsafe(no_mangle)]\npub extern \"C\" fn now() -> u64 { unsafe { clock() } }\n";
    let odd = a_crate("importing", CDYLIB, source);
    let error = build(odd.path(), &options()).unwrap_err().to_string();
    assert!(error.contains("clock"), "{error}");
}

#[test]
fn a_locked_build_does_not_complete_the_lock_file() {
    let odd = a_crate("locked", CDYLIB, "");
    let locked = Options { locked: true, ..options() };
    let error = build(odd.path(), &locked).unwrap_err();
    assert!(matches!(error, BuildError::Cargo { .. }), "{error}");
    assert!(!odd.path().join("Cargo.lock").exists());
}
