//! Components to swap in.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail, ensure};
use hotseat_author::{Built, Language};
use hotseat_component::{Options, build};
use hotseat_engine::STANDARD;

use crate::lifeline::ScratchDir;
use crate::process::target_folder;
use crate::setup;

/// The file of a policy's component: `hostile`, which is in `tests/guest`, or one of
/// `examples/policies`. It is built when this process asks for it first.
///
/// # Errors
///
/// When the build fails.
pub fn file(name: &str) -> anyhow::Result<PathBuf> {
    static FOLDER: Mutex<Option<ScratchDir>> = Mutex::new(None);
    let mut slot = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = match slot.take() {
        Some(folder) => folder,
        None => ScratchDir::new("hotseat-guests-")?,
    };
    let file = slot.insert(folder).path().join(format!("{name}.wasm"));
    if !file.exists() {
        let bytes = built(name).with_context(|| format!("the policy {name}"))?;
        publish(&file, &bytes)?;
    }
    Ok(file)
}

fn built(name: &str) -> anyhow::Result<Vec<u8>> {
    let (root, target) = (Path::new(env!("CARGO_MANIFEST_DIR")), target_folder()?);
    // Folders of their own: cargo mixes up crates that two workspaces share in one. The examples'
    // is the one that the sidecar's own build has filled.
    let (manifest, target) = match name {
        "hostile" => (root.join("guest"), target.join("tmp/policy-guests")),
        _ => (root.join("../examples/policies").join(name), target.join("policy-guests")),
    };
    Ok(build(&manifest, &Options::new(target))?)
}

/// The standard policy with another digest, see [`marked`].
#[must_use]
pub fn standard_marked(mark: u32) -> Vec<u8> {
    marked(STANDARD, mark)
}

/// A component with another digest: a custom section with `mark` in it is put behind it, which
/// changes nothing that it does.
#[must_use]
pub fn marked(component: &[u8], mark: u32) -> Vec<u8> {
    let mut bytes = component.to_vec();
    // Section 0 of 9 bytes: a name of 4 bytes, and the mark.
    bytes.extend([0, 9, 4]);
    bytes.extend(b"mark");
    bytes.extend(mark.to_le_bytes());
    bytes
}

/// Puts `bytes` where a policy is read, as a careful publisher does: written beside it and renamed.
///
/// # Errors
///
/// When the folder takes no file.
pub fn publish(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = file.with_extension("new");
    fs::write(&beside, bytes)?;
    fs::rename(beside, file)
}

/// The component of a policy in another language, one of `tests/guests`; built if it has to be.
///
/// # Errors
///
/// When it cannot be built: what is missing has been said on standard error.
pub fn language(name: &str) -> anyhow::Result<PathBuf> {
    setup::run("guests.sh", &[name])
}

/// The policy in C that `hotseat policy new` and `build` make, but that it does without settings.
///
/// # Errors
///
/// When its tools cannot be installed, or the build fails.
pub fn in_c() -> anyhow::Result<Vec<u8>> {
    let folder = ScratchDir::new("hotseat-c-")?;
    let made = hotseat_author::create(folder.path(), "c", Language::C)?;
    symlink(tools("c")?, made.join(".venv"))?;
    let source = made.join("policy.c");
    let mut text = fs::read_to_string(&source)?;
    for (from, to) in [(r#" \"required\": [\"most_lag\"],"#, ""), ("settings->len == 0", "false")] {
        ensure!(text.contains(from), "no {from} in the template: {text}");
        text = text.replace(from, to);
    }
    fs::write(source, text)?;
    match hotseat_author::build(&made)? {
        Built::Component { bytes, .. } => Ok(bytes),
        Built::Nothing => bail!("{} has no component", made.display()),
    }
}

/// The folder of the tools that build policies in `python`, `javascript` or `c`; installed if they have
/// to be.
///
/// # Errors
///
/// When they cannot be installed: why has been said on standard error.
pub fn tools(language: &str) -> anyhow::Result<PathBuf> {
    setup::run("guests.sh", &["--tools", language])
}
