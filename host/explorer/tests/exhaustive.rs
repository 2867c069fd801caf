//! A bounded run through all reachable states, and what must have happened in it.
//!
//! `make exhaustive` takes longer, and `make exhaustive MINUTES=60` as long as it is given. What each
//! setting came to is printed: `cargo test -p hotseat-explorer -- --nocapture` shows it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use hotseat_explorer::catalogue;
use hotseat_explorer::finding::{Happened, Sometimes};
use hotseat_explorer::hands::Fault;
use hotseat_explorer::search::{Limit, search};
use hotseat_explorer::setting::Setting;
use std::time::Duration;

/// What a busy machine does not get to in that time is left out, not failed.
const TIME: Duration = Duration::from_secs(90);
/// Where a number of states ends a search, a busy machine has as long as it takes.
const ANY: Duration = Duration::from_secs(3600);

#[test]
fn no_reachable_state_is_broken() {
    let table =
        catalogue::explore(&catalogue::quick(), TIME, usize::MAX, |line| println!("{line}"));
    assert!(table.broken.is_empty(), "{}", table.broken.join("\n"));
    assert_eq!(table.reports.len(), catalogue::quick().len());
    let states: usize = table.reports.iter().map(|report| report.states).sum();
    println!("{states} states, {}", catalogue::memory());
    // It may get no more than other suites leave of the processors; the run below has no limit of time.
    assert!(states > 10_000, "only {states} states were met");
}

/// Each setting of `make exhaustive` has words that mean something.
#[test]
fn the_catalogue_can_be_read() {
    for words in catalogue::all() {
        Setting::parse(&words).unwrap_or_else(|why| panic!("{words}: {why}"));
    }
    assert!(Setting::parse("null-nothing").unwrap_err().contains("null-nothing"));
}

/// A search in which nothing happens finds nothing. The beginning of the run above has all of it: each
/// fault, and what should come of them.
#[test]
fn whatever_should_happen_happens() {
    let table = catalogue::explore(&catalogue::quick(), ANY, 12_000, |line| println!("{line}"));
    assert!(table.broken.is_empty(), "{}", table.broken.join("\n"));
    let mut happened = Happened::default();
    table.reports.iter().for_each(|report| happened.add_all(report.happened));
    let missing: Vec<Sometimes> =
        Sometimes::ALL.into_iter().filter(|what| !happened.has(*what)).collect();
    assert!(missing.is_empty(), "never happened: {missing:?}");
    let missing: Vec<Fault> =
        Fault::ALL.into_iter().filter(|fault| !happened.has_fault(*fault)).collect();
    assert!(missing.is_empty(), "no such fault: {missing:?}");
    assert!(table.reports.iter().any(|report| report.recovery > 0), "liveness was not looked at");
}

/// Without faults there is an end: all states are met, and what was not found cannot happen there.
#[test]
fn without_faults_the_search_closes() {
    let setting = Setting::parse("prompt tokens=0 lost-reads=0 lost-writes=0").unwrap();
    let report = search(&setting, &Limit { time: ANY, states: 100_000, ..Limit::default() });
    println!("{setting}: {report}");
    assert!(report.closed && report.counterexample.is_none(), "{report}");
    assert!(report.states > 10_000, "hardly anything happened: {report}");
}
