//! `hotseat lock`: its arguments.

use super::output::{Output, print};
use super::which::Election;
use crate::commands::lock_tool::{self, Confirmation};
use clap::{Args, Subcommand};
use hotseat_kubernetes::Credentials;
use std::io::Write as _;
use std::process::ExitCode;

const OF_SHOW: &str = "\
Exit status: 0 if the lock was read; 1 if there is none or it cannot be read; 2 for a wrong argument.";

const OF_CLEAR: &str = "\
The lock is changed only if it is as it was read: a leader that renews meanwhile keeps it. It needs the
right to update the Lease.

Exit status: 0 if the holder was taken out; 1 if not; 2 for a wrong argument.";

#[derive(Debug, Subcommand)]
pub(super) enum LockCommand {
    /// Say what the lock of an election holds, and who wrote it
    Show(ShowArgs),
    /// Take the holder out of the lock, and say what follows
    Clear(ClearArgs),
}

#[derive(Debug, Args)]
#[command(after_help = OF_SHOW)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    which: Election,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

#[derive(Debug, Args)]
#[command(after_help = OF_CLEAR)]
pub(super) struct ClearArgs {
    #[command(flatten)]
    which: Election,
    /// The holder that is meant; another one is not taken out
    #[arg(long, value_name = "NAME", conflicts_with = "yes")]
    holder: Option<String>,
    /// Take out whoever it is
    #[arg(long)]
    yes: bool,
    /// Only if the lock is still at this version, as `hotseat lock show` has it
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

impl LockCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            LockCommand::Show(ShowArgs { which, output }) => {
                let json = output == Output::Json;
                let (name, kind) = which.only()?;
                let text = lock_tool::show(&name, kind, Credentials::Search, json)?;
                std::io::stdout().write_all(text.as_bytes())?;
            }
            LockCommand::Clear(ClearArgs { which, holder, yes, version, output }) => {
                let confirmation =
                    holder.map(Confirmation::Holder).or(yes.then_some(Confirmation::Yes));
                let (name, kind) = which.only()?;
                let cleared = lock_tool::clear(
                    &name,
                    kind,
                    Credentials::Search,
                    confirmation.as_ref(),
                    version.as_deref(),
                )?;
                print(output, &cleared, || cleared.text())?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
