//! The count of threads that a policy did not give back.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// After so many of its threads were left behind a policy is not called any more.
const MOST_OF_ONE: u32 = 2;
/// While so many threads are left behind, no further policy is tried: each holds a policy's memory
/// and takes processor time.
pub(crate) const MOST_AT_A_TIME: usize = 4;
/// So many policies that left a thread behind are remembered.
const MOST_REMEMBERED: usize = 64;

/// Counts the threads that were left behind, since a call of a policy did not come back from them,
/// and by whom.
///
/// A clone is the same count. A [`Runtime`](crate::Runtime) has one for all of its policies.
#[derive(Clone, Debug, Default)]
pub struct LeftBehind(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    now: usize,
    total: u64,
    /// The digests and how often, the newest first.
    by: VecDeque<(String, u32)>,
}

impl LeftBehind {
    /// How many threads are left behind at this moment. One that comes back after all is none any
    /// more.
    pub fn now(&self) -> usize {
        self.counts().now
    }

    /// How many have been since the start.
    pub fn total(&self) -> u64 {
        self.counts().total
    }

    /// How many the policy of that digest left behind since the start.
    pub fn by(&self, digest: &str) -> u32 {
        self.counts().by(digest)
    }

    /// Whether the policy of that digest is not called any more: two of its calls did not come
    /// back. That holds for as long as the process lives.
    pub fn is_refused(&self, digest: &str) -> bool {
        self.by(digest) >= MOST_OF_ONE
    }

    /// Why the active policy, of that digest, must not be called any more, in words for people;
    /// none if it may be.
    pub(crate) fn refuses_active(&self, digest: &str) -> Option<String> {
        self.is_refused(digest).then(|| {
            format!(
                "{MOST_OF_ONE} calls of this policy did not come back, so it is not called any \
                 more: publish another one, without long work that cannot be interrupted"
            )
        })
    }

    /// Why the policy of that digest must not be tried; none if it may be. While there are many
    /// threads left behind, none is: each new one may leave more.
    pub(crate) fn refuses(&self, digest: &str) -> Option<String> {
        if let Some(why) = self.refuses_active(digest) {
            return Some(why);
        }
        let counts = self.counts();
        (counts.now >= MOST_AT_A_TIME).then(|| {
            format!(
                "{} calls of earlier policies have not come back and hold memory and processor \
                 time: restart the process, and publish a policy that comes back",
                counts.now
            )
        })
    }

    /// A call of the policy of that digest did not come back.
    pub(crate) fn leave(&self, digest: &str) {
        let mut counts = self.counts();
        counts.now += 1;
        counts.total += 1;
        match counts.by.iter_mut().find(|(by, _)| by == digest) {
            Some((_, times)) => *times += 1,
            None => {
                counts.by.truncate(MOST_REMEMBERED - 1);
                counts.by.push_front((digest.to_owned(), 1));
            }
        }
    }

    /// One that had been left behind came back after all.
    pub(crate) fn came_back(&self) {
        let mut counts = self.counts();
        counts.now = counts.now.saturating_sub(1);
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // Numbers that are each whole by themselves.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn by(&self, digest: &str) -> u32 {
        let by = self.by.iter().find(|(by, _)| by == digest);
        by.map_or(0, |(_, times)| *times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_two_of_one_it_is_refused_for_good() {
        let left = LeftBehind::default();
        left.leave("a");
        left.leave("b");
        assert!(!left.is_refused("a") && left.refuses("a").is_none());
        left.leave("a");
        assert_eq!((left.now(), left.total(), left.by("a"), left.by("b")), (3, 3, 2, 1));
        assert!(left.is_refused("a") && !left.is_refused("b"));
        assert!(left.refuses("a").is_some_and(|why| why.contains("publish another one")));
        (0..9).for_each(|_| left.came_back());
        assert_eq!((left.now(), left.total()), (0, 3));
        assert!(left.is_refused("a"));
    }

    #[test]
    fn too_many_at_a_time_refuse_the_others_until_one_comes_back() {
        let left = LeftBehind::default();
        ["a", "b", "c", "d"].iter().for_each(|digest| left.leave(digest));
        let why = left.refuses("e").unwrap();
        assert!(why.starts_with("4 calls of earlier policies"), "{why}");
        left.came_back();
        assert_eq!(left.refuses("e"), None);
    }

    #[test]
    fn its_memory_of_policies_is_bounded() {
        let left = LeftBehind::default();
        (0..1000).for_each(|number| left.leave(&number.to_string()));
        assert_eq!(left.counts().by.len(), MOST_REMEMBERED);
        assert_eq!(left.by("999"), 1);
    }
}
