//! The thread that writes the file, so that the election never waits for a disk.

use crate::file::{Log, OpenError};
use crate::ring::Entry;
use crate::wire::Encoder;
use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{
    Receiver, RecvTimeoutError, SyncSender, TrySendError, channel, sync_channel,
};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Records that may wait for the disk.
const WAITING: usize = 256;
/// Bytes that they may take.
const WAITING_BYTES: usize = 1 << 20;
/// The thread writes lines and calls nothing deep.
const STACK: usize = 128 << 10;

/// Hands records to the thread.
#[derive(Debug)]
pub(crate) struct Writer {
    entries: Mutex<Option<SyncSender<Arc<Entry>>>>,
    waiting: Arc<AtomicUsize>,
    dropped: Arc<AtomicU64>,
    /// Nothing comes here; it is disconnected when the thread ends.
    ended: Mutex<Receiver<()>>,
}

impl Writer {
    pub(crate) fn start(
        log: Log,
        dropped: Arc<AtomicU64>,
        complain: impl Fn(&str) + Send + 'static,
    ) -> Result<Writer, OpenError> {
        let (sender, entries) = sync_channel::<Arc<Entry>>(WAITING);
        let (ending, ended) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let mut writer = FileWriter {
            log,
            encoder: Encoder::default(),
            dropped: Arc::clone(&dropped),
            complain: Box::new(complain),
            failing: false,
        };
        let counted = Arc::clone(&waiting);
        thread::Builder::new()
            .name("journal".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                let _ending = ending;
                for entry in entries {
                    writer.write(&entry);
                    counted.fetch_sub(entry.weight, Ordering::Relaxed);
                }
            })
            .map_err(OpenError::Thread)?;
        let (entries, ended) = (Mutex::new(Some(sender)), Mutex::new(ended));
        Ok(Writer { entries, waiting, dropped, ended })
    }

    /// Hands a record over, or drops it where too many wait already.
    pub(crate) fn write(&self, entry: Arc<Entry>) {
        let weight = entry.weight;
        let before = self.waiting.fetch_add(weight, Ordering::Relaxed);
        let sender = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = &*sender else {
            // The journal was finished.
            self.waiting.fetch_sub(weight, Ordering::Relaxed);
            return;
        };
        // One record is always taken, however large.
        let full = before > 0 && before + weight > WAITING_BYTES;
        let taken = !full
            && match sender.try_send(entry) {
                Ok(()) => true,
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
            };
        if !taken {
            self.waiting.fetch_sub(weight, Ordering::Relaxed);
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Ends the thread when it has written what waits. False if that takes longer than `patience`.
    pub(crate) fn finish(&self, patience: Duration) -> bool {
        *self.entries.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.recv_timeout(patience) == Err(RecvTimeoutError::Disconnected)
    }
}

/// What the thread does.
struct FileWriter {
    log: Log,
    encoder: Encoder,
    dropped: Arc<AtomicU64>,
    complain: Box<dyn Fn(&str) + Send>,
    failing: bool,
}

impl FileWriter {
    fn write(&mut self, entry: &Entry) {
        match self.try_write(entry) {
            Ok(true) if self.failing => {
                self.failing = false;
                (self.complain)("the journal's file is written again");
            }
            Ok(true) => {}
            Ok(false) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                if !self.failing {
                    self.failing = true;
                    (self.complain)(&format!(
                        "the journal's file cannot be written ({error}): records are dropped until it can"
                    ));
                }
            }
        }
    }

    /// False if the record is too long for a line.
    fn try_write(&mut self, entry: &Entry) -> io::Result<bool> {
        let Some(mut line) = self.encoder.line_with(&entry.record, &entry.settings) else {
            return Ok(false);
        };
        if self.log.is_full_for(line.len()) {
            self.log.rotate()?;
            // Each file can be read by itself.
            self.encoder = Encoder::default();
            match self.encoder.line_with(&entry.record, &entry.settings) {
                Some(whole) => line = whole,
                None => return Ok(false),
            }
        }
        self.log.append(line.as_bytes()).inspect_err(|_| {
            // The line that had the settings may be the one that was lost.
            self.encoder = Encoder::default();
        })?;
        Ok(true)
    }
}
