//! Schemas that need no second look.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// So many schemas are known to be some.
const MOST_KNOWN: usize = 8;

/// The digests of the schemas that were seen to be schemas last: a new version of a policy mostly has
/// the schema of the one before it, and a child for it is a new process.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownSchemas(Arc<Mutex<VecDeque<String>>>);

impl KnownSchemas {
    /// Whether it is known.
    pub(crate) fn contains(&self, digest: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|known| known == digest)
    }

    /// From now on it is known.
    pub(crate) fn add(&self, digest: String) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() == MOST_KNOWN {
            known.pop_front();
        }
        known.push_back(digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_schemas_are_known() {
        let known = KnownSchemas::default();
        for number in 0..=MOST_KNOWN {
            known.clone().add(number.to_string());
        }
        assert!(!known.contains("0") && known.contains("1"));
        assert!(known.contains(&MOST_KNOWN.to_string()));
    }
}
