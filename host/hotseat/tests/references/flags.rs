//! All commands and flags, as clap knows them.

use crate::cell;
use clap::{Arg, ArgAction, Command};
use std::fmt::Write as _;

const HEAD: &str = "\
# Flags

Generated from the program: `make references` rewrites this file. `hotseat --help` prints the same.

A flag goes before its environment variable. Durations are written as `15s`, `1m30s` or `500ms`.
";

/// The reference as Markdown.
pub fn reference(command: &Command) -> String {
    let mut command = command.clone();
    // Fills in what derives from other parts, such as the names of subcommands.
    command.build();
    let mut text = HEAD.to_owned();
    write_command(&mut text, &command, command.get_name());
    text
}

fn write_command(text: &mut String, command: &Command, name: &str) {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let _ = write!(text, "\n## `{name}`\n\n{}\n", cell(&about));
    let own: Vec<&Arg> =
        command.get_arguments().filter(|arg| !arg.is_hide_set() && !is_of_clap(arg)).collect();
    let mut headings: Vec<Option<&str>> = Vec::new();
    for arg in &own {
        if !headings.contains(&arg.get_help_heading()) {
            headings.push(arg.get_help_heading());
        }
    }
    for heading in headings {
        if let Some(heading) = heading {
            let _ = write!(text, "\n### {heading}\n");
        }
        text.push_str("\n| flag | environment variable | default | meaning |\n|---|---|---|---|\n");
        for arg in own.iter().filter(|arg| arg.get_help_heading() == heading) {
            write_flag(text, arg);
        }
    }
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        write_command(text, below, &format!("{name} {}", below.get_name()));
    }
}

/// `--help` and `--version`.
fn is_of_clap(arg: &Arg) -> bool {
    matches!(arg.get_id().as_str(), "help" | "version")
}

fn write_flag(text: &mut String, arg: &Arg) {
    let value = match arg.get_action() {
        ArgAction::Set | ArgAction::Append => {
            let names = arg.get_value_names().unwrap_or_default();
            names.first().map(ToString::to_string).unwrap_or_default()
        }
        _ => String::new(),
    };
    let flag = match arg.get_long() {
        Some(long) if value.is_empty() => format!("--{long}"),
        Some(long) => format!("--{long} {value}"),
        None => value,
    };
    let variable = arg.get_env().map(|name| format!("`{}`", name.to_string_lossy()));
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    assert!(!help.is_empty(), "{flag} has no help");
    let (help, computed) = split_default(&help);
    let fixed: Vec<String> = arg
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy().into_owned())
        .filter(|value| !value.is_empty() && !is_switch(arg))
        .map(|value| format!("`{value}`"))
        .collect();
    let default = match computed {
        Some(computed) => cell(computed),
        None => fixed.join(", "),
    };
    let values: Vec<String> = arg
        .get_possible_values()
        .iter()
        .filter(|_| arg.get_action().takes_values() && !arg.is_hide_possible_values_set())
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    let values = match values.is_empty() {
        true => String::new(),
        false => format!(": {}", values.join(", ")),
    };
    let _ = writeln!(
        text,
        "| `{flag}` | {} | {default} | {}{values} |",
        variable.unwrap_or_default(),
        cell(help)
    );
}

fn is_switch(arg: &Arg) -> bool {
    !arg.get_action().takes_values()
}

/// A default that depends on something stands at the end of the help, as `[default: the hostname]`.
fn split_default(help: &str) -> (&str, Option<&str>) {
    let default = help
        .rsplit_once("[default: ")
        .and_then(|(before, default)| Some((before, default.strip_suffix(']')?)));
    match default {
        Some((before, default)) => (before.trim_end(), Some(default)),
        None => (help, None),
    }
}
