//! Pushing a component.

use super::Registries;
use super::manifest::{self, CONFIG, Descriptor, LAYER, MANIFEST, SIGNATURE, WasmConfig};
use super::reference::{Reference, Target};
use super::session::{Session, header, location, refusal};
use super::transport::Call;
use bytes::Bytes;
use hotseat_text::Digest;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{Method, StatusCode, Uri};
use std::collections::BTreeMap;
use tokio::time::timeout;

/// A component to push.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// The component.
    pub component: Vec<u8>,
    /// The text of its minisign signature. It becomes the layer's annotation `dev.hotseat.minisig`.
    pub signature: Option<String>,
    /// What other tools may read of it.
    pub config: WasmConfig,
}

/// What was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The reference by which a sidecar gets it.
    pub reference: Reference,
    /// The digest of the component itself, for a `#sha256=` pin.
    pub component: Digest,
}

impl Registries {
    /// Pushes a component, and gives it a tag if the target has one. Blobs that the registry has
    /// are not sent again, and the same artifact always gets the same digest.
    ///
    /// # Errors
    ///
    /// The registry does not take it: one line with the target, the reason and the remedy.
    pub async fn push(&self, target: &Target, artifact: Artifact) -> Result<Pushed, String> {
        let pushed = timeout(self.deadline, push(self, target, artifact)).await;
        let pushed = pushed.unwrap_or_else(|_| Err(self.late("the push")));
        pushed.map_err(|why| format!("{target}: cannot be pushed: {why}"))
    }
}

async fn push(
    registries: &Registries,
    target: &Target,
    artifact: Artifact,
) -> Result<Pushed, String> {
    let component = Digest::of(&artifact.component);
    let config = artifact.config.document(component);
    let annotations = artifact.signature.map(|text| (SIGNATURE.to_owned(), text));
    let layer = descriptor(LAYER, &artifact.component, annotations.into_iter().collect());
    let manifest = manifest::write(descriptor(CONFIG, &config, BTreeMap::new()), layer)?;
    let digest = Digest::of(&manifest);
    let mut session = Session::open(registries, target.repository()).await?;
    blob(&mut session, "the component", artifact.component.into()).await?;
    blob(&mut session, "the config", config.into()).await?;
    let name = target.tag().map_or_else(|| digest.to_string(), str::to_owned);
    let uri = session.address(&format!("manifests/{name}"))?;
    let exchange = session.send(put(Method::PUT, uri, MANIFEST, manifest.into())).await?;
    if exchange.parts.status != StatusCode::CREATED {
        return Err(refusal("a place for the manifest", exchange).await);
    }
    Ok(Pushed { reference: Reference::new(target.repository().clone(), digest), component })
}

/// Uploads in one piece what the registry does not have.
async fn blob(session: &mut Session, what: &str, bytes: Bytes) -> Result<(), String> {
    let digest = Digest::of(&bytes);
    let uri = session.address(&format!("blobs/{digest}"))?;
    let there = session.send(Call { method: Method::HEAD, ..Session::get(uri) }).await?;
    // Some registries point at where it lies.
    if there.parts.status == StatusCode::OK || there.parts.status.is_redirection() {
        return Ok(());
    }
    let uri = session.address("blobs/uploads/")?;
    let mut begin = Call { method: Method::POST, ..Session::get(uri.clone()) };
    begin.headers.push(header(CONTENT_LENGTH, "0"));
    let begun = session.send(begin).await?;
    if begun.parts.status != StatusCode::ACCEPTED {
        return Err(refusal(&format!("a place for {what}"), begun).await);
    }
    let place = location(&begun, &uri)?;
    let between = if place.query().is_some() { '&' } else { '?' };
    let place: Uri = format!("{place}{between}digest={digest}")
        .parse()
        .map_err(|_| format!("the registry's place for {what} is not an address"))?;
    let done = session.send(put(Method::PUT, place, "application/octet-stream", bytes)).await?;
    if done.parts.status != StatusCode::CREATED {
        return Err(refusal(&format!("a place for {what}"), done).await);
    }
    Ok(())
}

fn put(method: Method, uri: Uri, kind: &'static str, body: Bytes) -> Call {
    Call { method, uri, headers: vec![header(CONTENT_TYPE, kind)], body }
}

fn descriptor(kind: &str, bytes: &[u8], annotations: BTreeMap<String, String>) -> Descriptor {
    let digest = Digest::of(bytes).to_string();
    Descriptor { media_type: kind.to_owned(), digest, size: bytes.len() as u64, annotations }
}
