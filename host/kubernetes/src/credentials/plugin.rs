//! A program that gives credentials, `exec` in a kubeconfig: client-go's credential plugins.
//!
//! It runs beside the election and has a time to answer in: one that hangs is ended, with what it
//! started, and asked again later.

use super::cluster::trusted;
use super::environment::Environment;
use super::files::Entry;
use super::tls::{self, Identity, Pem};
use super::{filled, user};
use anyhow::{Context as _, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use jiff::Timestamp;
use kube::config::{Cluster, ExecConfig, ExecInteractiveMode};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use serde_json::json;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

/// How long a plugin may take. Some ask a service far away; none needs this long.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: u64 = 1 << 20;
/// How much of what it says on stderr is kept, in bytes.
const LONGEST_WORDS: usize = 300;
const GROUP: &str = "client.authentication.k8s.io";
/// Where a cluster keeps what is meant for plugins.
const EXTENSION: &str = "client.authentication.k8s.io/exec";

/// A plugin, ready to be run.
#[derive(Clone, PartialEq, Eq)]
pub(in super::super) struct Plugin {
    command: String,
    args: Vec<String>,
    env: Vec<(String, String)>,
    version: String,
    /// What it gets in `KUBERNETES_EXEC_INFO`.
    info: String,
    hint: Option<String>,
    /// File, user and command, for messages.
    of: String,
}

/// What a plugin gave.
#[derive(Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Granted {
    /// The `Authorization` header.
    pub(in super::super) header: Option<HeaderValue>,
    /// The certificate to show.
    pub(in super::super) identity: Option<Identity>,
    /// When both end; none if they do not.
    pub(in super::super) expires: Option<Timestamp>,
}

impl Plugin {
    /// Reads the fields under `exec`. `of` names the file and the user.
    pub(super) fn of_fields(
        exec: &ExecConfig,
        of: &str,
        cluster: &Entry<Cluster>,
    ) -> anyhow::Result<Plugin> {
        let of = format!("{of}: exec");
        let command = filled(exec.command.as_ref());
        let command = command.with_context(|| {
            format!("{of}: command is not set: name the program that gives the credentials")
        })?;
        let version = filled(exec.api_version.as_ref()).unwrap_or_default();
        ensure!(
            ["v1", "v1beta1"].iter().any(|known| version == format!("{GROUP}/{known}")),
            "{of}: apiVersion {version:?}: is not {GROUP}/v1 or v1beta1: use what the program's documentation says"
        );
        match &exec.interactive_mode {
            Some(ExecInteractiveMode::Always) => bail!(
                "{of}: interactiveMode \"Always\": nobody can answer a sidecar's prompts: use a program that asks nothing, with interactiveMode Never"
            ),
            None if version.ends_with("/v1") => {
                bail!("{of}: interactiveMode is not set: give Never or IfAvailable")
            }
            _ => {}
        }
        let mut env = Vec::new();
        for variable in exec.env.iter().flatten() {
            let name = filled(variable.get("name"));
            let name = name.with_context(|| format!("{of}: env: a variable without a name"))?;
            env.push((name.to_owned(), variable.get("value").cloned().unwrap_or_default()));
        }
        let mut spec = json!({"interactive": false});
        if exec.provide_cluster_info {
            spec["cluster"] = information(cluster)?;
        }
        let info = json!({"kind": "ExecCredential", "apiVersion": version, "spec": spec});
        let args = exec.args.clone().unwrap_or_default();
        let hint = filled(exec.install_hint.as_ref()).map(|hint| hint.trim().to_owned());
        Ok(Plugin {
            command: command.to_owned(),
            args,
            env,
            version: version.to_owned(),
            info: info.to_string(),
            hint,
            of: format!("{of}: {command}"),
        })
    }

    /// Checks that the program is there, so that a slip in its name is said at the start.
    ///
    /// # Errors
    ///
    /// It is not, with the hint on how to install it.
    pub(in super::super) fn find(&self, environment: &Environment) -> anyhow::Result<()> {
        let path: OsString = environment.path.clone().unwrap_or_default();
        let found = match self.command.contains('/') {
            true => Path::new(&self.command).is_file(),
            false => {
                std::env::split_paths(&path).any(|folder| folder.join(&self.command).is_file())
            }
        };
        ensure!(found, "{}", self.missing());
        Ok(())
    }

