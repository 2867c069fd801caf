//! Why a policy was not loaded.

use crate::compile::CompileError;
use crate::handover::MigrateError;
use crate::text::bytes;

/// Why a policy was not loaded. `label` names the policy as its source does, such as
/// `file:/etc/hotseat/policy.wasm`. Each message is one line.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The bytes could not be had.
    #[error("{label}: cannot be read: {why}")]
    Read {
        /// The policy.
        label: String,
        /// The reason and the remedy.
        why: String,
    },
    /// More bytes than allowed.
    #[error(
        "{label}: is larger than {}: build it for size, or raise the limit of a component's size",
        bytes(*.limit)
    )]
    Size {
        /// The policy.
        label: String,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The bytes are not a valid component.
    #[error("{label}: {why}")]
    Parse {
        /// The policy.
        label: String,
        /// The reason and the remedy.
        why: String,
    },
    /// The component wants something that is not there.
    #[error("{label}: {why}")]
    Imports {
        /// The policy.
        label: String,
        /// Which import, and the remedy.
        why: String,
    },
    /// The component is of another world.
    #[error("{label}: {why}")]
    Exports {
        /// The policy.
        label: String,
        /// Which export, and the remedy.
        why: String,
    },
    /// The component was not compiled.
    #[error("{label}: compile: {source}")]
    Compile {
        /// The policy.
        label: String,
        /// The reason.
        source: CompileError,
    },
    /// The policy does not say who it is.
    #[error("{label}: `describe`: {why}")]
    Describe {
        /// The policy.
        label: String,
        /// What is wrong.
        why: String,
    },
    /// The policy does not accept its settings.
    #[error("{label}: settings: {why}")]
    Settings {
        /// The policy.
        label: String,
        /// What the policy says about them.
        why: String,
    },
    /// The policy broke down over the memory of the one before it.
    #[error("{label}: {source}")]
    Migrate {
        /// The policy.
        label: String,
        /// How.
        source: MigrateError,
    },
    /// The policy did not decide when it was tried.
    #[error("{label}: trial decision: {why}")]
    DryRun {
        /// The policy.
        label: String,
        /// How it failed.
        why: String,
    },
}

impl LoadError {
    /// The stage that failed, a word for metrics, logs and `/v1/policy`.
    pub fn stage(&self) -> &'static str {
        match self {
            LoadError::Read { .. } => "read",
            LoadError::Size { .. } => "size",
            LoadError::Parse { .. } => "parse",
            LoadError::Imports { .. } => "imports",
            LoadError::Exports { .. } => "exports",
            LoadError::Compile { .. } => "compile",
            LoadError::Describe { .. } => "describe",
            LoadError::Settings { .. } => "settings",
            LoadError::Migrate { .. } => "migrate",
            LoadError::DryRun { .. } => "dry-run",
        }
    }
}
