//! Pulling a component by its digest.

use super::Registries;
use super::manifest::{self, MANIFEST, SIGNATURE};
use super::reference::{Reference, Tag};
use super::session::{Session, header, refusal};
use super::transport::BodyError;
use crate::check::Fetched;
use crate::error::SourceError;
use crate::reference::RefError;
use crate::text::bytes as amount;
use hotseat_text::Digest;
use http::StatusCode;
use http::header::ACCEPT;
use std::time::Duration;
use tokio::time::timeout;

/// The largest manifest, in bytes. One of a component has some hundred, with a signature thousands.
const LARGEST_MANIFEST: u64 = 256 * 1024;

/// How long a registry may take to say what a tag names, when a person waits for an error message.
const TAG_DEADLINE: Duration = Duration::from_secs(5);

impl Registries {
    /// Pulls what a reference names. All digests and sizes are verified, and the whole takes no
    /// longer than the deadline.
    ///
    /// # Errors
    ///
    /// The registry does not give it, it is not a WebAssembly artifact with one layer, it has more
    /// than `limit` bytes, or it is not what its digests say.
    pub async fn pull(&self, reference: &Reference, limit: u64) -> Result<Fetched, SourceError> {
        let pulled = match timeout(self.deadline, pull(self, reference, limit)).await {
            Ok(pulled) => pulled,
            Err(_) => Err(self.late("the pull").into()),
        };
        let label = reference.to_string();
        match pulled {
            Ok((bytes, signature)) => {
                // An artifact has no file's name: whoever pushed it knows which it was.
                Ok(Fetched { label, file: "COMPONENT".to_owned(), bytes, signature })
            }
            Err(SourceFailure::Passing(why)) => Err(SourceError::read(&label, why)),
            Err(SourceFailure::Lasting(why)) => {
                Err(SourceError::Read { label, why, lasting: true })
            }
            Err(SourceFailure::Size) => Err(SourceError::Size { label, limit }),
            Err(SourceFailure::Digest(why)) => Err(SourceError::Digest { label, why }),
        }
    }

    /// What a tag points at now, as the reference that stays.
    ///
    /// # Errors
    ///
    /// The registry does not say: one line with the reason and the remedy.
    pub async fn digest_of(&self, tag: &Tag) -> Result<Reference, String> {
        let repository = tag.repository();
        let resolve = async {
            let mut session = Session::open(self, repository).await?;
            let bytes = manifest(&mut session, tag.tag()).await?;
            Ok(Reference::new(repository.clone(), Digest::of(&bytes)))
        };
        timeout(self.deadline, resolve).await.unwrap_or_else(|_| Err(self.late("the answer")))
    }

    /// Why a tag is not taken, in one line, with what to write instead if the registry says so
    /// within 5 s. To be put behind the tag as it was written.
    pub async fn refuse_tag(&self, tag: &Tag) -> String {
        let soon = Registries { deadline: self.deadline.min(TAG_DEADLINE), ..self.clone() };
        match soon.digest_of(tag).await {
            Ok(reference) => format!(
                "the tag {} can be moved to another policy: give what it names now, {reference}",
                tag.tag()
            ),
            Err(why) => format!("{}; its registry was asked: {why}", RefError::Tag(tag.clone())),
        }
    }

    pub(super) fn late(&self, what: &str) -> String {
        format!(
            "{what} took longer than {} s: the registry or the network is slow",
            self.deadline.as_secs()
        )
    }
}

/// Why there is nothing.
enum SourceFailure {
    /// Another attempt may bring it.
    Passing(String),
    /// The digest names something that will never do.
    Lasting(String),
    /// It is larger than the limit.
    Size,
    /// Other bytes came than those that were named.
    Digest(String),
}

impl From<String> for SourceFailure {
    fn from(why: String) -> SourceFailure {
        SourceFailure::Passing(why)
    }
}

async fn pull(
    registries: &Registries,
    reference: &Reference,
    limit: u64,
) -> Result<(Vec<u8>, Option<String>), SourceFailure> {
    let mut session = Session::open(registries, reference.repository()).await?;
    let manifest = manifest(&mut session, &reference.digest().to_string()).await?;
    let found = Digest::of(&manifest);
    if found != reference.digest() {
        let remedy = "the registry, or something before it, gives other bytes than it was given";
        return Err(SourceFailure::Digest(format!("the manifest that came is {found}: {remedy}")));
    }
    // From here on the manifest is what its author pushed.
    let (layer, digest) = manifest::layer(&manifest).map_err(SourceFailure::Lasting)?;
    if layer.size > limit {
        return Err(SourceFailure::Size);
    }
    let bytes = blob(&mut session, digest, layer.size).await?;
    Ok((bytes, layer.annotations.get(SIGNATURE).cloned()))
}

async fn manifest(session: &mut Session, name: &str) -> Result<Vec<u8>, String> {
    let mut call = Session::get(session.address(&format!("manifests/{name}"))?);
    call.headers.push(header(ACCEPT, MANIFEST));
    let exchange = session.send(call).await?;
    if exchange.parts.status != StatusCode::OK {
        return Err(refusal("the manifest", exchange).await);
    }
    exchange
        .body(LARGEST_MANIFEST)
        .await
        .map_err(|error| error.told("the manifest", LARGEST_MANIFEST))
}

/// Exactly `size` bytes with that digest.
async fn blob(session: &mut Session, digest: Digest, size: u64) -> Result<Vec<u8>, SourceFailure> {
    let exchange = session.send(Session::get(session.address(&format!("blobs/{digest}"))?)).await?;
    if exchange.parts.status != StatusCode::OK {
        return Err(refusal("the layer", exchange).await.into());
    }
    let remedy = "the registry's copy is damaged, push the policy anew";
    let bytes = match exchange.body(size).await {
        Ok(bytes) => bytes,
        Err(BodyError::TooLarge) => {
            let size = amount(size);
            return Err(SourceFailure::Digest(format!(
                "more came than the layer's {size}: {remedy}"
            )));
        }
        Err(BodyError::Broken(why)) => {
            return Err(SourceFailure::Passing(format!("the layer: {why}")));
        }
    };
    if (bytes.len() as u64) < size {
        let (came, size) = (amount(bytes.len() as u64), amount(size));
        return Err(SourceFailure::Digest(format!(
            "the layer is cut off, {came} of {size} came: {remedy}"
        )));
    }
    let found = Digest::of(&bytes);
    if found != digest {
        return Err(SourceFailure::Digest(format!(
            "the layer that came is {found} and not {digest}: {remedy}"
        )));
    }
    Ok(bytes)
}
