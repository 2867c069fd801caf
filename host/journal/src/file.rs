//! The file of a journal, and its rotation.
//!
//! The journal repeats settings and signals, so the file is made for this user alone; and it may lie
//! in a folder that another container writes to as well, so it is never looked for behind a
//! symbolic link, which could lead this process to append to anything that it may write.

use rustix::fs::OFlags;
use rustix::io::Errno;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// For its owner to read and write. A file that is there already keeps what it has: an operator may
/// have made it for a reader.
const MODE: u32 = 0o600;

/// Why a journal's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be opened for writing.
    #[error("{}: cannot be written ({source}): name a file in a folder that this user may write", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// It is a folder, a pipe or a device.
    #[error("{}: is not a regular file: name a file", .0.display())]
    NotAFile(PathBuf),
    /// It is a symbolic link.
    #[error(
        "{}: is a symbolic link, which is not followed: name the file itself, or a link to its folder",
        .0.display()
    )]
    Link(PathBuf),
    /// There is no thread for it.
    #[error("no thread for the journal's file: {0}")]
    Thread(io::Error),
    /// The journal has a file already.
    #[error("the journal has a file already")]
    Twice,
}

/// A file that is appended to, and put aside when it is large.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    size: u64,
    file: File,
    /// Bytes of whole lines in it.
    length: u64,
    /// What the last write left behind may be half a line.
    torn: bool,
}

impl Log {
    pub(crate) fn open(path: &Path, size: u64) -> Result<Log, OpenError> {
        let failed = |source| OpenError::Open { path: path.to_owned(), source };
        // Opening a device may do something to it, so it is not even tried.
        if let Ok(found) = fs::symlink_metadata(path) {
            if found.is_symlink() {
                return Err(OpenError::Link(path.to_owned()));
            }
            if !found.is_file() {
                return Err(OpenError::NotAFile(path.to_owned()));
            }
        }
        let (file, length) = append(path).map_err(|error| match Errno::from_io_error(&error) {
            // It has become one meanwhile.
            Some(Errno::LOOP) => OpenError::Link(path.to_owned()),
            _ => failed(error),
        })?;
        let mut log = Log { path: path.to_owned(), size, file, length, torn: false };
        if !log.ends_with_a_line().map_err(failed)? {
            // The process before was stopped within a line. What it wrote is kept.
            log.file.write_all(b"\n").map_err(failed)?;
            log.length += 1;
        }
        Ok(log)
    }

    /// Whether the file would grow beyond its size by a line of that length.
    pub(crate) fn is_full_for(&self, line: usize) -> bool {
        self.length > 0 && self.length.saturating_add(line as u64) > self.size
    }

