//! The scripts in `tests/setup`, which build what is not there yet.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// Where schemathesis is; installed on the first call on a machine.
///
/// # Errors
///
/// When it cannot be installed.
pub fn schemathesis() -> anyhow::Result<PathBuf> {
    run("schemathesis.sh", &[])
}

/// The folder with the definitions of Prometheus Operator's kinds; fetched on the first call on a machine.
///
/// # Errors
///
/// When they cannot be fetched.
pub fn operator_definitions() -> anyhow::Result<PathBuf> {
    run("operator-crds.sh", &[])
}

/// The server of `tests/nethttp`, Go's `net/http` with one answer; built if it has to be.
///
/// # Errors
///
/// When it cannot be built: what is missing has been said on standard error.
pub fn nethttp() -> anyhow::Result<PathBuf> {
    run("peers.sh", &["nethttp"])
}

/// Runs a script and gives the path that it prints. What else it says goes to standard error.
///
/// # Errors
///
/// When it cannot be run, or fails.
pub(crate) fn run(name: &str, arguments: &[&str]) -> anyhow::Result<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("setup").join(name);
    let output = Command::new(&script)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {}", script.display()))?;
    if !output.status.success() {
        let (script, status) = (script.display(), output.status);
        let arguments = arguments.join(" ");
        bail!("{script} {arguments} failed with {status}: see what it printed above");
    }
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim_end()))
}
