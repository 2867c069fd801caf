//! Times and digests as people read them.

use hotseat_text::cut;

/// A length of time: `449 ms`, `1.4 s`, `12 s`, `3 min 20 s`, `2 h 14 min`, `3 d 4 h`.
pub fn duration(millis: u64) -> String {
    let seconds = millis / 1000;
    let two = |whole: u64, part: u64, of: &str, unit: &str| match part {
        0 => format!("{whole} {of}"),
        _ => format!("{whole} {of} {part} {unit}"),
    };
    match seconds {
        0 => format!("{millis} ms"),
        1..10 => format!("{}.{} s", seconds, millis % 1000 / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => two(seconds / 60, seconds % 60, "min", "s"),
        3600..86_400 => two(seconds / 3600, seconds % 3600 / 60, "h", "min"),
        _ => two(seconds / 86_400, seconds % 86_400 / 3600, "d", "h"),
    }
}

/// How long an answer still holds, as the page's script writes it: `1.4 s`, `59 min`.
pub fn left(millis: u64) -> String {
    match millis {
        0..120_000 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        _ => format!("{} min", millis / 60_000),
    }
}

/// How long ago something was: as [`duration`], in whole seconds.
pub fn ago(millis: u64) -> String {
    match millis / 1000 {
        0 => "just now".to_owned(),
        seconds @ 1..60 => format!("{seconds} s ago"),
        _ => format!("{} ago", duration(millis)),
    }
}

/// The beginning of a digest: enough to tell two apart.
pub fn digits(digest: &str) -> String {
    let digits = digest.strip_prefix("sha256:").unwrap_or(digest);
    cut(digits, 12).trim_end_matches('…').to_owned()
}

/// One or more of something.
pub fn count(number: usize, what: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {what}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_two_units_at_most() {
        let cases = [
            (0, "0 ms"),
            (449, "449 ms"),
            (9_999, "9.9 s"),
            (12_700, "12 s"),
            (60_000, "1 min"),
            (200_000, "3 min 20 s"),
            (8_040_000, "2 h 14 min"),
            (273_600_000, "3 d 4 h"),
        ];
        for (millis, words) in cases {
            assert_eq!(duration(millis), words);
        }
        assert_eq!(
            ["just now", "1 s ago", "2 min ago"],
            [900, 1900, 120_000].map(ago).each_ref().map(String::as_str)
        );
    }

    #[test]
    fn what_is_left_is_shown_in_tenths_of_a_second_while_that_matters() {
        let shown = [0, 1_499, 119_999, 120_000, 3_599_999].map(left);
        assert_eq!(shown, ["0.0 s", "1.4 s", "119.9 s", "2 min", "59 min"]);
    }

    #[test]
    fn digests_are_short() {
        assert_eq!(digits(&format!("sha256:{}", "ab".repeat(32))), "abababababab");
        assert_eq!((digits("").as_str(), digits("sha256:ü").as_str()), ("", "ü"));
        assert_eq!(
            (count(1, "signal"), count(0, "signal")),
            ("1 signal".into(), "0 signals".into())
        );
    }
}
