//! Policies as artifacts in OCI registries, in the layout that the CNCF gave WebAssembly: a
//! manifest whose config is `application/vnd.wasm.config.v0+json` and whose one layer is the
//! component. Digests are verified here; a registry and a network between are trusted for nothing.

mod challenge;
mod credentials;
mod follow;
mod manifest;
mod pull;
mod push;
mod reference;
mod session;
mod transport;

pub(crate) use follow::pull_until_found;
pub use manifest::WasmConfig;
pub use push::{Artifact, Pushed};
pub(crate) use reference::Named;
pub use reference::{Reference, Repository, Tag, Target, TargetError};

use std::path::PathBuf;
use std::time::Duration;

/// How registries are asked. TLS with the machine's roots, and plain HTTP only to this machine
/// itself: `localhost`, 127.0.0.0/8, `::1`.
#[derive(Clone, Debug)]
pub struct Registries {
    /// A docker `config.json` with `auths`, read anew at each attempt; without it, nobody's name
    /// is given.
    pub credentials: Option<PathBuf>,
    /// A PEM file with certificates to trust besides the machine's. With it, this machine's
    /// registries are asked by TLS too.
    pub ca: Option<PathBuf>,
    /// The longest that one pull or push may take in all.
    pub deadline: Duration,
}

impl Default for Registries {
    /// No credentials, the machine's roots, one minute.
    fn default() -> Registries {
        Registries { credentials: None, ca: None, deadline: Duration::from_secs(60) }
    }
}
