//! The file of a journal, and its rotation.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

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
        // Opening a pipe would wait for its reader.
        if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(OpenError::NotAFile(path.to_owned()));
        }
        let failed = |source| OpenError::Open { path: path.to_owned(), source };
        let (file, length) = append(path).map_err(failed)?;
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

    fn ends_with_a_line(&mut self) -> io::Result<bool> {
        if self.length == 0 {
            return Ok(true);
        }
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        Ok(last == *b"\n")
    }
}

fn append(path: &Path) -> io::Result<(File, u64)> {
    let file = File::options().append(true).create(true).open(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

#[cfg(test)]
mod tests {
    use super::*;

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
