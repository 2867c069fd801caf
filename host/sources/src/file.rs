//! Policies in files: reading one, and the files that are looked at as one thing.

use crate::check::Fetched;
use crate::error::SourceError;
use crate::read::{self, LARGEST_TEXT};
use hotseat_text::{Digest, Hasher};
use std::ffi::OsString;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
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
        match self.set().read() {
            Ok(contents) => self.fetched(contents.into_iter()),
            Err(unread) => Err(self.refused(unread)),
        }
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

    /// The files that it is made of: the component and, if it has to be signed, the signature.
    pub(crate) fn set(&self) -> FileSet {
        let component = Member { path: self.path.clone(), limit: self.limit, optional: false };
        let signature = Member { path: self.signature_path(), limit: LARGEST_TEXT, optional: true };
        FileSet([component].into_iter().chain(self.signed.then_some(signature)).collect())
    }

    /// What the files of [`FileSource::set`] have in them, in their order.
    pub(crate) fn fetched(
        &self,
        mut contents: impl Iterator<Item = Content>,
    ) -> Result<Fetched, SourceError> {
        let Some(Some(bytes)) = contents.next() else {
            return Err(SourceError::read(&self.label(), "it was not read"));
        };
        let signature = if self.signed { contents.next().flatten() } else { None };
        let signature = signature.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let file = self.path.display().to_string();
        Ok(Fetched { label: self.label(), file, bytes, signature })
    }

    /// Why there is nothing, by the number of the file in [`FileSource::set`].
    pub(crate) fn refused(&self, unread: Unread) -> SourceError {
        let label = self.label();
        match unread {
            Unread { member: 0, why: None } => SourceError::Size { label, limit: self.limit },
            Unread { member: 0, why: Some(why) } => SourceError::read(&label, why),
            Unread { why, .. } => {
                let path = self.signature_path();
                let why = match why {
                    None => "is too large: sign with minisign -S".to_owned(),
                    Some(why) => format!("cannot be read: {why}"),
                };
                SourceError::Signature { label, why: format!("{}: {why}", path.display()) }
            }
        }
    }
}

/// Files that are looked at as one thing: what one of them has counts with what the others have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileSet(pub(crate) Vec<Member>);

/// A file of a [`FileSet`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) path: PathBuf,
    /// The most bytes that are read of it.
    pub(crate) limit: u64,
    /// It may be missing.
    pub(crate) optional: bool,
}

/// What a file has; none where an optional one is missing.
pub(crate) type Content = Option<Vec<u8>>;

/// Which file of a set could not be read, and why not; none if it is larger than its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unread {
    pub(crate) member: usize,
    pub(crate) why: Option<String>,
}

/// Which contents the files of a set have.
pub(crate) type Checksum = Vec<Option<Digest>>;

impl FileSet {
    /// What is there, in the order of the files.
    pub(crate) fn read(&self) -> Result<Vec<Content>, Unread> {
        self.each(|member| read::read(&member.path, member.limit))
    }

    /// What is there, by digest, without keeping the bytes.
    pub(crate) fn sum(&self) -> Result<Checksum, Unread> {
        self.each(|member| {
            let mut hasher = Hasher::default();
            let whole = read::feed(&member.path, member.limit, |bytes| hasher.add(bytes))?;
            Ok(whole.then(|| hasher.finish()))
        })
    }

    /// What the files are by their metadata alone; none if one of them cannot be seen.
    pub(crate) fn print(&self) -> Option<Fingerprint> {
        let stamp = |member: &Member| match std::fs::metadata(&member.path) {
            Ok(metadata) => Some(Some(Stamp::of(&metadata))),
            Err(error) if member.may_miss(&error) => Some(None),
            Err(_) => None,
        };
        self.0.iter().map(stamp).collect::<Option<Vec<_>>>().map(Fingerprint)
    }

