//! The author's hour: a folder with a policy that builds as it is, and what builds it, in the languages
//! that people write policies in.
//!
//! All that a folder needs travels in this crate: the templates of `guest/templates`, the contract, and
//! the SDK for Rust. A component is made here too; compilers and interpreters are the author's own, and
//! one that is missing is named with the command that installs it.

#![forbid(unsafe_code)]

mod build;
mod create;
mod error;
mod files;
mod language;
mod tool;

pub use build::{Built, COMPONENT, build};
pub use create::{CreateError, create};
pub use error::{BuildError, Missing};
pub use language::{Language, UnknownLanguage};

/// The contract as the package that `wkg publish` and registries take: a component of types alone.
///
/// # Errors
///
/// It cannot be encoded, which a test of this crate would have found.
pub fn contract_package() -> Result<Vec<u8>, hotseat_component::BuildError> {
    hotseat_component::package(files::CONTRACT)
}
