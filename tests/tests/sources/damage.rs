//! What a registry gives, and does not give.

use crate::{LIMIT, policy, pull, reference, refused, with_policy};
use hotseat_sources::{Digest, Registries};
use hotseat_tests::registry::{Options, Registry};
use serde_json::json;

#[tokio::test]
async fn a_policy_is_pulled_by_its_digest() {
    let registry = Registry::start(Options::default()).unwrap();
    let wanted = policy(300_000, 0);
    let reference = with_policy(&registry, &wanted);
    let fetched = pull(&reference).await.unwrap();
    assert_eq!((fetched.bytes, fetched.signature), (wanted, None));
    assert_eq!(fetched.label, reference.to_string());
}

#[tokio::test]
async fn a_digest_that_is_not_there() {
    let registry = Registry::start(Options::default()).unwrap();
    with_policy(&registry, &policy(100, 0));
    let other = reference(&registry.host(), "team/policy", Digest::of(b"other"));
    refused(pull(&other).await, "read", &["404", "MANIFEST_UNKNOWN", "check the reference"]);
    let other = reference(&registry.host(), "team/other", Digest::of(b"other"));
    refused(pull(&other).await, "read", &["404", "check the reference"]);
}

#[tokio::test]
async fn a_manifest_that_is_another() {
    let registry = Registry::start(Options::default()).unwrap();
    let wanted = with_policy(&registry, &policy(100, 0));
    let other = with_policy(&registry, &policy(100, 1));
    let bytes = std::fs::read(registry.blob_path(other.digest())).unwrap();
    registry.damage(wanted.digest(), |manifest| *manifest = bytes).unwrap();
    let words = ["the manifest that came is", &other.digest().to_string()];
    refused(pull(&wanted).await, "digest", &words);
}

#[tokio::test]
async fn a_layer_with_other_bytes() {
    let registry = Registry::start(Options::default()).unwrap();
    let wanted = policy(1000, 0);
    let reference = with_policy(&registry, &wanted);
    registry.damage(Digest::of(&wanted), |layer| layer[500] ^= 1).unwrap();
    refused(pull(&reference).await, "digest", &["the layer that came is", "push the policy anew"]);
}

#[tokio::test]
async fn a_layer_that_is_cut_off() {
    let registry = Registry::start(Options::default()).unwrap();
    let wanted = policy(4096, 0);
    let reference = with_policy(&registry, &wanted);
    registry.damage(Digest::of(&wanted), |layer| layer.truncate(1024)).unwrap();
    refused(pull(&reference).await, "digest", &["cut off, 1 KiB of 4 KiB came"]);
    registry.damage(Digest::of(&wanted), |layer| layer.resize(5000, 0)).unwrap();
    refused(pull(&reference).await, "digest", &["more came than the layer's 4 KiB"]);
}

#[tokio::test]
async fn two_layers_or_none() {
    let registry = Registry::start(Options::default()).unwrap();
    let (one, two) = (policy(100, 1), policy(100, 2));
    let layers = [("application/wasm", one.as_slice()), ("application/wasm", &two)];
    let digest = registry.put_artifact("team/policy", &layers).unwrap();
    let found = pull(&reference(&registry.host(), "team/policy", digest)).await;
    refused(found, "read", &["it has 2 layers: push the component as the only one"]);
    let digest = registry.put_artifact("team/policy", &[]).unwrap();
    let found = pull(&reference(&registry.host(), "team/policy", digest)).await;
    refused(found, "read", &["it has 0 layers"]);
}

#[tokio::test]
async fn artifacts_of_another_kind() {
    let registry = Registry::start(Options::default()).unwrap();
    let layer = [("application/vnd.oci.image.layer.v1.tar", &b"tar"[..])];
    let digest = registry.put_artifact("team/policy", &layer).unwrap();
    let found = pull(&reference(&registry.host(), "team/policy", digest)).await;
    refused(found, "read", &["layer.v1.tar", "push a component"]);
    let image = registry.put_blob("team/policy", "application/vnd.oci.image.config.v1+json", b"{}");
    let layer = registry.put_blob("team/policy", "application/wasm", b"wasm").unwrap();
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": image.unwrap(), "layers": [layer],
    });
    let digest = registry.put_manifest("team/policy", &manifest).unwrap();
    let found = pull(&reference(&registry.host(), "team/policy", digest)).await;
    refused(found, "read", &["image.config", "it is not a WebAssembly artifact"]);
}

#[tokio::test]
async fn a_layer_over_the_limit_is_not_fetched() {
    let registry = Registry::start(Options::default()).unwrap();
    let wanted = policy(5000, 0);
    let reference = with_policy(&registry, &wanted);
    let registries = Registries::default();
    assert_eq!(registries.pull(&reference, 5000).await.unwrap().bytes, wanted);
    std::fs::remove_file(registry.blob_path(Digest::of(&wanted))).unwrap();
    refused(registries.pull(&reference, 4999).await, "size", &["larger than 4999 bytes"]);
    refused(registries.pull(&reference, LIMIT).await, "read", &["does not give the layer (404"]);
}
