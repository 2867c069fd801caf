//! What one call of a policy sees and leaves by way of WASI.

use std::collections::VecDeque;

use hotseat_core::policy::Failure;

use crate::text::one_line;

/// How much of what a policy writes is kept, in bytes.
pub(crate) const KEPT: usize = 1024;

/// What a policy may find out by way of WASI, and the end of what it wrote.
#[derive(Default)]
pub(crate) struct Blindfold {
    /// Milliseconds for which the candidate runs; 0 where there is no question.
    uptime: u64,
    /// The question's entropy; 0 where there is no question.
    entropy: u64,
    /// The last that was written to standard output and standard error, in their order.
    heard: VecDeque<u8>,
    /// Whether something was written before that.
    cut: bool,
}

impl Blindfold {
    /// That of one question.
    pub(crate) fn new(uptime: u64, entropy: u64) -> Blindfold {
        Blindfold { uptime, entropy, ..Blindfold::default() }
    }

    /// Milliseconds for which the candidate runs.
    pub(crate) fn uptime(&self) -> u64 {
        self.uptime
    }

    /// The question's entropy.
    pub(crate) fn entropy(&self) -> u64 {
        self.entropy
    }

    /// Keeps the end of what the policy writes.
    pub(crate) fn hear(&mut self, text: &[u8]) {
        let new = &text[text.len().saturating_sub(KEPT)..];
        let over = (self.heard.len() + new.len()).saturating_sub(KEPT);
        self.heard.drain(..over);
        self.heard.extend(new);
        self.cut |= over > 0 || new.len() < text.len();
    }

    /// The failure with what the policy wrote before it, in one line.
    pub(crate) fn explain(&self, failure: Failure) -> Failure {
        let (front, back) = self.heard.as_slices();
        let text = String::from_utf8_lossy(&[front, back].concat()).into_owned();
        // Where it was cut, a character may have been cut, too.
        let text = one_line(text.trim_start_matches(char::REPLACEMENT_CHARACTER));
        if text.is_empty() {
            return failure;
        }
        let Failure { kind, detail } = failure;
        let before = if self.cut { "…" } else { "" };
        Failure { kind, detail: format!("{detail}; it wrote: {before}{text}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list that is longer than what is kept costs the host no more than what is kept.
    #[test]
    fn no_more_is_kept_than_is_shown() {
        let mut blindfold = Blindfold::default();
        for length in [600, 600, 60_000, 3] {
            blindfold.hear(&vec![b'x'; length]);
        }
        assert_eq!(blindfold.heard.len(), KEPT);
        assert!(blindfold.heard.capacity() <= 2 * KEPT);
    }
}
