//! `hotseat policy replay`: what another policy would have decided.

use super::journal::{self, Passed, Recorded};
use super::{failed, loader, plain, prepare, words};
use anyhow::{Context, anyhow};
use hotseat_core::event::Judged;
use hotseat_core::policy::{Decision, Failure, Input};
use hotseat_engine::{Container, Limits, LoadedPolicy, Loader};
use hotseat_sources::Registries;
use serde::Serialize;

/// Which memory the policy has at each question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// The one in the record: each decision is tried by itself.
    Recorded,
    /// What the policy itself answered last, empty at first: as it would have run all the time. For
    /// policies whose memory is of another form.
    Carried,
}

/// What is replayed, and how.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The journal's file, or `-` for standard input.
    pub journal: String,
    /// The policy: `builtin`, a component's path, or an artifact in a registry.
    pub policy: String,
    /// How registries are asked.
    pub registries: Registries,
    /// The settings; none: those in each record.
    pub settings: Option<String>,
    /// Which memory.
    pub memory: Memory,
    /// Reason and memory count, too.
    pub strict: bool,
    /// What one call of the policy may use.
    pub limits: Limits,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReplayReport {
    /// Decisions that a policy was asked for.
    pub decisions: u64,
    /// Those that would be the same.
    pub equal: u64,
    /// Those that would not.
    pub different: u64,
    /// Those in which the policy fails now.
    pub failures: u64,
    /// Decisions that no policy was asked for, since none was loaded yet.
    pub without_policy: u64,
    /// Records of other kinds.
    pub other_records: u64,
    /// Lines that are not records.
    pub skipped: u64,
    /// Each decision that would be another.
    pub differences: Vec<Difference>,
    /// What is wrong with the first lines that were skipped.
    pub notes: Vec<String>,
}

/// A decision that would be another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The line in the journal, from 1.
    pub line: u64,
    /// The time of day.
    pub time: String,
    /// Why the policy was asked.
    pub causes: String,
    /// What was decided.
    pub was: String,
    /// What would be.
    pub would_be: String,
}

/// Replays a journal.
///
/// # Errors
///
/// The journal cannot be read or has no decision of a policy; the policy does not load, or refuses
/// the settings.
pub fn replay(replay: &Replay) -> anyhow::Result<ReplayReport> {
    let loader = loader(replay.limits.clone(), Container::of_this_process())?;
    let policy = prepare(&loader, &replay.policy, &replay.registries).context("--policy")?;
    let mut player = Player {
        replay,
        loader,
        policy,
        accepted: None,
        memory: Vec::new(),
        report: ReplayReport::default(),
    };
    let passed = journal::each_decision(&replay.journal, |decision| player.play(decision))?;
    let Passed { without_policy, other_records, skipped, notes } = passed;
    Ok(ReplayReport { without_policy, other_records, skipped, notes, ..player.report })
}

struct Player<'a> {
    replay: &'a Replay,
    loader: Loader,
    policy: LoadedPolicy,
    /// The settings that the policy has accepted last.
    accepted: Option<String>,
    /// What the policy answered last.
    memory: Vec<u8>,
    report: ReplayReport,
}

impl Player<'_> {
    fn play(&mut self, decision: &Recorded<'_>) -> anyhow::Result<()> {
        let Recorded { line, time, input, was } = *decision;
        let input = self.input(line, input)?;
        let now = self.loader.decide(&self.policy, &input).map(|(decision, _)| decision);
        self.report.decisions += 1;
        match &now {
            Ok(decision) => self.memory.clone_from(&decision.memory),
            Err(_) => self.report.failures += 1,
        }
        if self.is_equal(was, &now) {
            self.report.equal += 1;
            return Ok(());
        }
        self.report.different += 1;
        self.report.differences.push(Difference {
            line,
            time: plain(time),
            causes: input.observation.causes.to_string(),
            was: was.as_ref().map_or_else(failed, |judged| words(&judged.decision)),
            would_be: now.as_ref().map_or_else(failed, words),
        });
        Ok(())
    }

    fn input(&mut self, line: u64, recorded: &Input) -> anyhow::Result<Input> {
        let mut input = recorded.clone();
        if let Some(settings) = &self.replay.settings {
            input.settings.clone_from(settings);
        }
        if self.replay.memory == Memory::Carried {
            input.memory.clone_from(&self.memory);
        }
        if self.accepted.as_ref() != Some(&input.settings) {
            let accepted = self.loader.accept(&self.policy, &input.settings);
            accepted.map_err(|error| match self.replay.settings {
                Some(_) => anyhow!("--settings: {error}"),
                None => anyhow!(
                    "{}: line {line}: {error}: the settings are those of the journal: give the policy's own by --settings",
                    self.replay.journal
                ),
            })?;
            self.accepted = Some(input.settings.clone());
        }
        Ok(input)
    }

    fn is_equal(&self, was: &Result<Judged, Failure>, now: &Result<Decision, Failure>) -> bool {
        match (was, now) {
            (Ok(was), Ok(now)) => {
                let mut now = now.clone();
                // As the core does before it goes into the journal.
                now.reason = now.reason.replace(char::is_control, " ");
                match self.replay.strict {
                    true => was.decision.is_the_same(&now),
                    false => was.decision.does_the_same(&now),
                }
            }
            (Err(was), Err(now)) => was.kind == now.kind,
            _ => false,
        }
    }
}

impl ReplayReport {
    /// Lines for people: each difference, and a summary.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for Difference { line, time, causes, was, would_be } in &self.differences {
            text += &format!(
                "line {line}, {time}, asked for {causes}\n  was       {was}\n  would be  {would_be}\n"
            );
        }
        let ReplayReport { decisions, equal, different, failures, without_policy, skipped, .. } =
            self;
        text += &format!(
            "{decisions} decisions: {equal} equal, {different} different, {failures} failures"
        );
        if *without_policy > 0 {
            text += &format!("; {without_policy} before a policy was loaded");
        }
        if *skipped > 0 {
            text += &format!("; {skipped} lines skipped");
        }
        text + "\n"
    }
}
