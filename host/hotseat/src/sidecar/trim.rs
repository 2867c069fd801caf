//! Memory that only the start needed is given back.
//!
//! Starting touches most of the program once: arguments, certificates, the kubeconfig, the first
//! policy. The kernel maps 64 KiB around each page of code that is touched, of the program and of
//! its libraries, and all of it counts as resident for good. Dropped once the election runs, what
//! is in use comes back from the page cache, a fault for each 64 KiB, and the rest stays away.
//!
//! So it is with the first thread's stack: nothing after the start goes as deep as that went.

#![allow(unsafe_code, reason = "advice to the kernel about memory is unsafe by its signature")]

use rustix::mm::{Advice, madvise};
use std::hint::black_box;
use std::io;
use std::time::Duration;

/// After this long the start is over, the first policy's swap included.
const AFTER: Duration = Duration::from_secs(30);

/// Drops pages, whose content stays in the file.
#[cfg(target_os = "linux")]
const DROP: Advice = Advice::LinuxDontNeed;
/// Never given: only Linux says which mappings there are.
#[cfg(not(target_os = "linux"))]
const DROP: Advice = Advice::Normal;

/// So much of the stack is left below the function that drops the rest, in bytes: many times what it
/// and the system call have there.
const IN_USE: usize = 16 << 10;

/// Gives the code, the constants and the stack that the start needed back, once the start is over.
pub async fn after_start() {
    let early = read_mappings();
    tokio::time::sleep(AFTER).await;
    match early.and_then(|early| drop_code(&early)) {
        Ok(bytes) => tracing::debug!(bytes, "the mappings of code were dropped"),
        Err(error) => tracing::debug!(%error, "the mappings of code were not dropped"),
    }
    match std::fs::read_to_string("/proc/self/smaps").and_then(|smaps| drop_stack(&smaps)) {
        Ok(bytes) => tracing::debug!(bytes, "the stack of the start was dropped"),
        Err(error) => tracing::debug!(%error, "the stack of the start was not dropped"),
    }
}

/// Drops the mappings that were there early and are there now, of so many bytes in all. One
/// that is new may belong to a library that is just being loaded, and change.
///
/// # Errors
///
/// /proc is not mounted, or the kernel refuses.
fn drop_code(early: &[Mapping]) -> io::Result<usize> {
    let mut total = 0;
    for mapping in read_mappings()?.iter().filter(|mapping| early.contains(mapping)) {
        let start = mapping.start as *mut _;
        // SAFETY: the range is a mapping of a file that is not writable, and none of its pages is
        // the process's own, as those that were relocated before they became read-only would be; it
        // was mapped whole long ago. Dropping it changes no content: the next access maps the file's
        // page again.
        unsafe { madvise(start, mapping.length, DROP)? };
        total += mapping.length;
    }
    Ok(total)
}

/// Drops what lies below the frames of this thread, if it is the first one, so many bytes. The stacks of
/// others cannot be distinguished in `smaps`, and none of them goes deep.
///
/// # Errors
///
/// The kernel refuses.
#[inline(never)]
fn drop_stack(smaps: &str) -> io::Result<usize> {
    let frame = 0_u8;
    let here = black_box(&raw const frame).addr();
    let Some(unused) = below(smaps, here) else { return Ok(0) };
    // SAFETY: the range is the lower part of the stack that this very thread runs on, and ends far
    // below the frame of this function, which is not inlined and calls nothing meanwhile but the
    // kernel. So nothing in it belongs to anybody: who uses it next writes to it before it reads.
    unsafe { madvise(unused.start as *mut _, unused.length, DROP)? };
    Ok(unused.length)
}

/// The pages of the first thread's stack that are below a frame at `here`; none if that is a frame of
/// another thread, or there are none.
fn below(smaps: &str, here: usize) -> Option<Mapping> {
    let mut lines = smaps.lines();
    let (range, _) = lines.find(|line| line.ends_with(" [stack]"))?.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let start = usize::from_str_radix(start, 16).ok()?;
    let end = usize::from_str_radix(end, 16).ok()?;
    let page = lines.find_map(|line| line.strip_prefix("KernelPageSize:"))?;
    let page = page.trim().strip_suffix(" kB")?.parse::<usize>().ok()? * 1024;
    if !(start..end).contains(&here) {
        return None;
    }
    let length = here.checked_sub(IN_USE.max(page))?.checked_sub(start)? / page * page;
    (length > 0).then(|| Mapping { start, length, path: "[stack]".to_owned() })
}

/// A mapping that holds nothing but what its file holds.
#[derive(Debug, PartialEq, Eq)]
struct Mapping {
    start: usize,
    length: usize,
    path: String,
}

/// The mappings of code and constants of this program and its libraries, if it has any: linked
/// statically it has none. Where constants are in the file is the linker's choice, LLD's at its
/// beginning and GNU ld's behind the code.
fn read_mappings() -> io::Result<Vec<Mapping>> {
    let program = std::fs::read_link("/proc/self/exe")?;
    let smaps = std::fs::read_to_string("/proc/self/smaps")?;
    Ok(mappings(&smaps, &program.to_string_lossy()))
}

fn mappings(smaps: &str, program: &str) -> Vec<Mapping> {
    let mut found = Vec::new();
    let mut current = None;
    for line in smaps.lines() {
        match line.split_once(": ") {
            // What the kernel counts of the process's own pages in it; one is one too many.
            Some(("Anonymous" | "Swap", count)) if count.trim() != "0 kB" => current = None,
            // The last line of each.
            Some(("VmFlags", _)) => found.extend(current.take()),
            Some(_) => {}
            None => current = code(line, program),
        }
    }
    found
}

