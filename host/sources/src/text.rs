//! Text that a stranger wrote, made fit for one line of a log.

pub(crate) use hotseat_text::bytes;
use std::error::Error;

/// The longest line that is kept, in bytes.
const LONGEST_LINE: usize = 512;

/// The text in one line of at most 512 bytes.
pub(crate) fn one_line(text: &str) -> String {
    hotseat_text::one_line(text, LONGEST_LINE)
}

/// An error with its causes, in one line, each said once.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = inner.source();
    }
    one_line(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_said_once() {
        let inner = std::io::Error::other("it is gone");
        let outer = std::io::Error::other(inner);
        assert_eq!(chain(&outer), "it is gone");
    }
}
