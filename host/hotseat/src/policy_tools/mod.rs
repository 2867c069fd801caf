//! What `hotseat policy` does: trying policies before they run.
//!
//! Everything but a push runs offline, in a process of its own, with the engine of the sidecar:
//! what passes here passes there.

mod check;
mod push;
mod questions;
mod replay;
mod usage;

pub(crate) use check::check_found;
pub use check::{Check, CheckReport, PolicyReport, SampleReport, check};
pub use push::{Push, PushReport, push};
pub use replay::{Difference, Memory, Replay, ReplayReport, replay};
pub use usage::Usage;

use crate::engine;
use crate::source::{builtin, known};
use anyhow::{Context, anyhow, bail};
use hotseat_core::policy::{Action, Decision, Failure};
use hotseat_engine::{
    Container, LARGEST_COMPONENT, Limits, LoadError, Loader, STANDARD_LABEL, Source,
};
use hotseat_sources::{
    Demands, FileSource, Origin, PolicyKey, PolicyRef, Publication, Settings, SourceError, compose,
};
use std::path::PathBuf;

/// A loader as the sidecar has it in that container, whose policies may use `limits`.
fn loader(limits: Limits, container: Container) -> anyhow::Result<Loader> {
    engine::loader(limits, container).context("the policy engine does not start")
}

/// The component that a person names: a path, or what `--policy` takes for a file or the standard
/// policy.
fn reference(name: &str) -> anyhow::Result<PolicyRef> {
    let elsewhere = ["oci:", "configmap:"].iter().any(|scheme| name.starts_with(scheme));
    if elsewhere {
        bail!("{name}: is not a local file: give the component's file");
    }
    if name == STANDARD_LABEL || name.starts_with("builtin:") || name.starts_with("file:") {
        let reference: PolicyRef = name.parse().map_err(|error| anyhow!("{name}: {error}"))?;
        known(&reference).map_err(|error| anyhow!("{name}: {error}"))?;
        return Ok(reference);
    }
    Ok(PolicyRef { origin: Origin::File(PathBuf::from(name)), pin: None })
}

/// Why a component does not load.
#[derive(Debug, thiserror::Error)]
enum ComponentError {
    /// Its source gave bytes that must not be loaded, or none.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A stage of loading failed.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The program does not have it, or is damaged.
    #[error(transparent)]
    Program(#[from] anyhow::Error),
}

impl ComponentError {
    /// The stage that failed, as in metrics, logs and `/v1/policy`.
    fn stage(&self) -> &'static str {
        match self {
            ComponentError::Source(error) => error.stage(),
            ComponentError::Load(error) => error.stage(),
            ComponentError::Program(_) => "read",
        }
    }
}

/// The stages that the source of a policy has, settings included: read, size, digest and, if there
/// is a key, signature.
fn component(
    reference: &PolicyRef,
    settings: &Settings,
    key: Option<PolicyKey>,
) -> Result<Source, ComponentError> {
    let fetched = match &reference.origin {
        Origin::File(path) => {
            let limit = LARGEST_COMPONENT;
            FileSource { path: path.clone(), limit, signed: key.is_some() }.read()?
        }
        Origin::Builtin(name) => builtin(name.as_deref())?,
        // `reference` lets none of them through.
        Origin::ConfigMap(_) | Origin::Oci(_) => {
            return Err(anyhow!("{reference}: is not a local file").into());
        }
    };
    let demands = Demands { limit: LARGEST_COMPONENT, pin: reference.pin, key };
    let Publication { label, bytes, digest, .. } = compose(fetched, settings, &demands)?;
    Ok(Source::checked(label, digest.to_string(), bytes))
}

/// A decision in a few words for people: `renew, again in 2000 ms (renewal is due)`.
fn words(decision: &Decision) -> String {
    let action = decision.action.as_str();
    let successor = match &decision.action {
        Action::Resign(Some(successor)) => format!(" to {}", plain(successor)),
        _ => String::new(),
    };
    let lease = decision.lease_duration.map_or(String::new(), |ms| format!(" for {ms} ms"));
    let publish = match decision.publish.len() {
        0 => String::new(),
        count => format!(", publish {count} signals"),
    };
    let (wake, reason) = (decision.wake_after, plain(&decision.reason));
    format!("{action}{successor}{lease}, again in {wake} ms{publish} ({reason})")
}

/// A failure in a few words for people: `failed, trapped: unreachable`.
fn failed(failure: &Failure) -> String {
    format!("failed, {}: {}", failure.kind.as_str(), plain(&failure.detail))
}

/// Text of a stranger's must not steer the terminal.
fn plain(text: &str) -> String {
    hotseat_text::visible(text).into_owned()
}
