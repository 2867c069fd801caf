//! Who said when that it leads, and whether two said it at a time.
//!
//! An answer was true at some moment between its question and its arrival. Two answers of one
//! process with one token prove that it led from the arrival of the first to the question of the
//! last. Two processes whose proven times overlap led both at a time.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::process::get;

/// Between two questions to one process.
const PACE: Duration = Duration::from_millis(15);

/// Asks processes all the while whether they lead.
#[derive(Default)]
pub struct Sampler {
    watched: Vec<Watched>,
}

struct Watched {
    spans: Arc<Mutex<Vec<Span>>>,
    // The thread ends when this is dropped.
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

/// A time in which somebody believed that it leads, by its own word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Belief {
    /// Its name.
    pub name: String,
    /// From when on.
    pub from: Instant,
    /// Until when.
    pub until: Instant,
}

impl Belief {
    fn span(&self) -> Span {
        let (first, last) = ((self.from, self.from), (self.until, self.until));
        Span { name: self.name.clone(), token: 0, first, last }
    }
}

/// Answers of one process with one token.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    name: String,
    token: u64,
    first: (Instant, Instant),
    last: (Instant, Instant),
}

impl Sampler {
    /// Asks that process too from now on, until it refuses connections.
    ///
    /// # Errors
    ///
    /// When no thread can be started.
    pub fn watch(
        &mut self,
        namespace: &str,
        name: &str,
        address: SocketAddr,
    ) -> anyhow::Result<()> {
        let spans = Arc::new(Mutex::new(vec![]));
        let (stop, stopped) = channel();
        let asked = Asked { namespace: namespace.to_owned(), name: name.to_owned(), address };
        let kept = Arc::clone(&spans);
        let thread = thread::Builder::new()
            .name(format!("sample {name}"))
            .spawn(move || asked.keep_asking(&stopped, &kept))?;
        self.watched.push(Watched { spans, stop, thread });
        Ok(())
    }

    /// Ends the asking, and tells each time in which two processes led.
    #[must_use]
    pub fn overlaps(self) -> Vec<String> {
        self.overlaps_with(&[])
    }

    /// Ends the asking, and tells each time in which two processes led, or one of them and one of
    /// `others`. Those may overlap with each other.
    #[must_use]
    pub fn overlaps_with(self, others: &[Belief]) -> Vec<String> {
        let mut all = Vec::new();
        for Watched { spans, stop, thread } in self.watched {
            drop(stop);
            // A panic in it leaves what it heard before.
            let _ = thread.join();
            all.push(spans.lock().unwrap_or_else(PoisonError::into_inner).clone());
        }
        let mut found = Vec::new();
        for (index, spans) in all.iter().enumerate() {
            for other in &all[..index] {
                for (a, b) in spans.iter().flat_map(|a| other.iter().map(move |b| (a, b))) {
                    if a.overlaps(b) {
                        found.push(format!("{a:?} and {b:?}"));
                    }
                }
            }
            for (span, other) in spans.iter().flat_map(|a| others.iter().map(move |b| (a, b))) {
                if span.overlaps(&other.span()) {
                    found.push(format!("{span:?} and {other:?}"));
                }
            }
        }
        found
    }
}

/// Whom to ask.
struct Asked {
    namespace: String,
    name: String,
    address: SocketAddr,
}

impl Asked {
    fn keep_asking(&self, stopped: &Receiver<()>, spans: &Mutex<Vec<Span>>) {
        while stopped.recv_timeout(PACE) == Err(RecvTimeoutError::Timeout) {
            let before = Instant::now();
            let answer = get(self.address, "/v1/leader");
            let window = (before, Instant::now());
            match answer {
                Ok(answer) => {
                    let answer = serde_json::from_slice(&answer.body).unwrap_or_default();
                    self.note(&answer, window, spans);
                }
                // It has ended, and its port may be another's tomorrow.
                Err(error) if is_refusal(&error) => return,
                Err(_) => {}
            }
        }
    }

    fn note(&self, answer: &Value, window: (Instant, Instant), spans: &Mutex<Vec<Span>>) {
        let is_it =
            answer["identity"] == *self.name && answer["lock"]["namespace"] == *self.namespace;
        let (true, true, Some(token)) = (is_it, answer["self"] == true, answer["token"].as_u64())
        else {
            return;
        };
        let mut spans = spans.lock().unwrap_or_else(PoisonError::into_inner);
        match spans.last_mut() {
            Some(span) if span.token == token => span.last = window,
            _ => spans.push(Span { name: self.name.clone(), token, first: window, last: window }),
        }
    }
}

impl Span {
    fn overlaps(&self, other: &Span) -> bool {
        let from = self.first.1.max(other.first.1);
        let to = self.last.0.min(other.last.0);
        // A lone answer has no length of its own, but it may fall within the other's span.
        to > from || self.encloses(other) || other.encloses(self)
    }

    fn encloses(&self, other: &Span) -> bool {
        let proven =
            |window: (Instant, Instant)| self.first.1 <= window.0 && window.1 <= self.last.0;
        proven(other.first) || proven(other.last)
    }
}

fn is_refusal(error: &anyhow::Error) -> bool {
    let io = error.root_cause().downcast_ref::<Error>();
    io.is_some_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: Instant, windows: [(u64, u64); 2]) -> Span {
        let at = |millis| start + Duration::from_millis(millis);
        let [first, last] = windows.map(|(before, after)| (at(before), at(after)));
        Span { name: "a".into(), token: 1, first, last }
    }

    #[test]
    fn only_what_is_proven_is_an_overlap() {
        let start = Instant::now();
        let first = span(start, [(10, 11), (40, 41)]);
        for (windows, expected) in [
            ([(20, 21), (30, 31)], true),
            ([(30, 31), (60, 61)], true),
            ([(20, 21), (20, 21)], true),
            ([(41, 42), (60, 61)], false),
            // The question was open when the first had not ended yet.
            ([(35, 45), (60, 61)], false),
            ([(5, 6), (10, 11)], false),
        ] {
            let other = span(start, windows);
            assert_eq!(first.overlaps(&other), expected, "{windows:?}");
            assert_eq!(other.overlaps(&first), expected, "{windows:?}");
        }
    }
}
