//! What the policy remembers between two questions. Moments are the process's uptime in
//! milliseconds.

use crate::settings::Rule;

/// The bytes: a version, whether it has begun, `failures`, then the moments with [`NONE`] for none,
/// all little-endian, and behind them what the standard policy remembers.
const LENGTH: usize = 2 + 4 + 4 * 8;
const VERSION: u8 = 1;
const NONE: u64 = u64::MAX;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// When this policy was first asked.
    pub(crate) since: u64,
    /// When it last saw the application well.
    pub(crate) heard_at: Option<u64>,
    /// Since when the application is well; none while it is not.
    pub(crate) well_since: Option<u64>,
    /// No campaign before this.
    pub(crate) rest_until: u64,
    /// How often it stepped down, since the application was last well for long enough.
    pub(crate) failures: u32,
    /// What the standard policy remembers.
    pub(crate) standard: Vec<u8>,
}

impl Memory {
    /// Reads the bytes; any that this policy never wrote count as none.
    pub(crate) fn read(bytes: &[u8], uptime: u64) -> Memory {
        let mut memory = Memory {
            since: uptime,
            heard_at: None,
            well_since: None,
            rest_until: 0,
            failures: 0,
            standard: Vec::new(),
        };
        let Some((head, standard)) = bytes.split_at_checked(LENGTH) else {
            return memory;
        };
        if head[0] != VERSION {
            return memory;
        }
        memory.standard = standard.to_vec();
        if head[1] == 0 {
            return memory;
        }
        let number = |at: usize| {
            let bytes = head[at..at + 8].iter().rev();
            bytes.fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte))
        };
        let moment = |at: usize| Some(number(at)).filter(|moment| *moment != NONE);
        memory.failures = u32::from_le_bytes([head[2], head[3], head[4], head[5]]);
        memory.since = number(6);
        memory.rest_until = number(14);
        memory.heard_at = moment(22);
        memory.well_since = moment(30);
        memory
    }

    /// The bytes of a memory that begins with the next question, and with what the standard policy
    /// remembered.
    pub(crate) fn beginning(standard: Vec<u8>) -> Vec<u8> {
        let mut bytes = vec![0; LENGTH];
        bytes[0] = VERSION;
        bytes.extend(standard);
        bytes
    }

    pub(crate) fn write(self) -> Vec<u8> {
        let mut bytes = vec![VERSION, 1];
        bytes.extend(self.failures.to_le_bytes());
        let moments = [
            self.since,
            self.rest_until,
            self.heard_at.unwrap_or(NONE),
            self.well_since.unwrap_or(NONE),
        ];
        bytes.extend(moments.into_iter().flat_map(u64::to_le_bytes));
        bytes.extend(self.standard);
        bytes
    }

    /// Takes in whether the application is well. Once it was for `steady` milliseconds, the rest
    /// after a step down not counted, the steps down before are forgotten.
    pub(crate) fn note(&mut self, well: bool, uptime: u64, steady: u64) {
        if !well {
            self.well_since = None;
            return;
        }
        self.heard_at = Some(uptime);
        let since = *self.well_since.get_or_insert(uptime);
        if uptime.saturating_sub(since.max(self.rest_until)) >= steady {
            self.failures = 0;
        }
    }

    /// Takes in a step down. One that the host has not carried out yet is not another one.
    pub(crate) fn fail(&mut self, uptime: u64, rule: &Rule) {
        if self.rests_for(uptime) > 0 {
            return;
        }
        let doubled = rule.backoff_ms.saturating_mul(1 << self.failures.min(32));
        self.failures = self.failures.saturating_add(1);
        self.rest_until = uptime.saturating_add(doubled.min(rule.longest_backoff_ms));
    }

    /// How long to stay away from campaigns, in milliseconds.
    pub(crate) fn rests_for(&self, uptime: u64) -> u64 {
        self.rest_until.saturating_sub(uptime)
    }
}
