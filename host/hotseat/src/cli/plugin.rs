//! The program as `kubectl hotseat`: kubectl runs what is called `kubectl-hotseat`, and it is this same
//! program.

use super::args::Cli;
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// What the program is called where kubectl looks for it.
const NAME: &str = "kubectl-hotseat";

/// Whether the program was called by that name.
pub(super) fn is_called(program: Option<&OsStr>) -> bool {
    program.and_then(|program| Path::new(program).file_stem()).is_some_and(|stem| stem == NAME)
}

/// Parses the arguments, the program's name first.
///
/// # Errors
///
/// They are wrong, or ask for help. A plugin without a command gets help: a person wants no sidecar.
pub(super) fn parse(
    plugin: bool,
    args: impl IntoIterator<Item = OsString>,
) -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    if plugin {
        // kubectl's own words, so that what help says can be typed.
        command = command.name(NAME).bin_name("kubectl hotseat");
    }
    let mut matches = command.try_get_matches_from_mut(args)?;
    let cli = Cli::from_arg_matches_mut(&mut matches);
    let cli = cli.map_err(|error| error.format(&mut command))?;
    if plugin && cli.command.is_none() {
        let help = command.render_help().to_string();
        return Err(clap::Error::raw(ErrorKind::DisplayHelp, help).with_cmd(&command));
    }
    Ok(cli)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(args: &[&str]) -> Vec<OsString> {
        args.iter().map(OsString::from).collect()
    }

    #[test]
    fn the_plugin_is_known_by_its_name() {
        for (name, plugin) in [
            ("/usr/local/bin/kubectl-hotseat", true),
            ("kubectl-hotseat.exe", true),
            ("/kubectl-hotseat/hotseat", false),
            ("hotseat", false),
        ] {
            assert_eq!(is_called(Some(OsStr::new(name))), plugin, "{name}");
        }
        assert!(!is_called(None));
    }

    #[test]
    fn a_plugin_says_how_it_is_called_and_campaigns_for_nothing() {
        let help = parse(true, args(&["kubectl-hotseat", "transfer", "--help"])).unwrap_err();
        assert!(help.to_string().contains("Usage: kubectl hotseat transfer"), "{help}");
        let none = parse(true, args(&["kubectl-hotseat"])).unwrap_err();
        assert_eq!(none.kind(), ErrorKind::DisplayHelp);
        assert!(parse(false, args(&["hotseat"])).unwrap().command.is_none());
        assert!(parse(true, args(&["kubectl-hotseat", "pause", "shop"])).is_ok());
    }
}
