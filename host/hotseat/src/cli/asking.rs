//! The flags that tools for policies have in common, where nobody waits for an answer.

use super::args::Output;
use super::limits::{LimitArgs, PatienceArgs};
use super::registry::RegistryArgs;
use clap::Args;
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
