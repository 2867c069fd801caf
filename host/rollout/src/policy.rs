//! Policies as the machine knows them.

use std::sync::Arc;

/// A component with the operator's settings for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Policy {
    /// `sha256:` and the hex digest of the component.
    pub digest: String,
    /// JSON or empty.
    pub settings: Arc<str>,
}

/// What a source gave: bytes, settings and signature as one thing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Publication {
    /// The component and its settings.
    pub policy: Policy,
    /// Where it came from, for people.
    pub source: String,
}

/// What a policy says of itself, and how it came to be compiled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct About {
    /// As the policy calls itself.
    pub name: String,
    /// As the policy says.
    pub version: String,
    /// As the policy says.
    pub summary: String,
    /// The facts that it wants, such as `roster`.
    pub needs: Vec<String>,
    /// Its compilation in milliseconds; zero if it was compiled before.
    pub compile_millis: u64,
    /// Whether the standard policy may take over when this one fails and no good one is left.
    pub standard_may_follow: bool,
}
