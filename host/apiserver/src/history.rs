//! The last changes, in order: what a watch reads.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;

use crate::resource::Resource;

/// One change of one object.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The version that this change made.
    pub version: u64,
    pub resource: &'static Resource,
    /// The object before; none if it was created.
    pub before: Option<Arc<Value>>,
    /// The object after; none if it was deleted.
    pub after: Option<Arc<Value>>,
}

/// A bounded ring of changes.
#[derive(Debug)]
pub(crate) struct History {
    changes: VecDeque<Change>,
    capacity: usize,
    /// Everything up to and including this version is forgotten.
    forgotten: u64,
}

impl History {
    pub(crate) fn new(capacity: usize, version: u64) -> History {
        History { changes: VecDeque::new(), capacity: capacity.max(1), forgotten: version }
    }

    pub(crate) fn push(&mut self, change: Change) {
        while self.changes.len() >= self.capacity {
            self.forget_oldest();
        }
        self.changes.push_back(change);
    }

    /// Forgets everything up to that version.
    pub(crate) fn forget(&mut self, version: u64) {
        while self.changes.front().is_some_and(|c| c.version <= version) {
            self.forget_oldest();
        }
        self.forgotten = self.forgotten.max(version);
    }

    /// The next change after that version, of any object. The error is the oldest version from
    /// which the changes are still known.
    pub(crate) fn after(&self, version: u64) -> Result<Option<&Change>, u64> {
        if version < self.forgotten {
            return Err(self.forgotten);
        }
        let first = self.changes.partition_point(|c| c.version <= version);
        Ok(self.changes.get(first))
    }

    fn forget_oldest(&mut self) {
        if let Some(change) = self.changes.pop_front() {
            self.forgotten = change.version;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::LEASES;

    fn change(version: u64) -> Change {
        Change { version, resource: &LEASES, before: None, after: None }
    }

    #[test]
    fn the_ring_forgets_the_oldest() {
        let mut history = History::new(2, 10);
        assert!(history.after(10).unwrap().is_none());
        assert_eq!(history.after(9).unwrap_err(), 10);
        for version in [11, 13, 14] {
            history.push(change(version));
        }
        assert_eq!(history.after(10).unwrap_err(), 11);
        assert_eq!(history.after(11).unwrap().unwrap().version, 13);
        assert_eq!(history.after(12).unwrap().unwrap().version, 13);
        assert!(history.after(14).unwrap().is_none());
        assert!(history.after(99).unwrap().is_none());
    }

    #[test]
    fn what_is_forgotten_on_purpose_is_gone() {
        let mut history = History::new(8, 1);
        history.push(change(2));
        history.push(change(3));
        history.forget(2);
        assert_eq!(history.after(1).unwrap_err(), 2);
        assert_eq!(history.after(2).unwrap().unwrap().version, 3);
    }
}
