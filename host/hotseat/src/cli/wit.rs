//! `hotseat policy wit`: its arguments, and what it prints.

use super::output::write;
use crate::commands::policy_tools::CONTRACT;
use clap::Args;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct WitArgs {
    /// Write it to FILE instead, encoded as wkg publish and registries take a package
    #[cfg(feature = "author")]
    #[arg(long, value_name = "FILE")]
    package: Option<std::path::PathBuf>,
}

impl WitArgs {
    #[cfg(feature = "author")]
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let Some(file) = self.package else { return print() };
        let bytes = hotseat_author::contract_package()?;
        std::fs::write(&file, &bytes).map_err(|error| {
            let file = file.display();
            anyhow::anyhow!(
                "--package {file}: cannot be written: {error}: name a file in a folder that there is"
            )
        })?;
        write(&format!("{}: {} bytes\n", file.display(), bytes.len()))?;
        Ok(ExitCode::SUCCESS)
    }

    /// Nothing in this program encodes components.
    #[cfg(not(feature = "author"))]
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        print()
    }
}

fn print() -> anyhow::Result<ExitCode> {
    write(CONTRACT).map(|()| ExitCode::SUCCESS)
}
