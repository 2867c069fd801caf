//! How many things one call of a policy may have at a time.

/// Core instances, tables and linear memories of one component: a policy's own, and those of what
/// answers WASI. Python's interpreter has more than 16 instances; a policy of one module has two.
pub(crate) const MOST_INSTANCES: usize = 64 + 3;
pub(crate) const MOST_TABLES: usize = 256 + 1;
pub(crate) const MOST_MEMORIES: usize = 4 + 1;
/// Elements of a table. No module may declare more.
pub(crate) const MOST_ELEMENTS: usize = 10_000_000;
/// Handles of streams and the like that are open at a time. The host keeps a few words for each.
pub(crate) const MOST_HANDLES: usize = 4096;
