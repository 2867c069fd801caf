//! The journal of a running sidecar.

use crate::file::{Log, OpenError};
use crate::record::{Body, Record};
use crate::ring::{Bounds, Entry, Ring};
use crate::wire::Encoder;
use crate::writer::Writer;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// Keeps the last records, and hands all of them to a file if there is one. Cheap to clone; all
/// clones are one journal.
#[derive(Clone, Debug)]
pub struct Journal(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    ring: Mutex<Ring>,
    writer: OnceLock<Writer>,
    dropped: Arc<AtomicU64>,
}

impl Journal {
    /// An empty journal without a file.
    pub fn new(bounds: Bounds) -> Journal {
        let ring = Mutex::new(Ring::new(bounds));
        Journal(Arc::new(Inner { ring, writer: OnceLock::new(), dropped: Arc::default() }))
    }

    /// Appends every record from now on to a file, on a thread of its own. A file that reaches
    /// `size` bytes becomes `PATH.1`, in place of the one before. `complain` is called on that
    /// thread with one line when writing begins to fail, and when it goes on.
    ///
    /// # Errors
    ///
    /// The file cannot be written; or the journal has one already.
    pub fn append_to(
        &self,
        path: &Path,
        size: u64,
        complain: impl Fn(&str) + Send + 'static,
    ) -> Result<(), OpenError> {
        let log = Log::open(path, size)?;
        let writer = Writer::start(log, Arc::clone(&self.0.dropped), complain)?;
        self.0.writer.set(writer).map_err(|_| OpenError::Twice)
    }

    /// Records what happened in an election at `at_ms` on the boot-time clock, at the time of day
    /// `time`. Never
    /// waits for the file: where it is too slow the record is dropped from it, and counted.
    pub fn record(&self, election: String, time: String, at_ms: u64, body: Body) {
        let record = Record { number: 0, election, time, at_ms, body };
        let (entry, kept) = self.ring().push(record);
        if !kept {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(writer) = self.0.writer.get() {
            writer.write(entry);
        }
    }

    /// The last records as JSON lines, at most that many, the oldest first.
    pub fn lines(&self, most: usize) -> String {
        let entries = self.ring().last(most);
        let mut encoder = Encoder::default();
        // What the ring takes has a quarter of a line's length, and escapes rarely double it.
        let line = |entry: &Arc<Entry>| encoder.line_with(&entry.record, &entry.settings);
        entries.iter().filter_map(line).collect()
    }

    /// How many records could not be kept or written.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// Lets the file take what is on its way, for so long at most, and ends its thread. False if
    /// the time did not suffice. Records after this stay in memory only.
    pub fn finish(&self, patience: Duration) -> bool {
        self.0.writer.get().is_none_or(|writer| writer.finish(patience))
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        // It is whole after each call, so a panic elsewhere does not spoil it.
        self.0.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
