//! What was measured in passing, as a table in the node's folder of logs, which `make node` prints.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use super::space::node;

/// Adds a line to the table.
pub fn note(what: &str, measured: &str) {
    let path = node().join("log/figures");
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    writeln!(file, "| {what} | {measured} |").unwrap();
}

/// The median and the longest, in milliseconds.
pub fn median_and_longest(times: &[Duration]) -> String {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let ms = |time: Duration| time.as_millis();
    match sorted[..] {
        [] => "none".into(),
        [.., longest] => format!(
            "median {} ms, longest {} ms, of {}",
            ms(sorted[(sorted.len() - 1) / 2]),
            ms(longest),
            sorted.len()
        ),
    }
}
