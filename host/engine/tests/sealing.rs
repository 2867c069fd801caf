//! The memory that a compiled component lies in cannot be changed once the engine has it: mapping
//! it as code rests on that.
//!
//! In a file of its own, since it looks through the descriptors of the whole process.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::fs::{File, OpenOptions, read_dir, read_link};
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use common::compiler;
use hotseat_engine::{CompileLimits, STANDARD};
use rustix::fs::{SealFlags, fcntl_add_seals, fcntl_get_seals};

/// The links to this process's descriptors of that memory.
fn compiled() -> Vec<PathBuf> {
    let links = read_dir("/proc/self/fd").unwrap().map(|entry| entry.unwrap().path());
    let is_it = |link: &PathBuf| {
        read_link(link).is_ok_and(|target| target.starts_with("/memfd:hotseat-compiled (deleted)"))
    };
    links.filter(is_it).collect()
}

#[test]
fn a_compiled_component_cannot_be_changed() {
    let component = compiler(CompileLimits::default()).compile(STANDARD).unwrap();
    let found = compiled();
    assert_eq!(found.len(), 1, "the parent keeps one descriptor: {found:?}");
    // As anybody could who may look into this process.
    let mut file: File = OpenOptions::new().read(true).write(true).open(&found[0]).unwrap();
    let size = component.size().unwrap();
    let refused = [
        ("written", file.write_all(b"x").unwrap_err()),
        ("cut", file.set_len(size - 1).unwrap_err()),
        ("made longer", file.set_len(size + 1).unwrap_err()),
        // The seals are for good.
        ("sealed", fcntl_add_seals(&file, SealFlags::FUTURE_WRITE).unwrap_err().into()),
    ];
    for (what, error) in refused {
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "it can be {what}: {error}");
    }
    let seals = fcntl_get_seals(&file).unwrap();
    let all = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    assert!(seals.contains(all), "{seals:?}");
    drop((component, file));
    assert_eq!(compiled(), Vec::<PathBuf>::new());
}
