//! Why a policy was not built.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// A tool that is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{tool} is missing, looked for in {places}: {remedy}")]
pub struct Missing {
    /// Its name and version.
    pub tool: String,
    /// Where it was looked for.
    pub places: String,
    /// What to do, with the command.
    pub remedy: String,
}

/// Why there is no component. Each message is one line, with the remedy if there is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Nothing tells in which language the policy is.
    #[error(
        "{}: has none of rules.yaml, Cargo.toml, app.py, policy.js, go.mod and policy.c: give a folder that `hotseat policy new` made",
        .0.display()
    )]
    NoPolicy(PathBuf),
    /// A tool is not there.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// A tool is too old.
    #[error("{tool} is needed, and there is {found}: {remedy}")]
    TooOld {
        /// The tool, with its oldest version that does.
        tool: String,
        /// The one that there is.
        found: String,
        /// What to do.
        remedy: String,
    },
    /// A tool cannot be started.
    #[error("{tool} cannot be started: {source}")]
    Start {
        /// Its name.
        tool: String,
        /// The reason.
        source: io::Error,
    },
    /// A tool failed; its own messages went to standard error.
    #[error("{tool} failed ({status}): see its messages")]
    Failed {
        /// Its name.
        tool: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The compiler's module is not a policy, or Rust's compiler failed.
    #[error(transparent)]
    Component(#[from] hotseat_component::BuildError),
}
