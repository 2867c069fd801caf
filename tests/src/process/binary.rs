//! Finding the `hotseat` program.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, bail};
use serde_json::Value;

/// The `hotseat` program: what `HOTSEAT_BIN` names, else it is built, once a process, in the
/// profile that this process was built in.
///
/// # Errors
///
/// When the build fails, or `HOTSEAT_BIN` is not a file.
pub fn hotseat_binary() -> anyhow::Result<PathBuf> {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let binary = BINARY.get_or_init(|| locate().map_err(|error| format!("{error:#}")));
    binary.clone().map_err(anyhow::Error::msg)
}

fn locate() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("HOTSEAT_BIN") {
        return match PathBuf::from(path) {
            path if path.is_file() => Ok(path),
            path => bail!("HOTSEAT_BIN is {}: no such file", path.display()),
        };
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // CARGO_TARGET_DIR is inherited.
    let output = Command::new(cargo)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .args(["build", "--package=hotseat", "--bin=hotseat"])
        .args(["--message-format=json-render-diagnostics", "--profile", &profile()?])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!("cargo build --package=hotseat failed with {}", output.status);
    }
    executable(&output.stdout).context("cargo built no program named hotseat")
}

/// The cargo profile of this process, by the folder that its program is in.
fn profile() -> anyhow::Result<String> {
    let folder = profile_folder()?;
    match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") => Ok("dev".into()),
        Some(name) => Ok(name.into()),
        None => bail!("{} is not a folder of a cargo profile", folder.display()),
    }
}

/// Cargo's target folder that this process was built in.
pub(crate) fn target_folder() -> anyhow::Result<PathBuf> {
    let folder = profile_folder()?;
    Ok(folder.parent().context("this program is in no target folder")?.to_owned())
}

/// target/PROFILE of target/PROFILE/deps/NAME for tests, and of target/PROFILE/NAME for binaries.
fn profile_folder() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let folder = program.ancestors().skip(1).find(|path| !path.ends_with("deps"));
    Ok(folder.context("this program is in no folder")?.to_owned())
}

/// The program's path by cargo's messages, one JSON object a line.
fn executable(messages: &[u8]) -> Option<PathBuf> {
    messages
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "hotseat")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}
