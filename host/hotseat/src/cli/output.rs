//! What a command prints, and in which form.

use crate::telemetry;
use anyhow::Context as _;
use clap::ValueEnum;
use hotseat_text::visible;
use serde::Serialize;
use std::io::Write as _;

/// In which form a command prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Says what is wrong with lines that were passed over.
pub(super) fn complain(notes: &[String]) {
    for note in notes {
        telemetry::complain(&format!("hotseat: {}", visible(note)));
    }
}

/// Prints a report.
pub(super) fn print(
    output: Output,
    report: &impl Serialize,
    text: impl FnOnce() -> String,
) -> anyhow::Result<()> {
    let text = match output {
        Output::Text => text(),
        Output::Json => serde_json::to_string(report)? + "\n",
    };
    write(&text)
}

/// Prints what is in no other form.
pub(super) fn write(text: &str) -> anyhow::Result<()> {
    std::io::stdout().write_all(text.as_bytes()).context("cannot write to standard output")
}