    /// Asks the program.
    ///
    /// # Errors
    ///
    /// It cannot be started, fails, takes too long, or its answer makes no sense: which, and why.
    pub(in super::super) async fn run(&self) -> anyhow::Result<Granted> {
        let mut command = Command::new(&self.command);
        command
            .args(&self.args)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .env("KUBERNETES_EXEC_INFO", &self.info)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let child = command.spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => anyhow::anyhow!("{}", self.missing()),
            _ => anyhow::anyhow!("{}: cannot be started ({error})", self.of),
        })?;
        let mut running = Running::new(child);
        let answer = tokio::time::timeout(PATIENCE, running.finish()).await;
        let (succeeded, answer, words) = answer
            .map_err(|_| {
                anyhow::anyhow!(
                    "{}: gave no answer within {} s and was killed",
                    self.of,
                    PATIENCE.as_secs()
                )
            })?
            .with_context(|| format!("{}: its answer cannot be read", self.of))?;
        let words = if words.is_empty() { String::new() } else { format!(": it says: {words}") };
        ensure!(succeeded.success(), "{}: failed with {succeeded}{words}", self.of);
        self.parse(&answer).map_err(|error| anyhow::anyhow!("{}: {error:#}{words}", self.of))
    }

    /// Reads an `ExecCredential`.
    pub(super) fn parse(&self, answer: &[u8]) -> anyhow::Result<Granted> {
        // The error of the parser is left out: it may show a piece of a credential.
        let answer: ExecCredential = serde_json::from_slice(answer)
            .map_err(|_| anyhow::anyhow!("its answer is not an ExecCredential in JSON"))?;
        ensure!(
            answer.kind.as_deref() == Some("ExecCredential"),
            "its answer is of the kind {:?}, not ExecCredential",
            answer.kind.unwrap_or_default()
        );
        ensure!(
            answer.api_version.as_deref() == Some(&self.version),
            "it answers in {:?}, and the kubeconfig says {:?}: use the same apiVersion in both",
            answer.api_version.unwrap_or_default(),
            self.version
        );
        let status = answer.status.context("its answer has no status")?;
        let text = |text: Option<String>| text.filter(|text| !text.is_empty());
        let (certificate, key) =
            (text(status.client_certificate_data), text(status.client_key_data));
        let identity = match (certificate, key) {
            (Some(certificate), Some(key)) => {
                let pem = |bytes: String, from: &str| Pem {
                    bytes: bytes.into_bytes(),
                    from: format!("its answer's {from}"),
                };
                let key = pem(key, "clientKeyData");
                Some(tls::identity(pem(certificate, "clientCertificateData"), &key)?)
            }
            (None, None) => None,
            _ => bail!("its answer has a certificate or a key, but not both"),
        };
        let token = text(status.token);
        ensure!(
            token.is_some() || identity.is_some(),
            "its answer has neither a token nor a certificate"
        );
        let header = token.map(|token| user::bearer(&token, "its answer's token")).transpose()?;
        let expires = text(status.expiration_timestamp).map(|time| time.parse::<Timestamp>());
        let expires =
            expires.transpose().context("its answer's expirationTimestamp is not a time")?;
        Ok(Granted { header, identity, expires })
    }

    fn missing(&self) -> String {
        let hint = match &self.hint {
            Some(hint) => format!(": {hint}"),
            None => ": put it into the image, or name its path".to_owned(),
        };
        format!("{}: there is no such program{hint}", self.of)
    }
}

/// What a plugin learns of the cluster if `provideClusterInfo` asks for it.
fn information(entry: &Entry<Cluster>) -> anyhow::Result<serde_json::Value> {
    let cluster = &entry.value;
    let mut info = json!({"config": null});
    for (field, text) in [
        ("server", &cluster.server),
        ("tls-server-name", &cluster.tls_server_name),
        ("proxy-url", &cluster.proxy_url),
    ] {
        if let Some(text) = filled(text.as_ref()) {
            info[field] = text.into();
        }
    }
    for (field, flag) in [
        ("insecure-skip-tls-verify", cluster.insecure_skip_tls_verify),
        ("disable-compression", cluster.disable_compression),
    ] {
        if flag == Some(true) {
            info[field] = true.into();
        }
    }
    if let Some(pem) = trusted(entry)? {
        info["certificate-authority-data"] = STANDARD.encode(pem.bytes).into();
    }
    let mut extensions = cluster.extensions.iter().flatten();
    if let Some(named) = extensions.find(|extension| extension.name == EXTENSION) {
        info["config"] = named.extension.clone();
    }
    Ok(info)
}

/// A plugin under way. With this value everything that it started ends.
struct Running {
    child: Child,
    group: Option<Pid>,
}

impl Running {
    fn new(child: Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Running { child, group: id.and_then(Pid::from_raw) }
    }

    /// Its status, what it wrote, and its last words in one line.
    async fn finish(&mut self) -> anyhow::Result<(std::process::ExitStatus, Vec<u8>, String)> {
        let (out, err) = (self.child.stdout.take(), self.child.stderr.take());
        // stderr is read to its end: a full pipe would stop the program.
        let (answer, words) = tokio::join!(read(out), last_words(err));
        // Waited for only now, so its group's number is its own until then.
        let status = self.child.wait().await?;
        self.group = None;
        Ok((status, answer?, words))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

async fn read(from: Option<impl AsyncRead + Unpin>) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        from.take(LONGEST_ANSWER + 1).read_to_end(&mut bytes).await?;
    }
    ensure!(bytes.len() as u64 <= LONGEST_ANSWER, "it is longer than {LONGEST_ANSWER} bytes");
    Ok(bytes)
}

async fn last_words(from: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut from) = from else {
        return String::new();
    };
    let (mut kept, mut piece) = (Vec::new(), [0; 1024]);
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        kept.extend_from_slice(&piece[..length]);
        let surplus = kept.len().saturating_sub(LONGEST_WORDS);
        kept.drain(..surplus);
    }
    // Neither escapes nor line breaks of a foreign program get into the log.
    let text = String::from_utf8_lossy(&kept);
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecCredential {
    kind: Option<String>,
    api_version: Option<String>,
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    expiration_timestamp: Option<String>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}
