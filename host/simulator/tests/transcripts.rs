//! Golden transcripts: each file in `tests/transcripts` must come back as it is.
//!
//! `HOTSEAT_BLESS=1 cargo test -p hotseat-simulator --test transcripts` writes them anew; commit
//! only a difference that you understand.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use hotseat_simulator::transcript;
use std::path::{Path, PathBuf};

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn transcripts_come_back_as_they_are() {
    let files = files();
    assert!(files.len() >= 8, "only {} transcripts found", files.len());
    let bless = std::env::var_os("HOTSEAT_BLESS").is_some();
    for file in files {
        let golden = std::fs::read_to_string(&file).unwrap();
        let now = transcript(&golden).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
        if bless {
            std::fs::write(&file, &now).unwrap();
        } else {
            assert_eq!(golden, now, "{} differs", file.display());
        }
    }
}

#[test]
fn a_command_that_is_not_known_is_an_error() {
    assert!(transcript("> dance a\n").unwrap_err().contains("no such command"));
    assert!(transcript("> kill nobody\n").unwrap_err().contains("no candidate nobody"));
    assert!(transcript("> run 5\n").unwrap_err().contains("not a duration"));
}
