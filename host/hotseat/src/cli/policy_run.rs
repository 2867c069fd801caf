//! `hotseat policy run`: its arguments, and what it prints.

use super::args::Output;
use super::limits::{LimitArgs, PatienceArgs};
use super::policy::{given_settings, print};
use super::registry::RegistryArgs;
use crate::policy_tools::{Run, run};
use clap::Args;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The component to ask: a path, builtin, or an artifact in a registry
    #[arg(value_name = "POLICY")]
    policy: String,
    /// Files of YAML with questions in them, each what differs from the question that it is made
    /// `from`: standby, vacant, leader or stopping, and what to `expect`; - for standard input
    #[arg(value_name = "SCENE", required = true)]
    scenes: Vec<String>,
    /// The settings where a question has none of its own: JSON, or @FILE with JSON in it
    #[arg(long, value_name = "JSON", default_value = "")]
    settings: String,
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

impl RunArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let report = run(&Run {
            policy: self.policy,
            scenes: self.scenes,
            registries: self.registries.registries(),
            settings: given_settings(&self.settings)?,
            limits: self.limits.patient(&self.time),
        })?;
        print(self.output, &report, || report.text())?;
        Ok(if report.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
