//! The last records, in memory.

use crate::record::{Body, Record};
use std::collections::VecDeque;
use std::sync::Arc;

/// What the journal may keep in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The most records.
    pub records: usize,
    /// The most bytes that they take, about.
    pub bytes: usize,
}

impl Default for Bounds {
    /// 1,000 records and 256 KiB, whichever is reached first: about 250 decisions of a policy with
    /// little memory, that is four minutes of a leader with client-go's timing.
    fn default() -> Bounds {
        Bounds { records: 1000, bytes: 256 << 10 }
    }
}

/// A record, its settings apart: records in a row share them.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) record: Record,
    pub(crate) settings: Arc<str>,
    /// The bytes that it takes in memory, without the settings.
    pub(crate) weight: usize,
}

impl Entry {
    /// The bytes that it takes in memory, its settings included.
    fn whole_weight(&self) -> usize {
        self.weight + self.settings.len()
    }
}

/// The last records within the bounds, the oldest first.
#[derive(Debug)]
pub(crate) struct Ring {
    bounds: Bounds,
    entries: VecDeque<Arc<Entry>>,
    /// What the entries take, each settings counted once in a row.
    weight: usize,
    last: u64,
    none: Arc<str>,
    /// The last settings that were not empty.
    settings: Arc<str>,
}

impl Ring {
    pub(crate) fn new(bounds: Bounds) -> Ring {
        let none: Arc<str> = Arc::from("");
        let settings = Arc::clone(&none);
        Ring { bounds, entries: VecDeque::new(), weight: 0, last: 0, none, settings }
    }

    /// Numbers a record and keeps it; false if it alone is beyond the bounds. Pushes out the oldest.
    pub(crate) fn push(&mut self, mut record: Record) -> (Arc<Entry>, bool) {
        self.last += 1;
        record.number = self.last;
        let settings = self.share(&mut record);
        let weight = record.weight();
        let entry = Arc::new(Entry { record, settings, weight });
        if entry.whole_weight() > self.bounds.bytes || self.bounds.records == 0 {
            return (entry, false);
        }
        let shared = self.entries.back().is_some_and(|last| share(last, &entry));
        self.weight += if shared { weight } else { entry.whole_weight() };
        self.entries.push_back(Arc::clone(&entry));
        while self.weight > self.bounds.bytes || self.entries.len() > self.bounds.records {
            self.pop();
        }
        (entry, true)
    }

    /// The last of them, at most that many, the oldest first.
    pub(crate) fn last(&self, most: usize) -> Vec<Arc<Entry>> {
        let first = self.entries.len().saturating_sub(most);
        self.entries.iter().skip(first).cloned().collect()
    }

    fn share(&mut self, record: &mut Record) -> Arc<str> {
        let Body::Decision(decided) = &mut record.body else {
            return Arc::clone(&self.none);
        };
        let text = std::mem::take(&mut decided.account.input.settings);
        if text.is_empty() {
            return Arc::clone(&self.none);
        }
        if *self.settings != *text {
            self.settings = Arc::from(text);
        }
        Arc::clone(&self.settings)
    }

    fn pop(&mut self) {
        let Some(gone) = self.entries.pop_front() else { return };
        let shared = self.entries.front().is_some_and(|next| share(&gone, next));
        self.weight -= if shared { gone.weight } else { gone.whole_weight() };
    }
}

fn share(one: &Entry, other: &Entry) -> bool {
    Arc::ptr_eq(&one.settings, &other.settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Swap;

    fn swap(reason: &str) -> Record {
        let swap = Swap { error: Some(reason.to_owned()), ..Swap::default() };
        let (election, time) = (String::new(), String::new());
        Record { number: 0, election, time, at_ms: 7, body: Body::Swap(swap) }
    }

    fn numbers(ring: &Ring) -> Vec<u64> {
        ring.last(usize::MAX).iter().map(|entry| entry.record.number).collect()
    }

    #[test]
    fn the_oldest_go_by_count() {
        let mut ring = Ring::new(Bounds { records: 3, bytes: 1 << 20 });
        for _ in 0..5 {
            assert!(ring.push(swap("")).1);
        }
        assert_eq!(numbers(&ring), [3, 4, 5]);
        assert_eq!(ring.last(2).len(), 2);
        assert_eq!(ring.last(2)[0].record.number, 4);
    }

    #[test]
    fn the_oldest_go_by_bytes_and_the_count_of_bytes_is_right() {
        let mut ring = Ring::new(Bounds { records: 1000, bytes: 10_000 });
        for length in [3000, 3000, 3000, 10, 6000] {
            assert!(ring.push(swap(&"x".repeat(length))).1);
            let sum: usize = ring.entries.iter().map(|entry| entry.weight).sum();
            assert_eq!(ring.weight, sum);
            assert!(sum <= 10_000, "{sum}");
        }
        assert_eq!(numbers(&ring), [3, 4, 5]);
        assert!(!ring.push(swap(&"x".repeat(10_001))).1, "it alone is too large");
        assert_eq!(numbers(&ring), [3, 4, 5]);
        ring.push(swap(""));
        assert_eq!(numbers(&ring).last(), Some(&7), "what was left out has a number too");
    }
}
