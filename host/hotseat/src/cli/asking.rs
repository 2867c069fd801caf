//! The flags that tools for policies have in common, where nobody waits for an answer.

use super::check::settings_source;
use super::limits::{LimitArgs, PatienceArgs};
use super::output::Output;
use super::registry::RegistryArgs;
use crate::commands::policy_tools::Memory;
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use hotseat_engine::Limits;
use hotseat_sources::Registries;

/// What a policy may use while it is asked, where it is, and how the answer is printed.
#[derive(Debug, Args)]
pub(super) struct AskingArgs {
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    time: PatienceArgs,
    #[command(flatten)]
    registries: RegistryArgs,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    pub(super) output: Output,
}

impl AskingArgs {
    pub(super) fn limits(&self) -> Limits {
        self.limits.patient(&self.time)
    }

    pub(super) fn registries(&self) -> Registries {
        self.registries.registries()
    }
}

/// Which memory a policy gets with a recorded question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum MemoryArg {
    Recorded,
    Carried,
}

impl From<MemoryArg> for Memory {
    fn from(memory: MemoryArg) -> Memory {
        match memory {
            MemoryArg::Recorded => Memory::Recorded,
            MemoryArg::Carried => Memory::Carried,
        }
    }
}

/// The settings as they are given to the policy.
pub(super) fn given_settings(text: &str) -> anyhow::Result<String> {
    let text = settings_source("--settings", text)?.read().and_then(|settings| settings.text());
    Ok(text.context("--settings")?.as_ref().to_owned())
}
