//! The text of `/metrics`, checked against OpenMetrics' rules and read.

use crate::client::get;
use crate::site::TestServer;
use std::collections::{BTreeMap, BTreeSet};

/// What every sample of an election begins its labels with.
const ELECTION: &str = "election=\"shop/web\"";
/// What is of the process and not of an election.
const OF_THE_PROCESS: [&str; 6] = [
    "hotseat_build_info",
    "hotseat_http_",
    "hotseat_journal_",
    "hotseat_log_",
    "process_resident_",
    "process_start_",
];

/// A sample's name without the election, which it has to name unless it is of the process.
fn without_election(sample: &str) -> String {
    if OF_THE_PROCESS.iter().any(|start| sample.starts_with(start)) {
        return sample.to_owned();
    }
    let (name, labels) = sample.split_once('{').unwrap_or_else(|| panic!("{sample}: no labels"));
    // A histogram's bound stands before all other labels.
    let (bound, labels) = match labels.split_once("\",") {
        Some((bound, rest)) if bound.starts_with("le=") => (format!("{bound}\""), rest),
        _ => (String::new(), labels),
    };
    let rest = labels.strip_suffix('}').and_then(|labels| labels.strip_prefix(ELECTION));
    let rest = rest.unwrap_or_else(|| panic!("{sample}: names no election"));
    match rest.strip_prefix(',') {
        Some(rest) => format!("{name}{{{rest}}}"),
        None if !bound.is_empty() => format!("{name}{{{bound}}}"),
        None => name.to_owned(),
    }
}

/// The samples by name and labels, their election left out, after checks of the whole text against
/// OpenMetrics' rules.
pub fn scrape(site: &TestServer) -> BTreeMap<String, f64> {
    let answer = get(site.address(), "/metrics");
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    let text = answer.body.strip_suffix("# EOF\n").expect("the end is marked");
    let (mut kind, mut seen) = (("", ""), BTreeSet::new());
    let mut samples = BTreeMap::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (what, name) = (words.next().expect("a word"), words.next().expect("a name"));
            let rest = words.next().unwrap_or_default();
            match what {
                "HELP" => assert!(seen.insert(name) && rest.ends_with('.'), "{line}"),
                "TYPE" => kind = (name, rest),
                "UNIT" => assert!(name.ends_with(&format!("_{rest}")), "{line}"),
                _ => panic!("{line}"),
            }
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').expect("a value");
        let name = sample.split('{').next().expect("a name");
        let suffixes: &[&str] = match kind.1 {
            "counter" => &["_total"],
            "gauge" => &[""],
            "info" => &["_info"],
            "histogram" => &["_bucket", "_sum", "_count"],
            other => panic!("{other} is not a kind"),
        };
        assert!(
            suffixes.iter().any(|suffix| name.strip_suffix(suffix) == Some(kind.0)),
            "{line} does not belong to {kind:?}"
        );
        let value = value.parse().expect("a number");
        assert_eq!(
            samples.insert(without_election(sample), value),
            None,
            "{line} stands there twice"
        );
    }
    samples
}

/// These samples are there, with these values.
#[track_caller]
pub fn assert_samples(site: &TestServer, expected: &[(&str, f64)]) {
    let samples = scrape(site);
    for (name, value) in expected {
        assert_eq!(samples.get(*name), Some(value), "{name} in {samples:#?}");
    }
}
