//! The names of signals.

use std::fmt;

/// The longest key, in bytes.
pub const LONGEST_KEY: usize = 128;
/// First words of keys that only the host reports.
const OWN: [&str; 3] = ["probe", "pod", "node"];

/// The name of a signal: lower-case words joined by dots and dashes, such as `app.heartbeat`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(String);

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It has more than [`LONGEST_KEY`] bytes.
    #[error("a key of {0} bytes: give at most {LONGEST_KEY}")]
    TooLong(usize),
    /// It is not made of words.
    #[error(
        "no key of a signal: give lower-case words of letters and digits, joined by single dots and dashes, such as app.heartbeat"
    )]
    Shape,
}

impl Key {
    /// The key that the text is.
    ///
    /// # Errors
    ///
    /// It is too long, or not made of words.
    pub fn parse(text: &str) -> Result<Key, KeyError> {
        if text.len() > LONGEST_KEY {
            return Err(KeyError::TooLong(text.len()));
        }
        let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let mut words = text.split(['.', '-']);
        if words.all(|word| !word.is_empty() && word.chars().all(letter)) {
            return Ok(Key(text.to_owned()));
        }
        Err(KeyError::Shape)
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether only the host itself reports it: keys under `probe.`, `pod.` and `node.`. A policy
    /// may take those for facts that the application cannot have made up.
    pub fn is_own(&self) -> bool {
        self.0.split('.').next().is_some_and(|first| OWN.contains(&first))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_words_joined_by_dots_and_dashes() {
        let longest = "k".repeat(LONGEST_KEY);
        for text in ["app.heartbeat", "a", "node.zone", "app.lag-ms", "9.a-0", &longest] {
            assert_eq!(Key::parse(text).unwrap().as_str(), text);
        }
        for text in ["", ".", "a.", "-a", "a..b", "a.-b", "App", "a_b", "a b", "a/b", "ä", "a%20"]
        {
            assert_eq!(Key::parse(text), Err(KeyError::Shape), "{text:?}");
        }
        assert_eq!(Key::parse(&"k".repeat(129)), Err(KeyError::TooLong(129)));
    }

    #[test]
    fn some_first_words_are_the_hosts() {
        let own = |text: &str| Key::parse(text).unwrap().is_own();
        assert!(own("probe.web") && own("pod.label.tier") && own("node.zone") && own("probe"));
        assert!(!own("app.probe") && !own("probes.web") && !own("node-zone.a"));
    }
}
