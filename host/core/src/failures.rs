//! When a policy has failed too often (I12).

/// So many failures in a row are too many.
pub const MOST_IN_A_ROW: u32 = 3;
/// So many decisions are remembered, so that a share of them is a number of percent.
pub const REMEMBERED: u32 = 100;
/// The share of the remembered decisions that may be failures if the operator says nothing, in
/// percent.
pub const DEFAULT_SHARE: u8 = 20;

/// How the last decisions of the active policy went: a value of a fixed size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Failures {
    /// More failures than this among the last hundred decisions are too many, from 0 to 100.
    share: u8,
    /// A bit for each remembered decision, the newest in the lowest; set: it failed.
    recent: u128,
    in_a_row: u32,
    /// That there are more than the share has not been said since there were few of them.
    untold: bool,
}

impl Failures {
    /// Of a policy that has not been asked yet. More than `share` failures in the last hundred
    /// decisions will be too many: none may fail with 0, and with 100 only a row of them counts.
    pub fn new(share: u8) -> Failures {
        Failures { share, recent: 0, in_a_row: 0, untold: true }
    }

    /// Another policy took over: what the one before it did is not held against it.
    pub fn forget(&mut self) {
        *self = Failures::new(self.share);
    }

    /// The policy decided. That ends a row of failures, but the failures of the last hundred
    /// decisions stay: a policy that fails every other time is as bad as one that always does.
    pub fn decided(&mut self) {
        self.remember(false);
        self.in_a_row = 0;
        self.untold |= self.of_last_hundred() <= u32::from(self.share) / 2;
    }

    /// The policy failed. True if that makes too many failures: once for each row of them, and once
    /// for the share, until no more than half of it failed. A number that goes up and down around
    /// the share is no news each time.
    #[must_use]
    pub fn failed(&mut self) -> bool {
        self.remember(true);
        self.in_a_row = self.in_a_row.saturating_add(1);
        let above = self.untold && self.of_last_hundred() > u32::from(self.share);
        let too_many = above || self.in_a_row == MOST_IN_A_ROW;
        self.untold &= !too_many;
        too_many
    }

    /// How many in a row there were last.
    pub fn in_a_row(&self) -> u32 {
        self.in_a_row
    }

    /// How many of the last hundred decisions failed; of all of them while there are fewer.
    pub fn of_last_hundred(&self) -> u32 {
        self.recent.count_ones()
    }

    fn remember(&mut self, failed: bool) {
        let all = (1 << REMEMBERED) - 1;
        self.recent = ((self.recent << 1) | u128::from(failed)) & all;
    }
}

/// How often a policy failed, for people: `three times in a row`, or `23 of its last hundred
/// decisions`.
pub fn how_often(in_a_row: u32, of_last_hundred: u32) -> String {
    match in_a_row {
        MOST_IN_A_ROW.. => "three times in a row".to_owned(),
        _ => format!("{of_last_hundred} of its last hundred decisions"),
    }
}
