//! A build script's way: building, and embedding what was built before.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The build script of a workspace whose only guest does not compile: building it fails.
struct Workspace(tempfile::TempDir);

impl Workspace {
    fn new() -> Workspace {
        let dir = tempfile::tempdir().unwrap();
        let guest = dir.path().join("guest");
        fs::create_dir_all(guest.join("src")).unwrap();
        fs::create_dir(dir.path().join("out")).unwrap();
        fs::create_dir(dir.path().join("prebuilt")).unwrap();
        fs::write(dir.path().join("Cargo.toml"), "[workspace]\nmembers = [\"guest\"]\n").unwrap();
        fs::write(dir.path().join("Cargo.lock"), "version = 4\n").unwrap();
        let manifest = "[package]\nname = \"broken\"\nversion = \"0.0.0\"\nedition = \"2024\"\n";
        fs::write(guest.join("Cargo.toml"), manifest).unwrap();
        fs::write(guest.join("src/lib.rs"), "this is not Rust").unwrap();
        Workspace(dir)
    }

    fn path(&self, name: &str) -> PathBuf {
        fs::canonicalize(self.0.path()).unwrap().join(name)
    }

    fn emit(&self, prebuilt: &Path) -> Output {
        Command::new(env!("CARGO_BIN_EXE_emit-guest"))
            .arg(self.path("guest"))
            .arg("guest.wasm")
            .env("OUT_DIR", self.path("out"))
            .env("HOTSEAT_PREBUILT_GUESTS", prebuilt)
            .output()
            .unwrap()
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_prebuilt_guest_is_embedded_without_building_it() {
    let workspace = Workspace::new();
    let prebuilt = workspace.path("prebuilt/guest.wasm");
    fs::write(&prebuilt, b"\0asm\x0d\0\x01\0").unwrap();
    // By its own path, and by one within the workspace.
    for folder in [workspace.path("prebuilt"), PathBuf::from("prebuilt")] {
        let output = workspace.emit(&folder);
        let said = stdout(&output);
        assert!(output.status.success(), "{said}");
        assert_eq!(fs::read(workspace.path("out/guest.wasm")).unwrap(), b"\0asm\x0d\0\x01\0");
        for line in [
            "cargo::rerun-if-env-changed=HOTSEAT_PREBUILT_GUESTS".to_owned(),
            format!("cargo::rerun-if-changed={}", prebuilt.display()),
            format!(
                "cargo::warning=HOTSEAT_PREBUILT_GUESTS: embedding {} without building it",
                prebuilt.display()
            ),
        ] {
            assert!(said.lines().any(|other| other == line), "no {line} in {said}");
        }
        fs::remove_file(workspace.path("out/guest.wasm")).unwrap();
    }
}

#[test]
fn an_empty_variable_leaves_the_guest_to_be_built() {
    let output = Workspace::new().emit(Path::new(""));
    let said = stdout(&output);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("cargo::error=cargo could not build "), "{said}");
}

#[test]
fn a_prebuilt_guest_that_is_missing_or_something_else_is_an_error_with_the_remedy() {
    let workspace = Workspace::new();
    let expect = |reason: &str| {
        let output = workspace.emit(Path::new("prebuilt"));
        let said = stdout(&output);
        let path = workspace.path("prebuilt/guest.wasm");
        let begin = format!(
            "cargo::error=HOTSEAT_PREBUILT_GUESTS: cannot embed {}: {reason}",
            path.display()
        );
        assert!(!output.status.success(), "{said}");
        assert!(said.contains(&begin), "{said}");
        assert!(said.contains("or leave the variable unset"), "{said}");
        assert!(!workspace.path("out/guest.wasm").exists());
    };
    expect("No such file");
    fs::write(workspace.path("prebuilt/guest.wasm"), "a note").unwrap();
    expect("it is not WebAssembly");
}
