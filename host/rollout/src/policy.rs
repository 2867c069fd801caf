//! Policies as the machine knows them.

use crate::fleet::Fingerprint;
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
    /// The digest of its settings, by which other candidates know them; empty where there are none.
    pub settings_digest: String,
    /// Where it came from, for people.
    pub source: String,
}

impl Publication {
    /// By what the candidates of an election know it.
    pub fn fingerprint(&self) -> Fingerprint {
        let (policy, settings) = (self.policy.digest.clone(), self.settings_digest.clone());
        Fingerprint { policy, settings }
    }
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
    /// The facts that it wants.
    pub needs: Vec<Need>,
    /// Its compilation in milliseconds; zero if it was compiled before.
    pub compile_millis: u64,
    /// Whether the standard policy may take over when this one fails and no good one is left.
    pub standard_may_follow: bool,
}

/// A fact that a policy wants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Need {
    /// `roster`, or a signal's key.
    pub fact: String,
    /// Whether it can come about here: the host gives it, or the application may.
    pub given: bool,
    /// Who gives it, or what would, for people.
    pub from: String,
}
