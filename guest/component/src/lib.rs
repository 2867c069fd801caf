//! Builds an election policy's crate into a WebAssembly component.
//!
//! A policy is compiled for `wasm32-unknown-unknown`, which has no clock, no files and no network
//! to import, and the module is then wrapped into a component of the world
//! `hotseat:policy/election`. No adapter is involved, so a component that comes out of here
//! imports nothing but somewhere to write a panic's message.
//!
//! A build script embeds a policy with [`emit`]; tests and tools call [`build`]. What compilers of
//! other languages leave becomes a component with [`wrap`].
//!
//! ```no_run
//! use std::path::Path;
//! use hotseat_component::{Options, build};
//!
//! let component = build(Path::new("guest/standard"), &Options::new("target/policy-guests"))?;
//! println!("{} bytes", component.len());
//! # Ok::<(), hotseat_component::BuildError>(())
//! ```

#![forbid(unsafe_code)]

mod cargo;
mod emit;
mod encode;
mod error;
mod merge;
mod package;
mod sources;
mod toolchain;
mod wrap;

use std::path::{Path, PathBuf};

pub use emit::{emit, emit_component};
pub use encode::encode;
pub use error::BuildError;
pub use package::package;
pub use toolchain::Toolchain;
pub use wrap::{merge_segments, wrap};

/// How to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Cargo's target folder for guests. It must not be the folder of a cargo that is running
    /// meanwhile, which holds the lock. Several callers may share one, as cargo's lock orders
    /// them, unless they build different crates of one name.
    pub target_dir: PathBuf,
    /// Fail rather than change `Cargo.lock`.
    pub locked: bool,
}

impl Options {
    /// Builds in `target_dir`, and lets cargo complete `Cargo.lock`.
    pub fn new(target_dir: impl Into<PathBuf>) -> Options {
        Options { target_dir: target_dir.into(), locked: false }
    }
}

/// Builds the library of the crate in `manifest_dir` and returns its component. Policies that it
/// builds on must be plain libraries, with no `cdylib` among their crate types.
///
/// Cargo's and the compiler's own messages go to standard error.
///
/// # Errors
///
/// [`BuildError`] says which step failed, and what to do about it.
pub fn build(manifest_dir: &Path, options: &Options) -> Result<Vec<u8>, BuildError> {
    let toolchain = Toolchain::find(manifest_dir)?;
    let module = cargo::compile(manifest_dir, options, &toolchain)?;
    encode(&module.bytes)
}
