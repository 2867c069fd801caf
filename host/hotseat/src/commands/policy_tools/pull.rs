//! `hotseat policy pull`: a component from a registry into a file.

use super::runtime;
use anyhow::{Context, anyhow};
use hotseat_engine::LARGEST_COMPONENT;
use hotseat_sources::{Demands, OciReference, PolicyKey, Registries, Settings, check, compose};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// What to pull, and where to.
#[derive(Clone, Debug)]
pub struct Pull {
    /// The artifact, by its tag or its digest.
    pub artifact: String,
    /// The file to write. Its signature, if there is one, goes to `FILE.minisig`.
    pub file: PathBuf,
    /// The key that it must be signed with.
    pub key: Option<PolicyKey>,
    /// The settings that its signature must cover; none: whichever it covers, they are elsewhere.
    pub settings: Option<Settings>,
    /// How the registry is asked.
    pub registries: Registries,
}

/// What was pulled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PullReport {
    /// What `--policy` takes to get it.
    pub reference: String,
    /// The file that has it now.
    pub file: String,
    /// The digest of the component itself.
    pub component: String,
    /// Its size in bytes, unpacked.
    pub bytes: usize,
    /// The file with its signature, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// Pulls a policy. It is checked as a sidecar checks what it pulls, and not loaded.
///
/// # Errors
///
/// The registry does not give it, it is not what its digest says or not signed as it must be, or
/// the file cannot be written; what was there is there still, then.
pub fn pull(pull: Pull) -> anyhow::Result<PullReport> {
    let artifact = artifact(&pull.artifact, &pull.registries)?;
    let fetched = runtime()?.block_on(pull.registries.pull(&artifact, LARGEST_COMPONENT))?;
    let signature = fetched.signature.clone();
    let demands = Demands { limit: LARGEST_COMPONENT, pin: None, key: pull.key };
    let (bytes, digest) = match &pull.settings {
        Some(settings) => {
            let found = compose(fetched, settings, &demands)?;
            (found.bytes, found.digest)
        }
        None => {
            let checked = check(fetched, &demands)?;
            (checked.bytes, checked.digest)
        }
    };
    let beside = PathBuf::from(format!("{}.minisig", pull.file.display()));
    match &signature {
        Some(text) => write(&beside, text.as_bytes())?,
        // One of another component would be worse than none.
        None if beside.exists() => fs::remove_file(&beside).with_context(|| {
            format!("{}: cannot be removed, and is not this component's", beside.display())
        })?,
        None => {}
    }
    write(&pull.file, &bytes)?;
    Ok(PullReport {
        reference: artifact.to_string(),
        file: pull.file.display().to_string(),
        component: digest.to_string(),
        bytes: bytes.len(),
        signature: signature.map(|_| beside.display().to_string()),
    })
}

fn artifact(name: &str, registries: &Registries) -> anyhow::Result<OciReference> {
    match super::reference(name, registries)?.origin {
        hotseat_sources::Origin::Oci(artifact) => Ok(artifact),
        _ => Err(anyhow!(
            "{name}: is not in a registry: give oci://HOST/NAME@sha256:DIGEST, or with a tag"
        )),
    }
}

/// The whole of it or nothing.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let beside = PathBuf::from(format!("{}.part", path.display()));
    let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    written
        .inspect_err(|_| drop(fs::remove_file(&beside)))
        .with_context(|| format!("{}: cannot be written", path.display()))
}

impl PullReport {
    /// The reference that stays, alone on its line, for a script to take.
    pub fn text(&self) -> String {
        format!("{}\n", self.reference)
    }
}
