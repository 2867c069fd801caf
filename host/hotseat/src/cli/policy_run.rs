//! `hotseat policy run`: its arguments, and what it prints.

use super::asking::{AskingArgs, given_settings};
use super::output::print;
use crate::commands::policy_tools::{Run, run};
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
    /// The settings where a question has none of its own: JSON or YAML, or @FILE with one of them
    #[arg(long, value_name = "SETTINGS", default_value = "")]
    settings: String,
    #[command(flatten)]
    asking: AskingArgs,
}

impl RunArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let report = run(&Run {
            policy: self.policy,
            scenes: self.scenes,
            registries: self.asking.registries(),
            settings: given_settings(&self.settings)?,
            limits: self.asking.limits(),
        })?;
        print(self.asking.output, &report, || report.text())?;
        Ok(if report.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
