//! Each rule that keeps two leaders apart, switched off: the search finds what it is for.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use hotseat_knockouts::search::{Limit, search};
use hotseat_knockouts::setting::Setting;
use hotseat_knockouts::transcript::transcript;
use std::time::Duration;

include!("../core/rules.rs");

#[test]
fn each_rule_is_needed() {
    let only = std::env::var("ONLY").ok().and_then(|n| n.parse::<usize>().ok());
    for (number, rule) in RULES.iter().enumerate() {
        if only.is_some_and(|only| only != number) {
            continue;
        }
        hotseat_core::knock_out(number);
        let words = std::env::var("SETTING").unwrap_or(rule.setting.to_owned());
        let setting = Setting::parse(&words).unwrap();
        let limit = Limit { time: Duration::from_secs(120), ..Limit::default() };
        let report = search(&setting, &limit);
        println!("{number} {} {}: {setting}: {report}", rule.invariant, rule.what);
        if only.is_some()
            && let Some(way) = report.counterexample
        {
            print!("{}", transcript(&setting, &way));
        }
    }
}
