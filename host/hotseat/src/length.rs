//! Lengths of time as people and Go programs write them.

use jiff::SignedDuration;
use std::time::Duration;

/// Parses `15s`, `1m30s`, `500ms`, `1.5s`: what Go's `time.ParseDuration` takes, and so what the
/// 0.4 image's manifests hold.
///
/// # Errors
///
/// What is wrong with the text, to be shown to whoever wrote it.
pub(crate) fn parse_length(text: &str) -> Result<Duration, String> {
    let remedy = "write it as 15s, 1m30s or 500ms";
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let length =
        text.parse::<SignedDuration>().map_err(|_| format!("it is not a duration: {remedy}"))?;
    Duration::try_from(length).map_err(|_| format!("it is negative: {remedy}"))
}

#[cfg(test)]
mod tests {
    use super::parse_length;
    use std::time::Duration;

    #[test]
    fn lengths_are_read_as_go_reads_them() {
        let cases = [
            ("15s", 15_000),
            ("1m30s", 90_000),
            ("500ms", 500),
            ("1.5s", 1500),
            ("1h2m3.5s", 3_723_500),
            ("0.5m", 30_000),
            ("0", 0),
            ("0s", 0),
        ];
        for (text, millis) in cases {
            assert_eq!(parse_length(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_length_is_refused_with_the_mend() {
        for text in ["", "15", "s", "-3s", "15 apples", "1e400s"] {
            let error = parse_length(text).unwrap_err();
            assert!(error.contains("15s, 1m30s or 500ms"), "{text}: {error}");
        }
    }
}