/// A mapping by the first of its lines; none for one of anything else.
fn code(line: &str, program: &str) -> Option<Mapping> {
    let mut words = line.split_ascii_whitespace();
    let (range, rights) = (words.next()?, words.next()?);
    let path = words.nth(3)?;
    if !matches!(rights, "r-xp" | "r--p") || !(path == program || is_library(path)) {
        return None;
    }
    let (start, end) = range.split_once('-')?;
    let start = usize::from_str_radix(start, 16).ok()?;
    let end = usize::from_str_radix(end, 16).ok()?;
    Some(Mapping { start, length: end.checked_sub(start)?, path: path.to_owned() })
}

/// Whether a mapped file is a shared library, such as `/lib/libc.so.6`.
fn is_library(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    path.starts_with('/') && (name.ends_with(".so") || name.contains(".so."))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn smaps(rights: &str, path: &str, anonymous: &str) -> String {
        format!(
            "55d0-65d0 {rights} 00001000 fe:00 42                  {path}\n\
             Rss:      4 kB\nAnonymous:      {anonymous} kB\nVmFlags: rd mr\n"
        )
    }

    fn found(smaps: &str) -> Vec<(usize, usize)> {
        let range = |mapping: Mapping| (mapping.start, mapping.length);
        mappings(smaps, "/bin/hotseat").into_iter().map(range).collect()
    }

    #[test]
    fn only_the_code_and_the_constants_of_the_program_and_its_libraries_are_meant() {
        for path in ["/bin/hotseat", "/lib/libc.so.6", "/lib64/libgcc_s.so"] {
            for rights in ["r-xp", "r--p"] {
                assert_eq!(found(&smaps(rights, path, "0")), [(0x55d0, 0x1000)], "{rights} {path}");
                assert_eq!(found(&smaps(rights, path, "4")), [], "own pages in {rights} {path}");
            }
        }
        for (rights, path) in [
            ("rw-p", "/bin/hotseat"),
            ("rwxp", "/bin/hotseat"),
            ("r-xp", "/tmp/other"),
            ("r--p", "/usr/share/zoneinfo/UTC"),
            ("r-xp", "/memfd:policy"),
            ("r-xp", ""),
        ] {
            assert_eq!(found(&smaps(rights, path, "0")), [], "{rights} {path}");
        }
        let both = smaps("r-xp", "/lib/libm.so.6", "4") + &smaps("r-xp", "/lib/libc.so.6", "0");
        assert_eq!(found(&both).len(), 1, "the one without own pages");
    }

    /// A static program has no library, and GNU ld has its constants behind the code; then come the
    /// constants that were relocated, which the program wrote itself.
    #[test]
    fn code_and_constants_of_a_static_program_are_meant() {
        let lines = [
            ("7f50d000-7f522000", "r--p 00000000", "0"),
            ("7f522000-7f64a000", "r-xp 00015000", "0"),
            ("7f64a000-7f6a1000", "r--p 0013d000", "0"),
            ("7f6a1000-7f6ab000", "r--p 00193000", "40"),
            ("7f6ab000-7f6ae000", "rw-p 0019d000", "12"),
        ];
        let smaps: String = lines
            .into_iter()
            .map(|(range, rights, own)| {
                let end = format!("Anonymous: {own} kB\nSwap: 0 kB\nVmFlags: rd mr\n");
                format!("{range} {rights} fe:00 42 /bin/hotseat\nRss: 80 kB\n{end}")
            })
            .collect();
        let expected = [(0x7f50_d000, 0x1_5000), (0x7f52_2000, 0x12_8000), (0x7f64_a000, 0x5_7000)];
        assert_eq!(found(&smaps), expected);
    }

    fn stack(page: usize) -> String {
        format!(
            "7f00-8f00 rw-p 00000000 00:00 0\nKernelPageSize:        4 kB\n\
             7ff000000000-7ff000100000 rw-p 00000000 00:00 0                  [stack]\n\
             Size:               1024 kB\nKernelPageSize:       {page} kB\nVmFlags: rd wr gd\n"
        )
    }

    #[test]
    fn of_the_stack_whole_pages_below_the_frame_are_meant() {
        let start = 0x7ff0_0000_0000;
        let length = |page, here| below(&stack(page), here).map(|it| (it.start, it.length));
        assert_eq!(length(4, start + 0xf_f123), Some((start, 0xf_b000)));
        assert_eq!(length(64, start + 0xf_f123), Some((start, 0xe_0000)), "large pages");
        assert_eq!(length(4, start + IN_USE), None, "nothing is below");
        assert_eq!(length(4, start + 10), None);
        for elsewhere in [0x7f80, start - 1, start + 0x10_0000] {
            assert_eq!(length(4, elsewhere), None, "the stack of another thread");
        }
        assert_eq!(below("7f00-8f00 rw-p 00000000 00:00 0\n", 0x7f80), None);
    }

    #[test]
    fn the_program_goes_on_without_its_mappings() {
        let early = read_mappings().unwrap();
        let program = std::fs::read_link("/proc/self/exe").unwrap();
        assert!(early.iter().any(|mapping| Path::new(&mapping.path) == program), "{early:?}");
        let libraries = early.iter().any(|mapping| is_library(&mapping.path));
        assert_eq!(libraries, !cfg!(target_feature = "crt-static"), "{early:?}");
        let resident = || {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            let line = status.lines().find(|line| line.starts_with("RssFile")).unwrap();
            line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
        };
        let before = resident();
        let dropped = drop_code(&early).unwrap();
        assert!(dropped > 100_000, "{dropped}");
        assert!(resident() < before, "{before} bytes of files before, {} after", resident());
        assert_eq!(drop_code(&[]).unwrap(), 0, "what was not there early");
        let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        assert_eq!(drop_stack(&smaps).unwrap(), 0, "a test's thread is not the first one");
    }
}
