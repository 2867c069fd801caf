//! `hotseat policy push`: its arguments, and what it prints.

use super::args::Output;
use super::policy::print;
use super::registry::RegistryArgs;
use crate::policy_tools::{Push, push};
use anyhow::anyhow;
use clap::Args;
use hotseat_sources::{OciTarget, PolicyKey};
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
    #[command(flatten)]
    registries: RegistryArgs,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

impl PushArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let target: OciTarget =
            self.target.parse().map_err(|error| anyhow!("TARGET {}: {error}", self.target))?;
        let key = self.policy_key.filter(|key| !key.is_empty());
        let key = key.map(|key| PolicyKey::from_argument(&key)).transpose();
        let report = push(Push {
            file: self.file,
            target,
            key: key.map_err(|error| anyhow!("--policy-key: {error}"))?,
            registries: self.registries.registries(),
        })?;
        print(self.output, &report, || report.text())?;
        Ok(ExitCode::SUCCESS)
    }
}
