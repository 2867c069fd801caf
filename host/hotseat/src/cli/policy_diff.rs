//! `hotseat policy diff`: its arguments, and what it prints.

use super::asking::{AskingArgs, MemoryArg, given_settings};
use super::output::{complain, print};
use crate::commands::policy_tools::{Diff, diff};
use clap::Args;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// The first policy: a path, builtin, or an artifact in a registry
    #[arg(value_name = "FIRST")]
    first: String,
    /// The second policy
    #[arg(value_name = "SECOND")]
    second: String,
    /// The file that --journal wrote, or an answer of /v1/journal; - for standard input
    #[arg(long, value_name = "FILE")]
    journal: String,
    /// The settings of both: JSON or YAML, or @FILE with one of them [default: as recorded]
    #[arg(long, value_name = "SETTINGS")]
    settings: Option<String>,
    /// The settings of the second, where they are others
    #[arg(long, value_name = "SETTINGS")]
    second_settings: Option<String>,
    /// The memory of each: as recorded for each decision, or carried from its own answers
    #[arg(long, value_enum, default_value = "recorded")]
    memory: MemoryArg,
    /// Let reasons and memory count as differences, too
    #[arg(long)]
    strict: bool,
    /// How many of the differences to show
    #[arg(long, value_name = "N", default_value_t = 10)]
    show: usize,
    #[command(flatten)]
    asking: AskingArgs,
}

impl DiffArgs {
    /// As `diff` does, it ends with status 1 where there are differences.
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let both = self.settings.as_deref().map(given_settings).transpose()?;
        let second = self.second_settings.as_deref().map(given_settings).transpose()?;
        let report = diff(&Diff {
            policies: [self.first, self.second],
            settings: [both.clone(), second.or(both)],
            journal: self.journal,
            memory: self.memory.into(),
            strict: self.strict,
            show: self.show,
            registries: self.asking.registries(),
            limits: self.asking.limits(),
        })?;
        complain(&report.notes);
        print(self.asking.output, &report, || report.text())?;
        Ok(if report.different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
