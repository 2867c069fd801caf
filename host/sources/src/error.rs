//! Why a source gave no policy.

use crate::text;

/// Why a source gave no policy. `label` is the [`PolicyRef`](crate::PolicyRef) as it is written,
/// or where its settings are from.
/// Each message is one line that names the source, the reason and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The bytes could not be had.
    #[error("{label}: cannot be read: {why}")]
    Read {
        /// The source.
        label: String,
        /// The reason and the remedy.
        why: String,
        /// Trying again cannot help: what the reference names is fixed, and it is wrong.
        lasting: bool,
    },
    /// More bytes than allowed, as they are or after they were unpacked.
    #[error(
        "{label}: is larger than {}: build it for size, or raise the limit of a component's size",
        text::bytes(*.limit)
    )]
    Size {
        /// The source.
        label: String,
        /// The limit, in bytes.
        limit: u64,
    },
    /// Other bytes than those that a digest names.
    #[error("{label}: {why}")]
    Digest {
        /// The source.
        label: String,
        /// The reason and the remedy.
        why: String,
    },
    /// Not signed with the key that was asked for, or not with the settings beside it.
    #[error("{label}: {why}")]
    Signature {
        /// The source.
        label: String,
        /// The reason and the remedy.
        why: String,
    },
    /// Settings that are none, or too large.
    #[error("{label}: {why}")]
    Settings {
        /// Where they are from.
        label: String,
        /// The reason and the remedy.
        why: String,
    },
}

impl SourceError {
    /// The stage that failed, a word for metrics, logs and `/v1/policy`.
    pub fn stage(&self) -> &'static str {
        match self {
            SourceError::Read { .. } => "read",
            SourceError::Size { .. } => "size",
            SourceError::Digest { .. } => "digest",
            SourceError::Signature { .. } => "signature",
            SourceError::Settings { .. } => "settings",
        }
    }

    /// The source, or the part of it that is meant.
    pub fn label(&self) -> &str {
        match self {
            SourceError::Read { label, .. }
            | SourceError::Size { label, .. }
            | SourceError::Digest { label, .. }
            | SourceError::Signature { label, .. }
            | SourceError::Settings { label, .. } => label,
        }
    }

    /// Whether the bytes could not be had, for now.
    pub(crate) fn read(label: &str, why: impl Into<String>) -> SourceError {
        SourceError::Read { label: label.to_owned(), why: why.into(), lasting: false }
    }
}
