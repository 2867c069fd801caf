//! `hotseat policy diff`: its arguments, and what it prints.

use super::args::Output;
use super::limits::{LimitArgs, PatienceArgs};
use super::policy::{MemoryArg, complain, given_settings, print};
use super::registry::RegistryArgs;
use crate::policy_tools::{Diff, diff};
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
    /// The settings of both: JSON, or @FILE with JSON in it [default: as recorded]
    #[arg(long, value_name = "JSON")]
    settings: Option<String>,
    /// The settings of the second, where they are others
    #[arg(long, value_name = "JSON")]
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
    limits: LimitArgs,
    #[command(flatten)]
    time: PatienceArgs,
    #[command(flatten)]
    registries: RegistryArgs,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
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
            registries: self.registries.registries(),
            limits: self.limits.patient(&self.time),
        })?;
        complain(&report.notes);
        print(self.output, &report, || report.text())?;
        Ok(if report.different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
