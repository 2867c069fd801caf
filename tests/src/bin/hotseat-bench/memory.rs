//! What a leader and a standby that stood for minutes hold in memory, and what takes it.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::bail;
use hotseat_tests::process::Memory;
use jiff::Timestamp;

use crate::arena::{Arena, Candidate};
use crate::stats::mib;
use crate::table::Row;

const BAR_TOTAL: u64 = 12 << 20;
const BAR_ANONYMOUS: u64 = 2 << 20;
/// The pair's first seconds, with the election in them, are no quiet minute.
const SETTLING: Duration = Duration::from_secs(5);

/// Two sidecars of one election that nobody else touches.
pub(crate) struct Pair {
    leader: Candidate,
    standby: Candidate,
    started: Instant,
    settled: Timestamp,
}

impl Pair {
    /// The age at which a quiet minute is over.
    pub(crate) const YOUNGEST: Duration = Duration::from_secs(70);

    /// Starts both and waits until they agree.
    ///
    /// # Errors
    ///
    /// They do not come so far.
    pub(crate) fn start(arena: &Arena) -> anyhow::Result<Pair> {
        let leader = arena.candidate("memory", "memory-a")?;
        let standby = arena.candidate("memory", "memory-b")?;
        let settled = Timestamp::now() + SETTLING;
        Ok(Pair { leader, standby, started: Instant::now(), settled })
    }

    /// When both ran.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// Since when the standby has nothing to do.
    pub(crate) fn settled(&self) -> Timestamp {
        self.settled
    }

    /// The standby's name.
    pub(crate) fn standby_id(&self) -> &'static str {
        "memory-b"
    }
}

/// Reads both processes.
pub(crate) fn rows(pair: &Pair) -> anyhow::Result<Vec<Row>> {
    let age = pair.started.elapsed().as_secs();
    let mut rows = Vec::new();
    for (role, candidate) in [("leader", &pair.leader), ("standby", &pair.standby)] {
        let pid = candidate.process.pid();
        let Memory { resident: total, anonymous, file, shared, .. } = candidate.process.memory()?;
        let parts = format!("file {}, shared {}", mib(file), mib(shared));
        let figure = format!("resident memory of a {role} after {age} s, total");
        let measured = format!("{} MiB ({parts})", mib(total));
        rows.push(Row::barred(&figure, measured, "at most 12 MiB", total <= BAR_TOTAL));
        let figure = format!("resident memory of a {role} after {age} s, anonymous");
        let measured = format!("{} MiB", mib(anonymous));
        rows.push(Row::barred(&figure, measured, "at most 2 MiB", anonymous <= BAR_ANONYMOUS));
        let figure = format!("what takes the {role}'s memory: total (anonymous), MiB");
        rows.push(Row::printed(&figure, takers(pid)?));
    }
    Ok(rows)
}

/// Resident memory by kind of mapping.
fn takers(pid: u32) -> anyhow::Result<String> {
    let program = fs::read_link(format!("/proc/{pid}/exe"))?;
    let smaps = fs::read_to_string(format!("/proc/{pid}/smaps"))?;
    let groups = by_group(&smaps, &program.to_string_lossy());
    if groups.is_empty() {
        bail!("/proc/{pid}/smaps names no mapping");
    }
    let mut groups: Vec<_> = groups.into_iter().filter(|(_, size)| size.resident > 0).collect();
    groups.sort_by_key(|(_, size)| std::cmp::Reverse(size.resident));
    let words = groups.into_iter().map(|(group, Size { resident, anonymous })| {
        format!("{group} {} ({})", mib(resident), mib(anonymous))
    });
    Ok(words.collect::<Vec<_>>().join(", "))
}

/// In bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Size {
    resident: u64,
    anonymous: u64,
}

/// Sums the mappings of each group in the text of `/proc/PID/smaps`.
fn by_group(smaps: &str, program: &str) -> BTreeMap<&'static str, Size> {
    let mut groups: BTreeMap<&'static str, Size> = BTreeMap::new();
    let mut group = "";
    let mut guard = false;
    for line in smaps.lines() {
        let mut words = line.split_whitespace();
        let Some(first) = words.next() else { continue };
        if first.ends_with(':') {
            let bytes = words.next().and_then(|word| word.parse::<u64>().ok()).unwrap_or(0) << 10;
            let size = groups.entry(group).or_default();
            match first {
                "Rss:" => size.resident += bytes,
                "Anonymous:" => size.anonymous += bytes,
                _ => {}
            }
            continue;
        }
        let rights = words.next().unwrap_or_default();
        let path = words.skip(3).collect::<Vec<_>>().join(" ");
        group = group_of(rights, &path, program, guard);
        guard = path.is_empty() && rights == "---p";
    }
    groups
}

/// A thread's stack is the nameless mapping above a guard page.
fn group_of(rights: &str, path: &str, program: &str, after_guard: bool) -> &'static str {
    match path {
        "[heap]" => "heap",
        "[stack]" => "stacks",
        "" if after_guard && rights == "rw-p" => "stacks",
        "" => "other anonymous",
        _ if path == program && rights.contains('x') => "program text",
        _ if path == program && rights.contains('w') => "program data",
        _ if path == program => "program constants",
        _ if path.starts_with("/memfd:") => "compiled policy",
        _ if path.contains("/libc.") || path.contains("/ld-linux") => "libc",
        _ if path.contains("/lib") => "other libraries",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_are_summed_by_group() {
        let smaps = "55-56 r-xp 0 08:01 7 /bin/hotseat\nRss: 8 kB\nAnonymous: 0 kB\n\
             56-57 rw-p 0 08:01 7 /bin/hotseat\nRss: 4 kB\nAnonymous: 4 kB\n\
             60-61 ---p 0 00:00 0 \nRss: 0 kB\n61-62 rw-p 0 00:00 0 \nRss: 12 kB\n\
             62-63 rw-p 0 00:00 0 \nRss: 16 kB\n\
             63-64 r-xs 0 00:01 9 /memfd:hotseat-compiled (deleted)\nRss: 20 kB\n";
        let groups = by_group(smaps, "/bin/hotseat");
        let kib = |name| groups.get(name).map(|size| size.resident >> 10);
        assert_eq!(kib("program text"), Some(8));
        assert_eq!(groups["program data"].anonymous, 4 << 10);
        assert_eq!(kib("stacks"), Some(12));
        assert_eq!(kib("compiled policy"), Some(20));
        assert_eq!(kib("other anonymous"), Some(16));
    }
}