    /// Puts the file aside as `PATH.1` and begins a new one.
    ///
    /// # Errors
    ///
    /// The system refuses. Try again with the next line; until then the file is as large as it may
    /// be.
    pub(crate) fn rotate(&mut self) -> io::Result<()> {
        let mut aside = self.path.clone().into_os_string();
        aside.push(".1");
        match fs::rename(&self.path, &aside) {
            // It was put aside before, or somebody else took it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
        (self.file, self.length) = append(&self.path)?;
        self.torn = false;
        Ok(())
    }

    /// Appends a line with its end, as a whole or not at all.
    ///
    /// # Errors
    ///
    /// The system refuses, such as when the disk is full.
    pub(crate) fn append(&mut self, line: &[u8]) -> io::Result<()> {
        if self.torn {
            self.file.set_len(self.length)?;
            self.torn = false;
        }
        self.torn = true;
        self.file.write_all(line)?;
        self.torn = false;
        self.length += line.len() as u64;
        Ok(())
    }

    fn ends_with_a_line(&self) -> io::Result<bool> {
        let Some(end) = self.length.checked_sub(1) else { return Ok(true) };
        let mut last = [0];
        self.file.read_exact_at(&mut last, end)?;
        Ok(last == *b"\n")
    }
}

/// Opens the file itself, or makes it, and says how long it is.
fn append(path: &Path) -> io::Result<(File, u64)> {
    // A pipe that took the file's place would have its opener wait for a reader.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::options()
        .read(true)
        .append(true)
        .create(true)
        .mode(MODE)
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    Ok((file, found.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::process::Command;

    #[test]
    fn a_large_file_is_put_aside_and_one_old_one_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut log = Log::open(&path, 10).unwrap();
        for line in ["one\n", "two\n", "three\n", "four\n"] {
            if log.is_full_for(line.len()) {
                log.rotate().unwrap();
            }
            log.append(line.as_bytes()).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "four\n");
        let aside = folder.path().join("journal.1");
        assert_eq!(fs::read_to_string(aside).unwrap(), "three\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_line_longer_than_the_size_is_written_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut log = Log::open(&path, 10).unwrap();
        assert!(!log.is_full_for(100));
        log.append(&[b'x'; 100]).unwrap();
        assert!(log.is_full_for(1));
    }

    #[test]
    fn half_a_line_of_an_earlier_process_stays_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        fs::write(&path, "whole\nhal").unwrap();
        let mut log = Log::open(&path, 1000).unwrap();
        log.append(b"next\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole\nhal\nnext\n");
    }

    #[test]
    fn half_a_line_of_a_failed_write_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut log = Log::open(&path, 1000).unwrap();
        log.append(b"whole\n").unwrap();
        // As after a write that the disk had no room for.
        log.file.write_all(b"hal").unwrap();
        log.torn = true;
        log.append(b"next\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole\nnext\n");
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn the_file_is_for_this_user_alone_after_a_rotation_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut log = Log::open(&path, 1).unwrap();
        assert_eq!(mode(&path), 0o600);
        log.append(b"line\n").unwrap();
        log.rotate().unwrap();
        assert_eq!((mode(&path), mode(&folder.path().join("journal.1"))), (0o600, 0o600));
        // What an operator made for a reader stays so.
        let shared = folder.path().join("shared");
        fs::write(&shared, "").unwrap();
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o640)).unwrap();
        drop(Log::open(&shared, 1).unwrap());
        assert_eq!(mode(&shared), 0o640);
    }

    #[test]
    fn no_symbolic_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, "untouched").unwrap();
        let path = folder.path().join("journal");
        // To a file, and to none yet, which opening would make.
        for target in [victim.clone(), folder.path().join("nothing-yet")] {
            symlink(&target, &path).unwrap();
            let told = Log::open(&path, 10).unwrap_err().to_string();
            let begin = format!("{}: is a symbolic link, which is not followed:", path.display());
            assert!(told.starts_with(&begin), "{told}");
            // Whoever is quick enough to make it a link after it was looked at.
            let error = append(&path).unwrap_err();
            assert_eq!(Errno::from_io_error(&error), Some(Errno::LOOP));
            assert_eq!(target.exists(), target == victim);
            fs::remove_file(&path).unwrap();
        }
        assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
    }

    #[test]
    fn a_link_that_takes_the_files_place_is_not_followed_at_a_rotation() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, "untouched").unwrap();
        let path = folder.path().join("journal");
        let aside = folder.path().join("journal.1");
        let mut log = Log::open(&path, 1).unwrap();
        log.append(b"before\n").unwrap();
        fs::remove_file(&path).unwrap();
        symlink(&victim, &path).unwrap();
        symlink(&victim, &aside).unwrap();
        log.rotate().unwrap();
        log.append(b"after\n").unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
        assert_eq!(fs::read_to_string(&path).unwrap(), "after\n");
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
    }

    #[test]
    fn a_pipe_in_the_files_place_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let made = Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        assert!(matches!(Log::open(&path, 10), Err(OpenError::NotAFile(_))));
        // Read and write, it opens at once; and it is not a file.
        assert!(append(&path).is_err());
    }

    #[test]
    fn what_is_no_file_is_refused_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        let told = Log::open(folder.path(), 10).unwrap_err().to_string();
        assert_eq!(told, format!("{path}: is not a regular file: name a file"));
        let missing = folder.path().join("no/such");
        let told = Log::open(&missing, 10).unwrap_err().to_string();
        assert!(told.contains("/no/such: cannot be written (No such file or directory"), "{told}");
        let device = Log::open(Path::new("/dev/null"), 10).unwrap_err().to_string();
        assert_eq!(device, "/dev/null: is not a regular file: name a file");
    }
}
