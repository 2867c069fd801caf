//! helm, kubectl and kubeconform, for whatever `deploy/` has.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::setup;

/// The folder of the programs; built on the first call on a machine, which takes minutes.
///
/// # Errors
///
/// When they cannot be built.
fn folder() -> anyhow::Result<&'static Path> {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let folder = FOLDER
        .get_or_init(|| setup::run("deploy-tools.sh", &[]).map_err(|error| format!("{error:#}")));
    folder.as_deref().map_err(|error| anyhow::Error::msg(error.clone()))
}

/// The repository's folder `deploy`.
#[must_use]
pub fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy")
}

/// Runs `helm`; gives what it prints.
///
/// # Errors
///
/// When it fails; with what it says.
pub fn helm<S: AsRef<str>>(args: &[S]) -> anyhow::Result<String> {
    run("helm", args, None, "")
}

/// Runs `kubectl` on the server of that kubeconfig, with this standard input; gives what it prints.
///
/// # Errors
///
/// When it fails; with what it says.
pub fn kubectl<S: AsRef<str>>(
    kubeconfig: &Path,
    args: &[S],
    input: &str,
) -> anyhow::Result<String> {
    run("kubectl", args, Some(kubeconfig), input)
}

/// Where `kubectl` is.
///
/// # Errors
///
/// When it cannot be built.
pub fn kubectl_path() -> anyhow::Result<PathBuf> {
    Ok(folder()?.join("kubectl"))
}

/// What `kubectl kustomize` makes of a folder.
///
/// # Errors
///
/// When it fails; with what it says.
pub fn kustomize(folder: &Path) -> anyhow::Result<String> {
    run("kubectl", &["kustomize", &folder.to_string_lossy()], None, "")
}

/// Checks YAML by `kubeconform`, with the schemas in that folder and nothing from elsewhere: each
/// object has to have a schema, and no field that is not in it. Gives how many objects there are.
///
/// # Errors
///
/// When one is not valid; with what it says.
pub fn kubeconform(schemas: &Path, yaml: &str) -> anyhow::Result<u64> {
    let place = schemas.join("{{ .ResourceKind }}{{ .KindSuffix }}.json");
    let place = place.to_string_lossy();
    let args = ["-strict", "-summary", "-output=json", "-schema-location", &place, "-"];
    let said = run("kubeconform", &args, None, yaml)?;
    let said: Value = serde_json::from_str(&said).with_context(|| format!("no JSON: {said}"))?;
    let count = |key: &str| said["summary"][key].as_u64().unwrap_or(0);
    ensure!(count("invalid") + count("errors") + count("skipped") == 0, "{said}");
    Ok(count("valid"))
}

/// The objects of a text of YAML documents, as they are written. One without a namespace, of a kind
/// that has one, gets `default`.
///
/// # Errors
///
/// When they are not objects; with what kubectl says.
pub fn objects(kubeconfig: &Path, yaml: &str) -> anyhow::Result<Vec<Value>> {
    let args = ["create", "--dry-run=client", "--validate=ignore", "-o", "json", "-f", "-"];
    parse(&kubectl(kubeconfig, &args, yaml)?)
}

/// The objects of a text of YAML documents, as the server would store them: with `--dry-run=server`
/// it looks at each of them and stores none.
///
/// # Errors
///
/// When the server takes one of them not; with what it says.
pub fn dry_run(kubeconfig: &Path, namespace: &str, yaml: &str) -> anyhow::Result<Vec<Value>> {
    let args = ["-n", namespace, "apply", "--dry-run=server", "-o", "json", "-f", "-"];
    parse(&kubectl(kubeconfig, &args, yaml)?)
}

/// kubectl prints one object as it is, and several as a List.
fn parse(said: &str) -> anyhow::Result<Vec<Value>> {
    let mut objects = Vec::new();
    for document in serde_json::Deserializer::from_str(said).into_iter::<Value>() {
        let mut document = document.with_context(|| format!("no JSON: {said}"))?;
        match document["kind"] == "List" {
            true => objects.append(document["items"].as_array_mut().context("an empty List")?),
            false => objects.push(document),
        }
    }
    Ok(objects)
}

fn run<S: AsRef<str>>(
    program: &str,
    args: &[S],
    kubeconfig: Option<&Path>,
    input: &str,
) -> anyhow::Result<String> {
    let args: Vec<&str> = args.iter().map(AsRef::as_ref).collect();
    let mut command = Command::new(folder()?.join(program));
    command.args(&args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Nothing of the machine's own: no cluster, no plugins, no cache of helm's.
    let home = tempfile::tempdir()?;
    command.env("HOME", home.path()).env_remove("KUBECONFIG");
    for name in ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
        command.env(name, home.path());
    }
    if let Some(kubeconfig) = kubeconfig {
        command.env("KUBECONFIG", kubeconfig);
    }
    let mut child = command.spawn().with_context(|| format!("cannot start {program}"))?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    let input = input.to_owned();
    // A program that does not read it ends all the same.
    let writing = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output()?;
    let _ = writing.join();
    if !output.status.success() {
        let mut text = format!("{program} {args:?} ended with {}:\n", output.status);
        for stream in [&output.stdout, &output.stderr] {
            let _ = writeln!(text, "{}", String::from_utf8_lossy(stream));
        }
        bail!(text);
    }
    String::from_utf8(output.stdout).context("not UTF-8")
}
