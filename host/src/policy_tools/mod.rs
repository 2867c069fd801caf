//! What `hotseat policy` does: trying policies before they run.
//!
//! Everything here runs offline, in a process of its own, with the engine of the sidecar: what
//! passes here passes there.

mod check;
mod questions;
mod replay;
mod same;

pub use check::{CheckReport, check};
pub use replay::{Memory, Replay, ReplayReport, replay};

use crate::policies::COMPILE_COMMAND;
use anyhow::Context;
use hotseat_core::policy::{Action, Decision, Failure};
use hotseat_engine::{
    CompileLimits, Compiler, LARGEST_COMPONENT, Limits, LoadError, Loader, Runtime, STANDARD,
    STANDARD_LABEL, Source,
};
use std::path::Path;

/// A loader with the sidecar's compiler, whose policies may use `limits`.
fn loader(limits: Limits) -> anyhow::Result<Loader> {
    let compiler = Compiler::of_this_program(&[COMPILE_COMMAND], CompileLimits::default());
    let runtime = Runtime::new().context("the policy engine does not start")?;
    Ok(Loader::new(runtime, compiler, limits))
}

/// The component that a person names: `builtin`, a path, or `file:` and a path.
fn component(name: &str) -> Result<Source, LoadError> {
    if name == STANDARD_LABEL {
        return Source::new(STANDARD_LABEL, STANDARD.to_vec(), LARGEST_COMPONENT);
    }
    Source::read(Path::new(name.strip_prefix("file:").unwrap_or(name)), LARGEST_COMPONENT)
}

/// A decision in a few words for people: `renew, again in 2000 ms (renewal is due)`.
fn words(decision: &Decision) -> String {
    let action = match &decision.action {
        Action::Wait => "wait".to_owned(),
        Action::Campaign => "campaign".to_owned(),
        Action::Renew => "renew".to_owned(),
        Action::Resign(None) => "resign".to_owned(),
        Action::Resign(Some(successor)) => format!("resign to {}", plain(successor)),
    };
    let lease = decision.lease_duration.map_or(String::new(), |ms| format!(" for {ms} ms"));
    let publish = match decision.publish.len() {
        0 => String::new(),
        count => format!(", publish {count} signals"),
    };
    let (wake, reason) = (decision.wake_after, plain(&decision.reason));
    format!("{action}{lease}, again in {wake} ms{publish} ({reason})")
}

/// A failure in a few words for people: `failed, trapped: unreachable`.
fn failed(failure: &Failure) -> String {
    format!("failed, {}: {}", failure.kind.as_str(), plain(&failure.detail))
}

/// Text of a stranger's must not steer the terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
