//! What a process holds in memory.

use std::fs;

use anyhow::Context;

/// Resident memory as the kernel counts it, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// All of it.
    pub resident: u64,
    /// The most that there was at any time.
    pub height: u64,
    /// What is in no file.
    pub anonymous: u64,
    /// What is in files, the program's own among them.
    pub file: u64,
    /// What is shared and in no file.
    pub shared: u64,
}

impl Memory {
    pub(super) fn of(pid: u32) -> anyhow::Result<Memory> {
        let path = format!("/proc/{pid}/status");
        let status = fs::read_to_string(&path).with_context(|| path.clone())?;
        Memory::parse(&status).context(path)
    }

    fn parse(status: &str) -> anyhow::Result<Memory> {
        let field = |name: &str| -> anyhow::Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
            Ok(number.with_context(|| format!("no {name}"))?.parse::<u64>()? << 10)
        };
        Ok(Memory {
            resident: field("VmRSS")?,
            height: field("VmHWM")?,
            anonymous: field("RssAnon")?,
            file: field("RssFile")?,
            shared: field("RssShmem")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_lines_are_read() {
        let status = "Name:\tx\nVmHWM:\t  16 kB\nVmRSS:\t   12 kB\nRssAnon:\t 2 kB\nRssFile:\t 9 kB\nRssShmem:\t 1 kB\n";
        let memory = Memory::parse(status).unwrap();
        let Memory { resident, height, anonymous, file, shared } = memory;
        let read = [resident, height, anonymous, file, shared].map(|bytes| bytes >> 10);
        assert_eq!(read, [12, 16, 2, 9, 1]);
        assert!(Memory::parse("VmRSS:\t12 kB\n").is_err());
        assert!(Memory::of(std::process::id()).unwrap().resident > 1 << 20);
    }
}
