//! Why a policy was not loaded, compiled or given the memory of another one.

use hotseat_core::policy::{Failure, FailureKind};

use crate::container::MemoryLeft;
use crate::text::bytes;

/// Why a policy was not loaded. `label` names the policy as its source does, such as
/// `file:/etc/hotseat/policy.wasm`. Each message is one line.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The bytes could not be had.
    #[error("{label}: cannot be read: {why}")]
    Read {
        /// The policy.
        label: String,
        /// The reason and the remedy.
        why: String,
    },
    /// More bytes than allowed.
    #[error(
        "{label}: is larger than {}: build it for size, or raise the limit of a component's size",
        bytes(*.limit)
    )]
    Size {
        /// The policy.
        label: String,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The bytes are not a valid component.
    #[error("{label}: {why}")]
    Parse {
        /// The policy.
        label: String,
        /// The reason and the remedy.
        why: String,
    },
    /// The component wants something that is not there.
    #[error("{label}: {why}")]
    Imports {
        /// The policy.
        label: String,
        /// Which import, and the remedy.
        why: String,
    },
    /// The component is of another world.
    #[error("{label}: {why}")]
    Exports {
        /// The policy.
        label: String,
        /// Which export, and the remedy.
        why: String,
    },
    /// The component was not compiled.
    #[error("{label}: compile: {source}")]
    Compile {
        /// The policy.
        label: String,
        /// The reason.
        source: CompileError,
    },
    /// The policy does not say who it is.
    #[error("{label}: `describe`: {why}")]
    Describe {
        /// The policy.
        label: String,
        /// What is wrong.
        why: String,
    },
    /// The policy does not accept its settings.
    #[error("{label}: settings: {why}")]
    Settings {
        /// The policy.
        label: String,
        /// What the policy says about them.
        why: String,
    },
    /// The policy broke down over the memory of the one before it.
    #[error("{label}: {source}")]
    Migrate {
        /// The policy.
        label: String,
        /// How.
        source: MigrateError,
    },
    /// The policy did not decide when it was tried.
    #[error("{label}: trial decision: {why}")]
    DryRun {
        /// The policy.
        label: String,
        /// How it failed.
        why: String,
    },
}

impl LoadError {
    /// The stage that failed, a word for metrics, logs and `/v1/policy`.
    pub fn stage(&self) -> &'static str {
        match self {
            LoadError::Read { .. } => "read",
            LoadError::Size { .. } => "size",
            LoadError::Parse { .. } => "parse",
            LoadError::Imports { .. } => "imports",
            LoadError::Exports { .. } => "exports",
            LoadError::Compile { .. } => "compile",
            LoadError::Describe { .. } => "describe",
            LoadError::Settings { .. } => "settings",
            LoadError::Migrate { .. } => "migrate",
            LoadError::DryRun { .. } => "dry-run",
        }
    }
}

/// Why a component was not compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// The child could not be started, or the memory for its result not be had.
    #[error("the compiler could not be started: {0}")]
    Start(String),
    /// The component wants more than a compilation may use.
    #[error("over the limit of {0}: make the component smaller or simpler")]
    OverLimit(String),
    /// The component wants more memory than the container has left.
    #[error(
        "the container's memory limit of {} leaves {} to the compiler, which is not enough for \
         this component: raise the memory limit of the sidecar's container, or make the component \
         smaller or simpler",
        mebibytes(.0.limit),
        mebibytes(.0.left)
    )]
    Container(MemoryLeft),
    /// The component is not valid.
    #[error("{0}")]
    Invalid(String),
    /// The component imports something other than what is there to answer it.
    #[error("{0}")]
    Imports(String),
    /// The compiler gave up on a valid component.
    #[error("the compiler refused it: {0}")]
    Refused(String),
    /// The child ended as it should not: a fault of the compiler, or somebody killed it.
    #[error("the compiler ended with {0}")]
    Crashed(String),
    /// What the child left behind does not load.
    #[error("the result does not load: {0}")]
    Unusable(String),
}

/// An amount of memory as people set limits, rounded down: what is left is not a round number.
fn mebibytes(amount: u64) -> String {
    format!("{} MiB", amount >> 20)
}

/// Why a policy cannot take over: its `migrate` broke down. A refusal is no such failure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", kind.as_str())]
pub struct MigrateError {
    /// What kind of failure it was.
    pub kind: FailureKind,
    /// One line for people.
    pub detail: String,
}

impl MigrateError {
    /// How a call of `migrate` failed.
    pub(crate) fn of(Failure { kind, detail }: Failure) -> MigrateError {
        MigrateError { kind, detail: format!("`migrate`: {detail}") }
    }
}
