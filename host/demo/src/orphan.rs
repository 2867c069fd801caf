//! Candidates end with the demonstration that started them, however it ends.

use rustix::process::getppid;

/// Names the process that this one must not outlive, by its id.
pub const PARENT: &str = "HOTSEAT_DIE_WITH_PARENT";

/// Makes the kernel kill this process when the one that started it ends, if `PARENT` asks for it.
///
/// The child asks for it by itself, since the parent could ask only between fork and exec, where
/// Rust guarantees nothing.
///
/// # Errors
///
/// That cannot be done any more, so this process has to end: one line says why.
pub fn die_with_parent() -> Result<(), String> {
    let Some(parent) = std::env::var_os(PARENT) else { return Ok(()) };
    let parent = parent.to_string_lossy().into_owned();
    let asked = end_with_parent();
    // The parent may have ended before it was asked for.
    let present = getppid().map(|pid| pid.as_raw_nonzero().to_string());
    let error = match (asked, present) {
        (Ok(()), Some(present)) if present == parent => return Ok(()),
        (Ok(()), _) => "it is not the parent of this process any more".to_owned(),
        (Err(error), _) => error.to_string(),
    };
    Err(format!("{PARENT}={parent}: cannot end with that process: {error}: unset it"))
}

#[cfg(target_os = "linux")]
fn end_with_parent() -> rustix::io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
}

/// Only Linux kills a process with its parent.
#[cfg(not(target_os = "linux"))]
fn end_with_parent() -> rustix::io::Result<()> {
    Err(rustix::io::Errno::NOSYS)
}
