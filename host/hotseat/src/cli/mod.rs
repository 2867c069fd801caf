//! The command line: arguments in, an exit status out.

mod args;
mod asking;
mod check;
mod companions;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
mod fence;
mod headings;
mod limits;
mod lock;
mod lock_args;
mod names;
mod needs;
mod output;
mod people;
mod plugin;
mod pod;
mod policy;
mod policy_diff;
#[cfg(feature = "author")]
mod policy_new;
mod policy_run;
mod pull;
mod push;
mod rbac;
mod registry;
mod roster;
mod run;
#[cfg(feature = "shell")]
mod shell;
mod sidecar_args;
mod size;
mod timeline;
mod turns;
#[cfg(feature = "ui")]
mod ui;
mod wait;
mod which;
mod wit;

use crate::commands::status;
use crate::companions::run::{EXEC_COMMAND, KEEP_COMMAND, exec_main, keep_main};
use crate::sidecar::engine::COMPILE_COMMAND;
use crate::telemetry::LogFormat;
use crate::{sidecar, telemetry};
use anyhow::{Context, anyhow, bail};
use args::{Cli, Command};
use clap::CommandFactory;
use clap::error::ErrorKind;
use output::Output;
use sidecar_args::LogLevel;
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
    // Nor these: what watches over the command of `hotseat run`, and what becomes the command.
    match std::env::args_os().nth(1) {
        Some(first) if first == KEEP_COMMAND => return keep_main(),
        Some(first) if first == EXEC_COMMAND => return exec_main(),
        _ => {}
    }
    #[cfg(feature = "demo")]
    if let Err(why) = hotseat_demo::die_with_parent() {
        telemetry::complain(&format!("hotseat: {why}"));
        return ExitCode::FAILURE;
    }
    let plugin = plugin::is_called(std::env::args_os().next().as_deref());
    let cli = match plugin::parse(plugin, std::env::args_os()) {
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
            let format = (cli.sidecar.log_format, cli.sidecar.log_level);
            campaign(format, || check::settings(cli.sidecar))
        }
        Some(Command::Run(options)) => {
            needs_linux("hotseat run")?;
            let format = (options.sidecar.log_format, options.sidecar.log_level);
            campaign(format, || options.settings())
        }
        Some(Command::Wait(options)) => apart(|| options.run()),
        Some(Command::Doctor(options)) => apart(|| options.run()),
        Some(Command::Lock(command)) => apart(|| command.run()),
        Some(Command::Roster(options)) => apart(|| options.run()),
        Some(Command::Timeline(options)) => apart(|| options.run()),
        #[cfg(feature = "shell")]
        Some(Command::Completions(options)) => apart(|| options.run(command())),
        #[cfg(feature = "shell")]
        Some(Command::Man(options)) => apart(|| options.run(command())),
        Some(Command::Fence(command)) => apart(|| command.run()),
        #[cfg(feature = "demo")]
        Some(Command::Demo(options)) => {
            needs_linux("the demonstration")?;
            apart(|| hotseat_demo::run(options.into_options()?))
        }
        Some(Command::Status(options)) => apart(|| match options.election {
            Some(election) => people::status(election, &options.of, options.output),
            None => {
                status::run(&options.address, options.output == Output::Json)?;
                Ok(ExitCode::SUCCESS)
            }
        }),
        Some(Command::Transfer(options)) => apart(|| options.run()),
        Some(Command::Pause(options)) => apart(|| options.pause()),
        Some(Command::Resume(options)) => apart(|| options.resume()),
        Some(Command::Skip(options)) => apart(|| options.run()),
        #[cfg(feature = "ui")]
        Some(Command::Ui(options)) => apart(|| options.run()),
        Some(Command::Rbac(options)) => apart(|| options.run()),
        Some(Command::Policy(command)) => apart(|| command.run()),
    }
}

/// Keeps what a command has on the stack out of its caller's frame: an election is run from the same
/// one, and all of it that was ever touched stays in memory while that runs.
#[inline(never)]
fn apart(command: impl FnOnce() -> anyhow::Result<ExitCode>) -> anyhow::Result<ExitCode> {
    command()
}

/// Takes part in an election, to its end.
#[inline(never)]
fn campaign(
    (format, level): (LogFormat, LogLevel),
    settings: impl FnOnce() -> anyhow::Result<sidecar::Settings>,
) -> anyhow::Result<ExitCode> {
    let _logs = telemetry::init(format, level.into()).context("no thread for the log")?;
    let settings = settings()?;
    // One thread: an election is a few messages a second, and what blocks has its own.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Tokio would put a future of its size into the heap too, and leave two copies on the stack.
    Unwaited(Some(runtime)).block_on(Box::pin(sidecar::run(settings)))
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
        // A closed pipe behind --help does not matter.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.render().to_string();
    let mistake = text.split("\n\nUsage:").next().unwrap_or(&text);
    let mistake = mistake.split("\n\nFor more information").next().unwrap_or(mistake);
    let mistake = mistake.trim().trim_start_matches("error: ");
    let line = format!("hotseat: {}: see hotseat --help", in_one_line(mistake));
    telemetry::complain_early(&line, wanted_format(std::env::args().skip(1)));
    ExitCode::from(2)
}

/// The format of the log that the arguments or the environment ask for, where they could not be
/// parsed. A subcommand has no log.
fn wanted_format(args: impl Iterator<Item = String>) -> LogFormat {
    let args: Vec<String> = args.collect();
    if args.first().is_some_and(|first| !first.starts_with('-')) {
        return LogFormat::Text;
    }
    let flag = args.iter().enumerate().rev().find_map(|(index, arg)| match arg.as_str() {
        "--log-format" => args.get(index + 1).map(String::as_str),
        _ => arg.strip_prefix("--log-format="),
    });
    let variable = || std::env::var("HOTSEAT_LOG_FORMAT").unwrap_or_default();
    match flag.map_or_else(variable, str::to_owned).as_str() {
        "json" => LogFormat::Json,
        _ => LogFormat::Text,
    }
}

fn in_one_line(text: &str) -> String {
    hotseat_text::one_line(text, LONGEST_LINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_said_in_the_format_that_was_asked_for() {
        let wanted = |args: &[&str]| wanted_format(args.iter().map(ToString::to_string));
        assert_eq!(wanted(&["--log-format=json", "--nonsense"]), LogFormat::Json);
        assert_eq!(wanted(&["--nonsense", "--log-format", "json"]), LogFormat::Json);
        assert_eq!(wanted(&["--log-format=json", "--log-format=text"]), LogFormat::Text);
        assert_eq!(wanted(&["status", "--log-format=json"]), LogFormat::Text);
    }
}
