//! The journal of a running process: what is kept, what is written, what is dropped.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use hotseat_journal::{Body, Bounds, Journal, OpenError, Reader, Swap};
use std::fs;
use std::io::BufReader;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

fn swap(reason: &str) -> Body {
    Body::Swap(Swap { error: Some(reason.to_owned()), ..Swap::default() })
}

fn record(journal: &Journal, reason: &str) {
    journal.record("shop/web".to_owned(), "2026-01-02T03:04:05Z".to_owned(), 5, swap(reason));
}

fn numbers(path: &Path) -> Vec<u64> {
    let source = BufReader::new(fs::File::open(path).unwrap());
    Reader::new(source).map(|line| line.unwrap().1.number).collect()
}

fn silent(line: &str) {
    panic!("nobody should complain: {line}");
}

#[test]
fn the_last_records_are_given_as_lines() {
    let journal = Journal::new(Bounds { records: 3, bytes: 1 << 20 });
    for _ in 0..5 {
        record(&journal, "");
    }
    let lines = journal.lines(usize::MAX);
    let read: Vec<u64> = Reader::new(lines.as_bytes()).map(|line| line.unwrap().1.number).collect();
    assert_eq!(read, [3, 4, 5]);
    assert_eq!(journal.lines(1).lines().count(), 1);
    assert_eq!(journal.lines(0), "");
    assert_eq!(journal.dropped(), 0);
}

#[test]
fn the_file_has_all_of_them_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = Journal::new(Bounds { records: 3, bytes: 1 << 20 });
    journal.append_to(&path, 10 << 20, silent).unwrap();
    for _ in 0..100 {
        record(&journal, "");
    }
    assert!(journal.finish(PATIENCE));
    assert_eq!(numbers(&path), (1..=100).collect::<Vec<u64>>());
    assert_eq!(journal.dropped(), 0);
    // After the end it goes on in memory.
    record(&journal, "");
    assert_eq!(numbers(&path).len(), 100);
    assert!(journal.lines(1).contains("\"n\":101"));
}

#[test]
fn another_process_appends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    for _ in 0..2 {
        let journal = Journal::new(Bounds::default());
        journal.append_to(&path, 10 << 20, silent).unwrap();
        record(&journal, "");
        assert!(journal.finish(PATIENCE));
    }
    assert_eq!(numbers(&path), [1, 1]);
}

#[test]
fn a_large_file_is_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = Journal::new(Bounds::default());
    journal.append_to(&path, 1000, silent).unwrap();
    for _ in 0..50 {
        record(&journal, "");
    }
    assert!(journal.finish(PATIENCE));
    let (now, aside) = (numbers(&path), numbers(&folder.path().join("journal.1")));
    let (first, last) = (aside[0], *now.last().unwrap());
    assert_eq!([aside, now].concat(), (first..=last).collect::<Vec<u64>>());
    assert_eq!(last, 50);
    assert!(fs::metadata(&path).unwrap().len() <= 1000);
}

#[test]
fn a_full_disk_drops_and_counts_and_says_so_once() {
    // The folder goes away, so that no new file can be begun: as a disk that is full, for the
    // writer, and to be had without a disk.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gone/journal");
    fs::create_dir(path.parent().unwrap()).unwrap();
    let journal = Journal::new(Bounds::default());
    let (complain, complaints) = channel();
    journal.append_to(&path, 300, move |line| complain.send(line.to_owned()).unwrap()).unwrap();
    record(&journal, "fits");
    record(&journal, "fits, and fills it");
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
    for _ in 0..10 {
        record(&journal, &"x".repeat(300));
    }
    let line = complaints.recv_timeout(PATIENCE).unwrap();
    assert!(line.starts_with("the journal's file cannot be written (No such file"), "{line}");
    fs::create_dir(path.parent().unwrap()).unwrap();
    // Until it is written again.
    let again = loop {
        record(&journal, "");
        if let Ok(line) = complaints.recv_timeout(Duration::from_millis(10)) {
            break line;
        }
    };
    assert_eq!(again, "the journal's file is written again");
    assert!(journal.finish(PATIENCE));
    let dropped = journal.dropped();
    assert!((1..=12).contains(&dropped), "{dropped}");
    let written = numbers(&path);
    let end = written.last().copied().unwrap();
    assert!(end > dropped && journal.lines(1).contains(&format!("\"n\":{end}")));
}

/// A journal in a folder, whose writer hangs, in its complaint, until the sender is dropped.
fn hanging() -> (TempDir, Journal, Sender<()>) {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::new(Bounds { records: 10, bytes: 10 << 20 });
    let (hold, held) = channel();
    let (complain, complaints) = channel();
    let hang = move |_: &str| {
        // Only the first one is waited for.
        let _ = complain.send(());
        let _ = held.recv();
    };
    journal.append_to(&folder.path().join("journal"), 1, hang).unwrap();
    record(&journal, "first");
    // Each line wants the file before it put aside, which cannot be done onto a folder.
    fs::create_dir(folder.path().join("journal.1")).unwrap();
    record(&journal, "second");
    complaints.recv_timeout(PATIENCE).unwrap();
    (folder, journal, hold)
}

#[test]
fn nobody_waits_for_a_slow_disk() {
    let (_folder, journal, hold) = hanging();
    let begun = std::time::Instant::now();
    for _ in 0..2_000 {
        record(&journal, "");
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let dropped = journal.dropped();
    assert!(dropped >= 2_000 - 256, "{dropped}");
    assert!(!journal.finish(Duration::from_millis(1)), "the writer hangs");
    drop(hold);
    assert!(journal.finish(PATIENCE));
}

#[test]
fn what_waits_is_bounded_in_bytes_too() {
    let (_folder, journal, hold) = hanging();
    for _ in 0..20 {
        record(&journal, &"x".repeat(300 << 10));
    }
    let dropped = journal.dropped();
    assert!((16..=18).contains(&dropped), "three of 300 KiB wait, {dropped} were dropped");
    drop(hold);
    assert!(journal.finish(PATIENCE));
}

#[test]
fn a_journal_has_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::new(Bounds::default());
    journal.append_to(&folder.path().join("a"), 10, silent).unwrap();
    let again = journal.append_to(&folder.path().join("b"), 10, silent);
    assert!(matches!(again, Err(OpenError::Twice)));
    let missing = Journal::new(Bounds::default());
    let refused = missing.append_to(&folder.path().join("no/such"), 10, silent);
    assert!(refused.unwrap_err().to_string().contains("no/such: cannot be written"));
}
