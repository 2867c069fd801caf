//! Each rule that keeps two leaders apart, switched off: the search finds what it is for.
//!
//! The way to each counterexample is kept in `transcripts/`. They are compared when the search is
//! given the time for it; `HOTSEAT_BLESS=1` writes them anew. `HOTSEAT_RULE=N` tries one rule only.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use hotseat_knockouts::search::{Limit, search};
use hotseat_knockouts::setting::Setting;
use std::path::Path;
use std::time::Duration;

include!("../core/rules.rs");

/// No search of a rule needs as many states; a time would fail on a busy machine.
const LIMIT: usize = 3_000_000;
/// Which rules are tried by `make test`: those found within seconds. `make mutations` tries all.
const QUICK: usize = 200_000;

fn numbers() -> Vec<usize> {
    let only = std::env::var("HOTSEAT_RULE").ok().map(|n| n.parse::<usize>().unwrap());
    let all = std::env::var_os("HOTSEAT_RULES").is_some_and(|which| which == "all");
    let is_wanted = |number: &usize| match only {
        Some(only) => *number == only,
        None => all || RULES[*number].states <= QUICK,
    };
    (0..RULES.len()).filter(is_wanted).collect()
}

#[test]
fn a_rule_that_is_knocked_out_is_missed() {
    let mut missing = Vec::new();
    for number in numbers() {
        let rule = &RULES[number];
        let setting = Setting::parse(rule.setting).unwrap();
        let limit = Limit { time: Duration::from_secs(3600), states: LIMIT, ..Limit::default() };
        hotseat_core::knock_out(number);
        let report = search(&setting, &limit);
        hotseat_core::knock_out(usize::MAX);
        println!("{} | {} | {} | {setting}: {report}", rule.invariant, rule.what, rule.file);
        match &report.counterexample {
            Some(found) => compare(number, rule, &found.transcript),
            None => missing.push(rule.what),
        }
    }
    assert!(missing.is_empty(), "knocked out, and nothing was found: {missing:?}");
}

/// Without a knock-out the same search finds nothing that far.
#[test]
fn with_all_rules_the_same_settings_hold() {
    for number in numbers() {
        let setting = Setting::parse(RULES[number].setting).unwrap();
        let limit = Limit { states: RULES[number].states, ..Limit::default() };
        let report = search(&setting, &limit);
        let found = report.counterexample.map(|found| found.transcript);
        assert!(found.is_none(), "{}", found.unwrap_or_default());
    }
}

fn compare(number: usize, rule: &Rule, transcript: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts");
    let words: String =
        rule.what.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    let file = folder.join(format!("{:02}-{}-{words}.txt", number + 1, rule.invariant));
    let text = format!("# {}, knocked out: {}.\n{transcript}", rule.invariant, rule.what);
    if std::env::var_os("HOTSEAT_BLESS").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&file, text).unwrap();
        return;
    }
    let golden = std::fs::read_to_string(&file)
        .unwrap_or_else(|why| panic!("{}: {why}: write it by HOTSEAT_BLESS=1", file.display()));
    assert_eq!(golden, text, "{} differs", file.display());
}
