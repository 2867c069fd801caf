//! Reading a policy from a file.

use crate::check::Fetched;
use crate::error::SourceError;
use crate::signature::LARGEST_TEXT;
use crate::text::one_line;
use hotseat_text::{Digest, Hasher};
use rustix::fs::OFlags;
use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A file with a component and, if policies must be signed, `PATH.minisig` beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSource {
    /// The component's file.
    pub path: PathBuf,
    /// The most bytes that are read of it.
    pub limit: u64,
    /// Whether the signature is read too.
    pub signed: bool,
}

impl FileSource {
    /// Reads the file once.
    ///
    /// # Errors
    ///
    /// It cannot be read, or has more bytes than the limit.
    pub fn read(&self) -> Result<Fetched, SourceError> {
        let bytes = match read(&self.path, self.limit) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(self.too_large()),
            Err(error) => return Err(SourceError::read(&self.label(), reason(&error))),
        };
        Ok(Fetched { label: self.label(), bytes, signature: self.signature()? })
    }

    /// How it is written on the command line.
    pub fn label(&self) -> String {
        format!("file:{}", self.path.display())
    }

    /// Where its signature is.
    pub fn signature_path(&self) -> PathBuf {
        let mut path = OsString::from(&self.path);
        path.push(".minisig");
        path.into()
    }

    /// None if there is no signature, or none is wanted.
    fn signature(&self) -> Result<Option<String>, SourceError> {
        if !self.signed {
            return Ok(None);
        }
        let path = self.signature_path();
        let failed = |why: String| SourceError::Signature {
            label: self.label(),
            why: format!("{}: {why}", path.display()),
        };
        match read(&path, LARGEST_TEXT) {
            Ok(Some(bytes)) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Ok(None) => Err(failed("is too large: sign with minisign -S".to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(format!("cannot be read: {}", reason(&error)))),
        }
    }

    fn too_large(&self) -> SourceError {
        SourceError::Size { label: self.label(), limit: self.limit }
    }

    /// What both files are by their metadata alone; none if one of them cannot be seen.
    pub(crate) fn print(&self) -> Option<Print> {
        let component = std::fs::metadata(&self.path).ok()?;
        let signature = match self.signed.then(|| std::fs::metadata(self.signature_path())) {
            None => None,
            Some(Ok(metadata)) => Some(Stamp::of(&metadata)),
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => None,
            Some(Err(_)) => return None,
        };
        Some(Print { component: Stamp::of(&component), signature })
    }

    /// Whether the file lies where looking at it takes no time: on a disk or in the memory of this
    /// machine, and not behind a network that may hang.
    pub(crate) fn is_near(&self) -> bool {
        rustix::fs::statfs(&self.path).is_ok_and(|system| NEAR.contains(&(system.f_type as u64)))
    }

    /// What is there, by digest, without keeping the bytes.
    pub(crate) fn sum(&self) -> Result<Sum, SourceError> {
        let mut hasher = Hasher::default();
        match feed(&self.path, self.limit, |bytes| hasher.add(bytes)) {
            Ok(true) => {}
            Ok(false) => return Err(self.too_large()),
            Err(error) => return Err(SourceError::read(&self.label(), reason(&error))),
        }
        let signature = self.signature()?;
        Ok(Sum {
            component: hasher.finish(),
            signature: signature.map(|text| Digest::of(text.as_bytes())),
        })
    }
}

/// The numbers of ext2 to ext4, XFS, Btrfs, overlayfs and tmpfs.
const NEAR: [u64; 5] = [0xef53, 0x5846_5342, 0x9123_683e, 0x794c_7630, 0x0102_1994];

/// Which content a file and its signature have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    component: Digest,
    signature: Option<Digest>,
}

impl Sum {
    pub(crate) fn of(fetched: &Fetched) -> Sum {
        Sum {
            component: Digest::of(&fetched.bytes),
            signature: fetched.signature.as_ref().map(|text| Digest::of(text.as_bytes())),
        }
    }
}

/// What two files look like from outside. Equal prints mean equal content, if the files were not
/// changed within the clock's last tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Print {
    component: Stamp,
    signature: Option<Stamp>,
}

