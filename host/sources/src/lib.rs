//! Where a policy comes from, and whether it is the one that was asked for.
//!
//! A [`PolicyRef`] names a source. What is found there is [`Fetched`]; [`check`] makes it [`Checked`]
//! by three stages, `size`, `digest` and `signature`. [`follow_file`] tells of each change of a
//! file, [`follow_oci`] tries a registry until it has given what the reference names, and
//! [`from_config_map`] picks a component out of a ConfigMap that somebody else watches.
//!
//! Nothing here knows what a component is: to this crate, a policy is bytes.
#![forbid(unsafe_code)]

mod check;
mod config_map;
mod error;
mod file;
mod follow;
mod gzip;
mod names;
mod oci;
mod reference;
mod signature;
mod text;

pub use check::{Checked, Demands, Fetched, check};
pub use config_map::from_config_map;
pub use error::SourceError;
pub use file::FileSource;
pub use follow::{Update, follow_file};
pub use hotseat_text::{Digest, DigestError};
pub use oci::{
    Artifact, Pushed, Reference as OciReference, Registries, Repository as OciRepository,
    Tag as OciTag, Target as OciTarget, TargetError as OciTargetError, WasmConfig, follow_oci,
};
pub use reference::{ConfigMapRef, Origin, PolicyRef, RefError};
pub use signature::{KeyError, PolicyKey};
