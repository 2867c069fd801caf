//! `hotseat policy new` and `build`: their arguments, and what they print.

use super::output::write;
use anyhow::Context;
use clap::Args;
use hotseat_author::{Built, COMPONENT, Language, build, create};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// The policy's name, and the folder's: lower-case letters, digits and hyphens
    #[arg(value_name = "NAME")]
    name: String,
    /// What to write it in: rules, rust, python, javascript, go or c
    #[arg(long, value_name = "LANGUAGE")]
    lang: Language,
}

#[derive(Debug, Args)]
pub(super) struct BuildArgs {
    /// The policy's folder
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
    /// The component to write [default: policy.wasm in the folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl NewArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let folder = create(Path::new(""), &self.name, self.lang)?;
        write(&next_steps(&folder, self.lang))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl BuildArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let text = match build(&self.folder)? {
            Built::Nothing => {
                let rules = self.folder.join(Language::Rules.mark());
                format!(
                    "{}: nothing to build: they are the settings of builtin:rules\n",
                    rules.display()
                )
            }
            Built::Component { bytes, by } => {
                let out = self.out.unwrap_or_else(|| self.folder.join(COMPONENT));
                publish(&out, &bytes)
                    .with_context(|| format!("{}: cannot be written", out.display()))?;
                format!("{}: {} bytes, built by {by}\n", out.display(), bytes.len())
            }
        };
        write(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Puts the component there in one step: a sidecar may be following the file.
fn publish(out: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut beside = out.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    fs::write(&beside, bytes)?;
    fs::rename(&beside, out)
}

/// What was made, and what can be done with it.
fn next_steps(folder: &Path, language: Language) -> String {
    let (policy, settings) = match language {
        Language::Rules => ("builtin:rules", "rules.yaml"),
        _ => (COMPONENT, "settings.yaml"),
    };
    let build = if language == Language::Rules { "" } else { "hotseat policy build" };
    let folder = folder.display();
    let run = format!("hotseat policy run {policy} scenes.yaml --settings @{settings}");
    let check = format!("hotseat policy check {policy} --settings @{settings}");
    let steps = [&format!("cd {folder}"), language.tools(), build, &run, &check];
    let steps = steps.into_iter().filter(|step| !step.is_empty());
    let steps: String = steps.map(|step| format!("  {step}\n")).collect();
    format!("{folder}: a policy in {}; next:\n{steps}", language.as_str())
}
