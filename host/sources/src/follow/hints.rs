//! Hints by inotify: when a look at a file is worth its while.
//!
//! Folders are watched and not files: a file that is renamed over another is a new file, and a
//! ConfigMap volume changes a symlink `..data` beside it.

use crate::file::FileSet;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;
use std::ffi::OsString;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, sleep};

/// What happened, as far as the kernel says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hint {
    /// Nothing.
    None,
    /// Something.
    Changed,
    /// A writer has closed the file, or it was moved here whole.
    Closed,
}

/// The kernel's hints about the files of a set.
pub(super) struct Hints {
    /// None where the kernel gives no inotify, as when all instances of the user are in use.
    events: Option<AsyncFd<Arc<OwnedFd>>>,
    folders: Vec<Folder>,
    files: Vec<Watched>,
}

/// A folder with files of the set, and the kernel's number of the watch on it.
#[derive(Clone)]
pub(super) struct Folder {
    path: PathBuf,
    watch: Option<i32>,
}

/// A file of the set.
struct Watched {
    /// Its folder's place in the list.
    folder: usize,
    name: OsString,
    being_written: bool,
}

/// The link that a ConfigMap volume moves to change all its files at once.
const VOLUME_LINK: &[u8] = b"..data";

/// Between two looks at the events of a folder in which something else happened. A file that is
/// written beside the component and then renamed over it is such an event, so the first pause is
/// short; it doubles up to the longest while the folder does not rest.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

impl Hints {
    /// Must be called within a tokio runtime.
    pub(super) fn new(set: &FileSet) -> Hints {
        let mut folders: Vec<Folder> = Vec::new();
        let mut files = Vec::new();
        for member in &set.0 {
            let path = match member.path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
                _ => PathBuf::from("."),
            };
            let known = folders.iter().position(|folder| folder.path == path);
            let folder = known.unwrap_or_else(|| {
                folders.push(Folder { path, watch: None });
                folders.len() - 1
            });
            let name = member.path.file_name().unwrap_or_default().to_owned();
            files.push(Watched { folder, name, being_written: false });
        }
        let fd = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC);
        #[expect(
            deprecated,
            reason = "what replaces it is unsafe, as the descriptor must stay open; the Arc sees to that"
        )]
        let events = fd.ok().and_then(|fd| AsyncFd::new(Arc::new(fd)).ok());
        Hints { events, folders, files }
    }

    /// What [`Watcher::renew`] is to be called on before each look.
    pub(super) fn watcher(&self) -> Option<Watcher> {
        let events = self.events.as_ref()?;
        Some(Watcher { events: Arc::clone(events.get_ref()), folders: self.folders.clone() })
    }

    /// Takes what [`Watcher::renew`] gave.
    pub(super) fn renewed(&mut self, folders: Option<Vec<Folder>>) {
        if let Some(folders) = folders {
            self.folders = folders;
        }
    }

    /// Whether a writer has begun and not closed.
    pub(super) fn is_being_written(&self) -> bool {
        self.files.iter().any(|file| {
            let watched = self.folders.get(file.folder).is_some_and(|it| it.watch.is_some());
            file.being_written && watched
        })
    }

    /// The next hint; never comes where there is no inotify.
    pub(super) async fn next(&mut self) -> Hint {
        let mut pause = SHORTEST_PAUSE;
        loop {
            let Some(events) = &self.events else { return std::future::pending().await };
            let asked = Instant::now();
            let Ok(mut ready) = events.readable().await else {
                self.events = None;
                continue;
            };
            ready.clear_ready();
            if asked.elapsed() > LONGEST_PAUSE {
                pause = SHORTEST_PAUSE;
            }
            let fd = Arc::clone(events.get_ref());
            match self.drain(&fd) {
                Hint::None => {
                    sleep(pause).await;
                    pause = (2 * pause).min(LONGEST_PAUSE);
                }
                Hint::Closed if self.is_being_written() => return Hint::Changed,
                hint => return hint,
            }
        }
    }

    fn drain(&mut self, fd: &OwnedFd) -> Hint {
        let mut buffer = [MaybeUninit::uninit(); 2048];
        let mut reader = Reader::new(fd, &mut buffer);
        let mut hint = Hint::None;
        loop {
            match reader.next() {
                Ok(event) => {
                    let name = event.file_name().map(std::ffi::CStr::to_bytes);
                    hint = hint.max(self.judge(event.wd(), event.events(), name));
                }
                Err(Errno::INTR) => {}
                // WOULDBLOCK; any other error shows as a poll that finds the change.
                Err(_) => return hint,
            }
        }
    }

    fn judge(&mut self, watch: i32, events: ReadFlags, name: Option<&[u8]>) -> Hint {
        const WRITES: ReadFlags = ReadFlags::CREATE.union(ReadFlags::MODIFY);
        const WHOLE: ReadFlags = ReadFlags::CLOSE_WRITE.union(ReadFlags::MOVED_TO);
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            // The folder itself, or a queue that overflowed.
            return if events.contains(ReadFlags::MODIFY) { Hint::None } else { Hint::Changed };
        };
        if name == VOLUME_LINK {
            return if events.intersects(WHOLE) { Hint::Closed } else { Hint::None };
        }
        // Two paths may lead to one folder, which has one watch.
        let folders = &self.folders;
        let here =
            |file: &Watched| folders.get(file.folder).is_some_and(|it| it.watch == Some(watch));
        let mut ours = false;
        for file in self.files.iter_mut().filter(|file| file.name.as_bytes() == name && here(file))
        {
            file.being_written = events.intersects(WRITES);
            ours = true;
        }
        if !ours {
            return Hint::None;
        }
        match () {
            () if events.intersects(WHOLE) => Hint::Closed,
            // More will follow, up to the close.
            () if events.intersects(ReadFlags::MODIFY) => Hint::None,
            () => Hint::Changed,
        }
    }
}

/// Keeps the watches on the folders, which may be missing, replaced or moved away. To be used where
/// file systems may take their time.
pub(super) struct Watcher {
    events: Arc<OwnedFd>,
    folders: Vec<Folder>,
}

impl Watcher {
    /// The watches on the folders that have the names now. These are cheap calls while nothing
    /// changed.
    pub(super) fn renew(self) -> Vec<Folder> {
        let flags = WatchFlags::CREATE
            | WatchFlags::MODIFY
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVED_FROM
            | WatchFlags::DELETE
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        let renewed = |Folder { path, .. }: &Folder| {
            let watch = inotify::add_watch(&self.events, path, flags).ok();
            Folder { path: path.clone(), watch }
        };
        let folders: Vec<Folder> = self.folders.iter().map(renewed).collect();
        for old in self.folders.iter().filter_map(|folder| folder.watch) {
            // Another path of the set may lead to the folder still.
            if folders.iter().all(|folder| folder.watch != Some(old)) {
                // The kernel has removed it already if the folder is gone.
                let _ = inotify::remove_watch(&self.events, old);
            }
        }
        folders
    }
}
