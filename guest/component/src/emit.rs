//! For build scripts: a policy's component as a file to embed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{BuildError, Options, Toolchain, cargo, encode, sources};

/// Builds the policy's crate and leaves its component as `out_file_name` in the build script's
/// `OUT_DIR`, to be embedded with `include_bytes!(concat!(env!("OUT_DIR"), "/standard.wasm"))`.
///
/// The script runs again when a source file, a manifest or `Cargo.lock` changed. A failure is told
/// to cargo, which ends the build with the message of [`BuildError`].
pub fn emit(policy_manifest_dir: &Path, out_file_name: &str) {
    if let Err(error) = try_emit(policy_manifest_dir, out_file_name) {
        println!("cargo::error={error}");
    }
}

fn try_emit(policy_manifest_dir: &Path, out_file_name: &str) -> Result<(), BuildError> {
    // Said before anything can fail: cargo would otherwise watch the build script's whole package.
    println!("cargo::rerun-if-env-changed=RUSTC");
    watch(&policy_manifest_dir.join("Cargo.toml"));
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let options = Options {
        target_dir: guests_dir(&out_dir),
        locked: true,
    };
    let toolchain = Toolchain::find(policy_manifest_dir)?;
    let module = cargo::compile(policy_manifest_dir, &options, &toolchain)?;
    for file in sources::of(&module.path)? {
        watch(&file);
    }
    if let Some(lock) = lock_file(policy_manifest_dir) {
        watch(&lock);
    }
    let path = out_dir.join(out_file_name);
    fs::write(&path, encode(&module.bytes)?).map_err(|source| BuildError::File { path, source })
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
    manifest_dir
        .ancestors()
        .map(|folder| folder.join("Cargo.lock"))
        .find(|lock| lock.exists())
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
}
