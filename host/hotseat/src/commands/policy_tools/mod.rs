//! What `hotseat policy` does: trying policies before they run.
//!
//! All of it runs in a process of its own, with the engine of the sidecar: what passes here passes
//! there. Nothing is asked for over a network but a registry, where a policy is in one.

mod check;
mod contract;
mod diff;
mod journal;
mod pull;
mod push;
mod questions;
mod replay;
mod run;
mod scene;
mod usage;

pub(crate) use check::check_found;
pub use check::{Check, CheckReport, Need, PolicyReport, SampleReport, check};
pub use contract::CONTRACT;
pub use diff::{Diff, DiffReport, Differing, diff};
pub(crate) use journal::open as open_journal;
pub use pull::{Pull, PullReport, pull};
pub use push::{Push, PushReport, push};
pub use replay::{Difference, Memory, Replay, ReplayReport, replay};
pub use run::{Run, RunReport, SceneReport, run};
pub use scene::Mismatch;
pub use usage::Usage;

use crate::sidecar::engine;
use crate::sidecar::source::{FetchError, fetch, known};
use anyhow::{Context, anyhow, bail};
use hotseat_core::policy::{Action, Decision, Failure};
use hotseat_engine::{
    Container, LARGEST_COMPONENT, Limits, LoadError, LoadedPolicy, Loader, Source,
};
use hotseat_sources::{
    Demands, Origin, PolicyKey, PolicyRef, Publication, RefError, Registries, Settings,
    SourceError, compose,
};
use std::path::PathBuf;

/// A loader as the sidecar has it in that container, whose policies may use `limits`.
fn loader(limits: Limits, container: Container) -> anyhow::Result<Loader> {
    engine::loader(limits, container).context("the policy engine does not start")
}

/// The component that a person names: a path, or what `--policy` takes for a file, a registry or the
/// standard policy. A tag counts for what it names now, which is good enough for a person to look at.
fn reference(name: &str, registries: &Registries) -> anyhow::Result<PolicyRef> {
    if name.starts_with("configmap:") {
        bail!("{name}: is in a cluster: give the component's file");
    }
    if !PolicyRef::is_written_as_one(name) {
        return Ok(PolicyRef { origin: Origin::File(PathBuf::from(name)), pin: None });
    }
    match name.parse() {
        Ok(reference) => {
            known(&reference).map_err(|error| anyhow!("{name}: {error}"))?;
            Ok(reference)
        }
        Err(RefError::Tag(tag)) => {
            let found = runtime()?.block_on(registries.digest_of(&tag));
            let artifact = found.map_err(|why| anyhow!("{name}: {why}"))?;
            Ok(PolicyRef { origin: Origin::Oci(artifact), pin: None })
        }
        Err(error) => Err(anyhow!("{name}: {error}")),
    }
}

/// What a sidecar is given to get the component that a person names.
///
/// # Errors
///
/// It is not named as one is.
#[cfg(feature = "demo")]
pub(crate) fn source_of(name: &str) -> anyhow::Result<String> {
    reference(name, &Registries::default()).map(|reference| reference.to_string())
}

/// For what goes over a network.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Why a component does not load.
#[derive(Debug, thiserror::Error)]
enum ComponentError {
    /// Its source gave none.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Its source gave bytes that must not be loaded.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A stage of loading failed.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl ComponentError {
    /// The stage that failed, as in metrics, logs and `/v1/policy`.
    fn stage(&self) -> &'static str {
        match self {
            ComponentError::Fetch(error) => error.stage(),
            ComponentError::Source(error) => error.stage(),
            ComponentError::Load(error) => error.stage(),
        }
    }
}

/// The stages that the source of a policy has, settings included: read, size, digest and, if there
/// is a key, signature.
fn component(
    reference: &PolicyRef,
    settings: &Settings,
    key: Option<PolicyKey>,
    registries: &Registries,
) -> Result<Source, ComponentError> {
    let fetched = fetch(reference, key.is_some(), registries)?;
    let demands = Demands { limit: LARGEST_COMPONENT, pin: reference.pin, key };
    let Publication { label, bytes, digest, .. } = compose(fetched, settings, &demands)?;
    Ok(Source::checked(label, digest.to_string(), bytes))
}

/// A policy as a person names it, before it was asked anything but who it is.
fn prepare(loader: &Loader, name: &str, registries: &Registries) -> anyhow::Result<LoadedPolicy> {
    let wanted = reference(name, registries)?;
    let source = component(&wanted, &Settings::none(), None, registries)?;
    Ok(loader.prepare(&source)?)
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
