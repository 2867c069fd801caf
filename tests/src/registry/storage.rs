//! A registry's folder: putting things there that no careful client would push, and damaging what
//! is there.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use hotseat_sources::Digest;
use serde_json::{Value, json};

use super::Registry;

impl Registry {
    /// Puts an artifact into repository `name`: one layer each of these bytes and media types.
    /// Gives the digest of its manifest.
    ///
    /// # Errors
    ///
    /// When the folder cannot be written.
    pub fn put_artifact(&self, name: &str, layers: &[(&str, &[u8])]) -> anyhow::Result<Digest> {
        let config = self.put_blob(name, "application/vnd.wasm.config.v0+json", b"{}")?;
        let layers: anyhow::Result<Vec<Value>> =
            layers.iter().map(|(kind, bytes)| self.put_blob(name, kind, bytes)).collect();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": config,
            "layers": layers?,
        });
        self.put_manifest(name, &manifest)
    }

    /// Puts a manifest there as it is, and gives its digest.
    ///
    /// # Errors
    ///
    /// As [`put_artifact`](Self::put_artifact).
    pub fn put_manifest(&self, name: &str, manifest: &Value) -> anyhow::Result<Digest> {
        let text = manifest.to_string();
        let digest = self.put(text.as_bytes())?;
        self.link(&format!("{name}/_manifests/revisions"), digest)?;
        Ok(digest)
    }

    /// Puts a blob there, and gives its descriptor.
    ///
    /// # Errors
    ///
    /// As [`put_artifact`](Self::put_artifact).
    pub fn put_blob(&self, name: &str, kind: &str, bytes: &[u8]) -> anyhow::Result<Value> {
        let digest = self.put(bytes)?;
        self.link(&format!("{name}/_layers"), digest)?;
        Ok(json!({"mediaType": kind, "digest": digest.to_string(), "size": bytes.len()}))
    }

    /// The file of a blob or a manifest.
    #[must_use]
    pub fn blob_path(&self, digest: Digest) -> PathBuf {
        let hex = digest.hex();
        self.storage().join("blobs/sha256").join(&hex[..2]).join(&hex).join("data")
    }

    /// Changes the bytes of a blob or a manifest under its digest.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub fn damage(&self, digest: Digest, change: impl FnOnce(&mut Vec<u8>)) -> anyhow::Result<()> {
        let path = self.blob_path(digest);
        let mut bytes = fs::read(&path).with_context(|| format!("no blob {digest}"))?;
        change(&mut bytes);
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
    }

    fn put(&self, bytes: &[u8]) -> anyhow::Result<Digest> {
        let digest = Digest::of(bytes);
        write(self.blob_path(digest), bytes)?;
        Ok(digest)
    }

    fn link(&self, folder: &str, digest: Digest) -> anyhow::Result<()> {
        let folder = self.storage().join("repositories").join(folder);
        write(folder.join("sha256").join(digest.hex()).join("link"), digest.to_string().as_bytes())
    }
}

fn write(path: PathBuf, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
