//! Memory that only the start needed is given back.
//!
//! Starting touches most of the program once: arguments, certificates, the kubeconfig, the first
//! policy. The kernel maps 64 KiB around each page of code that is touched, and all of it counts as
//! resident for good. Dropped once the election runs, what is in use comes back from the page
//! cache, a fault for each 64 KiB, and the rest stays away.

#![allow(unsafe_code, reason = "advice to the kernel about memory is unsafe by its signature")]

use rustix::mm::{Advice, madvise};
use std::io;
use std::time::Duration;

/// After this long the start is over, the first policy's swap included.
const AFTER: Duration = Duration::from_secs(30);

/// Gives the code and the constants that the start needed back, once the start is over.
pub async fn after_start() {
    tokio::time::sleep(AFTER).await;
    match code() {
        Ok(bytes) => tracing::debug!(bytes, "the mappings of code were dropped"),
        Err(error) => tracing::debug!(%error, "the mappings of code were not dropped"),
    }
}

/// Drops the mappings of this program's code and constants, of so many bytes in all.
///
/// # Errors
///
/// /proc is not mounted, or the kernel refuses.
fn code() -> io::Result<usize> {
    let program = std::fs::read_link("/proc/self/exe")?;
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    let mut total = 0;
    for (start, length) in
        maps.lines().filter_map(|line| code_range(line, &program.to_string_lossy()))
    {
        // SAFETY: the range is a private mapping of the program's file that is not writable and was
        // never written: the program has no text relocations, and the constants that are relocated
        // when it starts lie behind the code and not at the file's beginning. Dropping it changes
        // no content: the next access maps the file's page again.
        unsafe { madvise(start as *mut _, length, Advice::LinuxDontNeed)? };
        total += length;
    }
    Ok(total)
}

/// Start and length of a mapping of the program's code, or of the constants at the beginning of its
/// file; none for any other line.
fn code_range(line: &str, program: &str) -> Option<(usize, usize)> {
    let mut words = line.split_ascii_whitespace();
    let (range, rights) = (words.next()?, words.next()?);
    let (offset, path) = (words.next()?, words.nth(2)?);
    let constants = rights == "r--p" && offset.bytes().all(|digit| digit == b'0');
    if !(rights == "r-xp" || constants) || path != program {
        return None;
    }
    let (start, end) = range.split_once('-')?;
    let start = usize::from_str_radix(start, 16).ok()?;
    let end = usize::from_str_radix(end, 16).ok()?;
    Some((start, end.checked_sub(start)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_programs_code_is_meant() {
        let line = |rights: &str, path: &str| {
            format!("55d0-65d0 {rights} 00001000 fe:00 42                  {path}")
        };
        let range = |rights, path| code_range(&line(rights, path), "/bin/hotseat");
        assert_eq!(range("r-xp", "/bin/hotseat"), Some((0x55d0, 0x1000)));
        let first = line("r--p", "/bin/hotseat").replace("00001000", "00000000");
        assert_eq!(code_range(&first, "/bin/hotseat"), Some((0x55d0, 0x1000)));
        for (rights, path) in [
            ("r--p", "/bin/hotseat"),
            ("rw-p", "/bin/hotseat"),
            ("rwxp", "/bin/hotseat"),
            ("r-xp", "/lib/libc.so.6"),
            ("r-xp", ""),
        ] {
            assert_eq!(range(rights, path), None, "{rights} {path}");
        }
    }

    #[test]
    fn the_program_goes_on_without_its_mappings() {
        let dropped = code().unwrap();
        assert!(dropped > 100_000, "{dropped}");
        let resident = |maps: &str| {
            let exe = std::fs::read_link("/proc/self/exe").unwrap();
            let exe = exe.to_string_lossy().into_owned();
            let mut inside = false;
            maps.lines()
                .find_map(|line| {
                    inside = code_range(line, &exe).is_some() || (inside && line.contains("kB"));
                    let rss = line.strip_prefix("Rss:").filter(|_| inside)?;
                    rss.trim().strip_suffix(" kB")?.parse::<usize>().ok()
                })
                .unwrap()
        };
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        assert!(resident(&maps) * 1024 < dropped, "{maps}");
    }
}
