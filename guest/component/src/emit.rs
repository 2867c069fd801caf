//! For build scripts: a policy's component as a file to embed.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use crate::encode::encode_component;
use crate::{BuildError, Options, Toolchain, cargo, encode, sources};

/// Builds the policy's crate and leaves its component as `out_file_name` in the build script's
/// `OUT_DIR`, to be embedded with `include_bytes!(concat!(env!("OUT_DIR"), "/standard.wasm"))`.
///
/// The script runs again when a source file, a manifest or `Cargo.lock` changed. A failure is told
/// to cargo as the message of [`BuildError`], and ends the build script.
pub fn emit(policy_manifest_dir: &Path, out_file_name: &str) {
    emit_as(policy_manifest_dir, out_file_name, encode);
}

/// As [`emit`], for a crate that is no policy but a component of a world of its own.
pub fn emit_component(manifest_dir: &Path, out_file_name: &str) {
    emit_as(manifest_dir, out_file_name, encode_component);
}

/// Makes a component of a core module.
type Encode = fn(&[u8]) -> Result<Vec<u8>, BuildError>;

fn emit_as(manifest_dir: &Path, out_file_name: &str, encode: Encode) {
    // Said before anything can fail: cargo would otherwise watch the build script's whole package.
    println!("cargo::rerun-if-env-changed=RUSTC");
    watch(&manifest_dir.join("Cargo.toml"));
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    match leave(manifest_dir, &out_dir, out_file_name, encode) {
        Ok(files) => files.iter().for_each(|file| watch(file)),
        Err(error) => {
            println!("cargo::error={error}");
            // With a failure's status cargo also shows what the guest's cargo said.
            process::exit(1);
        }
    }
}

/// Leaves the component in `out_dir`, and returns the files that it was made from.
fn leave(
    manifest_dir: &Path,
    out_dir: &Path,
    file_name: &str,
    encode: Encode,
) -> Result<BTreeSet<PathBuf>, BuildError> {
    let options = Options { target_dir: guests_dir(out_dir), locked: true };
    let toolchain = Toolchain::find(manifest_dir)?;
    let module = cargo::compile(manifest_dir, &options, &toolchain)?;
    let mut files = sources::of(&module.path)?;
    files.extend(lock_file(manifest_dir));
    let path = out_dir.join(file_name);
    fs::write(&path, encode(&module.bytes)?).map_err(|source| BuildError::File { path, source })?;
    Ok(files)
}

fn watch(file: &Path) {
    println!("cargo::rerun-if-changed={}", file.display());
}

/// One folder for the guests of all build scripts and profiles, beside the profiles' own, so that
/// the standard library is built once at most. `out_dir` is `<target>/<profile>/build/...`.
fn guests_dir(out_dir: &Path) -> PathBuf {
    out_dir
        .ancestors()
        .find(|folder| folder.file_name().is_some_and(|name| name == "build"))
        .and_then(|build| build.parent()?.parent())
        .unwrap_or(out_dir)
        .join("policy-guests")
}

/// The `Cargo.lock` that holds for the crate: its own or its workspace's.
fn lock_file(manifest_dir: &Path) -> Option<PathBuf> {
    let manifest_dir = fs::canonicalize(manifest_dir).ok()?;
    manifest_dir.ancestors().map(|folder| folder.join("Cargo.lock")).find(|lock| lock.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_profiles_share_one_folder_for_guests() {
        for out_dir in [
            "/r/target/debug/build/engine-01/out",
            "/r/target/release/build/engine-02/out",
            "/r/target/debug/build/engine/03/out",
        ] {
            let expected = Path::new("/r/target/policy-guests");
            assert_eq!(guests_dir(Path::new(out_dir)), expected, "{out_dir}");
        }
    }

    #[test]
    fn a_policy_is_left_with_the_files_that_it_was_made_from() {
        let test = env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).unwrap();
        let out_dir = profile.join("build/hotseat-component-test/out");
        fs::create_dir_all(&out_dir).unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root = fs::canonicalize(root).unwrap();

        let files = leave(&root.join("guest/standard"), &out_dir, "standard.wasm", encode).unwrap();
        let component = fs::read(out_dir.join("standard.wasm")).unwrap();
        assert_eq!(component[..8], *b"\0asm\x0d\0\x01\0");
        for file in [
            "Cargo.lock",
            "guest/rust/Cargo.toml",
            "guest/rust/src/lib.rs",
            "guest/standard/Cargo.toml",
            "guest/standard/src/rule.rs",
            "wit/policy.wit",
        ] {
            assert!(files.contains(&root.join(file)), "{file} is not in {files:?}");
        }
    }
}
