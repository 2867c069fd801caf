//! Reading a journal takes the memory of one line, whatever the file holds.
//!
//! In a file of its own, since it measures the whole process.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use hotseat_journal::{LONGEST_LINE, Problem, Reader};
use std::io::{BufReader, Read as _, repeat};

/// The most memory that this process ever had, in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() << 10
}

#[test]
fn a_line_without_end_is_not_held() {
    let endless = repeat(b'x').take(32 << 20);
    let before = peak();
    let mut reader = Reader::new(BufReader::new(endless));
    assert_eq!(reader.next().unwrap().unwrap_err().problem, Problem::TooLong);
    assert!(reader.next().is_none());
    let grown = peak() - before;
    assert!(grown < 8 * LONGEST_LINE, "grown by {grown} bytes");
}
