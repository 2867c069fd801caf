//! Versions, in the order in which they follow each other.

use semver::{Prerelease, Version};

/// Whether one row of versions comes before another: the first two that differ count. A text that is no
/// version comes after all that are, and a shorter row has nothing to compare where it ends.
pub(crate) fn is_older(one: &[String], other: &[String]) -> bool {
    let pairs = one.iter().zip(other).map(|(one, other)| (parse(one), parse(other)));
    let differ = pairs.into_iter().find(|(one, other)| one != other);
    match differ {
        Some((Some(one), Some(other))) => one < other,
        Some((one, _)) => one.is_some(),
        None => false,
    }
}

/// A semantic version as people write it: with a `v` before it or not, with one, two or three numbers, and
/// with zeros before them. What was built from it, after a `+`, is no part of the order.
fn parse(text: &str) -> Option<Version> {
    let text = text.trim();
    let text = text.strip_prefix('v').unwrap_or(text);
    let text = text.split_once('+').map_or(text, |(version, _)| version);
    let (numbers, before) = match text.split_once('-') {
        Some((_, "")) => return None,
        Some((numbers, before)) => (numbers, Prerelease::new(before).ok()?),
        None => (text, Prerelease::EMPTY),
    };
    let mut parts = numbers.split('.').map(|part| part.parse::<u64>().ok());
    let mut version = Version::new(parts.next()??, 0, 0);
    if let Some(minor) = parts.next() {
        version.minor = minor?;
    }
    if let Some(patch) = parts.next() {
        version.patch = patch?;
    }
    version.pre = before;
    parts.next().is_none().then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn older(one: &str, other: &str) -> bool {
        is_older(&[one.to_owned()], &[other.to_owned()])
    }

    #[test]
    fn versions_are_ordered_as_numbers_and_not_as_texts() {
        let rising = [
            "0.9",
            "1",
            "1.2.3-alpha",
            "1.2.3-alpha.2",
            "1.2.3-alpha.10",
            "v1.2.3",
            "1.9.0",
            "1.10",
            "2024.01.5",
            "latest",
        ];
        for (at, one) in rising.iter().enumerate() {
            for (other_at, other) in rising.iter().enumerate() {
                assert_eq!(older(one, other), at < other_at, "{one} and {other}");
            }
        }
    }

    #[test]
    fn the_same_version_may_be_written_in_several_ways() {
        for (one, other) in [
            ("1.2", "v1.2.0"),
            (" 1.02.3 ", "1.2.3+build.7"),
            ("", "latest"),
            ("1.2.3.4", "-1"),
            ("1.2.x", "1..2"),
        ] {
            assert!(!older(one, other) && !older(other, one), "{one:?} and {other:?}");
        }
        for no_version in ["", "v", "1.2.3.4", "1.", "1.2-", "99999999999999999999"] {
            assert!(older("999", no_version) && !older(no_version, "999"), "{no_version:?}");
        }
    }

    #[test]
    fn of_two_rows_the_first_that_differ_count() {
        let row = |row: &[&str]| row.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let is_older = |one: &[&str], other: &[&str]| is_older(&row(one), &row(other));
        assert!(is_older(&["1.31", "1.33"], &["1.32", "1.32"]));
        assert!(is_older(&["1.32", "1.32"], &["1.32.0", "1.33"]));
        assert!(!is_older(&["1.32", "1.33"], &["1.32", "1.33"]));
        assert!(is_older(&["1.32", ""], &["", "1.0"]));
        assert!(!is_older(&["1.32"], &["1.32", "1.33"]) && !is_older(&[], &["1"]));
    }
}
