//! Memory that the compiler child writes and nobody can change afterwards, and where this program is.
//!
//! Elsewhere than on Linux, where policies are checked and replayed, it is a file without a name that
//! no other process has open.

use std::fs::File;
use std::io;
use std::path::PathBuf;

/// The folder that has each open file of this process under its number.
#[cfg(target_os = "linux")]
pub(crate) const OPEN_FILES: &str = "/proc/self/fd";
#[cfg(not(target_os = "linux"))]
pub(crate) const OPEN_FILES: &str = "/dev/fd";

/// This program.
#[cfg(target_os = "linux")]
pub(crate) fn this_program() -> PathBuf {
    // The kernel's own link: right even if the file was replaced since this process started.
    PathBuf::from("/proc/self/exe")
}

/// This program.
#[cfg(not(target_os = "linux"))]
pub(crate) fn this_program() -> PathBuf {
    // An empty path cannot be started, and that error says so.
    std::env::current_exe().unwrap_or_default()
}

#[cfg(target_os = "linux")]
pub(crate) fn memory(name: &str) -> io::Result<File> {
    use rustix::fs::{MemfdFlags, memfd_create};

    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL) {
        // Linux before 6.3 does not know the flag, and does not ask for it.
        Err(rustix::io::Errno::INVAL) => Ok(memfd_create(name, flags)?.into()),
        created => Ok(created?.into()),
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn memory(_name: &str) -> io::Result<File> {
    tempfile::tempfile()
}

#[cfg(target_os = "linux")]
pub(crate) fn seal(memory: &File) -> io::Result<()> {
    use rustix::fs::{SealFlags, fcntl_add_seals};

    let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    Ok(fcntl_add_seals(memory, seals)?)
}

/// There are no seals: only this process still has the file.
#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps, reason = "Linux can refuse")]
pub(crate) fn seal(_memory: &File) -> io::Result<()> {
    Ok(())
}
