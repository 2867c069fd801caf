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

/// Blocks while the kernel itself holds one of its pages, some three seconds at most.
#[cfg(target_os = "linux")]
pub(crate) fn seal(memory: &File) -> io::Result<()> {
    use rustix::fs::{SealFlags, fcntl_add_seals};

    const TRIES: u32 = 20;
    let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    for _ in 1..TRIES {
        match fcntl_add_seals(memory, seals) {
            // A page that is moved or being read could still be written, so the kernel waits for 150 ms
            // and then refuses. Whoever compiled has ended, so it is over soon.
            Err(rustix::io::Errno::BUSY) => {
                std::thread::sleep(std::time::Duration::from_millis(10))
            }
            sealed => return Ok(sealed?),
        }
    }
    Ok(fcntl_add_seals(memory, seals)?)
}

/// There are no seals: only this process still has the file.
#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps, reason = "Linux can refuse")]
pub(crate) fn seal(_memory: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::time::Duration;

    use rustix::pipe::{SpliceFlags, pipe, splice};

    use super::*;

    /// As when the kernel compacts memory: for a while a page has a user besides the file.
    #[test]
    fn a_page_that_is_in_use_is_waited_for() {
        let mut memory = memory("busy").unwrap();
        memory.write_all(&[1; 4096]).unwrap();
        let (reader, writer) = pipe().unwrap();
        let flags = SpliceFlags::empty();
        assert_eq!(splice(&memory, Some(&mut 0), &writer, None, 4096, flags).unwrap(), 4096);
        let busy = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(500));
            File::from(reader).read_exact(&mut [0; 4096]).unwrap();
        });
        seal(&memory).unwrap();
        busy.join().unwrap();
        assert_eq!(memory.write(&[2]).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }
}