    /// Whether all files lie where looking at them takes no time: on a disk or in the memory of
    /// this machine, and not behind a network that may hang.
    pub(crate) fn is_near(&self) -> bool {
        self.0.iter().all(|member| {
            // One that may be missing is looked for in its folder.
            let place = match member.optional {
                true => member.path.parent(),
                false => Some(member.path.as_path()),
            };
            let place = place.map(rustix::fs::statfs);
            place.is_some_and(|system| {
                system.is_ok_and(|system| NEAR.contains(&(system.f_type as u64)))
            })
        })
    }

    /// `take` gives none for a file that is larger than its limit.
    fn each<T>(
        &self,
        take: impl Fn(&Member) -> io::Result<Option<T>>,
    ) -> Result<Vec<Option<T>>, Unread> {
        let one = |(index, member): (usize, &Member)| match take(member) {
            Ok(Some(taken)) => Ok(Some(taken)),
            Ok(None) => Err(Unread { member: index, why: None }),
            Err(error) if member.may_miss(&error) => Ok(None),
            Err(error) => Err(Unread { member: index, why: Some(read::reason(&error)) }),
        };
        self.0.iter().enumerate().map(one).collect()
    }
}

impl Member {
    fn may_miss(&self, error: &io::Error) -> bool {
        self.optional && error.kind() == io::ErrorKind::NotFound
    }
}

/// The numbers of ext2 to ext4, XFS, Btrfs, overlayfs and tmpfs.
const NEAR: [u64; 5] = [0xef53, 0x5846_5342, 0x9123_683e, 0x794c_7630, 0x0102_1994];

/// The digests of contents that were read.
pub(crate) fn sum_of(contents: &[Content]) -> Checksum {
    contents.iter().map(|content| content.as_deref().map(Digest::of)).collect()
}

/// What files look like from outside. Equal prints mean equal contents, if the files were not
/// changed within the clock's last tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint(Vec<Option<Stamp>>);

impl Fingerprint {
    /// Whether a change at the present moment would show. Two changes within one tick of the file
    /// system's clock leave one time stamp, so a young one proves nothing.
    pub(crate) fn is_settled(&self) -> bool {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.0.iter().flatten().all(|stamp| {
            let changed = u64::try_from(stamp.changed.0).unwrap_or(u64::MAX);
            Duration::from_secs(changed).checked_add(SETTLED_AFTER).is_some_and(|then| then < now)
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

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
        assert_eq!(fetched.file, path.display().to_string());
        std::fs::write(folder.path().join("p.wasm.minisig"), "signed").unwrap();
        let fetched = file.read().unwrap();
        assert_eq!(fetched.signature.as_deref(), Some("signed"));
        let contents = file.set().read().unwrap();
        assert_eq!(file.set().sum().unwrap(), sum_of(&contents));
        let small = source(&path, 19_999);
        assert_eq!(small.read().unwrap_err().stage(), "size");
        assert_eq!(small.set().sum(), Err(Unread { member: 0, why: None }));
        std::fs::write(folder.path().join("p.wasm.minisig"), vec![b'x'; 17_000]).unwrap();
        let error = file.read().unwrap_err();
        assert_eq!(error.stage(), "signature");
        assert!(error.to_string().contains("p.wasm.minisig: is too large"), "{error}");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for (path, words) in
            [(folder.path().join("missing"), "check the path"), (folder.path().into(), "a folder")]
        {
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
        let set = source(&path, 10).set();
        assert!(set.print().is_none());
        std::fs::write(&path, "a").unwrap();
        let print = set.print().unwrap();
        assert!(!print.is_settled());
        let Some([Some(stamp), None]) = print.0.first_chunk() else { panic!("{print:?}") };
        let old = Stamp { changed: (1, 0), ..*stamp };
        assert!(Fingerprint(vec![Some(old), None]).is_settled());
        assert!(!Fingerprint(vec![Some(old), Some(*stamp)]).is_settled());
    }
}
