//! `hotseat policy`: its arguments, and what it prints.

use super::asking::{AskingArgs, MemoryArg, given_settings};
use super::check::{policy_key, settings_source as settings};
use super::limits::{LimitArgs, TimeArgs};
use super::needs;
use super::output::{Output, complain, print};
use super::policy_diff::DiffArgs;
#[cfg(feature = "author")]
use super::policy_new::{BuildArgs, NewArgs};
use super::policy_run::RunArgs;
use super::pull::PullArgs;
use super::push::PushArgs;
use super::registry::RegistryArgs;
use super::size::parse_size;
use super::wit::WitArgs;
use crate::commands::policy_tools::{Check, Replay, check, replay};
use anyhow::anyhow;
use clap::{Args, Subcommand};
use hotseat_engine::Container;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    #[cfg(feature = "author")]
    /// Make a folder with a policy that builds, with its tests
    New(NewArgs),
    #[cfg(feature = "author")]
    /// Build the policy of a folder that `new` made
    Build(BuildArgs),
    /// Take a component through every stage that a sidecar would, and say what it is
    Check(CheckArgs),
    /// Ask a policy questions of one's own, and compare the answers with what is expected
    Run(RunArgs),
    /// Ask a policy what it would have decided, on the decisions of a journal
    Replay(ReplayArgs),
    /// Say where two policies answer the questions of a journal differently
    Diff(DiffArgs),
    /// Put a component into an OCI registry, and print what --policy takes to get it
    Push(PushArgs),
    /// Get a component from an OCI registry into a file
    Pull(PullArgs),
    /// Print the contract that a policy is built against, as WIT
    Wit(WitArgs),
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The component: a path, builtin, or an artifact in a registry
    #[arg(value_name = "FILE")]
    file: String,
    /// The policy's settings: JSON or YAML, or @FILE with one of them
    #[arg(long, value_name = "SETTINGS", default_value = "")]
    settings: String,
    /// The minisign public key that it must be signed with, together with the settings of a @FILE: a
    /// file, or its line RW..
    #[arg(long, value_name = "KEY")]
    policy_key: Option<String>,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    time: TimeArgs,
    /// Check it as in a container with this limit of memory, such as 64Mi [default: this one's]
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    container_memory: Option<u64>,
    #[command(flatten)]
    registries: RegistryArgs,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// The file that --journal wrote, or an answer of /v1/journal; - for standard input
    #[arg(value_name = "JOURNAL")]
    journal: String,
    /// The component to ask: a path, builtin, or an artifact in a registry
    #[arg(long, value_name = "FILE")]
    policy: String,
    /// The policy's settings: JSON or YAML, or @FILE with one of them [default: as recorded]
    #[arg(long, value_name = "SETTINGS")]
    settings: Option<String>,
    /// The policy's memory: as recorded for each decision, or carried from its own answers
    #[arg(long, value_enum, default_value = "recorded")]
    memory: MemoryArg,
    /// Let reasons and memory count as differences, too
    #[arg(long)]
    strict: bool,
    /// End with status 1 if a decision would differ
    #[arg(long)]
    fail_on_difference: bool,
    #[command(flatten)]
    asking: AskingArgs,
}

impl PolicyCommand {
    /// Does it and prints what came of it.
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            #[cfg(feature = "author")]
            PolicyCommand::New(args) => args.run(),
            #[cfg(feature = "author")]
            PolicyCommand::Build(args) => args.run(),
            PolicyCommand::Check(args) => run_check(&args),
            PolicyCommand::Replay(args) => run_replay(args),
            PolicyCommand::Run(args) => args.run(),
            PolicyCommand::Diff(args) => args.run(),
            PolicyCommand::Push(args) => args.run(),
            PolicyCommand::Pull(args) => args.run(),
            PolicyCommand::Wit(args) => args.run(),
        }
    }
}

fn run_check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let report = check(&Check {
        file: args.file.clone(),
        settings: settings("--settings", &args.settings)?.read()?,
        key: policy_key(args.policy_key.as_deref())?,
        registries: args.registries.registries(),
        limits: args.limits.within(&args.time),
        container: args.container_memory.map_or_else(Container::of_this_process, Container::of),
        givers: needs::words,
    })?;
    print(args.output, &report, || report.text())?;
    match (report.stage, report.error) {
        (Some(stage), Some(error)) => Err(anyhow!("stage {stage}: {error}")),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn run_replay(args: ReplayArgs) -> anyhow::Result<ExitCode> {
    let report = replay(&Replay {
        journal: args.journal,
        policy: args.policy,
        registries: args.asking.registries(),
        settings: args.settings.as_deref().map(given_settings).transpose()?,
        memory: args.memory.into(),
        strict: args.strict,
        limits: args.asking.limits(),
    })?;
    complain(&report.notes);
    print(args.asking.output, &report, || report.text())?;
    Ok(match args.fail_on_difference && report.different > 0 {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}
