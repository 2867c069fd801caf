//! `hotseat timeline`: its arguments, and what it prints.

use super::output::{Output, complain, print};
use crate::commands::timeline::timeline;
use anyhow::Context;
use clap::Args;
use std::io::Write as _;
use std::process::ExitCode;

const AFTER: &str = "\
The axis is the time of day by each candidate's own clock. Within a lane durations are exact, since they
are by the boot-time clock that each record has too; between lanes they are off by as much as the
clocks of the machines differ, and terms may seem to overlap by that. A candidate whose journal is not
given is shown, in brackets, as others saw it.

Lines that are not records are left out, and said with file and line on standard error.

Exit status: 0; 1 if a journal cannot be read, or none has a decision; 2 for a wrong argument.";

#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct TimelineArgs {
    /// The candidates' journals, as --journal writes them (PATH.1 too) or /v1/journal answers; - for
    /// standard input
    #[arg(value_name = "JOURNAL", required = true)]
    journals: Vec<String>,
    /// Print counts of terms, gaps, hand-overs, swaps and failures, and no picture
    #[arg(long)]
    metrics: bool,
    /// How to print the counts
    #[arg(long, value_enum, default_value = "text", requires = "metrics")]
    output: Output,
}

impl TimelineArgs {
    /// Prints the picture, or the counts.
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let timeline = timeline(&self.journals)?;
        complain(&timeline.notes);
        if self.metrics {
            let counts = timeline.counts();
            print(self.output, &counts, || counts.iter().map(|it| it.text()).collect())?;
        } else {
            let page = timeline.html();
            let mut out = std::io::stdout();
            out.write_all(page.as_bytes()).context("cannot write to standard output")?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
