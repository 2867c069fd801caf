//! Text that a stranger wrote, made fit for one line of a log.

use std::error::Error;

/// The longest line that is kept, in bytes.
const LONGEST_LINE: usize = 512;

/// The text in one line of at most 512 bytes: control characters become spaces, runs of spaces one.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for c in word.chars() {
            if line.len() + c.len_utf8() > LONGEST_LINE {
                line.push('…');
                return line;
            }
            line.push(c);
        }
    }
    line
}

/// A number of bytes for people: `20 MiB`, or `1500 bytes` where no unit fits.
pub(crate) fn bytes(amount: u64) -> String {
    match amount {
        _ if amount > 0 && amount.is_multiple_of(1 << 20) => format!("{} MiB", amount >> 20),
        _ if amount > 0 && amount.is_multiple_of(1 << 10) => format!("{} KiB", amount >> 10),
        _ => format!("{amount} bytes"),
    }
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
    fn a_line_stays_one_line_and_short() {
        assert_eq!(one_line(" a\n\tb\u{1b}[31m \r\n c "), "a b [31m c");
        let long = one_line(&"ü".repeat(2000));
        assert_eq!(long.len(), LONGEST_LINE + '…'.len_utf8());
    }

    #[test]
    fn bytes_read_well() {
        let told = [0, 1500, 2048, 20 << 20].map(bytes);
        assert_eq!(told, ["0 bytes", "1500 bytes", "2 KiB", "20 MiB"]);
    }

    #[test]
    fn causes_are_said_once() {
        let inner = std::io::Error::other("it is gone");
        let outer = std::io::Error::other(inner);
        assert_eq!(chain(&outer), "it is gone");
    }
}
