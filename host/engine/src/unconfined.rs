//! What the child that compiles gives up on systems other than Linux, where policies are checked and
//! replayed: nothing, and it says so.
//!
//! What `confine.rs` does is by means that only Linux has. Here a fault of the compiler is worth to
//! whoever wrote a component what the person who checks it may do, and how much memory compiling takes is
//! bounded by nobody. What remains is a process of its own, with limits of processor time and of the
//! result's size.

use std::io;

/// Takes no right away.
pub(crate) fn give_up_rights() -> Vec<String> {
    vec!["the user's rights: only Linux takes them from a process".to_owned()]
}

/// No limit: macOS takes none that is below what its own libraries have reserved.
#[allow(clippy::unnecessary_wraps, reason = "Linux can refuse")]
pub(crate) fn limit_memory(_memory: u64, _writable: u64) -> io::Result<()> {
    Ok(())
}

/// Nothing ends it: whoever waits for the child has its limit of time.
#[allow(clippy::unnecessary_wraps, reason = "Linux can refuse")]
pub(crate) fn end_with_parent() -> io::Result<()> {
    Ok(())
}

/// Takes nothing away.
pub(crate) fn give_up_the_world() -> Vec<String> {
    vec!["files, network and processes: only Linux takes them from a process".to_owned()]
}
