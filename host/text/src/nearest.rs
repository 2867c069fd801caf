//! The name that somebody meant.

/// From this likeness on, from 0 to 1, a name may be another one mistyped: two letters swapped in a word
/// of five have 0.93, and two words with nothing in common less than 0.6.
const ALIKE: f64 = 0.75;

/// The name among `names` that is most like `name`, by [Jaro-Winkler
/// similarity](https://en.wikipedia.org/wiki/Jaro%E2%80%93Winkler_distance), which values a common
/// beginning; none if all are quite different. Of equals, the last.
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |other: &str| strsim::jaro_winkler(name, other);
    let alike = names.into_iter().filter(|other| likeness(other) >= ALIKE);
    alike.max_by(|one, other| likeness(one).total_cmp(&likeness(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_another_word_none() {
        let names = ["replicas", "region", "zone"];
        assert_eq!(nearest("replcias", names), Some("replicas"));
        assert_eq!(nearest("regoin", names), Some("region"));
        assert_eq!(nearest("heartbeat", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(nearest("zone", []), None);
    }
}
