//! What is remembered between two questions: moments of the process's uptime in milliseconds.

/// Changes when the bytes change their meaning.
const VERSION: u8 = 2;
/// What came before knew neither the last holder nor the last try.
const FIRST: u8 = 1;
const NONE: u64 = u64::MAX;
/// Version, count, two moments.
const HEAD: usize = 1 + 4 + 8 + 8;

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// When the seat was first seen to be free, while it is.
    pub(crate) free_since: Option<u64>,
    /// Until when this candidate stays away from campaigns.
    pub(crate) rest_until: u64,
    /// How often it resigned by its rule without a term that lasted in between.
    pub(crate) resigned: u32,
    /// When this candidate wanted to write last.
    pub(crate) tried_at: Option<u64>,
    /// Who held the seat last; empty if nobody was seen to.
    pub(crate) last_holder: String,
    /// The standard policy's own.
    pub(crate) standard: Vec<u8>,
}

impl Memory {
    /// Reads the bytes; any that this policy never wrote count as empty.
    pub(crate) fn read(bytes: &[u8]) -> Memory {
        Memory::read_parts(bytes).unwrap_or_default()
    }

    fn read_parts(bytes: &[u8]) -> Option<Memory> {
        let (head, rest) = bytes.split_at_checked(HEAD)?;
        let moment = |bytes: &[u8]| Some(number(bytes)).filter(|moment| *moment != NONE);
        let mut memory = Memory {
            resigned: u32::try_from(number(&head[1..5])).unwrap_or(u32::MAX),
            rest_until: number(&head[5..13]),
            free_since: moment(&head[13..]),
            ..Memory::default()
        };
        let standard = match head[0] {
            FIRST => rest,
            VERSION => {
                let (tried_at, rest) = rest.split_at_checked(8)?;
                memory.tried_at = moment(tried_at);
                let (length, rest) = rest.split_first()?;
                let (holder, rest) = rest.split_at_checked(usize::from(*length))?;
                memory.last_holder = String::from_utf8(holder.to_vec()).ok()?;
                rest
            }
            _ => return None,
        };
        memory.standard = standard.to_vec();
        Some(memory)
    }

    pub(crate) fn write(self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(self.resigned.to_le_bytes());
        bytes.extend(self.rest_until.to_le_bytes());
        bytes.extend(self.free_since.unwrap_or(NONE).to_le_bytes());
        bytes.extend(self.tried_at.unwrap_or(NONE).to_le_bytes());
        // No name is longer, and one that were would be nobody's.
        let holder = u8::try_from(self.last_holder.len()).map(|length| (length, self.last_holder));
        let (length, holder) = holder.unwrap_or_default();
        bytes.push(length);
        bytes.extend(holder.into_bytes());
        bytes.extend(self.standard);
        bytes
    }

    /// A memory that begins with what the standard policy remembered.
    pub(crate) fn beginning(standard: Vec<u8>) -> Memory {
        Memory { standard, ..Memory::default() }
    }

    /// Takes in a resignation by the rule: the next campaign is so many milliseconds away, twice
    /// as many each time up to `longest`. One that the host has not carried out yet is not another.
    pub(crate) fn resign(&mut self, uptime: u64, rest: u64, longest: u64) {
        if self.rest_until > uptime {
            return;
        }
        let doubled = rest.saturating_mul(1 << self.resigned.min(32));
        self.resigned = self.resigned.saturating_add(1);
        self.rest_until = uptime.saturating_add(doubled.min(longest));
    }

    /// A term that lasted makes the resignations before it forgotten.
    pub(crate) fn settle(&mut self, uptime: u64) {
        if self.rest_until <= uptime {
            self.resigned = 0;
        }
    }
}

/// Little-endian.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for moment in [None, Some(0), Some(u64::MAX - 1)] {
            for last_holder in [String::new(), "web-0".to_owned(), "b".repeat(253)] {
                let memory = Memory {
                    free_since: moment,
                    rest_until: 258,
                    resigned: 3,
                    tried_at: moment,
                    last_holder,
                    standard: vec![1, 2, 3],
                };
                assert_eq!(Memory::read(&memory.clone().write()), memory);
            }
        }
        let endless = Memory { last_holder: "b".repeat(256), ..Memory::default() };
        assert_eq!(Memory::read(&endless.write()), Memory::default());
        let cut = &Memory { last_holder: "web-0".to_owned(), ..Memory::default() }.write()[..32];
        for bytes in [&[][..], &[1], &[2; 21], &[0; 30], &[3; 40], cut] {
            assert_eq!(Memory::read(bytes), Memory::default(), "{bytes:?}");
        }
    }

    #[test]
    fn what_the_version_before_wrote_is_read() {
        let mut bytes = vec![1, 3, 0, 0, 0];
        bytes.extend(258_u64.to_le_bytes());
        bytes.extend(17_u64.to_le_bytes());
        bytes.extend([1, 2, 3]);
        let memory = Memory {
            free_since: Some(17),
            rest_until: 258,
            resigned: 3,
            standard: vec![1, 2, 3],
            ..Memory::default()
        };
        assert_eq!(Memory::read(&bytes), memory);
    }

    #[test]
    fn each_resignation_rests_twice_as_long_until_a_term_lasted() {
        let mut memory = Memory::default();
        memory.resign(1_000, 5_000, 15_000);
        assert_eq!(memory.rest_until, 6_000);
        // Asked again before the host carried it out.
        memory.resign(1_010, 5_000, 15_000);
        assert_eq!((memory.rest_until, memory.resigned), (6_000, 1));
        memory.settle(1_020);
        assert_eq!(memory.resigned, 1);
        memory.resign(6_000, 5_000, 15_000);
        assert_eq!(memory.rest_until, 16_000);
        memory.resign(20_000, 5_000, 15_000);
        assert_eq!(memory.rest_until, 35_000);
        memory.settle(100_000);
        memory.resign(100_000, 5_000, 15_000);
        assert_eq!(memory.rest_until, 105_000);
        memory.resign(u64::MAX, u64::MAX, u64::MAX);
        assert_eq!(memory.rest_until, u64::MAX);
    }
}
