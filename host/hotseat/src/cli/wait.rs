//! `hotseat wait`: its arguments.

use crate::commands::wait::{self, Wanted};
use clap::Args;
use hotseat_text::parse_duration;
use std::process::ExitCode;
use std::time::Duration;

const EXIT_STATUS: &str = "\
Exit status: 0 as soon as it is so; 1 if it is not within the time, with what was seen last; 2 for a
wrong argument.";

#[derive(Debug, Args)]
#[command(after_help = EXIT_STATUS, group(clap::ArgGroup::new("wanted").required(true)))]
pub(super) struct WaitArgs {
    /// Until this pod leads; prints its fencing token
    #[arg(long, group = "wanted")]
    leader: bool,
    /// Until anybody leads; prints the leader's name
    #[arg(long, group = "wanted")]
    any: bool,
    /// How long to wait; 0: look once
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "30s")]
    timeout: Duration,
    /// The address of the sidecar
    #[arg(
        long,
        alias = "http",
        env = "HOTSEAT_STATUS_ADDRESS",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:4040"
    )]
    address: String,
}

impl WaitArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let wanted = if self.leader { Wanted::ThisPod } else { Wanted::Anybody };
        wait::run(&self.address, wanted, self.timeout)?;
        Ok(ExitCode::SUCCESS)
    }
}
