//! Where a policy comes from, and whether it is the one that was asked for.
//!
//! A [`PolicyRef`] names a source. What is found there, bytes, settings and signature, is one
//! [`Publication`] or nothing: [`compose`] makes it by the stages `size`, `digest`, `signature` and
//! `settings`, and whatever a stage refuses, it refuses the whole. [`follow_builtin`],
//! [`follow_file`], [`follow_config_map`] and [`follow_oci`] send each publication of a source, and
//! each time that it has none, as a [`Sourced`].
//!
//! Nothing here knows what a component is: to this crate, a policy is bytes.
#![forbid(unsafe_code)]

mod check;
mod config_map;
mod error;
mod file;
mod follow;
mod gzip;
pub mod names;
mod oci;
mod publication;
mod read;
mod reference;
mod settings;
mod signature;
mod text;

pub use check::{Checked, Demands, Fetched, check};
pub use config_map::ConfigMapSight;
pub use error::SourceError;
pub use file::FileSource;
pub use follow::*;
pub use hotseat_text::{Digest, DigestError};
pub use oci::{
    Artifact, Pushed, Reference as OciReference, Registries, Repository as OciRepository,
    Tag as OciTag, Target as OciTarget, TargetError as OciTargetError, WasmConfig,
};
pub use publication::{Publication, Signed, Sourced, compose};
pub use reference::{ConfigMapRef, Origin, PolicyRef, RefError};
pub use settings::{LARGEST_SETTINGS, SETTINGS_KEYS, Settings, SettingsSource};
pub use signature::{KeyError, PolicyKey};
