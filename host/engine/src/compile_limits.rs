//! What one compilation may use.

use std::time::Duration;

/// What one compilation may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileLimits {
    /// Address space of the child, in bytes. A policy in Rust takes a few MiB, one in Python with
    /// its interpreter about 400 MiB.
    pub memory: u64,
    /// Processor time of the child, in whole seconds, at least one. A policy in Rust takes a tenth
    /// of a second, one in Python half a minute, and twice that on a slow core.
    pub processor_seconds: u64,
    /// Time by the wall clock.
    pub wall: Duration,
    /// Bytes of the compiled component.
    pub output: u64,
}

impl Default for CompileLimits {
    fn default() -> CompileLimits {
        CompileLimits {
            memory: 1 << 30,
            processor_seconds: 120,
            wall: Duration::from_secs(300),
            output: 256 << 20,
        }
    }
}
