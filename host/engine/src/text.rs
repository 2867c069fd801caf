//! Text that a stranger wrote, made fit for one line of a log.

pub(crate) use hotseat_text::bytes;

/// The longest line that is kept, in bytes.
const LONGEST_LINE: usize = 1024;

/// The text in one line of at most 1,024 bytes.
pub(crate) fn one_line(text: &str) -> String {
    hotseat_text::one_line(text, LONGEST_LINE)
}
