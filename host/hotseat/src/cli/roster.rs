//! `hotseat roster`, and the sidecar's flag about the roster.

use super::headings::ELECTION;
use super::output::Output;
use super::which::InNamespace;
use crate::commands::roster;
use clap::Args;
use hotseat_kubernetes::Credentials;
use std::io::Write as _;
use std::process::ExitCode;

const AFTER: &str = "\
It needs the right to list Leases in the namespace. Ages are by this machine's clock and the candidate's.

Exit status: 0 if the roster was read, with nobody on it too; 1 if it cannot be read; 2 for a wrong
argument.";

/// Whether the roster is kept where no policy asks for it.
#[derive(Debug, Args)]
pub(super) struct RosterFlag {
    /// Put this candidate on the election's roster and follow the others, also where the policy does not
    /// ask for that. Takes the right to create, list, watch, patch and delete Leases in the namespace
    #[arg(long, env = "HOTSEAT_ROSTER", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", action = clap::ArgAction::Set, help_heading = ELECTION)]
    pub(super) roster: bool,
}

#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct RosterArgs {
    /// The name of the election, which is the name of its lock
    #[arg(value_name = "ELECTION")]
    election: String,
    #[command(flatten)]
    namespace: InNamespace,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

impl RosterArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let name = self.namespace.election(Some(self.election))?;
        let text = roster::show(&name, Credentials::Search, self.output == Output::Json)?;
        std::io::stdout().write_all(text.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}
