//! A run through the reachable states of the quick settings, and what must have happened in it.
//!
//! Each search ends after so many states, not after some time: what it meets depends on no machine. `make
//! exhaustive` takes longer, and `make exhaustive MINUTES=60` as long as it is given.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use hotseat_explorer::catalogue;
use hotseat_explorer::explore::{Table, explore, say};
use hotseat_explorer::finding::{Broken, Happened, Sometimes};
use hotseat_explorer::hands::Fault;
use hotseat_explorer::search::{ANY_TIME, Limit, Report, search};
use hotseat_explorer::setting::{Policy, Setting};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Instant;

/// One run for all tests that look at it.
static QUICK: LazyLock<Table> = LazyLock::new(|| {
    let begun = Instant::now();
    let stages = catalogue::quick().into_iter().map(|stage| (stage.words, stage.states));
    let table = explore(&stages.collect::<Vec<_>>(), ANY_TIME, say);
    say(&table.summary(begun.elapsed()));
    table
});

fn run(words: &str, states: usize) -> Report {
    let setting = Setting::parse(words).unwrap();
    let report = search(&setting, &Limit { time: ANY_TIME, states, ..Limit::default() });
    say(&format!("{setting}: {report}"));
    report
}

#[test]
fn no_reachable_state_is_broken() {
    assert!(QUICK.broken.is_empty(), "{}", QUICK.broken.join("\n"));
}

/// What a policy of any mind answers, beside campaigning.
const ANSWERS: [Sometimes; 3] =
    [Sometimes::Declines, Sometimes::Resigns, Sometimes::ResignsForAnother];

/// Where fewer things can happen than should, the same number of states goes deeper or there are not as many;
/// where more can, or the core takes more steps for the same, it goes less deep.
#[test]
fn each_setting_gets_as_far_as_stated() {
    for stage in catalogue::quick() {
        let words = &stage.words;
        let report = QUICK.report(words).unwrap_or_else(|| panic!("`{words}` was not searched"));
        assert!(report.states > stage.states, "`{words}` has fewer states: {report}");
        let stated = stage.depth..=stage.depth + 1;
        assert!(stated.contains(&report.whole), "`{words}`, stated {stated:?}: {report}");
    }
}

#[test]
fn all_faults_of_a_setting_happen_in_it() {
    for stage in catalogue::quick() {
        let words = &stage.words;
        let report = QUICK.report(words).unwrap_or_else(|| panic!("`{words}` was not searched"));
        let setting = Setting::parse(words).unwrap();
        let missing: Vec<Fault> =
            setting.budget.left().filter(|fault| !report.happened.has_fault(*fault)).collect();
        assert!(missing.is_empty(), "`{words}`, no such fault: {missing:?}");
        if setting.policy == Policy::Any {
            let missing = ANSWERS.into_iter().filter(|what| !report.happened.has(*what));
            assert_eq!(missing.collect::<Vec<_>>(), [], "`{words}`, never answered");
        }
    }
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
    let mut happened = Happened::default();
    QUICK.rows.iter().for_each(|(_, report)| happened.add_all(report.happened));
    let missing: Vec<Sometimes> =
        Sometimes::ALL.into_iter().filter(|what| !happened.has(*what)).collect();
    assert!(missing.is_empty(), "never happened: {missing:?}");
    let missing: Vec<Fault> =
        Fault::ALL.into_iter().filter(|fault| !happened.has_fault(*fault)).collect();
    assert!(missing.is_empty(), "no such fault: {missing:?}");
    assert!(QUICK.rows.iter().any(|(_, report)| report.recovery > 0), "no liveness was looked at");
}

/// Any answer at each question, while hands edit the lock: in both lists.
#[test]
fn any_policy_meets_hands() {
    let quick = catalogue::quick().into_iter().map(|stage| stage.words).collect();
    for list in [catalogue::all(), quick] {
        let settings = list.iter().map(|words| Setting::parse(words).unwrap());
        let any = settings.filter(|setting| setting.policy == Policy::Any);
        let hands: usize = any.map(|setting| setting.budget.left().count()).sum();
        assert!(hands >= 3, "{hands} faults beside any policy");
    }
}

/// Without faults there is an end: all states are met, and what was not found cannot happen there.
#[test]
fn without_faults_the_search_closes() {
    let report = run("prompt tokens=0 lost-reads=0 lost-writes=0", 100_000);
    assert!(report.closed && report.counterexample.is_none(), "{report}");
    assert_eq!(report.whole, report.depth);
    assert!(report.states > 50_000, "hardly anything happened: {report}");
}

/// What a token has the wall clock for (I9): a hand takes the mark away, with the token of a term that the
/// other candidate has not seen. By its own knowledge alone that one would give the token again.
#[test]
fn a_token_comes_twice_only_where_the_clock_stands_still() {
    const UNMARK: &str = "unmark led prompt lost-reads=0 lost-writes=0";
    let stands = run(&format!("{UNMARK} clock=0"), 100_000);
    let broken = stands.counterexample.map(|found| found.broken);
    assert_eq!(broken, Some(Broken::TokenNotLarger));
    let goes_on = run(UNMARK, 150_000);
    assert!(goes_on.counterexample.is_none() && goes_on.whole >= stands.depth, "{goes_on}");
}

/// `make test` shows no output of tests that pass, and yet it is to be seen what was searched.
#[test]
fn how_far_a_search_got_is_said_in_each_run() {
    let program = std::env::current_exe().unwrap();
    let output = Command::new(program).arg("without_faults_the_search_closes").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("closed at depth") && said.contains(" states/s"), "{said}");
}
