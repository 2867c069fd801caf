//! `hotseat policy push`: its arguments, and what it prints.

use super::asking::AskingArgs;
use super::check::{policy_key, settings_source};
use super::output::print;
use crate::commands::policy_tools::{Push, push};
use crate::telemetry;
use anyhow::anyhow;
use clap::Args;
use hotseat_sources::OciTarget;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct PushArgs {
    /// The component; its signature FILE.minisig goes with it if there is one
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where to, as oci://HOST/NAME[:TAG]
    #[arg(value_name = "TARGET")]
    target: String,
    /// The minisign public key that it must be signed with: a file, or its line RW..
    #[arg(long, env = "HOTSEAT_POLICY_KEY", value_name = "KEY")]
    policy_key: Option<String>,
    /// The settings to try it with: JSON or YAML, or @FILE, which its signature must cover if there is a
    /// key; they are not pushed with it
    #[arg(long, value_name = "SETTINGS")]
    settings: Option<String>,
    #[command(flatten)]
    asking: AskingArgs,
}

impl PushArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let target: OciTarget =
            self.target.parse().map_err(|error| anyhow!("TARGET {}: {error}", self.target))?;
        let settings = self.settings.as_deref().map(|it| settings_source("--settings", it));
        let settings = settings.transpose()?.map(|source| source.read()).transpose()?;
        let report = push(Push {
            file: self.file,
            target,
            key: policy_key(self.policy_key.as_deref())?,
            settings,
            limits: self.asking.limits(),
            registries: self.asking.registries(),
        })?;
        if !report.tried {
            telemetry::complain(
                "hotseat: it wants settings, so it was not tried: try it with `hotseat policy check`",
            );
        }
        print(self.asking.output, &report, || report.text())?;
        Ok(ExitCode::SUCCESS)
    }
}
