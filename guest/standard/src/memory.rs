//! What the standard policy remembers between two questions: one moment, and what it is for.

/// A moment that the policy waits for, as the process's uptime in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Memory {
    /// Nothing.
    Empty,
    /// When the delay before taking the free seat ends.
    Jitter(u64),
    /// When a failed renewal is retried.
    Renewal(u64),
    /// When a failed campaign is retried.
    Campaign(u64),
}

impl Memory {
    /// Reads the bytes; any that this policy never wrote count as empty.
    pub(crate) fn read(bytes: &[u8]) -> Memory {
        let Some((tag, due)) = bytes.split_first() else {
            return Memory::Empty;
        };
        let Ok(due) = due.try_into().map(u64::from_le_bytes) else {
            return Memory::Empty;
        };
        match tag {
            1 => Memory::Jitter(due),
            2 => Memory::Renewal(due),
            3 => Memory::Campaign(due),
            _ => Memory::Empty,
        }
    }

    /// A tag, then the moment in little-endian order; no bytes for nothing.
    pub(crate) fn write(self) -> Vec<u8> {
        let (tag, due) = match self {
            Memory::Empty => return Vec::new(),
            Memory::Jitter(due) => (1, due),
            Memory::Renewal(due) => (2, due),
            Memory::Campaign(due) => (3, due),
        };
        let mut bytes = vec![tag];
        bytes.extend(u64::to_le_bytes(due));
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for memory in
            [Memory::Empty, Memory::Jitter(0), Memory::Renewal(u64::MAX), Memory::Campaign(258)]
        {
            assert_eq!(Memory::read(&memory.write()), memory);
        }
        assert_eq!(Memory::Jitter(258).write(), [1, 2, 1, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn strange_bytes_are_nothing() {
        for bytes in [&[1][..], &[0; 9], &[4; 9], &[1; 8], &[1; 10]] {
            assert_eq!(Memory::read(bytes), Memory::Empty, "{bytes:?}");
        }
    }
}
