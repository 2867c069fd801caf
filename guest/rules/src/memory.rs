//! What is remembered between two questions: moments of the process's uptime in milliseconds.

/// Changes when the bytes change their meaning.
const VERSION: u8 = 1;
const NONE: u64 = u64::MAX;
/// Version, count, two moments.
const LENGTH: usize = 1 + 4 + 8 + 8;

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// When the seat was first seen to be free, while it is.
    pub(crate) free_since: Option<u64>,
    /// Until when this candidate stays away from campaigns.
    pub(crate) rest_until: u64,
    /// How often it resigned by its rule without a term that lasted in between.
    pub(crate) resigned: u32,
    /// The standard policy's own.
    pub(crate) standard: Vec<u8>,
}

impl Memory {
    /// Reads the bytes; any that this policy never wrote count as empty.
    pub(crate) fn read(bytes: &[u8]) -> Memory {
        let Some((head, standard)) = bytes.split_at_checked(LENGTH) else {
            return Memory::default();
        };
        if head[0] != VERSION {
            return Memory::default();
        }
        let number = |at: usize, size: usize| {
            head[at..at + size].iter().rev().fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte))
        };
        Memory {
            resigned: u32::try_from(number(1, 4)).unwrap_or(u32::MAX),
            rest_until: number(5, 8),
            free_since: Some(number(13, 8)).filter(|moment| *moment != NONE),
            standard: standard.to_vec(),
        }
    }

    pub(crate) fn write(self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(self.resigned.to_le_bytes());
        bytes.extend(self.rest_until.to_le_bytes());
        bytes.extend(self.free_since.unwrap_or(NONE).to_le_bytes());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for free_since in [None, Some(0), Some(u64::MAX - 1)] {
            let memory =
                Memory { free_since, rest_until: 258, resigned: 3, standard: vec![1, 2, 3] };
            assert_eq!(Memory::read(&memory.clone().write()), memory);
        }
        for bytes in [&[][..], &[1], &[2; 21], &[0; 30]] {
            assert_eq!(Memory::read(bytes), Memory::default(), "{bytes:?}");
        }
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
