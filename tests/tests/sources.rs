//! Policies from a real registry, signed by the real minisign.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

#[path = "sources/brought_back.rs"]
mod brought_back;
#[path = "sources/cli.rs"]
mod cli;
#[path = "sources/damage.rs"]
mod damage;
#[path = "sources/login.rs"]
mod login;
#[path = "sources/outage.rs"]
mod outage;
#[path = "sources/plain.rs"]
mod plain;
#[path = "sources/proxy.rs"]
mod proxy;
#[path = "sources/push.rs"]
mod push;
#[path = "sources/sidecar.rs"]
mod sidecar;
#[path = "sources/signed.rs"]
mod signed;

use hotseat_sources::{Digest, Fetched, OciReference, Origin, PolicyRef, Registries, SourceError};
use hotseat_tests::registry::Registry;

/// More than any policy here has.
const LIMIT: u64 = 1 << 20;

/// What a repository of a registry, by its host and port, has under a digest.
fn reference(host: &str, name: &str, digest: Digest) -> OciReference {
    match format!("oci://{host}/{name}@{digest}").parse::<PolicyRef>().unwrap().origin {
        Origin::Oci(reference) => reference,
        other => panic!("{other:?}"),
    }
}

/// A policy of this many bytes that no other has; it is not a component, and nothing here minds.
fn policy(size: usize, seed: u8) -> Vec<u8> {
    (0..size).map(|at| (at % 251) as u8 ^ seed).collect()
}

/// The registry has one artifact with this policy as its layer.
fn with_policy(registry: &Registry, policy: &[u8]) -> OciReference {
    let digest = registry.put_artifact("team/policy", &[("application/wasm", policy)]).unwrap();
    reference(&registry.host(), "team/policy", digest)
}

async fn pull(reference: &OciReference) -> Result<Fetched, SourceError> {
    Registries::default().pull(reference, LIMIT).await
}

/// The pull fails at this stage, with a line that names the reference and has these words.
#[track_caller]
fn refused(found: Result<Fetched, SourceError>, stage: &str, words: &[&str]) {
    let error = found.unwrap_err();
    let said = error.to_string();
    assert_eq!(error.stage(), stage, "{said}");
    assert!(said.starts_with("oci://") && said.lines().count() == 1, "{said}");
    for word in words {
        assert!(said.contains(word), "no {word:?} in {said}");
    }
}
