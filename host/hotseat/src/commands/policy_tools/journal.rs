//! The decisions of a journal, one after the other.

use anyhow::{Context, bail};
use hotseat_core::event::{Account, Judged};
use hotseat_core::policy::{Failure, Input};
use hotseat_journal::{Body, LineError, Problem, Reader};
use std::fs::File;
use std::io::{BufRead, BufReader};

/// Lines of which is said what is wrong with them; the others are counted.
const MOST_NOTES: usize = 20;

/// A decision that a policy was asked for.
#[derive(Clone, Copy)]
pub(super) struct Recorded<'a> {
    /// The line in the journal, from 1.
    pub(super) line: u64,
    /// The time of day.
    pub(super) time: &'a str,
    /// The question.
    pub(super) input: &'a Input,
    /// The answer.
    pub(super) was: &'a Result<Judged, Failure>,
}

/// What else is in the journal.
#[derive(Default)]
pub(super) struct Passed {
    /// Decisions that no policy was asked for, since none was loaded yet.
    pub(super) without_policy: u64,
    /// Records of other kinds.
    pub(super) other_records: u64,
    /// Lines that are not records.
    pub(super) skipped: u64,
    /// What is wrong with the first of those.
    pub(super) notes: Vec<String>,
}

/// Visits each decision that a policy was asked for in the journal of that name, or on standard
/// input for `-`.
///
/// # Errors
///
/// The journal cannot be read; it has no such decision, and what it has instead; what `visit` says.
pub(super) fn each_decision(
    name: &str,
    mut visit: impl FnMut(&Recorded<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<Passed> {
    let (mut passed, mut decisions) = (Passed::default(), 0_u64);
    for line in Reader::new(open(name)?) {
        let (line, record) = match line {
            Ok(line) => line,
            Err(LineError { line, problem: problem @ Problem::Unreadable(_) }) => {
                bail!("{name}: line {line}: {problem}")
            }
            Err(error) => {
                passed.skipped += 1;
                if passed.notes.len() < MOST_NOTES {
                    passed.notes.push(format!("{name}: {error}"));
                }
                continue;
            }
        };
        let Body::Decision(decided) = &record.body else {
            passed.other_records += 1;
            continue;
        };
        let Account { input, answer: Some(was), .. } = &decided.account else {
            passed.without_policy += 1;
            continue;
        };
        decisions += 1;
        visit(&Recorded { line, time: &record.time, input, was })?;
    }
    if decisions == 0 {
        bail!(
            "{name}: no decision of a policy is in it{}: give a journal that hotseat --journal wrote",
            passed.instead(name)
        );
    }
    Ok(passed)
}

impl Passed {
    /// What there is in place of decisions.
    fn instead(&self, name: &str) -> String {
        let mut all = Vec::new();
        if let Some(first) = self.notes.first() {
            let first = first.strip_prefix(name).and_then(|rest| rest.strip_prefix(": "));
            all.push(first.unwrap_or_default().to_owned());
        }
        for (count, what) in [
            (self.skipped.saturating_sub(1), "other lines are not records either"),
            (self.other_records, "records are of other kinds"),
            (self.without_policy, "decisions were made before a policy was loaded"),
        ] {
            if count > 0 {
                all.push(format!("{count} {what}"));
            }
        }
        match all.is_empty() {
            true => ", as it is empty".to_owned(),
            false => format!(": {}", all.join("; ")),
        }
    }
}

/// The journal of that name, or standard input for `-`.
///
/// # Errors
///
/// There is no such file, or it cannot be read.
pub(crate) fn open(name: &str) -> anyhow::Result<Box<dyn BufRead>> {
    if name == "-" {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    let file = File::open(name).with_context(|| {
        format!("{name}: cannot be read: give a journal that hotseat --journal wrote, or - for standard input")
    })?;
    Ok(Box::new(BufReader::new(file)))
}
