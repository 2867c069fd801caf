//! The lines that a process wrote, with the moment each came.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Where a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error, where the log goes.
    Stderr,
}

/// One line of output, without its line end.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its place among all lines of the process, from 0.
    pub index: usize,
    /// When it was read.
    pub at: Instant,
    /// Where it was written.
    pub stream: Stream,
    /// The text; bytes that are not UTF-8 are replaced.
    pub text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stream = match self.stream {
            Stream::Stdout => "out",
            Stream::Stderr => "err",
        };
        write!(f, "{stream}| {}", self.text)
    }
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<Line>,
    closed_streams: usize,
}

/// Lines as they come, for any number of threads that wait for one.
#[derive(Debug, Default)]
pub(super) struct Lines {
    state: Mutex<State>,
    changed: Condvar,
}

impl Lines {
    /// Reads a stream to its end. Each of the two streams has a thread for this.
    pub(super) fn read(&self, stream: Stream, source: impl Read) {
        let mut source = BufReader::new(source);
        let mut bytes = Vec::new();
        while source.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
            let at = Instant::now();
            let text = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
            bytes.clear();
            let mut state = self.state();
            let index = state.lines.len();
            state.lines.push(Line { index, at, stream, text });
            self.changed.notify_all();
        }
        self.state().closed_streams += 1;
        self.changed.notify_all();
    }

    pub(super) fn all(&self) -> Vec<Line> {
        self.state().lines.clone()
    }

    /// The first line from place `from` on that `wanted` accepts. `None` when `within` has passed
    /// or both streams ended without it.
    pub(super) fn wait(
        &self,
        from: usize,
        within: Duration,
        wanted: impl Fn(&Line) -> bool,
    ) -> Option<Line> {
        self.wait_for(within, |state| {
            let found = state.lines.iter().skip(from).find(|line| wanted(line));
            match found {
                Some(line) => Some(Some(line.clone())),
                None if state.closed_streams == 2 => Some(None),
                None => None,
            }
        })
        .flatten()
    }

    /// Waits until both streams ended, so that [`all`](Self::all) is complete.
    pub(super) fn wait_closed(&self, within: Duration) -> bool {
        self.wait_for(within, |state| (state.closed_streams == 2).then_some(())).is_some()
    }

    fn wait_for<T>(&self, within: Duration, look: impl Fn(&State) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + within;
        let mut state = self.state();
        loop {
            if let Some(answer) = look(&state) {
                return Some(answer);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            state =
                self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
