//! `hotseat transfer`, `pause`, `resume`, `skip` and `status ELECTION`: their arguments.

use super::output::{Output, print};
use super::which::{Election, Where};
use crate::commands::people::{self, Transfer};
use anyhow::bail;
use clap::Args;
use hotseat_kubernetes::Credentials;
use hotseat_text::parse_duration;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

const OF_TRANSFER: &str = "\
The leader resigns in favour of POD, whatever its policy says, if its budget for that is not spent and
the election is not paused; what it does not do it says. Where the leader is on the roster and POD is not,
nothing is asked for. It needs the rights to get and update the lock: hotseat rbac --for people.

Exit status: 0 as soon as POD leads; 1 if that is not possible or not done in time, with the reason; 2
for a wrong argument.";

const OF_PAUSE: &str = "\
While an election is paused its leader is not asked to hand over and its policy cannot resign. A process
that stops still gives its seat up, a lease that is not renewed still ends, and an empty seat is taken.

Exit status: 0 if it is so now, and if it was before; 1 if not, with the reason; 2 for a wrong argument.";

const OF_SKIP: &str = "\
With --rollout-soak candidates take a new policy one after the other, and none does after one of them has
refused it or fallen back from it. This asks that all the others take it now. It is for this policy with
these settings alone. It needs the rights to get and update the lock: hotseat rbac --for people.

Exit status: 0 if it is asked for now, and if it was before; 1 if not, with the reason; 2 for a wrong
argument.";

#[derive(Debug, Args)]
#[command(after_help = OF_TRANSFER)]
pub(super) struct TransferArgs {
    #[command(flatten)]
    of: Election,
    /// The candidate that shall lead: its pod, or its --id
    #[arg(long, value_name = "POD")]
    to: String,
    /// How long the request holds, and is waited for
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "30s")]
    within: Duration,
    /// POD is a name that a candidate has by --id, and there need be no such pod
    #[arg(long)]
    any_name: bool,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

#[derive(Debug, Args)]
#[command(after_help = OF_PAUSE)]
pub(super) struct PauseArgs {
    #[command(flatten)]
    of: Election,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

#[derive(Debug, Args)]
#[command(after_help = OF_SKIP)]
pub(super) struct SkipArgs {
    #[command(flatten)]
    of: Election,
    /// The policy that is meant, by its digest or the beginning of that [default: the one with which
    /// candidates wait or are stopped, by the roster]
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

impl SkipArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let (name, kind) = self.of.inner()?;
        let done = people::skip(&name, kind, Credentials::Search, self.digest.as_deref())?;
        print(self.output, &done, || done.text())?;
        Ok(ExitCode::SUCCESS)
    }
}

impl TransferArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let TransferArgs { of, to, within, any_name, output } = self;
        // The request counts whole seconds, as a Lease does.
        let within = Duration::from_secs(within.as_millis().div_ceil(1000).try_into()?);
        let longest = hotseat_core::request::LONGEST_TRANSFER;
        if within.is_zero() || within > longest {
            bail!("--within: give from 1s to {}s", longest.as_secs());
        }
        let (name, kind) = of.inner()?;
        let wanted = Transfer { to, within, any_name };
        let tell = |line: &str| {
            if output == Output::Text {
                // Whoever no longer reads it is not kept from what was asked for.
                let _ = writeln!(std::io::stdout(), "{line}");
            }
        };
        let done = people::transfer(&name, kind, Credentials::Search, &wanted, tell)?;
        print(output, &done, || done.text())?;
        Ok(ExitCode::SUCCESS)
    }
}

impl PauseArgs {
    pub(super) fn pause(self) -> anyhow::Result<ExitCode> {
        let (name, kinds) = self.of.all()?;
        let done = people::pause(&name, &kinds, Credentials::Search)?;
        print(self.output, &done, || done.text())?;
        Ok(ExitCode::SUCCESS)
    }

    pub(super) fn resume(self) -> anyhow::Result<ExitCode> {
        let (name, kinds) = self.of.all()?;
        let done = people::resume(&name, &kinds, Credentials::Search)?;
        print(self.output, &done, || done.text())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// `hotseat status ELECTION`: by the cluster, and not by a sidecar.
pub(super) fn status(election: String, of: &Where, output: Output) -> anyhow::Result<ExitCode> {
    let (name, kind) = of.inner(election)?;
    let standing = people::show(&name, kind, Credentials::Search)?;
    print(output, &standing, || standing.text())?;
    Ok(ExitCode::SUCCESS)
}
