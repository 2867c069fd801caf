//! `hotseat completions` and `hotseat man`: what shells and `man` want, of the commands as they are.

use anyhow::Context;
use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// What completions complete.
const NAME: &str = "hotseat";

const AFTER_COMPLETIONS: &str = "\
bash:        hotseat completions bash > /etc/bash_completion.d/hotseat
zsh:         hotseat completions zsh > \"${fpath[1]}/_hotseat\"
fish:        hotseat completions fish > ~/.config/fish/completions/hotseat.fish
powershell:  hotseat completions powershell >> $PROFILE";

#[derive(Debug, Args)]
#[command(after_help = AFTER_COMPLETIONS)]
pub(super) struct CompletionsArgs {
    /// Which shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// A folder that is there, for the pages of all commands; none: print hotseat(1)
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl CompletionsArgs {
    /// Prints the script for this command and those below it.
    pub(super) fn run(&self, command: Command) -> anyhow::Result<ExitCode> {
        print(&script(self.shell, command))
    }
}

impl ManArgs {
    /// Prints the page of this command, or writes those of all below it as well.
    pub(super) fn run(&self, command: Command) -> anyhow::Result<ExitCode> {
        let Some(folder) = &self.folder else {
            let mut page = Vec::new();
            Man::new(command).render(&mut page)?;
            return print(&page);
        };
        let written = clap_mangen::generate_to(command, folder);
        let shown = folder.display();
        written.with_context(|| {
            format!(
                "{shown}: pages cannot be written into it: give a folder that is there and writable"
            )
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Whoever writes the script to a pipe would end with a panic once that is closed.
fn script(shell: Shell, mut command: Command) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, NAME, &mut script);
    script
}

fn print(text: &[u8]) -> anyhow::Result<ExitCode> {
    std::io::stdout().write_all(text).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command;
    use clap::ValueEnum as _;
    use std::fs;
    use std::process;

    #[test]
    fn each_shell_gets_all_commands() {
        for shell in Shell::value_variants() {
            let script = String::from_utf8(script(*shell, command())).unwrap();
            for command in command().get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell}: {command}");
            }
            assert!(script.contains("lease-duration"), "{shell}");
        }
    }

    /// What bash offers for the last of these words.
    fn offered(words: &[&str]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hotseat");
        fs::write(&file, script(Shell::Bash, command())).unwrap();
        let ask = "source \"$1\"; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); \
                   _hotseat \"$1\" \"${@: -1}\" \"${@: -2:1}\"; printf '%s\\n' \"${COMPREPLY[@]}\"";
        let mut bash = process::Command::new("bash");
        bash.args(["--norc", "-c", ask, "bash"]).arg(&file).args(words);
        let output = bash.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && said.is_empty(), "{said}");
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn bash_completes_commands_flags_and_values() {
        assert_eq!(offered(&["hotseat", "timel"]), ["timeline"]);
        assert!(offered(&["hotseat", "policy", ""]).contains(&"replay".to_owned()));
        assert_eq!(offered(&["hotseat", "--lease-d"]), ["--lease-duration"]);
        assert_eq!(offered(&["hotseat", "status", "--output", "js"]), ["json"]);
    }

    #[test]
    fn every_command_has_a_page() {
        let folder = tempfile::tempdir().unwrap();
        ManArgs { folder: Some(folder.path().to_owned()) }.run(command()).unwrap();
        let page = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        for command in command().get_subcommands() {
            let name = format!("hotseat-{}.1", command.get_name());
            assert!(page(&name).contains(".TH"), "{name}");
        }
        let main = page("hotseat.1");
        assert!(main.contains("lease\\-duration") && main.contains("HOTSEAT_LEASE_DURATION"));
        assert!(page("hotseat-policy-check.1").contains("container\\-memory"));
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = folder.path().join("nowhere");
        let error =
            ManArgs { folder: Some(nowhere.clone()) }.run(command()).unwrap_err().to_string();
        assert!(error.starts_with(&nowhere.display().to_string()), "{error}");
        assert!(error.contains("give a folder that is there"), "{error}");
    }
}
