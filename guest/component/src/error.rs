//! What can go wrong.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// Why there is no component. Each message is one line that ends with the remedy, if there is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Neither the active Rust toolchain nor Debian's can build for the target.
    #[error(
        "{rustc} cannot build for wasm32-unknown-unknown: {reason}; run \
         `rustup target add wasm32-unknown-unknown`, or `make wasm-target` where Hotseat is checked out"
    )]
    NoToolchain {
        /// The compiler that was asked.
        rustc: String,
        /// What is missing.
        reason: String,
    },
    /// The folder is not a crate.
    #[error("{} is not a crate: it has no Cargo.toml", .0.display())]
    NoManifest(PathBuf),
    /// A program could not be started.
    #[error("cannot start {program}: {source}")]
    Start {
        /// Its name or path.
        program: String,
        /// The reason.
        source: io::Error,
    },
    /// Cargo failed; its own messages went to standard error.
    #[error("cargo could not build {} ({status}): see its messages", manifest.display())]
    Cargo {
        /// The policy's manifest.
        manifest: PathBuf,
        /// How cargo ended.
        status: ExitStatus,
    },
    /// The crate builds but yields no WebAssembly module.
    #[error(
        "{} yields no module: its [lib] section must make a library",
        .0.display()
    )]
    NoModule(PathBuf),
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The folder of `HOTSEAT_PREBUILT_GUESTS` does not have the component.
    #[error(
        "HOTSEAT_PREBUILT_GUESTS: cannot embed {}: {reason}; build once with the variable unset and \
         name the folder <target>/policy-guests/embedded, or leave the variable unset",
        path.display()
    )]
    Prebuilt {
        /// The file that was looked for.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The module is not a policy.
    #[error(
        "not an election policy: {0}; it has to export the contract, in Rust by `hotseat_policy::export!`"
    )]
    Encode(String),
    /// What should be the contract is not.
    #[error("the contract {0}: give what `hotseat policy wit` prints")]
    Contract(String),
    /// The module's data cannot be put together.
    #[error("the compiler's module is not as expected: {0}")]
    Segments(String),
    /// The component wants something of its host.
    #[error(
        "the component imports {0}: an election policy built here imports nothing but hotseat:diagnostics/stderr"
    )]
    Imports(String),
}
