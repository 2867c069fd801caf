//! The bytes of a component.

use hotseat_text::Digest;

use crate::error::LoadError;
use crate::text::one_line;

/// The largest component that is taken by default, in bytes: 20 MiB. The standard policy has about
/// 20 KiB; a policy in Python, with its interpreter, the largest known, has 18 MB.
pub const LARGEST_COMPONENT: u64 = 20 << 20;

/// The bytes of a component, and where they are from.
#[derive(Clone)]
pub struct Source {
    label: String,
    digest: String,
    bytes: Vec<u8>,
}

impl Source {
    /// Bytes that are at hand. `label` names them in messages.
    ///
    /// # Errors
    ///
    /// [`LoadError::Size`] if there are more than `limit` bytes.
    pub fn new(label: impl Into<String>, bytes: Vec<u8>, limit: u64) -> Result<Source, LoadError> {
        let label = one_line(&label.into());
        if bytes.len() as u64 > limit {
            return Err(LoadError::Size { label, limit });
        }
        let digest = digest(&bytes);
        Ok(Source { label, digest, bytes })
    }

    /// Bytes whose size was checked before and whose digest, as [`digest`] gives it, is known.
    pub fn checked(label: String, digest: String, bytes: Vec<u8>) -> Source {
        Source { label: one_line(&label), digest, bytes }
    }

    /// How messages name it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// `sha256:` and the digest of the bytes in lower-case hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// `sha256:` and the digest of `bytes` in lower-case hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}
