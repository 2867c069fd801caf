//! Runs cargo for the guest, apart from a cargo that may be running this very code.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{self, Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::toolchain::TARGET;
use crate::{BuildError, Options, Toolchain};

/// A compiled policy, not yet a component.
pub(crate) struct Module {
    pub(crate) bytes: Vec<u8>,
    /// Where cargo left it.
    pub(crate) path: PathBuf,
}

/// Compiles the crate in `manifest_dir` to a core module.
pub(crate) fn compile(
    manifest_dir: &Path,
    options: &Options,
    toolchain: &Toolchain,
) -> Result<Module, BuildError> {
    let manifest = manifest_dir.join("Cargo.toml");
    let manifest = fs::canonicalize(&manifest)
        .map_err(|_| BuildError::NoManifest(manifest_dir.to_path_buf()))?;
    // Cargo runs in the guest's folder, so a relative one would land there.
    let target_dir = path::absolute(&options.target_dir)
        .map_err(|source| BuildError::File { path: options.target_dir.clone(), source })?;
    let mut command = command(&manifest, &target_dir, toolchain);
    if options.locked {
        command.arg("--locked");
    }
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|source| BuildError::Start { program, source })?;
    if !output.status.success() {
        return Err(BuildError::Cargo { manifest, status: output.status });
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let path = module_path(&messages, &manifest).ok_or(BuildError::NoModule(manifest))?;
    let bytes =
        fs::read(&path).map_err(|source| BuildError::File { path: path.clone(), source })?;
    Ok(Module { bytes, path })
}

/// The command that builds the guest, small and the same whatever cargo is running outside.
fn command(manifest: &Path, target_dir: &Path, toolchain: &Toolchain) -> Command {
    let (cargo, rustc): (&OsStr, &OsStr) = match toolchain {
        Toolchain::Active { cargo, rustc } => (cargo, rustc),
        Toolchain::Debian { cargo, rustc, .. } => (cargo.as_ref(), rustc.as_ref()),
    };
    let mut command = Command::new(cargo);
    for (name, _) in env::vars_os() {
        if !outlives(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
    command
        .env("RUSTC", rustc)
        .env("CARGO_ENCODED_RUSTFLAGS", flags())
        .envs(PROFILE.iter().copied());
    command
        // Only the crate itself becomes a module. A dependency that is one, too, would leave its
        // module and its library under names without a hash, so that two sets of features of it
        // overwrite each other.
        .args(["rustc", "--release", "--lib", "--crate-type", "cdylib", "--target", TARGET])
        .arg("--message-format=json-render-diagnostics")
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--target-dir")
        .arg(target_dir);
    if let Toolchain::Debian { linker, .. } = toolchain {
        command
            .env_remove("RUSTUP_TOOLCHAIN")
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
            .arg("-Zbuild-std=std,panic_abort");
    }
    // The folder decides which rust-toolchain.toml and .cargo/config.toml hold.
    if let Some(dir) = manifest.parent() {
        command.current_dir(dir);
    }
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    command
}

/// Small rather than fast: a decision is a few thousand instructions, while the size is what the
/// sidecar compiles and what a ConfigMap has to hold. Cargo reads these before any manifest.
const PROFILE: [(&str, &str); 8] = [
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "s"),
    ("CARGO_PROFILE_RELEASE_LTO", "fat"),
    ("CARGO_PROFILE_RELEASE_PANIC", "abort"),
    ("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
    ("CARGO_PROFILE_RELEASE_INCREMENTAL", "false"),
    ("CARGO_INCREMENTAL", "0"),
];

/// Compiler flags: a panic's message names a file, so that the place of cargo's home would
/// otherwise end up in the component and make two machines build different bytes.
fn flags() -> String {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    home.map_or_else(String::new, |home| format!("--remap-path-prefix={}=cargo", home.display()))
}

/// Does a variable hold for the guest's cargo too? What an outer cargo, clippy or a person set for
/// the host's build must not: flags, wrappers, profiles, linkers, the package being built.
fn outlives(name: &str) -> bool {
    const KEPT: [&str; 9] = [
        "CARGO_HOME",
        "CARGO_MAKEFLAGS",
        "CARGO_HTTP_",
        "CARGO_NET_",
        "CARGO_REGISTR",
        "CARGO_SOURCE_",
        "CARGO_TERM_",
        "RUSTUP_",
        "RUST_BACKTRACE",
    ];
    const OF_A_BUILD_SCRIPT: [&str; 9] = [
        "TARGET",
        "HOST",
        "OUT_DIR",
        "PROFILE",
        "OPT_LEVEL",
        "DEBUG",
        "NUM_JOBS",
        "CLIPPY_ARGS",
        "__CARGO_DEFAULT_LIB_METADATA",
    ];
    if KEPT.iter().any(|kept| name.starts_with(kept)) {
        return true;
    }
    !(name.starts_with("CARGO") || name.starts_with("RUST") || OF_A_BUILD_SCRIPT.contains(&name))
}

/// The module among the files that cargo's messages report for the manifest's own library.
fn module_path(messages: &str, manifest: &Path) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| {
            message["reason"] == "compiler-artifact"
                && message["manifest_path"].as_str().map(Path::new) == Some(manifest)
        })
        .filter_map(|message| message["filenames"].as_array().cloned())
        .flatten()
        .filter_map(|file| file.as_str().map(PathBuf::from))
        .find(|file| file.extension() == Some(OsStr::new("wasm")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_the_outer_build_does_not_reach_the_guest() {
        for name in [
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_TARGET_DIR",
            "CARGO_PROFILE_RELEASE_DEBUG",
            "CARGO_BUILD_RUSTFLAGS",
            "CARGO_FEATURE_EXPORT",
            "RUSTFLAGS",
            "RUSTC_WRAPPER",
            "RUSTC_WORKSPACE_WRAPPER",
            "RUSTC",
            "TARGET",
            "OUT_DIR",
            "CLIPPY_ARGS",
        ] {
            assert!(!outlives(name), "{name}");
        }
        for name in ["PATH", "HOME", "CARGO_HOME", "CARGO_NET_OFFLINE", "RUSTUP_HOME"] {
            assert!(outlives(name), "{name}");
        }
    }

    #[test]
    fn the_module_is_found_among_cargos_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","manifest_path":"/a/Cargo.toml","filenames":["/t/a.wasm"]}"#,
            "\nnot json\n",
            r#"{"reason":"compiler-artifact","manifest_path":"/b/Cargo.toml","filenames":["/t/b.rlib","/t/b.wasm"]}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        let found = module_path(messages, Path::new("/b/Cargo.toml"));
        assert_eq!(found.as_deref(), Some(Path::new("/t/b.wasm")));
        assert_eq!(module_path(messages, Path::new("/c/Cargo.toml")), None);
    }
}
