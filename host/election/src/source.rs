//! The port to where policies come from.

use crate::lock::Future;
use hotseat_rollout::Refusal;
use std::sync::Arc;
use tokio::sync::mpsc::Sender;

/// Where the policy and its settings come from.
pub trait PolicySource: Send {
    /// Tells of the first publication and of each change, until nobody listens.
    fn follow(self: Box<Self>, to: Sender<Sourced>) -> Future<()>;

    /// What people call it, such as `builtin` or `file:/policy/p.wasm`.
    fn label(&self) -> &str;
}

/// What a source tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sourced {
    /// There is a publication, checked.
    Found(Publication),
    /// There is something that must not be loaded.
    Refused {
        /// What it is called.
        source: String,
        /// The stage and why.
        refusal: Refusal,
    },
    /// It gives nothing for now, in one line why; it goes on trying.
    Unavailable(String),
}

/// A component and its settings, found as one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// What people call the place.
    pub source: String,
    /// The component.
    pub component: Component,
    /// The operator's settings for it, JSON or empty.
    pub settings: Arc<str>,
}

/// A component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// `sha256:` and the hex digest.
    pub digest: String,
    /// The bytes; none if they are those of the publication before, or the standard policy's.
    pub bytes: Option<Arc<[u8]>>,
}
