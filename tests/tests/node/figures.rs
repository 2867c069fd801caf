//! What was measured in passing, as rows of a table in the node's folder of logs, which `make node` prints.
//! A bar is shown beside what was measured, as by `make bench`, and no test fails by it: on a machine that
//! has something else to do it would say more about that than about Hotseat.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use super::space::node;

/// Adds a row without a bar.
pub fn note(what: &str, measured: &str) {
    row(what, measured, "printed", "");
}

/// Adds a row with a bar, met or missed.
pub fn note_barred(what: &str, measured: &str, bar: &str, met: bool) {
    row(what, measured, bar, verdict(met));
}

fn row(what: &str, measured: &str, bar: &str, verdict: &str) {
    let path = node().join("log/figures");
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    writeln!(file, "| {what} | {measured} | {bar} | {verdict} |").unwrap();
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}

/// The median; none of none.
pub fn median(times: &[Duration]) -> Option<Duration> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}

/// The median and the longest, in milliseconds.
pub fn median_and_longest(times: &[Duration]) -> String {
    match (median(times), times.iter().max()) {
        (Some(median), Some(longest)) => format!(
            "median {} ms, longest {} ms, of {}",
            median.as_millis(),
            longest.as_millis(),
            times.len()
        ),
        _ => "none".into(),
    }
}

/// Whether there are times, and the median and the longest are at most these.
pub fn within(times: &[Duration], most: Duration, longest: Duration) -> bool {
    median(times).is_some_and(|median| median <= most) && times.iter().all(|time| *time <= longest)
}

#[test]
fn a_bar_is_met_by_median_and_longest_and_never_by_nothing() {
    let times: Vec<Duration> = [30, 10, 20].map(Duration::from_millis).into();
    let ms = Duration::from_millis;
    assert_eq!(median(&times), Some(ms(20)));
    assert!(within(&times, ms(20), ms(30)));
    assert!(!within(&times, ms(19), ms(30)));
    assert!(!within(&times, ms(20), ms(29)));
    assert!(!within(&[], ms(20), ms(30)));
    assert_eq!((verdict(true), verdict(false)), ("met", "MISSED"));
    assert_eq!(median_and_longest(&times), "median 20 ms, longest 30 ms, of 3");
    assert_eq!(median_and_longest(&[]), "none");
}
