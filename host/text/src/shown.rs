//! A stranger's text where people read it: on terminals, in logs, in answers.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character must not reach a terminal or a log as it is: control characters, which
/// begin lines and steer terminals, the two separators that some programs take for the end of a
/// line, and the marks that turn the direction of writing round, which make a line read as another.
pub fn is_unfit(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text with each unfit character ([`is_unfit`]) as Rust would write it, such as `\n` or
/// `\u{1b}`; all others stay. For names: two that differ still look different.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unfit) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if is_unfit(letter) {
            // Writing to a string cannot fail.
            let _ = match letter {
                '\n' | '\r' | '\t' => write!(shown, "{}", letter.escape_default()),
                _ => write!(shown, "{}", letter.escape_unicode()),
            };
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

/// The text in one line, fit for a log: unfit characters ([`is_unfit`]) become spaces, runs of
/// spaces one, and what is longer than `longest` bytes is cut. For sentences.
pub fn one_line(text: &str, longest: usize) -> String {
    let mut line = String::new();
    for word in text.split(|c: char| c.is_whitespace() || is_unfit(c)) {
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

/// The beginning of the text, of so many bytes at most, and `…` behind it if there is more.
pub fn cut(text: &str, longest: usize) -> Cow<'_, str> {
    if text.len() <= longest {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{}…", &text[..text.floor_char_boundary(longest)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line_and_short() {
        assert_eq!(one_line(" a\n\tb\u{1b}[31m \r\n c ", 20), "a b [31m c");
        assert_eq!(one_line("", 20), "");
        assert_eq!(one_line("left\u{202e}right", 20), "left right");
        let long = one_line(&"ü".repeat(2000), 512);
        assert_eq!(long.len(), 512 + '…'.len_utf8());
        assert!(long.ends_with("ü…"));
    }

    #[test]
    fn a_name_cannot_end_a_line_or_steer_a_terminal() {
        let cases = [
            ("web-0", "web-0"),
            (r#"a\b "c" ü🐧"#, r#"a\b "c" ü🐧"#),
            ("x\nhost-1 is the leader\r", r"x\nhost-1 is the leader\r"),
            ("\u{1b}[2J\u{9b}31m\u{7f}\0", r"\u{1b}[2J\u{9b}31m\u{7f}\u{0}"),
            ("a\u{2028}b\u{2029}c\u{85}", r"a\u{2028}b\u{2029}c\u{85}"),
            ("nimda\u{202e}\u{2067}\u{200f}", r"nimda\u{202e}\u{2067}\u{200f}"),
        ];
        for (text, shown) in cases {
            assert_eq!(visible(text), shown);
            assert!(!visible(text).contains(is_unfit));
        }
    }

    #[test]
    fn no_control_character_is_fit() {
        for letter in '\0'..='\u{ffff}' {
            assert!(!letter.is_control() || is_unfit(letter), "{letter:?}");
        }
    }

    #[test]
    fn a_text_is_cut_between_two_letters() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("üüü", 5), "üü…");
    }
}
