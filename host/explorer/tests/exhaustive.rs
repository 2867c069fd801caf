//! A bounded run through all reachable states, and what must have happened in it.
//!
//! `make exhaustive` takes longer, and `make exhaustive MINUTES=60` as long as it is given.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use hotseat_explorer::catalogue;
use hotseat_explorer::finding::{Happened, Sometimes};
use hotseat_explorer::setting::Setting;
use std::time::Duration;

/// What a busy machine does not get to in that time is left out, not failed.
const TIME: Duration = Duration::from_secs(120);

#[test]
fn no_reachable_state_is_broken() {
    let table =
        catalogue::explore(&catalogue::quick(), TIME, usize::MAX, |line| println!("{line}"));
    assert!(table.broken.is_empty(), "{}", table.broken.join("\n"));
    assert_eq!(table.reports.len(), catalogue::quick().len());
    let states: usize = table.reports.iter().map(|report| report.states).sum();
    println!("{states} states, {}", catalogue::memory());
    assert!(states > 100_000, "only {states} states were met");
}

/// Each setting of `make exhaustive` has words that mean something.
#[test]
fn the_catalogue_can_be_read() {
    for words in catalogue::all() {
        Setting::parse(&words).unwrap_or_else(|why| panic!("{words}: {why}"));
    }
    assert!(Setting::parse("null-nothing").unwrap_err().contains("null-nothing"));
}

/// A search in which nothing happens finds nothing.
#[test]
fn whatever_should_happen_happens() {
    let settings = [
        "lost-reads=0 resign",
        "lost-reads=0 lost-writes=0 stop",
        "delete met",
        "crash met",
        "transfer met lost-reads=0 lost-writes=0",
    ];
    let settings = settings.map(str::to_owned);
    // So many states, however long a busy machine takes for them.
    let (time, states) = (Duration::from_secs(3600), 250_000);
    let table = catalogue::explore(&settings, time, states, |line| println!("{line}"));
    assert!(table.broken.is_empty(), "{}", table.broken.join("\n"));
    let mut happened = Happened::default();
    table.reports.iter().for_each(|report| happened.add_all(report.happened));
    let missing: Vec<Sometimes> =
        Sometimes::ALL.into_iter().filter(|what| !happened.has(*what)).collect();
    assert!(missing.is_empty(), "never happened: {missing:?}");
    assert!(table.reports.iter().any(|report| report.recovery > 0), "liveness was not looked at");
}
