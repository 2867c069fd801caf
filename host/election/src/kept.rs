//! The last things of a kind, numbered, for whoever follows them at a pace of its own.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The last things of a kind, the oldest first, within a bound. Each has the number after the one
/// before it, from 1 on, so that whoever is too far behind sees by the number how many it missed.
#[derive(Debug)]
pub struct Kept<T> {
    most: usize,
    things: Mutex<VecDeque<Numbered<T>>>,
    newest: watch::Sender<u64>,
}

/// One thing, and its number.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbered<T> {
    /// Its number, from 1 on.
    pub number: u64,
    /// What it is.
    pub thing: T,
}

impl<T: Clone> Kept<T> {
    pub(crate) fn new(most: usize) -> Kept<T> {
        Kept { most, things: Mutex::default(), newest: watch::Sender::new(0) }
    }

    /// How many are kept at most.
    pub fn most(&self) -> usize {
        self.most
    }

    /// The number of the last one; 0 before the first.
    pub fn newest(&self) -> u64 {
        *self.newest.borrow()
    }

    /// The number of the last one, for whoever waits for the next.
    pub fn follow(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// The first one after that number that is still kept.
    pub fn after(&self, number: u64) -> Option<Numbered<T>> {
        let things = self.things();
        let first = things.front()?.number;
        // What was not there for long enough to be kept is skipped: the number tells.
        let index = (number + 1).saturating_sub(first);
        things.get(usize::try_from(index).ok()?).cloned()
    }

    /// The last of them, at most that many, the oldest first.
    pub fn last(&self, most: usize) -> Vec<Numbered<T>> {
        let things = self.things();
        things.iter().skip(things.len().saturating_sub(most)).cloned().collect()
    }

    /// Keeps one more; the oldest goes where there is no room.
    pub(crate) fn push(&self, thing: T) {
        let number = {
            let mut things = self.things();
            let number = things.back().map_or(0, |last| last.number) + 1;
            if things.len() == self.most {
                things.pop_front();
            }
            things.push_back(Numbered { number, thing });
            number
        };
        // After it is there: whoever is woken finds it.
        self.newest.send_replace(number);
    }

    fn things(&self) -> MutexGuard<'_, VecDeque<Numbered<T>>> {
        // It is whole after each change of it, so a panic elsewhere does not spoil it.
        self.things.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_and_the_numbers_tell() {
        let kept = Kept::new(3);
        assert_eq!((kept.newest(), kept.after(0), kept.last(9)), (0, None, vec![]));
        for thing in ["a", "b", "c", "d", "e"] {
            kept.push(thing);
        }
        let numbered = |number, thing| Some(Numbered { number, thing });
        assert_eq!(kept.after(0), numbered(3, "c"), "two were missed");
        assert_eq!(kept.after(3), numbered(4, "d"));
        assert_eq!((kept.after(5), kept.after(99)), (None, None));
        assert_eq!(kept.last(2).iter().map(|it| it.number).collect::<Vec<_>>(), [4, 5]);
        assert_eq!((kept.newest(), kept.last(9).len(), kept.most()), (5, 3, 3));
    }

    #[test]
    fn whoever_waits_hears_of_the_next() {
        let kept = Kept::new(1);
        let mut newest = kept.follow();
        kept.push(());
        assert!(newest.has_changed().unwrap());
        assert_eq!(*newest.borrow_and_update(), 1);
    }
}
