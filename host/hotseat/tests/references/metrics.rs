//! All metrics, as `/metrics` has them.

use crate::cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const HEAD: &str = "\
# Metrics

Generated from the program: `make references` rewrites this file. `/metrics` gives them as OpenMetrics.

| metric | kind | labels | meaning |
|---|---|---|---|
";

/// What stands in one text about one metric.
#[derive(Default)]
struct Metric {
    help: String,
    kind: String,
    /// In the order in which they stand there.
    labels: Vec<String>,
}

/// The reference as Markdown, of an OpenMetrics text in which every metric has a sample.
pub fn reference(text: &str) -> String {
    let mut metrics: BTreeMap<String, Metric> = BTreeMap::new();
    let mut name = String::new();
    for line in text.lines() {
        if let Some((metric, help)) = comment(line, "HELP") {
            metric.clone_into(&mut name);
            let help = help.trim_end_matches('.');
            metrics.entry(name.clone()).or_default().help = help.to_owned();
        } else if let Some((metric, kind)) = comment(line, "TYPE") {
            metrics.entry(metric.to_owned()).or_default().kind = kind.to_owned();
        } else if !line.starts_with('#') {
            let metric = metrics.entry(name.clone()).or_default();
            for label in labels(line).into_iter().filter(|label| label != "le") {
                if !metric.labels.contains(&label) {
                    metric.labels.push(label);
                }
            }
        }
    }
    let mut reference = HEAD.to_owned();
    for (name, metric) in metrics {
        assert!(!metric.help.is_empty() && !metric.kind.is_empty(), "{name} has no help or type");
        let suffix = match metric.kind.as_str() {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let (kind, labels, help) = (metric.kind, labels.join(", "), cell(&metric.help));
        let _ = writeln!(reference, "| `{name}{suffix}` | {kind} | {labels} | {help} |");
    }
    reference
}

/// The metric of a line `# HELP <metric> <rest>`, and the rest.
fn comment<'a>(line: &'a str, what: &str) -> Option<(&'a str, &'a str)> {
    line.strip_prefix("# ")?.strip_prefix(what)?.trim_start().split_once(' ')
}

/// The names of the labels of a sample. No value here has a brace or a quote in it.
fn labels(sample: &str) -> Vec<String> {
    let inside = sample.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
    let Some((inside, _)) = inside else { return Vec::new() };
    inside
        .split("\",")
        .filter_map(|label| label.split_once('='))
        .map(|(name, _)| name.to_owned())
        .collect()
}
