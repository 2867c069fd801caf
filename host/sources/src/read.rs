//! Reading files with a bound on what is taken of them.

use crate::text::one_line;
use rustix::fs::OFlags;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The largest file with a key that is read, and the largest signature, in bytes. minisign's own
/// limit for comments is 8 KiB and 1 KiB.
pub(crate) const LARGEST_TEXT: u64 = 16 * 1024;

/// The text in a file of at most `limit` bytes, else why there is none.
pub(crate) fn read_text(path: &Path, limit: u64) -> Result<String, String> {
    match read(path, limit) {
        Ok(Some(bytes)) => String::from_utf8(bytes).map_err(|_| "it is not text".to_owned()),
        Ok(None) => Err("it is too large".to_owned()),
        Err(error) => Err(reason(&error)),
    }
}

/// None if there are more than `limit` bytes.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut all = Vec::new();
    let whole = feed(path, limit, |bytes| all.extend_from_slice(bytes))?;
    Ok(whole.then_some(all))
}

/// Reads a file in pieces; false if there are more than `limit` bytes.
pub(crate) fn feed(path: &Path, limit: u64, mut take: impl FnMut(&[u8])) -> io::Result<bool> {
    // Without it, opening a named pipe would wait for a writer.
    let no_wait = i32::try_from(OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
    let mut file = File::options().read(true).custom_flags(no_wait).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file: name one"));
    }
    if metadata.len() > limit {
        return Ok(false);
    }
    let mut piece = [0; 8 * 1024];
    let mut total = 0;
    loop {
        let count = match file.read(&mut piece) {
            Ok(0) => return Ok(true),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        total += count as u64;
        // It may grow meanwhile.
        if total > limit {
            return Ok(false);
        }
        take(piece.get(..count).unwrap_or_default());
    }
}

/// Why a file cannot be read, and the remedy, in one line.
pub(crate) fn reason(error: &io::Error) -> String {
    let remedy = match error.kind() {
        io::ErrorKind::NotFound => "check the path, and that the volume is mounted",
        io::ErrorKind::PermissionDenied => "let the sidecar's user read it",
        io::ErrorKind::IsADirectory => return "it is a folder: name the file in it".into(),
        _ => return one_line(&error.to_string()),
    };
    format!("{}: {remedy}", one_line(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that has more in it than its metadata say, as one that grows while it is read.
    #[test]
    fn no_more_than_the_limit_is_read_of_a_file_that_grows() {
        let path = Path::new("/proc/self/maps");
        assert_eq!(std::fs::metadata(path).unwrap().len(), 0);
        assert!(read(path, 1 << 20).unwrap().unwrap().len() > 100);
        assert_eq!(read(path, 100).unwrap(), None);
        assert_eq!(read_text(path, 100), Err("it is too large".to_owned()));
        let mut fed = 0;
        assert!(!feed(path, 100, |bytes| fed += bytes.len()).unwrap());
        assert_eq!(fed, 0, "more than the limit was taken");
    }

    #[test]
    fn what_cannot_be_read_is_said_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .unwrap();
        for (path, words) in [
            (folder.path().join("missing"), "check the path"),
            (folder.path().to_owned(), "it is a folder"),
            (pipe, "it is not a regular file"),
        ] {
            let why = read_text(&path, 10).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
    }
}
