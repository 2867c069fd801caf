//! Each rule that keeps two leaders apart, switched off: the search finds what it is for.
//!
//! The way to each counterexample is kept in `transcripts/`, and compared. `HOTSEAT_BLESS=1` writes them
//! anew, and `HOTSEAT_RULE=N` tries one rule only.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use hotseat_knockouts::search::{Limit, search};
use hotseat_knockouts::setting::Setting;
use std::path::Path;
use std::time::{Duration, Instant};

include!("../core/rules.rs");

/// No search of a rule needs as many states.
const LIMIT: usize = 3_000_000;
/// How long each of the two tests may take in `make test`. The quickest rules come first; what a busy
/// machine does not get to in that time is left out and printed, not failed. `make mutations` tries all,
/// however long it takes.
const TIME: Duration = Duration::from_secs(90);
/// A rule that needs no more states is never left out.
const ALWAYS: usize = 20_000;
const HOUR: Duration = Duration::from_secs(3600);

/// Which rules are tried, in which order, and until when those that may be left out.
struct Round {
    numbers: Vec<usize>,
    until: Option<Instant>,
}

impl Round {
    fn begin() -> Round {
        let only = std::env::var("HOTSEAT_RULE").ok().map(|n| n.parse::<usize>().unwrap());
        let all = std::env::var_os("HOTSEAT_RULES").is_some_and(|which| which == "all");
        let mut numbers: Vec<usize> =
            (0..RULES.len()).filter(|number| only.is_none_or(|only| *number == only)).collect();
        if all || only.is_some() {
            return Round { numbers, until: None };
        }
        numbers.sort_by_key(|number| RULES[*number].states);
        Round { numbers, until: Some(Instant::now() + TIME) }
    }

    /// How long this rule may take; none if it is left out.
    fn time_for(&self, rule: &Rule) -> Option<Duration> {
        let Some(until) = self.until.filter(|_| rule.states > ALWAYS) else { return Some(HOUR) };
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }
}

#[test]
fn a_rule_that_is_knocked_out_is_missed() {
    let round = Round::begin();
    let (mut missing, mut left_out) = (Vec::new(), Vec::new());
    for number in round.numbers.iter().copied() {
        let rule = &RULES[number];
        let Some(time) = round.time_for(rule) else {
            left_out.push(rule.what);
            continue;
        };
        let setting = Setting::parse(rule.setting).unwrap();
        let limit = Limit { time, states: LIMIT, ..Limit::default() };
        hotseat_core::knock_out(number);
        let report = search(&setting, &limit);
        hotseat_core::knock_out(usize::MAX);
        println!("{} | {} | {} | {setting}: {report}", rule.invariant, rule.what, rule.file);
        match &report.counterexample {
            Some(found) => compare(number, rule, &found.transcript),
            None if report.time > time => left_out.push(rule.what),
            None => missing.push(rule.what),
        }
    }
    println!("left out, since {TIME:?} had passed: {left_out:?}");
    assert!(missing.is_empty(), "knocked out, and nothing was found: {missing:?}");
}

/// Without a knock-out the same search finds nothing that far.
#[test]
fn with_all_rules_the_same_settings_hold() {
    let round = Round::begin();
    for number in round.numbers.iter().copied() {
        let rule = &RULES[number];
        let Some(time) = round.time_for(rule) else { continue };
        let setting = Setting::parse(rule.setting).unwrap();
        let limit = Limit { time, states: rule.states, ..Limit::default() };
        let found = search(&setting, &limit).counterexample.map(|found| found.transcript);
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
