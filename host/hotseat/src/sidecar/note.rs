//! The last write of this process, noted for the next process of its site (I8).
//!
//! A process that restarts finds the record of the one before it, and cannot tell from the record
//! alone whether it still stands or was put back over a successor's. The version of the last write
//! tells: a record that stands under it is the dead process's own, and nobody wrote since.
//!
//! The note lies in `/dev/shm`, memory that the containers of a pod share and that outlives them:
//! it is as old as the abstract socket's namespace and as short-lived as the pod. Without it, or
//! where the process died between the write and the note, the record is waited out like anybody's.

use hotseat_core::event::{Event, LockError};
use hotseat_core::lock::{Incarnation, LastWrite, Record, Version};
use hotseat_core::time::Moment;
use hotseat_election::{Future, Lock};
use hotseat_kubernetes::LockKind;
use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;

/// Where notes lie.
const SHARED_MEMORY: &str = "/dev/shm";
/// A note has some two hundred bytes.
const LARGEST: u64 = 4096;

/// What is written.
#[derive(Debug, Serialize, Deserialize)]
struct Content {
    site: String,
    nonce: String,
    uid: String,
    version: String,
}

/// The place of a process's note.
#[derive(Clone, Debug)]
pub struct Note {
    path: PathBuf,
    incarnation: Incarnation,
}

impl Note {
    /// The note beside the abstract socket of that name, which the process must hold: it proves
    /// that whoever wrote the note before is dead.
    pub fn beside(socket: &str, incarnation: &Incarnation) -> Note {
        Note::within(Path::new(SHARED_MEMORY), socket, incarnation)
    }

    fn within(folder: &Path, socket: &str, incarnation: &Incarnation) -> Note {
        let user = rustix::process::geteuid().as_raw();
        let digest = hotseat_engine::digest(socket.as_bytes());
        let name: String = digest.chars().rev().take(32).collect();
        Note {
            path: folder.join(format!("hotseat-{user}-{name}")),
            incarnation: incarnation.clone(),
        }
    }

    /// The note about the lock of that kind: a process may have two.
    #[must_use]
    pub fn of(&self, kind: LockKind) -> Note {
        let mut note = self.clone();
        if kind != LockKind::Leases {
            let mut name = self.path.as_os_str().to_owned();
            name.push("-");
            name.push(kind.resource());
            note.path = PathBuf::from(name);
        }
        note
    }

    /// What the process before this one noted at this site; none if there is nothing that can be
    /// trusted.
    pub fn predecessor(&self) -> Option<LastWrite> {
        let content = self.read()?;
        let of_this_site =
            content.site == self.incarnation.site && content.nonce != self.incarnation.nonce;
        let last = LastWrite { uid: content.uid, version: Version(content.version) };
        of_this_site.then_some(last)
    }

    fn read(&self) -> Option<Content> {
        // Anybody may write into the folder: nothing but an own file is believed.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = File::from(rustix::fs::open(&self.path, flags, Mode::empty()).ok()?);
        let facts = file.metadata().ok()?;
        if !facts.is_file() || facts.uid() != rustix::process::geteuid().as_raw() {
            return None;
        }
        let mut text = String::new();
        file.take(LARGEST).read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Notes the write that left this record. A failure costs the next process a lease's wait, so
    /// it is passed over: an older note names a version that no longer stands.
    pub fn keep(&self, record: &Record) {
        if let Err(error) = self.try_to_keep(record) {
            tracing::debug!(%error, path = %self.path.display(), "the last write was not noted");
        }
    }

    fn try_to_keep(&self, record: &Record) -> std::io::Result<()> {
        let content = Content {
            site: self.incarnation.site.clone(),
            nonce: self.incarnation.nonce.clone(),
            uid: record.uid.clone(),
            version: record.version.0.clone(),
        };
        let fresh = self.path.with_extension("new");
        let _ = std::fs::remove_file(&fresh);
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(rustix::fs::open(&fresh, flags, Mode::RUSR | Mode::WUSR)?);
        file.write_all(serde_json::to_string(&content)?.as_bytes())?;
        // In one step, so that a process which dies here leaves the old note or the new one.
        std::fs::rename(&fresh, &self.path)
    }
}

/// A lock whose writes are noted.
pub struct Noted<L> {
    lock: L,
    note: Note,
}

impl<L: Lock> Noted<L> {
    /// Notes each write of that lock that succeeded.
    pub fn new(lock: L, note: Note) -> Noted<L> {
        Noted { lock, note }
    }
}

impl<L: Lock> Lock for Noted<L> {
    fn read(&self, deadline: Moment) -> Future<Result<hotseat_core::lock::Lock, LockError>> {
        self.lock.read(deadline)
    }

    fn write(&self, write: hotseat_core::event::Write) -> Future<Result<Record, LockError>> {
        let writing = self.lock.write(write);
        let note = self.note.clone();
        Box::pin(async move {
            let result = writing.await;
            if let Ok(record) = &result {
                note.keep(record);
            }
            result
        })
    }

    fn follow(&self, events: Sender<Event>, restart: Arc<Notify>) -> Future<()> {
        self.lock.follow(events, restart)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn incarnation(site: &str, nonce: &str) -> Incarnation {
        Incarnation { site: site.to_owned(), nonce: nonce.to_owned(), home: None }
    }

    fn record(version: &str) -> Record {
        Record {
            version: Version(version.to_owned()),
            uid: "u".to_owned(),
            holder: None,
            duration: Some(Duration::from_secs(15)),
            transitions: 0,
            token: Default::default(),
            mark: None,
            released: false,
            times: String::new(),
            successor: None,
            requests: hotseat_core::request::Requests::default(),
        }
    }

    #[test]
    fn the_next_process_of_the_site_finds_the_last_write() {
        let folder = tempfile::tempdir().unwrap();
        let first = Note::within(folder.path(), "hotseat/a", &incarnation("s", "1"));
        assert_eq!(first.predecessor(), None);
        first.keep(&record("7"));
        first.keep(&record("8"));
        assert_eq!(first.predecessor(), None, "its own note");
        let next = Note::within(folder.path(), "hotseat/a", &incarnation("s", "2"));
        let last = LastWrite { uid: "u".to_owned(), version: Version("8".to_owned()) };
        assert_eq!(next.predecessor(), Some(last));
        let moved = Note::within(folder.path(), "hotseat/a", &incarnation("t", "2"));
        assert_eq!(moved.predecessor(), None, "another site");
        let other = Note::within(folder.path(), "hotseat/b", &incarnation("s", "2"));
        assert_eq!(other.predecessor(), None, "another election");
    }

    #[test]
    fn what_is_no_note_of_this_user_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let note = Note::within(folder.path(), "hotseat/a", &incarnation("s", "2"));
        std::fs::write(&note.path, "{").unwrap();
        assert_eq!(note.predecessor(), None);
        std::fs::remove_file(&note.path).unwrap();
        let real = folder.path().join("elsewhere");
        let first = Note { path: real.clone(), incarnation: incarnation("s", "1") };
        first.keep(&record("7"));
        std::os::unix::fs::symlink(&real, &note.path).unwrap();
        assert_eq!(note.predecessor(), None, "a link is not followed");
        note.keep(&record("9"));
        assert!(!std::fs::read_to_string(&real).unwrap().contains('9'), "nor written through");
    }
}
