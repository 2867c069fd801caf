//! From single findings to up or down.

/// Says that a target is up after `rise` good findings in a row, and down after `fall` bad ones.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    rise: u32,
    fall: u32,
    /// The last finding, and how many in a row were like it.
    last: bool,
    row: u32,
    up: Option<bool>,
}

impl Verdict {
    /// Nothing was found yet.
    pub(super) fn new(rise: u32, fall: u32) -> Verdict {
        Verdict { rise, fall, last: false, row: 0, up: None }
    }

    /// Whether the target is up; none until that was decided.
    pub(super) fn up(&self) -> Option<bool> {
        self.up
    }

    /// Takes a finding into account, and says whether the target is up.
    pub(super) fn count(&mut self, good: bool) -> Option<bool> {
        self.row = if good == self.last { self.row.saturating_add(1) } else { 1 };
        self.last = good;
        if self.row >= if good { self.rise } else { self.fall } {
            self.up = Some(good);
        }
        self.up
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(rise: u32, fall: u32, findings: &str) -> String {
        let mut verdict = Verdict::new(rise, fall);
        let word = |up| match up {
            None => '?',
            Some(true) => 'u',
            Some(false) => 'd',
        };
        findings.chars().map(|found| word(verdict.count(found == '+'))).collect()
    }

    #[test]
    fn it_takes_a_row_to_rise_and_a_row_to_fall() {
        assert_eq!(play(2, 3, "+-++--+---+-++"), "???uuuuuuddddu");
        assert_eq!(play(1, 1, "-+-"), "dud");
        assert_eq!(play(2, 3, "--+--+---"), "????????d");
    }
}
