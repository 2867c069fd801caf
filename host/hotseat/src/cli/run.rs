//! `hotseat run`: its arguments.

use super::check;
use super::companions::APPLICATION;
use super::sidecar_args::SidecarArgs;
use crate::companions::run::{OnExit, Settings, longest_grace, longest_reaction, needed_reaction};
use crate::sidecar;
use anyhow::bail;
use clap::{Args, ValueEnum};
use hotseat_text::parse_duration;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

const EXAMPLES: &str = "\
The command finds the fencing token of its term in HOTSEAT_TOKEN and the candidate's name in
HOTSEAT_NAME; its standard input is empty. SIGUSR1, SIGUSR2, SIGWINCH and SIGHUP are handed to its
process group. When it ends, what it left behind is killed.

Exit status: 0 after SIGTERM, SIGINT or SIGQUIT, with the seat released; the command's own status, or
128 and the number of the signal that ended it, after it ended by itself (--on-exit exit); 126 and 127
if it cannot be started; 1 for any other error, and after a second signal; 2 for a wrong argument.";

/// The sidecar's flags, and a command.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(super) struct RunArgs {
    /// From SIGTERM, when belief ends, to SIGKILL; the reaction time covers it [default: what the
    /// reaction time leaves, and that is what lease duration and renew deadline leave]
    #[arg(long, env = "HOTSEAT_GRACE", value_name = "TIME", value_parser = parse_duration, help_heading = APPLICATION)]
    grace: Option<Duration>,
    /// When the command ends by itself, the seat is given up, and then: exit, end with its status; or
    /// campaign, campaign again after a pause that grows from the lease duration to five minutes
    #[arg(long, env = "HOTSEAT_ON_EXIT", value_name = "WHAT", value_enum, default_value = "exit", hide_possible_values = true, help_heading = APPLICATION)]
    on_exit: OnExitArg,
    #[command(flatten)]
    pub(super) sidecar: SidecarArgs,
    /// The program to run while this candidate leads, and its arguments, after --
    #[arg(last = true, required = true, num_args = 1.., value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OnExitArg {
    Exit,
    Campaign,
}

impl RunArgs {
    pub(super) fn settings(self) -> anyhow::Result<sidecar::Settings> {
        let RunArgs { grace, on_exit, mut sidecar, command } = self;
        let (reaction, grace) = times(&sidecar, grace)?;
        sidecar.reaction_time = Some(reaction);
        let command = runnable(command)?;
        let mut settings = check::settings(sidecar)?;
        if settings.companions.fence.is_some() {
            bail!(
                "--fence-exit-code: `hotseat run` stops its command itself: leave it out, or use the sidecar"
            );
        }
        let on_exit = match on_exit {
            OnExitArg::Exit => OnExit::Exit,
            OnExitArg::Campaign => OnExit::Campaign,
        };
        settings.companions.command = Some(Settings { command, grace, on_exit });
        Ok(settings)
    }
}

/// The reaction time S and the grace within it.
fn times(sidecar: &SidecarArgs, grace: Option<Duration>) -> anyhow::Result<(Duration, Duration)> {
    let timing = check::timing(sidecar)?;
    let ppm = timing.clock_error_ppm;
    let room = longest_reaction(&timing);
    let given = Some(timing.reaction).filter(|reaction| !reaction.is_zero());
    match (given, grace) {
        (None, None) => Ok((room, longest_grace(room, ppm))),
        (Some(reaction), None) => Ok((reaction, longest_grace(reaction, ppm))),
        (None, Some(grace)) => match needed_reaction(grace, ppm) {
            needed if needed <= room => Ok((needed, grace)),
            needed => bail!(
                "--grace {grace:?}: needs a reaction time of {needed:?}, and lease duration and renew deadline leave {room:?}: give less, or a longer --lease-duration"
            ),
        },
        (Some(reaction), Some(grace)) => match longest_grace(reaction, ppm) {
            longest if grace <= longest => Ok((reaction, grace)),
            longest => bail!(
                "--grace {grace:?}: the reaction time {reaction:?} covers {longest:?}: give less, or leave --reaction-time out"
            ),
        },
    }
}

/// The command, if there is such a program: an election that is won for nothing helps nobody.
fn runnable(command: Vec<OsString>) -> anyhow::Result<Vec<OsString>> {
    let program = command.first().map(OsString::as_os_str).unwrap_or_default();
    let shown = program.to_string_lossy();
    let shown = shown.escape_debug();
    if program.as_bytes().contains(&b'/') {
        if !is_program(Path::new(program)) {
            bail!("{shown}: there is no program that this user may run: check the path after --");
        }
        return Ok(command);
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    if !program.is_empty() && in_folders(program, &folders).is_some() {
        return Ok(command);
    }
    bail!("{shown}: there is no such program in PATH: check the name after --, or give its path")
}

fn in_folders(program: &OsStr, folders: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(folders).map(|folder| folder.join(program)).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{Cli, Command};
    use clap::Parser as _;

    fn parsed(flags: &[&str]) -> RunArgs {
        let all = ["hotseat", "run", "--election=e"].iter().chain(flags).chain(&["--", "true"]);
        match Cli::try_parse_from(all).unwrap().command {
            Some(Command::Run(run)) => *run,
            other => panic!("{other:?}"),
        }
    }

    fn times_of(flags: &[&str]) -> Result<(u128, u128), String> {
        let run = parsed(flags);
        let times = times(&run.sidecar, run.grace);
        let (reaction, grace) = times.map_err(|error| error.to_string())?;
        Ok((reaction.as_millis(), grace.as_millis()))
    }

    #[test]
    fn the_reaction_time_covers_the_grace() {
        assert_eq!(times_of(&[]), Ok((4750, 4232)));
        assert_eq!(times_of(&["--reaction-time=2s"]), Ok((2000, 1782)));
        assert_eq!(times_of(&["--grace=1s"]), Ok((1123, 1000)));
        assert_eq!(times_of(&["--grace=1s", "--reaction-time=2s"]), Ok((2000, 1000)));
        for (flags, remedy) in [
            (&["--grace=30s"][..], "a longer --lease-duration"),
            (&["--grace=2s", "--reaction-time=2s"], "leave --reaction-time out"),
            (&["--reaction-time=30s"], "lengthen the lease duration"),
        ] {
            let error = times_of(flags).unwrap_err();
            assert!(error.contains(remedy), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_run_is_refused_before_the_election() {
        let refused = |name: &str| runnable(vec![name.into()]).unwrap_err().to_string();
        assert!(refused("no-such-program-anywhere").contains("no such program in PATH"));
        assert!(refused("/no/such/program").contains("check the path"));
        assert!(refused("/etc/passwd").contains("check the path"));
        assert!(refused("").contains("no such program"));
        assert_eq!(runnable(vec!["sh".into()]).unwrap(), ["sh"]);
    }
}
