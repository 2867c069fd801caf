//! `hotseat policy push`: a component from a file into a registry.

use super::check::{check_found, world};
use super::runtime;
use crate::sidecar::needs::Giver;
use anyhow::{anyhow, bail};
use hotseat_engine::{Container, LARGEST_COMPONENT, Limits, Source, Surface};
use hotseat_sources::{
    Artifact, Demands, FileSource, OciTarget, PolicyKey, Registries, Settings, WasmConfig, check,
    compose,
};
use serde::Serialize;
use std::path::PathBuf;

/// What to push, and where to.
#[derive(Clone, Debug)]
pub struct Push {
    /// The component, as it is or packed with gzip. Its signature is `FILE.minisig`.
    pub file: PathBuf,
    /// Where to.
    pub target: OciTarget,
    /// The key that it must be signed with.
    pub key: Option<PolicyKey>,
    /// The settings that it is tried with, and that its signature must cover if there is a key; none:
    /// they are elsewhere, and a policy that wants some is not tried.
    pub settings: Option<Settings>,
    /// What one call of the policy may use while it is tried.
    pub limits: Limits,
    /// How the registry is asked.
    pub registries: Registries,
}

/// What was pushed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PushReport {
    /// What `--policy` takes to get it.
    pub reference: String,
    /// The tag that points at it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The digest of the component itself, which a `#sha256=` pin names.
    pub component: String,
    /// Its size in bytes.
    pub bytes: usize,
    /// Whether a signature went with it.
    pub signed: bool,
    /// Whether it decided when it was tried. Not, if it wants settings and none were given.
    pub tried: bool,
}

/// Pushes a policy, once it has passed the stages that a sidecar takes it through: what no sidecar
/// would load is not pushed.
///
/// # Errors
///
/// The file cannot be read, fails a stage or is not signed as it must be, or the registry does not
/// take it.
pub fn push(push: Push) -> anyhow::Result<PushReport> {
    let file = FileSource { path: push.file, limit: LARGEST_COMPONENT, signed: true };
    let fetched = file.read()?;
    let signature = fetched.signature.clone();
    let demands = Demands { limit: LARGEST_COMPONENT, pin: None, key: push.key };
    let (label, bytes, digest) = match &push.settings {
        Some(settings) => {
            let found = compose(fetched, settings, &demands)?;
            (found.label, found.bytes, found.digest)
        }
        None => {
            let checked = check(fetched, &demands)?;
            (checked.label, checked.bytes, checked.digest)
        }
    };
    let source = Source::checked(label, digest.to_string(), bytes);
    let text = push.settings.as_ref().map(Settings::text).transpose()?.unwrap_or_default();
    let container = Container::of_this_process();
    // What it needs is not shown.
    let checked = check_found(&source, &text, push.limits, container, Giver::plainly)?;
    let tried = match (checked.stage, checked.error) {
        (None, _) => true,
        // Which it will have is for whoever deploys it.
        (Some("settings"), _) if push.settings.is_none() => false,
        (Some(stage), error) => {
            bail!("stage {stage}: {}; nothing was pushed", error.unwrap_or_default())
        }
    };
    let surface = Surface::of(&source)?;
    let world = world(&surface);
    let bytes = source.bytes().len();
    let signed = signature.is_some();
    let config = WasmConfig {
        imports: surface.imports,
        exports: surface.exports,
        target: world,
        ..WasmConfig::default()
    };
    let artifact = Artifact { component: source.bytes().to_owned(), signature, config };
    let pushed = runtime()?.block_on(push.registries.push(&push.target, artifact));
    let pushed = pushed.map_err(|error| anyhow!("{error}"))?;
    Ok(PushReport {
        reference: pushed.reference.to_string(),
        tag: push.target.tag().map(str::to_owned),
        component: pushed.component.to_string(),
        bytes,
        signed,
        tried,
    })
}

impl PushReport {
    /// The reference, alone on its line, for a script to take.
    pub fn text(&self) -> String {
        format!("{}\n", self.reference)
    }
}
