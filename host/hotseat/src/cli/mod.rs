//! The command line: arguments in, an exit status out.

mod args;
mod check;
#[cfg(feature = "demo")]
mod demo;
mod limits;
mod pod;
mod policy;
mod push;
mod registry;
mod size;

use crate::engine::COMPILE_COMMAND;
use crate::{sidecar, status, telemetry};
use anyhow::{Context, anyhow, bail};
use args::{Cli, Command};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use std::process::ExitCode;
use tokio::runtime::Runtime;

/// The longest line that says why the program ends, in bytes.
const LONGEST_LINE: usize = 16 << 10;

/// The commands and flags, for whoever writes about them. The program itself parses without it.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    // Not a command for people: the child process that compiles a policy. It is asked first, so
    // that nothing else of the program gets into it.
    if std::env::args_os().nth(1).is_some_and(|first| first == COMPILE_COMMAND) {
        return hotseat_engine::compile_child_main();
    }
    #[cfg(feature = "demo")]
    crate::demo::die_with_parent();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            telemetry::complain(&format!("hotseat: {}", in_one_line(&format!("{error:#}"))));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        None => {
            needs_linux("the sidecar")?;
            let _logs = telemetry::init(cli.sidecar.log_format, cli.sidecar.log_level.into())
                .context("no thread for the log")?;
            let settings = check::settings(cli.sidecar)?;
            // One thread: an election is a few messages a second, and what blocks has its own.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            Unwaited(Some(runtime)).block_on(sidecar::run(settings))
        }
        #[cfg(feature = "demo")]
        Some(Command::Demo(options)) => {
            needs_linux("the demonstration")?;
            crate::demo::run(options.into_options()?)
        }
        Some(Command::Status(options)) => {
            status::run(&options.address, options.output == args::Output::Json)?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Policy(command)) => command.run(),
    }
}

/// An election rests on a clock, timers and names that only Linux has. The other commands do not.
fn needs_linux(what: &str) -> anyhow::Result<()> {
    if cfg!(target_os = "linux") {
        return Ok(());
    }
    bail!(
        "{what} runs on Linux only: start it in a container or a virtual machine; hotseat policy and hotseat status work here"
    )
}

/// A runtime that ends at once, after a panic too: requests that nobody waits for any more must not
/// hold the process up.
struct Unwaited(Option<Runtime>);

impl Unwaited {
    fn block_on<T>(&self, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        match &self.0 {
            Some(runtime) => runtime.block_on(work),
            None => Err(anyhow!("the runtime has ended")),
        }
    }
}

impl Drop for Unwaited {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// `--help` and `--version` as clap writes them; a mistake in one line, with exit status 2.
fn refuse(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A closed pipe behind --help is no trouble.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.render().to_string();
    let mistake = text.split("\n\nUsage:").next().unwrap_or(&text);
    let mistake = mistake.split("\n\nFor more information").next().unwrap_or(mistake);
    let mistake = mistake.trim().trim_start_matches("error: ");
    telemetry::complain(&format!("hotseat: {}: see hotseat --help", in_one_line(mistake)));
    ExitCode::from(2)
}

fn in_one_line(text: &str) -> String {
    hotseat_text::one_line(text, LONGEST_LINE)
}
