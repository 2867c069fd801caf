//! The names of signals.

use hotseat_core::policy::{LONGEST_KEY, Source};
use std::fmt;

/// What a signal is about, and who says so: two sources may speak of the same key, and neither takes
/// the other's place. Ordered by the text, then by the source, the application last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    text: String,
    source: Source,
}

/// Why a text is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It has more than [`LONGEST_KEY`] bytes.
    #[error("a key of {0} bytes: give at most {LONGEST_KEY}")]
    TooLong(usize),
    /// It is empty, or cannot be shown in one line as one word.
    #[error(
        "no key of a signal: give one word without spaces and control characters, such as app.heartbeat or app.kubernetes.io/name"
    )]
    Shape,
}

impl Key {
    /// The key of a source's signal.
    ///
    /// # Errors
    ///
    /// It is empty or too long, or has a space or a control character.
    pub fn new(source: Source, text: &str) -> Result<Key, KeyError> {
        if text.len() > LONGEST_KEY {
            return Err(KeyError::TooLong(text.len()));
        }
        if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(KeyError::Shape);
        }
        Ok(Key { text: text.to_owned(), source })
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Who says so.
    pub fn source(&self) -> Source {
        self.source
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_free_words() {
        let longest = "k".repeat(LONGEST_KEY);
        let labels = ["app.kubernetes.io/name", "topology.kubernetes.io/zone", "Tier_1"];
        for text in ["app.heartbeat", "a", "é", "a%20", &longest].into_iter().chain(labels) {
            assert_eq!(Key::new(Source::Pod, text).unwrap().as_str(), text);
        }
        for text in ["", " ", "a b", "a\n", "\u{7f}", "a\u{a0}b"] {
            assert_eq!(Key::new(Source::Application, text), Err(KeyError::Shape), "{text:?}");
        }
        let error = Key::new(Source::Node, &"k".repeat(LONGEST_KEY + 1));
        assert_eq!(error, Err(KeyError::TooLong(LONGEST_KEY + 1)));
    }

    #[test]
    fn of_one_key_the_application_comes_last() {
        let key = |source| Key::new(source, "zone").unwrap();
        for source in [Source::Host, Source::Node, Source::Pod, Source::Probe] {
            assert!(key(source) < key(Source::Application), "{source:?}");
        }
        assert!(key(Source::Application) < Key::new(Source::Host, "zone.a").unwrap());
    }
}
