//! Which election it is.

use std::fmt;
use std::sync::Arc;

/// The name of an election: the namespace and the name of its lock. Cheap to clone, and shown as
/// `namespace/name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ElectionName {
    namespace: Arc<str>,
    name: Arc<str>,
}

impl ElectionName {
    /// The election of the lock with that name in that namespace.
    pub fn new(namespace: &str, name: &str) -> ElectionName {
        ElectionName { namespace: namespace.into(), name: name.into() }
    }

    /// The namespace of the lock.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The name of the lock.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for ElectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}
