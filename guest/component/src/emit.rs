//! For build scripts: a policy's component as a file to embed.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use crate::encode::encode_component;
use crate::{BuildError, Options, Toolchain, cargo, encode, sources};

/// The variable that names a folder with components to embed instead of building them.
const PREBUILT: &str = "HOTSEAT_PREBUILT_GUESTS";

/// Builds the guest's crate and leaves its component as `out_file_name` in the build script's
/// `OUT_DIR`, to be embedded with `include_bytes!(concat!(env!("OUT_DIR"), "/standard.wasm"))`.
/// A copy stays in `<target>/policy-guests/embedded`.
///
/// The script runs again when a source file, a manifest or `Cargo.lock` changed. Where
/// `HOTSEAT_PREBUILT_GUESTS` names a folder, such as that with the copies, nothing is built:
/// `out_file_name` is taken from there, and cargo prints a warning that says so. A relative folder
/// is one of the workspace. A failure reaches cargo as the message of [`BuildError`], and ends the
/// build script.
pub fn emit(manifest_dir: &Path, out_file_name: &str) {
    emit_as(manifest_dir, out_file_name, encode);
}

/// As [`emit`], for a crate that is no policy but a component of a world of its own.
pub fn emit_component(manifest_dir: &Path, out_file_name: &str) {
    emit_as(manifest_dir, out_file_name, encode_component);
}

/// Makes a component of a core module.
type Encode = fn(&[u8]) -> Result<Vec<u8>, BuildError>;

fn emit_as(manifest_dir: &Path, out_file_name: &str, encode: Encode) {
    // Printed before anything can fail: cargo would otherwise watch the build script's whole package.
    println!("cargo::rerun-if-env-changed=RUSTC");
    println!("cargo::rerun-if-env-changed={PREBUILT}");
    watch(&manifest_dir.join("Cargo.toml"));
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    // An empty variable is one that is not set, so that a command can switch it off for itself.
    let prebuilt = env::var_os(PREBUILT).filter(|folder| !folder.is_empty());
    let left = match prebuilt {
        None => leave(manifest_dir, &out_dir, out_file_name, encode),
        Some(folder) => {
            let path = workspace(manifest_dir).join(folder).join(out_file_name);
            // Never without a word: what is embedded may be older than its sources.
            println!("cargo::warning={PREBUILT}: embedding {} without building it", path.display());
            take(path, &out_dir.join(out_file_name))
        }
    };
    match left {
        Ok(files) => files.iter().for_each(|file| watch(file)),
        Err(error) => {
            println!("cargo::error={error}");
            // With a failure's status cargo also shows what the guest's cargo printed.
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
    let guests = guests_dir(out_dir);
    let options = Options { target_dir: guests.clone(), locked: true };
    let toolchain = Toolchain::find(manifest_dir)?;
    let module = cargo::compile(manifest_dir, &options, &toolchain)?;
    let mut files = sources::of(&module.path)?;
    files.extend(lock_file(manifest_dir));
    let component = encode(&module.bytes)?;
    write(&out_dir.join(file_name), &component)?;
    keep(&guests.join("embedded"), file_name, &component)?;
    Ok(files)
}

/// Keeps a copy for `HOTSEAT_PREBUILT_GUESTS`. Renamed into place, since the build scripts of other
/// profiles may be writing the same file.
fn keep(folder: &Path, file_name: &str, component: &[u8]) -> Result<(), BuildError> {
    let error = |path: &Path| {
        let path = path.to_path_buf();
        |source| BuildError::File { path, source }
    };
    fs::create_dir_all(folder).map_err(error(folder))?;
    let written = folder.join(format!("{file_name}.{}", process::id()));
    write(&written, component)?;
    let path = folder.join(file_name);
    fs::rename(&written, &path).map_err(error(&path))
}

/// Takes a component that was built before, and returns it as the one file to watch.
fn take(prebuilt: PathBuf, out: &Path) -> Result<BTreeSet<PathBuf>, BuildError> {
    let component = fs::read(&prebuilt).map_err(|source| BuildError::Prebuilt {
        path: prebuilt.clone(),
        reason: source.to_string(),
    })?;
    // Modules and components begin alike. More is checked by whoever loads it.
    if !component.starts_with(b"\0asm") {
        let reason = "it is not WebAssembly".to_owned();
        return Err(BuildError::Prebuilt { path: prebuilt, reason });
    }
    write(out, &component)?;
    Ok(BTreeSet::from([prebuilt]))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    fs::write(path, bytes).map_err(|source| BuildError::File { path: path.to_path_buf(), source })
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

/// The folder of the workspace that the crate belongs to, or the crate's own.
fn workspace(manifest_dir: &Path) -> PathBuf {
    let lock = lock_file(manifest_dir);
    lock.as_deref().and_then(Path::parent).unwrap_or(manifest_dir).to_path_buf()
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
        let kept = fs::read(guests_dir(&out_dir).join("embedded/standard.wasm")).unwrap();
        assert!(kept == component, "the copy differs");
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
