//! `hotseat policy pull`: its arguments, and what it prints.

use super::check::{policy_key, settings_source};
use super::output::Output;
use super::output::print;
use super::registry::RegistryArgs;
use crate::commands::policy_tools::{Pull, pull};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct PullArgs {
    /// The artifact, as oci://HOST/NAME@sha256:DIGEST, or with a tag, which counts for what it names
    /// now
    #[arg(value_name = "ARTIFACT")]
    artifact: String,
    /// The file to write; a signature that it has goes to FILE.minisig
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The minisign public key that it must be signed with: a file, or its line RW..
    #[arg(long, env = "HOTSEAT_POLICY_KEY", value_name = "KEY")]
    policy_key: Option<String>,
    /// The settings that its signature must cover, as @FILE
    #[arg(long, value_name = "SETTINGS", requires = "policy_key")]
    settings: Option<String>,
    #[command(flatten)]
    registries: RegistryArgs,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

impl PullArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let settings = self.settings.as_deref().map(|it| settings_source("--settings", it));
        let settings = settings.transpose()?.map(|source| source.read()).transpose()?;
        let report = pull(Pull {
            artifact: self.artifact,
            file: self.file,
            key: policy_key(self.policy_key.as_deref())?,
            settings,
            registries: self.registries.registries(),
        })?;
        print(self.output, &report, || report.text())?;
        Ok(ExitCode::SUCCESS)
    }
}
