//! The bounds that the contract sets to an answer. The host rejects a decision that breaks one, and
//! counts a failure of the policy, so the builders of [`Decision`](crate::Decision) keep all of them.

/// The longest `wake-after`, in milliseconds: a day. The shortest is 1.
pub(crate) const LONGEST_WAKE_MS: u64 = 86_400_000;
/// The longest reason, in bytes.
pub(crate) const LONGEST_REASON: usize = 1_024;
/// The largest memory, in bytes.
pub(crate) const LARGEST_MEMORY: usize = 64 * 1_024;
/// The most signals of one decision.
pub(crate) const MOST_PUBLISHED: usize = 16;
/// The longest key of a signal, in bytes.
pub(crate) const LONGEST_KEY: usize = 317;
/// The longest value of a published signal, in bytes; of several texts all of them together.
pub(crate) const LONGEST_VALUE: usize = 1_024;
/// The most facts that a policy may need.
pub(crate) const MOST_NEEDS: usize = 64;
/// The longest name of a candidate, in bytes. The shortest has one.
pub(crate) const LONGEST_NAME: usize = 253;

/// The beginning of a text, at most so many bytes of whole letters; a text that is cut ends in `…`.
pub(crate) fn cut(mut text: String, longest: usize) -> String {
    const MARK: char = '…';
    if text.len() > longest {
        text.truncate(text.floor_char_boundary(longest - MARK.len_utf8()));
        text.push(MARK);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_has_whole_letters_and_says_that_it_is_cut() {
        assert_eq!(cut("12345".into(), 5), "12345");
        assert_eq!(cut("123456".into(), 5), "12…");
        assert_eq!(cut("1ü3456".into(), 5), "1…");
        assert_eq!(cut("ü".repeat(512), 1_024), "ü".repeat(512));
        assert_eq!(cut("ü".repeat(513), 1_024).len(), 1_023);
    }
}
