//! Following a file: each content that it has is told once.
//!
//! The truth is the content's digest, looked at every few seconds. Two things keep that cheap and
//! fast: a file whose metadata is as it was is not read again, and inotify hints at when to look
//! at once. Neither is relied on: without inotify a change is seen one poll later, and every so
//! often the file is read whatever its metadata says.

#[cfg_attr(not(target_os = "linux"), path = "no_hints.rs")]
mod hints;

use crate::check::Fetched;
use crate::error::SourceError;
use crate::file::{FileSource, Print, Sum};
use hints::{Hint, Hints, Watcher};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout_at};

/// What a followed source tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// New content, not checked yet. After an [`Update::Failed`] it may be the old one again.
    Fetched(Fetched),
    /// The source gives nothing for now; what it gave before is as good as it was.
    Failed(SourceError),
}

/// Tells `updates` of each change of `file` until their receiver is gone: what is there at first,
/// each new content, and each time that it cannot be read. The file is looked at each `poll`, from
/// 10 ms to an hour, and sooner if the kernel hints at a change.
///
/// A content counts when its writer has closed the file, or when it was the same in two looks: 50
/// ms apart, or a second where the kernel says that a writer still has the file open. So a file
/// that is being written is not taken by halves. Where signatures are read, a content and a
/// signature have to be the same in two looks in any case.
pub async fn follow_file(file: FileSource, poll: Duration, updates: mpsc::Sender<Update>) {
    let poll = poll.clamp(Duration::from_millis(10), Duration::from_secs(3600));
    let hints = Hints::new(&file);
    let mut follower =
        Follower { file: Arc::new(file), hints, told: None, known: None, near: false };
    let mut hint = Hint::Changed;
    loop {
        if let Some(update) = follower.look(hint).await
            && updates.send(update).await.is_err()
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
            () = updates.closed() => return,
        };
    }
}

/// How long a content has to stay the same before it counts.
const SETTLE: Duration = Duration::from_millis(50);

/// The same where the kernel says that it is being written.
const SETTLE_OPEN: Duration = Duration::from_secs(1);

/// How long a file may change at each look before it is left to the next poll.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many polls in a row may trust the file's metadata before it is read all the same.
const TRUST: u32 = 15;

struct Follower {
    file: Arc<FileSource>,
    hints: Hints,
    /// What was told last.
    told: Option<Told>,
    /// The metadata that belongs to what was told last, and how often it was trusted.
    known: Option<(Print, u32)>,
    /// Its metadata can be asked without another thread.
    near: bool,
}

#[derive(Clone, PartialEq, Eq)]
enum Told {
    Content(Sum),
    Failure(SourceError),
}

/// What a look at the file gave.
enum Sight {
    /// The metadata are the expected ones.
    AsKnown,
    /// The content, by its sum; with the bytes if they were asked for. The metadata if they stayed
    /// the same meanwhile.
    Content(Sum, Option<Fetched>, Option<Box<Print>>),
    Failure(SourceError),
}

impl Follower {
    /// What is to be told, if anything is new.
    async fn look(&mut self, mut hint: Hint) -> Option<Update> {
        let until = Instant::now() + PATIENCE;
        // What a first look saw; a second one that sees the same settles it.
        let mut seen = None;
        loop {
            let closed = hint == Hint::Closed && !self.file.signed;
            let whole = closed || seen.is_some();
            let expected = (hint == Hint::None && !whole).then(|| self.expected()).flatten();
            if self.near && expected.is_some() && self.file.print() == expected {
                // An idle poll: one wake-up, two calls of the kernel, no thread.
                return None;
            }
            let (now, content, print) = match self.sight(expected, whole).await {
                Sight::AsKnown => return None,
                Sight::Content(sum, fetched, print) => {
                    (Told::Content(sum), fetched, print.map(|print| *print))
                }
                Sight::Failure(error) => (Told::Failure(error), None, None),
            };
            if self.told.as_ref() == Some(&now) {
                self.remember(now, print);
                return None;
            }
            let again = seen.as_ref() == Some(&now);
            let update = match (&now, content) {
                (Told::Content(_), Some(content)) if again || (closed && print.is_some()) => {
                    Some(Update::Fetched(content))
                }
                (Told::Failure(error), _) if again => Some(Update::Failed(error.clone())),
                _ => None,
            };
            if update.is_some() {
                self.remember(now, print);
                return update;
            }
            if Instant::now() >= until {
                // A writer that never rests: what it leaves is found by a later poll.
                return None;
            }
            seen = Some(now);
            hint = self.settle().await;
        }
    }

    fn remember(&mut self, told: Told, print: Option<Print>) {
        self.told = Some(told);
        self.known = print.filter(Print::is_settled).map(|print| (print, 0));
    }

    /// The metadata that make a reading of the file needless, now and then none.
    fn expected(&mut self) -> Option<Print> {
        let (print, trusted) = self.known.as_mut()?;
        *trusted += 1;
        (*trusted <= TRUST).then_some(*print)
    }

    /// Waits for two looks to be apart, or shorter if a writer says that it has finished.
    async fn settle(&mut self) -> Hint {
        let began = Instant::now();
        loop {
            // Only the hints that come meanwhile may tell that there is a writer.
            let end = began + if self.hints.is_being_written() { SETTLE_OPEN } else { SETTLE };
            match timeout_at(end, self.hints.next()).await {
                Ok(Hint::Closed) if !self.file.signed => return Hint::Closed,
                Ok(_) => {}
                Err(_) if self.hints.is_being_written() && began.elapsed() < SETTLE_OPEN => {}
                Err(_) => return Hint::Changed,
            }
        }
    }

    /// Looks at the file on another thread: a file system may take its time.
    async fn sight(&mut self, expected: Option<Print>, whole: bool) -> Sight {
        let (file, watcher) = (Arc::clone(&self.file), self.hints.watcher());
        let looked = spawn_blocking(move || {
            let watched = watcher.as_ref().and_then(Watcher::renew);
            (watched, file.is_near(), sight(&file, expected, whole))
        });
        match looked.await {
            Ok((watched, near, sight)) => {
                self.hints.renewed(watched);
                self.near = near;
                sight
            }
            Err(_) => {
                Sight::Failure(SourceError::read(&self.file.label(), "the look at it was cut off"))
            }
        }
    }
}

fn sight(file: &FileSource, expected: Option<Print>, whole: bool) -> Sight {
    let before = file.print();
    if expected.is_some() && before == expected {
        return Sight::AsKnown;
    }
    let found = match whole {
        true => file.read().map(|fetched| (Sum::of(&fetched), Some(fetched))),
        false => file.sum().map(|sum| (sum, None)),
    };
    match found {
        Ok((sum, fetched)) => {
            let stayed = before.filter(|print| file.print() == Some(*print));
            Sight::Content(sum, fetched, stayed.map(Box::new))
        }
        Err(error) => Sight::Failure(error),
    }
}
