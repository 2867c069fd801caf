//! kubeconfig files, and clients made from them.

use std::fs;
use std::path::Path;

use anyhow::Context;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};

/// Writes a kubeconfig with one context. `user` is its user entry: certificates or a token file.
pub(super) fn write(
    path: &Path,
    server: &str,
    ca_file: &Path,
    namespace: &str,
    user: &Value,
) -> anyhow::Result<()> {
    // JSON is YAML, and quotes paths rightly.
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": server, "certificate-authority": ca_file}}],
        "users": [{"name": "test", "user": user}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": namespace}}],
        "current-context": "test",
    });
    let text = serde_json::to_string_pretty(&config)?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// A client for the kubeconfig at `path`. It never retries on its own: a test sees what the server
/// answered. It belongs to the tokio runtime that this is called in.
///
/// # Errors
///
/// When the file, or one that it names, cannot be read or makes no sense.
pub async fn client_for(path: &Path) -> anyhow::Result<kube::Client> {
    let wrong = || format!("cannot use the kubeconfig {}", path.display());
    let file = Kubeconfig::read_from(path).with_context(wrong)?;
    let mut config = kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
        .await
        .with_context(wrong)?;
    config.default_retry = false;
    kube::Client::try_from(config).with_context(wrong)
}
