//! The bytes of a component, and how they are read from a file.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};

use crate::error::LoadError;
use crate::text::one_line;

/// The largest component that is taken by default, in bytes: 20 MiB. The standard policy has about
/// 20 KiB; a policy in Python, with its interpreter, the largest known, has 18 MB.
pub const LARGEST_COMPONENT: u64 = 20 << 20;

/// The bytes of a component and whence they are.
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

    /// Reads a file; at most `limit` bytes of it are held. The label is `file:` and the path.
    ///
    /// # Errors
    ///
    /// [`LoadError::Read`] if it is missing, not a regular file or unreadable; [`LoadError::Size`]
    /// if it has more than `limit` bytes.
    pub fn read(path: &Path, limit: u64) -> Result<Source, LoadError> {
        let label = format!("file:{}", path.display());
        match read(path, limit) {
            Ok(Some(bytes)) => Source::new(label, bytes, limit),
            Ok(None) => Err(LoadError::Size { label: one_line(&label), limit }),
            Err(error) => Err(LoadError::Read { label: one_line(&label), why: reason(&error) }),
        }
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
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// None if there are more than `limit` bytes.
fn read(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    // Without it, opening a named pipe would wait for a writer.
    let no_wait = i32::try_from(OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
    let file = File::options().read(true).custom_flags(no_wait).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if metadata.len() > limit {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    // It may grow meanwhile.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

fn reason(error: &io::Error) -> String {
    let mend = match error.kind() {
        io::ErrorKind::NotFound => "check the path, and that the volume is mounted",
        io::ErrorKind::PermissionDenied => "let the sidecar's user read it",
        io::ErrorKind::IsADirectory => return "it is a folder: name the component in it".into(),
        _ => return one_line(&error.to_string()),
    };
    format!("{}: {mend}", one_line(&error.to_string()))
}
