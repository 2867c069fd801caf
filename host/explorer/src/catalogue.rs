//! The settings that are explored by default.

use crate::hands::Fault;
use crate::search::{Limit, Report, search};
use crate::setting::Setting;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What is explored besides each fault by itself, the quickest first: all by two candidates, then
/// pairs of faults, and three candidates.
const MORE: &[&str] = &[
    "any",
    "reaction=1 timing=4/2/1",
    "any lease=4 longest=4",
    "slow fast timing=5/3/1 rho=250000",
    "writes=2",
    "history=2 late",
    "relists",
    "null-holder null-duration",
    "null-holder short",
    "crash put-back",
    "crash deaths",
    "crash deaths reaction=1 timing=4/2/1",
    "move deaths",
    "crash put-back deaths",
    "candidates=3 crash deaths",
    "crash delete",
    "move put-back",
    "restore crash",
    "client-go-release unmark",
    "foreign client-go-release",
    "replace put-back",
    "replace delete",
    "replace crash",
    "resign put-back",
    "preempt prefer",
    "stop put-back",
    "pause=2 resign",
    "pause transfer",
    "transfer crash",
    "transfer put-back",
    "prefer stop",
    "transfer reaction=1 timing=4/2/1",
    "candidates=3",
    "candidates=3 null-spec",
    "candidates=3 put-back",
    "candidates=3 crash",
];

/// Settings without a fault, or with one that ends in itself: the first four close within seconds on a machine
/// with nothing else to do, and leave their time to the rest.
const QUIET: &[&str] = &[
    "prompt tokens=0 lost-reads=0 lost-writes=0",
    "tokens=0 lost-reads=0 lost-writes=0",
    "met led prompt tokens=0 lost-reads=0 lost-writes=0",
    "stop met led prompt tokens=0 lost-reads=0 lost-writes=0",
    "promises=0 tokens=0",
    "",
];

/// All settings by their words: none, each fault once, and more.
pub fn all() -> Vec<String> {
    // A clock that is off needs timing with room for it.
    let off = |fault: &Fault| matches!(fault, Fault::Slow | Fault::Fast);
    let faults = Fault::ALL.into_iter().filter(|fault| !off(fault)).map(|f| f.word().to_owned());
    let owned = |words: &&str| (*words).to_owned();
    QUIET.iter().map(owned).chain(faults).chain(MORE.iter().map(owned)).collect()
}

/// Some, for a run of a minute and a half: those that get past the depths at which the faults of the past
/// lie, and each fault in some. Nothing is lost in most, only late, and most begin with a leader, so that
/// they get deeper.
pub fn quick() -> Vec<String> {
    let calm = "tokens=0 lost-reads=0 lost-writes=0";
    let deep = [
        "null-spec short",
        "client-go-release",
        "put-back crash",
        "put-back resign",
        "delete crash",
        "pause resign",
        "transfer prefer stop",
        "replace put-back",
    ];
    // Answers come at once, so that what is rare or wide gets somewhere.
    let prompt = [
        "any lease=4 longest=4",
        "slow fast timing=5/3/1 rho=250000",
        "foreign client-go-release",
        "preempt prefer transfer",
        "null-holder null-duration null-times null-transitions",
        "unmark long redate relabel move",
    ];
    // Reads are late, and creates arrive twice, where nobody leads yet.
    let early = ["", "late", "twice delete met"].map(|words| format!("{words} {calm}"));
    let deep = deep.map(|words| format!("{words} met led {calm}"));
    let prompt = prompt.map(|words| format!("{words} met led prompt {calm}"));
    let wide = [
        "restore met led prompt lost-reads=0 lost-writes=0",
        "put-back restore met led",
        "delete",
        "candidates=3 empty-and-short",
        "crash deaths met led",
    ];
    early.into_iter().chain(deep).chain(prompt).chain(wide.map(str::to_owned)).collect()
}

/// What came of the exploration of a list of settings.
#[derive(Debug, Default)]
pub struct Table {
    /// A line for each, in the order in which they ended.
    pub lines: Vec<String>,
    /// The reports.
    pub reports: Vec<Report>,
    /// A row for each setting of which all states were met: its words, the most steps, the states.
    pub closed: Vec<String>,
    /// The ways to what is broken, as text.
    pub broken: Vec<String>,
}

/// Explores these settings by two threads within about `time`. Each gets an equal share of what is
/// left; one that ends early leaves its share to the others. None takes more than `states` states.
/// `tell` gets a line for each.
pub fn explore(
    settings: &[String],
    time: Duration,
    states: usize,
    tell: impl Fn(&str) + Sync,
) -> Table {
    const THREADS: u32 = 2;
    let until = Instant::now() + time;
    let next = Mutex::new(settings.iter());
    let table = Mutex::new(Table::default());
    let work = || {
        loop {
            let (words, left) = {
                let mut next = lock(&next);
                let left = u32::try_from(next.len()).unwrap_or(u32::MAX);
                let Some(words) = next.next() else { return };
                (words, left)
            };
            let share =
                until.saturating_duration_since(Instant::now()) * THREADS / left.max(THREADS);
            let limit = Limit { time: share, states, ..Limit::default() };
            let mut line = String::new();
            match Setting::parse(words) {
                Ok(setting) => {
                    let report = search(&setting, &limit);
                    let _ = write!(line, "{setting}: {report}");
                    tell(&line);
                    let mut table = lock(&table);
                    if let Some(found) = &report.counterexample {
                        table.broken.push(found.transcript.clone());
                    }
                    if report.closed {
                        let Report { depth, states, .. } = &report;
                        table.closed.push(format!("| `{words}` | {depth} | {states} |"));
                    }
                    table.reports.push(report);
                    table.lines.push(line);
                }
                Err(why) => lock(&table).broken.push(format!("{words}: {why}")),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(work);
        }
    });
    table.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The most memory that this process had, in words; empty where the system does not say.
pub fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    let kib: u64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0);
    format!("{} MiB", kib / 1024)
}
