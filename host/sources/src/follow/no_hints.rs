//! No hints, on systems without inotify: changes of files are found by looking at them.

use crate::file::FileSet;

/// What happened: nothing that anybody would say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(dead_code, reason = "the hints that Linux gives")]
pub(super) enum Hint {
    /// Nothing.
    None,
    /// Something.
    Changed,
    /// A writer has closed the file, or it was moved here whole.
    Closed,
}

/// A folder that is watched: there is none.
pub(super) enum Folder {}

/// None at all.
pub(super) struct Hints;

impl Hints {
    pub(super) fn new(_set: &FileSet) -> Hints {
        Hints
    }

    pub(super) fn watcher(&self) -> Option<Watcher> {
        None
    }

    pub(super) fn renewed(&mut self, _folders: Option<Vec<Folder>>) {}

    /// Nobody says that a writer has begun.
    pub(super) fn is_being_written(&self) -> bool {
        false
    }

    /// Never comes.
    pub(super) async fn next(&mut self) -> Hint {
        std::future::pending().await
    }
}

/// There is none.
pub(super) enum Watcher {}

impl Watcher {
    pub(super) fn renew(self) -> Vec<Folder> {
        match self {}
    }
}
