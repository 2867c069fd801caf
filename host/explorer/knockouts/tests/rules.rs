//! Each rule that keeps two leaders apart, switched off: the search finds what it is for.
//!
//! All of them are tried in each run, in the settings of `make test` and no further than those go there. The
//! way to each counterexample is kept in `transcripts/`, and compared. `HOTSEAT_BLESS=1` writes them anew, and
//! `HOTSEAT_RULE=N` tries one rule only, the first being 0.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use hotseat_knockouts::catalogue;
use hotseat_knockouts::explore::say;
use hotseat_knockouts::search::{ANY_TIME, Limit, Report, search};
use hotseat_knockouts::setting::Setting;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

include!("../core/rules.rs");

/// The rules that are tried, with their numbers.
fn rules() -> Vec<(usize, &'static Rule)> {
    let only = std::env::var("HOTSEAT_RULE").ok().map(|n| n.parse::<usize>().unwrap());
    let all = RULES.iter().enumerate();
    all.filter(|(number, _)| only.is_none_or(|only| *number == only)).collect()
}

fn run(words: &str, states: usize) -> Report {
    let setting = Setting::parse(words).unwrap();
    search(&setting, &Limit { time: ANY_TIME, states, ..Limit::default() })
}

#[test]
fn a_rule_that_is_knocked_out_is_missed() {
    let begun = Instant::now();
    let (mut missing, mut states) = (Vec::new(), 0);
    let rules = rules();
    say("");
    for (number, rule) in &rules {
        let stages = catalogue::quick();
        let stage = stages.into_iter().find(|stage| stage.words == rule.setting);
        let stage = stage.unwrap_or_else(|| panic!("{}: not in the catalogue", rule.setting));
        hotseat_core::knock_out(*number);
        let report = run(rule.setting, stage.states);
        hotseat_core::knock_out(usize::MAX);
        let Rule { invariant, what, file, setting, .. } = rule;
        say(&format!("{invariant} | {what} | {file} | {setting}: {report}"));
        states += report.states;
        match &report.counterexample {
            Some(found) => compare(*number, rule, &found.transcript),
            None => missing.push(*what),
        }
    }
    let found = rules.len() - missing.len();
    let minutes = begun.elapsed().as_secs_f64() / 60.0;
    say(&format!(
        "{found} of {} rules are missed, {states} states, {minutes:.1} minutes",
        rules.len()
    ));
    assert!(missing.is_empty(), "knocked out, and nothing was found: {missing:?}");
}

/// Without a knock-out the same search finds nothing that far.
#[test]
fn with_all_rules_the_same_settings_hold() {
    let mut settings = BTreeMap::new();
    for (_, rule) in rules() {
        let states: &mut usize = settings.entry(rule.setting).or_default();
        *states = rule.states.max(*states);
    }
    for (words, states) in settings {
        let report = run(words, states);
        let found = report.counterexample.map(|found| found.transcript);
        assert!(found.is_none(), "{}", found.unwrap_or_default());
        assert!(report.states > states, "`{words}` ends after {} states", report.states);
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
