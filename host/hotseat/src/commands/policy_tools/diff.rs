//! `hotseat policy diff`: where two policies answer the questions of a journal differently.

use super::journal::{self, Passed, Recorded};
use super::{Memory, failed, loader, plain, prepare, words};
use anyhow::{Context, anyhow};
use hotseat_core::policy::{Decision, Failure};
use hotseat_engine::{Container, Limits, LoadedPolicy, Loader};
use hotseat_sources::Registries;
use serde::Serialize;

/// Which policies are compared, and how.
#[derive(Clone, Debug)]
pub struct Diff {
    /// The two policies: each `builtin`, a component's path or an artifact in a registry.
    pub policies: [String; 2],
    /// The settings of each; none: those in each record.
    pub settings: [Option<String>; 2],
    /// The journal's file, or `-` for standard input.
    pub journal: String,
    /// Which memory each has at a question.
    pub memory: Memory,
    /// Reason and memory count, too.
    pub strict: bool,
    /// So many differences are shown; all are counted.
    pub show: usize,
    /// How registries are asked.
    pub registries: Registries,
    /// What one call of a policy may use.
    pub limits: Limits,
}

/// How they compare.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DiffReport {
    /// Questions that both were asked.
    pub questions: u64,
    /// Those that they answer differently.
    pub different: u64,
    /// Failures of the first and of the second.
    pub failures: [u64; 2],
    /// Lines that are not records.
    pub skipped: u64,
    /// The first of those that they answer differently.
    pub differences: Vec<Differing>,
    /// What is wrong with the first lines that were skipped.
    pub notes: Vec<String>,
}

/// A question that the two answer differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Differing {
    /// The line in the journal, from 1.
    pub line: u64,
    /// The time of day.
    pub time: String,
    /// Why the policy was asked.
    pub causes: String,
    /// What the first and the second answer.
    pub answers: [String; 2],
}

/// Asks both policies each question of a journal.
///
/// # Errors
///
/// The journal cannot be read or has no decision of a policy; a policy does not load, or refuses
/// the settings.
pub fn diff(diff: &Diff) -> anyhow::Result<DiffReport> {
    let loader = loader(diff.limits.clone(), Container::of_this_process())?;
    let [first, second] = &diff.policies;
    let ready = |name: &str, settings: &Option<String>| -> anyhow::Result<Asked> {
        let policy = prepare(&loader, name, &diff.registries)?;
        Ok(Asked { policy, settings: settings.clone(), accepted: None, memory: Vec::new() })
    };
    let mut asked = [ready(first, &diff.settings[0])?, ready(second, &diff.settings[1])?];
    let mut report = DiffReport::default();
    let passed = journal::each_decision(&diff.journal, |recorded| {
        let mut answers = Vec::with_capacity(asked.len());
        for (asked, failures) in asked.iter_mut().zip(&mut report.failures) {
            let answer = asked.answer(&loader, diff, recorded)?;
            *failures += u64::from(answer.is_err());
            answers.push(answer);
        }
        report.questions += 1;
        if let [first, second] = answers.as_slice()
            && !are_equal(first, second, diff.strict)
        {
            report.add(recorded, [first, second], diff.show);
        }
        Ok(())
    })?;
    let Passed { skipped, notes, .. } = passed;
    Ok(DiffReport { skipped, notes, ..report })
}

type Answer = Result<Decision, Failure>;

/// One of the two.
struct Asked {
    policy: LoadedPolicy,
    settings: Option<String>,
    /// The settings that it has accepted last.
    accepted: Option<String>,
    /// What it answered last.
    memory: Vec<u8>,
}

impl Asked {
    fn answer(
        &mut self,
        loader: &Loader,
        diff: &Diff,
        recorded: &Recorded<'_>,
    ) -> anyhow::Result<Answer> {
        let mut input = recorded.input.clone();
        if let Some(settings) = &self.settings {
            input.settings.clone_from(settings);
        }
        if diff.memory == Memory::Carried {
            input.memory.clone_from(&self.memory);
        }
        if self.accepted.as_ref() != Some(&input.settings) {
            loader
                .accept(&self.policy, &input.settings)
                .map_err(|error| anyhow!("{error}"))
                .with_context(|| {
                    let line = recorded.line;
                    format!(
                        "{}: line {line}: give the policies' own settings by --settings",
                        diff.journal
                    )
                })?;
            self.accepted = Some(input.settings.clone());
        }
        let answer = loader.decide(&self.policy, &input).map(|(decision, _)| decision);
        if let Ok(decision) = &answer {
            self.memory.clone_from(&decision.memory);
        }
        Ok(answer)
    }
}

fn are_equal(first: &Answer, second: &Answer, strict: bool) -> bool {
    match (first, second) {
        (Ok(first), Ok(second)) if strict => first.is_the_same(second),
        (Ok(first), Ok(second)) => first.does_the_same(second),
        (Err(first), Err(second)) => first.kind == second.kind,
        _ => false,
    }
}

impl DiffReport {
    fn add(&mut self, recorded: &Recorded<'_>, answers: [&Answer; 2], show: usize) {
        self.different += 1;
        if self.differences.len() < show {
            self.differences.push(Differing {
                line: recorded.line,
                time: plain(recorded.time),
                causes: recorded.input.observation.causes.to_string(),
                answers: answers.map(|answer| answer.as_ref().map_or_else(failed, words)),
            });
        }
    }

    /// Lines for people: the first differences, and a summary.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for Differing { line, time, causes, answers: [first, second] } in &self.differences {
            text += &format!(
                "line {line}, {time}, asked for {causes}\n  first     {first}\n  second    {second}\n"
            );
        }
        let more = self.different - self.differences.len() as u64;
        if more > 0 {
            text += &format!("and {more} more\n");
        }
        let DiffReport { questions, different, failures: [first, second], skipped, .. } = self;
        text += &format!(
            "{questions} questions: {different} answered differently; failures: {first} of the first, {second} of the second"
        );
        if *skipped > 0 {
            text += &format!("; {skipped} lines skipped");
        }
        text + "\n"
    }
}
