//! The commands as they are written.

use super::doctor::DoctorArgs;
use super::fence::FenceCommand;
use super::lock::LockCommand;
use super::output::Output;
use super::people::{PauseArgs, SkipArgs, TransferArgs};
use super::policy::PolicyCommand;
use super::rbac::RbacArgs;
use super::roster::RosterArgs;
use super::run::RunArgs;
use super::sidecar_args::SidecarArgs;
use super::timeline::TimelineArgs;
use super::wait::WaitArgs;
use super::which::Where;
use clap::{Args, Parser, Subcommand};

/// A leader-election sidecar for Kubernetes. Campaigns for a Lease beside your application and
/// answers {"name":"<leader>"} on port 4040. Without a subcommand it is the sidecar.
#[derive(Debug, Parser)]
// A later flag wins, as with the 0.4 image, whose entry point gives `--id` first.
#[command(
    name = "hotseat",
    version,
    args_conflicts_with_subcommands = true,
    args_override_self = true
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) sidecar: SidecarArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    #[cfg(feature = "demo")]
    /// Show an election on this machine: three candidates, no cluster needed
    Demo(super::demo::DemoArgs),
    /// Run a command while this candidate leads, and stop it before anybody else may
    Run(Box<RunArgs>),
    /// Say who leads: ask a running sidecar, or the cluster about ELECTION
    Status(StatusArgs),
    /// Have the leader of an election hand over to another candidate
    Transfer(TransferArgs),
    /// Have the leader of an election stay, whatever its policy says
    Pause(PauseArgs),
    /// End a pause
    Resume(PauseArgs),
    /// Have the candidates of an election take a new policy without waiting for each other
    Skip(SkipArgs),
    #[cfg(feature = "ui")]
    /// Show all elections of a namespace on a page in your browser, with your credentials
    Ui(super::ui::UiArgs),
    /// Print the Role that a sidecar needs. Give the sidecar's own flags, such as --election and
    /// --policy: they decide which rights those are
    // As for the sidecar, a later flag wins.
    #[command(args_override_self = true)]
    Rbac(Box<RbacArgs>),
    /// Wait until this pod leads, or anybody does
    Wait(WaitArgs),
    /// Find out why nobody leads: the API server, rights, latency, the lock, the policy, memory
    Doctor(Box<DoctorArgs>),
    /// Look at the lock, or empty it by hand
    #[command(subcommand)]
    Lock(LockCommand),
    /// Show the candidates of an election, as they publish themselves
    Roster(RosterArgs),
    /// Make a picture of candidates' journals: terms, gaps, hand-overs, swaps, refusals
    Timeline(TimelineArgs),
    /// Print manifests that keep a pod which lost the seat from acting
    #[command(subcommand)]
    Fence(FenceCommand),
    /// Try election policies before they run
    #[command(subcommand)]
    Policy(PolicyCommand),
    #[cfg(feature = "shell")]
    /// Print what has a shell complete commands and flags
    Completions(super::shell::CompletionsArgs),
    #[cfg(feature = "shell")]
    /// Print the manual page, or write those of all commands
    Man(super::shell::ManArgs),
}

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// The election to ask the cluster about, with the credentials of kubectl; none: ask the sidecar
    #[arg(value_name = "ELECTION")]
    pub(super) election: Option<String>,
    #[command(flatten)]
    pub(super) of: Where,
    /// The address of the sidecar
    #[arg(
        long,
        env = "HOTSEAT_STATUS_ADDRESS",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:4040"
    )]
    pub(super) address: String,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    pub(super) output: Output,
}
