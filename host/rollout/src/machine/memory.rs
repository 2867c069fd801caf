//! Which policies failed in force, or left threads behind.

use crate::policy::Policy;
use std::collections::VecDeque;

/// So many of each kind are remembered, the newest ones.
const MOST: usize = 32;
/// So many threads that do not come back are enough.
const TOO_MANY_THREADS: u32 = 2;

/// What must not take over again while the process lives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Memory {
    /// With their settings, the newest first: other settings may do.
    failed: VecDeque<Policy>,
    /// Threads left behind by digest, the newest first: settings are data, and do not bring back a
    /// thread.
    left_behind: VecDeque<(String, u32)>,
}

impl Memory {
    /// Why this policy must not take over, if so.
    pub(super) fn why(&self, policy: &Policy) -> Option<&'static str> {
        if self.threads(&policy.digest) >= TOO_MANY_THREADS {
            return Some("two threads did not come back from it: publish other bytes");
        }
        self.failed
            .contains(policy)
            .then_some("failed in force before: publish other bytes or other settings")
    }

    pub(super) fn remember_failed(&mut self, policy: &Policy) {
        if !self.failed.contains(policy) {
            self.failed.truncate(MOST - 1);
            self.failed.push_front(policy.clone());
        }
    }

    /// Counts a thread; gives how many there are now. Digests in use are not displaced by others.
    pub(super) fn count_thread(&mut self, digest: &str, in_use: impl Fn(&str) -> bool) -> u32 {
        let times = self.threads(digest).saturating_add(1);
        self.left_behind.retain(|(known, _)| known != digest);
        if self.left_behind.len() >= MOST {
            let oldest = self.left_behind.iter().rposition(|(known, _)| !in_use(known));
            self.left_behind.remove(oldest.unwrap_or(MOST - 1));
        }
        self.left_behind.push_front((digest.to_owned(), times));
        times
    }

    fn threads(&self, digest: &str) -> u32 {
        let known = self.left_behind.iter().find(|(known, _)| known == digest);
        known.map_or(0, |(_, times)| *times)
    }
}
