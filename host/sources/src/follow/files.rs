//! Following files: each content that they have together is handed on once.
//!
//! The truth is the contents' digests, looked at every few seconds. Two things keep that cheap and
//! fast: files whose metadata is as it was are not read again, and inotify hints at when to look
//! at once. Neither is relied on: without inotify a change is seen one poll later, and every so
//! often the files are read whatever their metadata says.

use super::hints::{Folder, Hint, Hints, Watcher};
use crate::file::{Checksum, Content, FileSet, Fingerprint, Unread, sum_of};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout_at};

/// What the files of a set have, in their order, or which of them cannot be read.
pub(super) type Look = Result<Vec<Content>, Unread>;

/// Hands each change of `files` to `looks` until their receiver is gone: what is there at first,
/// each new content, and each time that one of them cannot be read. They are looked at each `poll`,
/// from 10 ms to an hour, and sooner if the kernel hints at a change.
///
/// The content of a single file counts when its writer has closed it, or when it was the same in
/// two looks: 50 ms apart, or a second where the kernel says that a writer still has it open. So a
/// file that is being written is not taken by halves. Several files have to be the same in two
/// looks in any case, and half a second apart: whoever changes two of them needs a moment.
pub(super) async fn follow_set(files: FileSet, poll: Duration, looks: mpsc::Sender<Look>) {
    let poll = poll.clamp(Duration::from_millis(10), Duration::from_secs(3600));
    let hints = Hints::new(&files);
    let single = files.0.len() == 1;
    let files = Arc::new(files);
    let mut follower = Follower { files, single, hints, given: None, known: None, near: false };
    let mut hint = Hint::Changed;
    loop {
        if let Some(look) = follower.look(hint).await
            && looks.send(look).await.is_err()
        {
            return;
        }
        if hint != Hint::None {
            // A writer in a loop gets one look each SETTLE.
            sleep(SETTLE).await;
        }
        hint = tokio::select! {
            () = sleep(poll) => Hint::None,
            hint = follower.hints.next() => hint,
            () = looks.closed() => return,
        };
    }
}

/// How long a content has to stay the same before it counts.
const SETTLE: Duration = Duration::from_millis(50);

/// The same of several files.
const SETTLE_SET: Duration = Duration::from_millis(500);

/// The same where the kernel says that it is being written.
const SETTLE_OPEN: Duration = Duration::from_secs(1);

/// How long a file may change at each look before it is left to the next poll.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many polls in a row may trust the files' metadata before they are read all the same.
const TRUST: u32 = 15;

struct Follower {
    files: Arc<FileSet>,
    /// There is only one file.
    single: bool,
    hints: Hints,
    /// What was handed on last.
    given: Option<Given>,
    /// The metadata that belong to it, and how often they were trusted.
    known: Option<(Fingerprint, u32)>,
    /// Their metadata can be asked without another thread.
    near: bool,
}

#[derive(Clone, PartialEq, Eq)]
enum Given {
    Contents(Checksum),
    Failure(Unread),
}

/// What a look at the files gave.
enum Observed {
    /// The metadata are the expected ones.
    AsKnown,
    /// The contents, by their digests; with the bytes if they were asked for. The metadata if they
    /// stayed the same meanwhile.
    Contents(Checksum, Option<Vec<Content>>, Option<Fingerprint>),
    Failure(Unread),
}

impl Follower {
    /// What is to be handed on, if anything is new.
    async fn look(&mut self, mut hint: Hint) -> Option<Look> {
        let until = Instant::now() + PATIENCE;
        // What a first look saw; a second one that sees the same settles it.
        let mut seen = None;
        loop {
            let closed = hint == Hint::Closed && self.single;
            let whole = closed || seen.is_some();
            let expected = (hint == Hint::None && !whole).then(|| self.expected()).flatten();
            if self.near && expected.is_some() && self.files.print() == expected {
                // An idle poll: one wake-up, two calls of the kernel a file, no thread.
                return None;
            }
            let (now, contents, print) = match self.observe(expected, whole).await {
                Observed::AsKnown => return None,
                Observed::Contents(sum, contents, print) => (Given::Contents(sum), contents, print),
                Observed::Failure(unread) => (Given::Failure(unread), None, None),
            };
            if self.given.as_ref() == Some(&now) {
                self.remember(now, print);
                return None;
            }
            let again = seen.as_ref() == Some(&now);
            let look = match (&now, contents) {
                (Given::Contents(_), Some(contents)) if again || (closed && print.is_some()) => {
                    Some(Ok(contents))
                }
                (Given::Failure(unread), _) if again => Some(Err(unread.clone())),
                _ => None,
            };
            if look.is_some() {
                self.remember(now, print);
                return look;
            }
            if Instant::now() >= until {
                // A writer that never rests: what it leaves is found by a later poll.
                return None;
            }
            seen = Some(now);
            hint = self.settle().await;
        }
    }

    fn remember(&mut self, given: Given, print: Option<Fingerprint>) {
        self.given = Some(given);
        self.known = print.filter(Fingerprint::is_settled).map(|print| (print, 0));
    }

    /// The metadata that make a reading of the files needless, now and then none.
    fn expected(&mut self) -> Option<Fingerprint> {
        let (print, trusted) = self.known.as_mut()?;
        *trusted += 1;
        (*trusted <= TRUST).then(|| print.clone())
    }

    /// Waits for two looks to be apart, or shorter if a writer says that it has finished.
    async fn settle(&mut self) -> Hint {
        let began = Instant::now();
        let apart = if self.single { SETTLE } else { SETTLE_SET };
        loop {
            // Only the hints that come meanwhile may tell that there is a writer.
            let end = began + if self.hints.is_being_written() { SETTLE_OPEN } else { apart };
            match timeout_at(end, self.hints.next()).await {
                Ok(Hint::Closed) if self.single => return Hint::Closed,
                Ok(_) => {}
                Err(_) if self.hints.is_being_written() && began.elapsed() < SETTLE_OPEN => {}
                Err(_) => return Hint::Changed,
            }
        }
    }

    /// Looks at the files on another thread: a file system may take its time.
    async fn observe(&mut self, expected: Option<Fingerprint>, whole: bool) -> Observed {
        let (files, watcher) = (Arc::clone(&self.files), self.hints.watcher());
        let looked = spawn_blocking(move || {
            let watched: Option<Vec<Folder>> = watcher.map(Watcher::renew);
            (watched, files.is_near(), observe(&files, expected, whole))
        });
        match looked.await {
            Ok((watched, near, observe)) => {
                self.hints.renewed(watched);
                self.near = near;
                observe
            }
            Err(_) => {
                let why = "the look at it was cut off".to_owned();
                Observed::Failure(Unread { member: 0, why: Some(why) })
            }
        }
    }
}

fn observe(files: &FileSet, expected: Option<Fingerprint>, whole: bool) -> Observed {
    let before = files.print();
    if expected.is_some() && before == expected {
        return Observed::AsKnown;
    }
    let found = match whole {
        true => files.read().map(|contents| (sum_of(&contents), Some(contents))),
        false => files.sum().map(|sum| (sum, None)),
    };
    match found {
        Ok((sum, contents)) => {
            let stayed = before.filter(|print| files.print().as_ref() == Some(print));
            Observed::Contents(sum, contents, stayed)
        }
        Err(unread) => Observed::Failure(unread),
    }
}
