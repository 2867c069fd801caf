//! Which cargo and compiler build for WebAssembly on this machine.
//!
//! `guest/setup/wasm-target.sh` sees to it that one exists; nothing here installs anything.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::BuildError;

/// The target that policies are built for.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// A cargo and a compiler that build for `wasm32-unknown-unknown`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The active toolchain, which has the target's standard library.
    Active {
        /// The cargo to run.
        cargo: OsString,
        /// The compiler that cargo is to use.
        rustc: OsString,
    },
    /// Debian's toolchain, which builds the standard library from source.
    Debian {
        /// The cargo to run.
        cargo: PathBuf,
        /// The compiler that cargo is to use.
        rustc: PathBuf,
        /// The linker for WebAssembly, which Debian packages apart.
        linker: PathBuf,
    },
}

impl Toolchain {
    /// Finds one: `$RUSTC` or `rustc` if it has the target, else Debian's own under `/usr`.
    ///
    /// It is looked for from `dir`, since a `rust-toolchain.toml` there chooses the active one.
    ///
    /// # Errors
    ///
    /// [`BuildError::NoToolchain`] if neither is complete.
    pub fn find(dir: &Path) -> Result<Toolchain, BuildError> {
        let program = |variable, name: &str| env::var_os(variable).unwrap_or_else(|| name.into());
        Places {
            cargo: program("CARGO", "cargo"),
            rustc: program("RUSTC", "rustc"),
            debian: "/usr".into(),
        }
        .find(dir)
    }
}

/// Where toolchains are looked for.
struct Places {
    cargo: OsString,
    rustc: OsString,
    debian: PathBuf,
}

impl Places {
    fn find(self, dir: &Path) -> Result<Toolchain, BuildError> {
        let active = match sysroot(&self.rustc, dir) {
            Ok(sysroot) if has_target(&sysroot) => {
                return Ok(Toolchain::Active { cargo: self.cargo, rustc: self.rustc });
            }
            Ok(sysroot) => format!("{} has no such target", sysroot.display()),
            Err(reason) => reason,
        };
        debian(&self.debian).map_err(|debian| BuildError::NoToolchain {
            rustc: self.rustc.to_string_lossy().into_owned(),
            reason: format!("{active}, and Debian's toolchain is no help: {debian}"),
        })
    }
}

/// The compiler's own folder.
fn sysroot(rustc: &OsString, dir: &Path) -> Result<PathBuf, String> {
    let mut command = Command::new(rustc);
    command.current_dir(dir).args(["--print", "sysroot"]);
    stdout(&mut command).map(|text| PathBuf::from(text.trim_end()))
}

/// Is the target's standard library there, and not only an empty folder of its name?
fn has_target(sysroot: &Path) -> bool {
    let libraries = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    libraries.read_dir().is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libstd-") && name.ends_with(".rlib")
        })
    })
}

/// Debian's toolchain, or what of it is missing.
fn debian(prefix: &Path) -> Result<Toolchain, String> {
    let cargo = prefix.join("bin/cargo");
    let rustc = prefix.join("bin/rustc");
    let sources = prefix.join("lib/rustlib/src/rust/library/std/Cargo.toml");
    for file in [&cargo, &rustc, &sources] {
        if !file.exists() {
            return Err(format!("{} is missing", file.display()));
        }
    }
    let version = stdout(Command::new(&rustc).arg("-vV"))?;
    let llvm = version
        .lines()
        .find_map(|line| line.strip_prefix("LLVM version: "))
        .and_then(|version| version.split('.').next())
        .ok_or_else(|| format!("{} does not name its LLVM", rustc.display()))?;
    let linker = prefix.join(format!("bin/wasm-ld-{llvm}"));
    if !linker.exists() {
        return Err(format!("{} is missing", linker.display()));
    }
    Ok(Toolchain::Debian { cargo, rustc, linker })
}

/// What a program prints, or why it did not.
fn stdout(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("cannot start {program}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{program} failed ({})", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn file(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A compiler whose sysroot is `root`, and a Debian that is under `root/usr`.
    fn places(root: &Path) -> Places {
        let rustc = root.join("bin/rustc");
        file(&rustc, &format!("#!/bin/sh\necho '{}'\n", root.display()));
        Places { cargo: "cargo".into(), rustc: rustc.into(), debian: root.join("usr") }
    }

    fn install_debian(root: &Path, llvm: &str) {
        let usr = root.join("usr");
        let version = format!("#!/bin/sh\necho 'LLVM version: {llvm}'\n");
        file(&usr.join("bin/rustc"), &version);
        file(&usr.join("bin/cargo"), "");
        file(&usr.join("lib/rustlib/src/rust/library/std/Cargo.toml"), "");
    }

    #[test]
    fn the_active_toolchain_comes_first() {
        let root = tempfile::tempdir().unwrap();
        install_debian(root.path(), "22.1.8");
        file(&root.path().join("usr/bin/wasm-ld-22"), "");
        let library = "lib/rustlib/wasm32-unknown-unknown/lib/libstd-0123.rlib";
        file(&root.path().join(library), "");
        let found = places(root.path()).find(root.path()).unwrap();
        assert!(matches!(found, Toolchain::Active { .. }), "{found:?}");
    }

    #[test]
    fn an_empty_target_folder_is_not_a_target() {
        let root = tempfile::tempdir().unwrap();
        install_debian(root.path(), "22.1.8");
        file(&root.path().join("usr/bin/wasm-ld-22"), "");
        fs::create_dir_all(root.path().join("lib/rustlib/wasm32-unknown-unknown/lib")).unwrap();
        let found = places(root.path()).find(root.path()).unwrap();
        assert!(matches!(found, Toolchain::Debian { .. }), "{found:?}");
    }

    #[test]
    fn the_linker_is_the_one_of_the_compilers_llvm() {
        let root = tempfile::tempdir().unwrap();
        install_debian(root.path(), "23.0.1");
        file(&root.path().join("usr/bin/wasm-ld-22"), "");
        let error = places(root.path()).find(root.path()).unwrap_err();
        assert!(error.to_string().contains("wasm-ld-23 is missing"), "{error}");
    }

    #[test]
    fn with_neither_the_message_says_what_to_run() {
        let root = tempfile::tempdir().unwrap();
        let error = places(root.path()).find(root.path()).unwrap_err().to_string();
        assert!(error.contains("usr/bin/cargo is missing"), "{error}");
        assert!(error.contains("`make wasm-target` where"), "{error}");
        assert!(error.contains("rustup target add wasm32-unknown-unknown"), "{error}");
    }

    #[test]
    fn a_compiler_that_fails_is_named() {
        let root = tempfile::tempdir().unwrap();
        let mut places = places(root.path());
        places.rustc = root.path().join("absent").into();
        let error = places.find(root.path()).unwrap_err().to_string();
        assert!(error.contains("absent: No such file"), "{error}");
    }
}