impl Print {
    /// Whether a change at the present moment would show. Two changes within one tick of the file
    /// system's clock leave one time stamp, so a young one proves nothing.
    pub(crate) fn is_settled(&self) -> bool {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let settled = |stamp: &Stamp| {
            let changed = u64::try_from(stamp.changed.0).unwrap_or(u64::MAX);
            Duration::from_secs(changed).checked_add(SETTLED_AFTER).is_some_and(|then| then < now)
        };
        settled(&self.component) && self.signature.as_ref().is_none_or(settled)
    }
}

/// Longer than a tick of any file system's clock; some count whole seconds, one even pairs.
const SETTLED_AFTER: Duration = Duration::from_secs(3);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Stamp {
        Stamp {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// The text in a file of at most `limit` bytes, else why there is none.
pub(crate) fn read_text(path: &Path, limit: u64) -> Result<String, String> {
    match read(path, limit) {
        Ok(Some(bytes)) => String::from_utf8(bytes).map_err(|_| "it is not text".to_owned()),
        Ok(None) => Err("it is too large".to_owned()),
        Err(error) => Err(reason(&error)),
    }
}

/// None if there are more than `limit` bytes.
fn read(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut all = Vec::new();
    let whole = feed(path, limit, |bytes| all.extend_from_slice(bytes))?;
    Ok(whole.then_some(all))
}

/// Reads a file in pieces; false if there are more than `limit` bytes.
fn feed(path: &Path, limit: u64, mut take: impl FnMut(&[u8])) -> io::Result<bool> {
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

fn reason(error: &io::Error) -> String {
    let mend = match error.kind() {
        io::ErrorKind::NotFound => "check the path, and that the volume is mounted",
        io::ErrorKind::PermissionDenied => "let the sidecar's user read it",
        io::ErrorKind::IsADirectory => return "it is a folder: name the component in it".into(),
        _ => return one_line(&error.to_string()),
    };
    format!("{}: {mend}", one_line(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &Path, limit: u64) -> FileSource {
        FileSource { path: path.to_owned(), limit, signed: true }
    }

    #[test]
    fn a_file_is_read_with_its_signature() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.wasm");
        std::fs::write(&path, vec![7; 20_000]).unwrap();
        let file = source(&path, 20_000);
        let fetched = file.read().unwrap();
        assert_eq!((fetched.bytes.len(), &fetched.signature), (20_000, &None));
        assert_eq!(file.sum().unwrap(), Sum::of(&fetched));
        std::fs::write(folder.path().join("p.wasm.minisig"), "signed").unwrap();
        let fetched = file.read().unwrap();
        assert_eq!(fetched.signature.as_deref(), Some("signed"));
        assert_eq!(file.sum().unwrap(), Sum::of(&fetched));
        assert_eq!(source(&path, 19_999).read().unwrap_err().stage(), "size");
        assert_eq!(source(&path, 19_999).sum().unwrap_err().stage(), "size");
    }

    /// A file that has more in it than its metadata say, as one that grows while it is read.
    #[test]
    fn no_more_than_the_limit_is_read_of_a_file_that_grows() {
        let path = Path::new("/proc/self/maps");
        assert_eq!(std::fs::metadata(path).unwrap().len(), 0);
        assert!(source(path, 1 << 20).read().unwrap().bytes.len() > 100);
        assert_eq!(source(path, 100).read().unwrap_err().stage(), "size");
        assert_eq!(source(path, 100).sum().unwrap_err().stage(), "size");
        assert_eq!(read_text(path, 100), Err("it is too large".to_owned()));
        let mut fed = 0;
        assert!(!feed(path, 100, |bytes| fed += bytes.len()).unwrap());
        assert_eq!(fed, 0, "more than the limit was taken");
    }

    #[test]
    fn what_cannot_be_read_is_told_with_the_mend() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .unwrap();
        for (path, words) in [
            (folder.path().join("missing"), "check the path"),
            (folder.path().to_owned(), "it is a folder"),
            (pipe, "it is not a regular file"),
        ] {
            let error = source(&path, 10).read().unwrap_err();
            assert_eq!(error.stage(), "read");
            let said = error.to_string();
            assert!(said.contains(words) && said.contains(&*path.to_string_lossy()), "{said}");
        }
    }

    #[test]
    fn a_young_file_is_not_known_by_its_print() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.wasm");
        assert!(source(&path, 10).print().is_none());
        std::fs::write(&path, "a").unwrap();
        let print = source(&path, 10).print().unwrap();
        assert!(!print.is_settled());
        let old = Print { component: Stamp { changed: (1, 0), ..print.component }, ..print };
        assert!(old.is_settled());
    }
}
