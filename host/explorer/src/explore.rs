//! A list of settings, one after another by each of two threads, and what came of them.

use crate::search::{Limit, Report, search};
use crate::setting::Setting;
use std::io::Write as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How many searches run at a time.
const THREADS: u32 = 2;

/// What came of the exploration of a list of settings.
#[derive(Debug, Default)]
pub struct Table {
    /// The settings by their words and what came of each, in the order in which they ended.
    pub rows: Vec<(String, Report)>,
    /// What is broken, with the way there as text, and words that mean nothing.
    pub broken: Vec<String>,
}

impl Table {
    /// What came of the setting with these words.
    pub fn report(&self, words: &str) -> Option<&Report> {
        self.rows.iter().find(|(other, _)| other == words).map(|(_, report)| report)
    }

    /// For people: the settings of which all states were met.
    pub fn closed(&self) -> Vec<String> {
        let mut lines =
            vec!["| all states of | steps | states |".to_owned(), "|---|---|---|".to_owned()];
        let closed = self.rows.iter().filter(|(_, report)| report.closed);
        lines
            .extend(closed.map(|(words, r)| format!("| `{words}` | {} | {} |", r.depth, r.states)));
        lines
    }

    /// For people: those that have more states, and how far each got.
    pub fn open(&self) -> Vec<String> {
        let mut lines = vec![
            "| not closed | all within steps | some at | states | seconds |".to_owned(),
            "|---|---|---|---|---|".to_owned(),
        ];
        let open = self.rows.iter().filter(|(_, report)| !report.closed);
        lines.extend(open.map(|(words, r)| {
            let (states, seconds) = (r.states, r.time.as_secs());
            format!("| `{words}` | {} | {} | {states} | {seconds} |", r.whole, r.depth)
        }));
        lines
    }

    /// For people: all in one line.
    pub fn summary(&self, time: Duration) -> String {
        let states: usize = self.rows.iter().map(|(_, report)| report.states).sum();
        let deepest = self.rows.iter().map(|(_, report)| report.depth).max().unwrap_or(0);
        let closed = self.rows.iter().filter(|(_, report)| report.closed).count();
        format!(
            "{states} states in {} settings, up to {deepest} steps deep, in {:.1} minutes; {closed} closed, \
             {} broken; {}",
            self.rows.len(),
            time.as_secs_f64() / 60.0,
            self.broken.len(),
            memory()
        )
    }
}

/// Explores these settings, none further than so many states, by two threads within about `time`. Each gets
/// an equal share of what is left; one that ends early leaves its share to the others. `say` gets a line for
/// each.
pub fn explore(settings: &[(String, usize)], time: Duration, say: impl Fn(&str) + Sync) -> Table {
    let until = Instant::now() + time;
    let next = Mutex::new(settings.iter());
    let table = Mutex::new(Table::default());
    let work = || {
        loop {
            let ((words, states), left) = {
                let mut next = lock(&next);
                let left = u32::try_from(next.len()).unwrap_or(u32::MAX);
                let Some(setting) = next.next() else { return };
                (setting, left)
            };
            let share =
                until.saturating_duration_since(Instant::now()) * THREADS / left.max(THREADS);
            let limit = Limit { time: share, states: *states, ..Limit::default() };
            match Setting::parse(words) {
                Ok(setting) => {
                    let report = search(&setting, &limit);
                    say(&format!("{setting}: {report}"));
                    let mut table = lock(&table);
                    let found = report.counterexample.as_ref();
                    table.broken.extend(found.map(|found| found.transcript.clone()));
                    table.rows.push((words.clone(), report));
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

/// Prints a line past a test's harness, which shows the output of what fails alone: each run says how far it
/// got.
pub fn say(line: &str) {
    // If nobody listens, nobody needs to know.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// The most memory that this process had, in words; empty where the system does not say.
pub fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    let kib: u64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0);
    format!("{} MiB", kib / 1024)
}
