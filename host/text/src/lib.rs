//! What several crates write alike: a stranger's text in one line, amounts of bytes, and digests.
#![forbid(unsafe_code)]

mod digest;

pub use digest::{Digest, DigestError, Hasher};

/// The text in one line, fit for a log: control characters become spaces, runs of spaces one, and
/// what is longer than `longest` bytes is cut.
pub fn one_line(text: &str, longest: usize) -> String {
    let mut line = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for c in word.chars() {
            if line.len() + c.len_utf8() > longest {
                line.push('…');
                return line;
            }
            line.push(c);
        }
    }
    line
}

/// A number of bytes for people: `20 MiB`, or `1500 bytes` where no unit fits.
pub fn bytes(amount: u64) -> String {
    match amount {
        _ if amount > 0 && amount.is_multiple_of(1 << 30) => format!("{} GiB", amount >> 30),
        _ if amount > 0 && amount.is_multiple_of(1 << 20) => format!("{} MiB", amount >> 20),
        _ if amount > 0 && amount.is_multiple_of(1 << 10) => format!("{} KiB", amount >> 10),
        _ => format!("{amount} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line_and_short() {
        assert_eq!(one_line(" a\n\tb\u{1b}[31m \r\n c ", 20), "a b [31m c");
        assert_eq!(one_line("", 20), "");
        let long = one_line(&"ü".repeat(2000), 512);
        assert_eq!(long.len(), 512 + '…'.len_utf8());
        assert!(long.ends_with("ü…"));
    }

    #[test]
    fn bytes_read_well() {
        let cases = [
            (0, "0 bytes"),
            (1500, "1500 bytes"),
            (2048, "2 KiB"),
            (20 << 20, "20 MiB"),
            (1 << 30, "1 GiB"),
        ];
        for (amount, text) in cases {
            assert_eq!(bytes(amount), text);
        }
    }
}
