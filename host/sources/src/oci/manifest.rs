//! The two documents around a component: the manifest that a digest names, and the config that
//! tells other tools what the component is.

use hotseat_text::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The media type of the manifest.
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of the config.
pub(super) const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// The media type of the layer.
pub(super) const LAYER: &str = "application/wasm";
/// The annotation of the layer that holds the text of its minisign signature.
pub(super) const SIGNATURE: &str = "dev.hotseat.minisig";

/// What tools can read of a component without pulling it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WasmConfig {
    /// When it was made, in RFC 3339. The default is the beginning of 1970, so that one component
    /// has one digest whenever it is pushed.
    pub created: String,
    /// The interfaces that it imports, such as `wasi:io/poll@0.2.6`.
    pub imports: Vec<String>,
    /// What it exports, such as `hotseat:policy/policy@1.0.0`.
    pub exports: Vec<String>,
    /// The world that it is made for, such as `hotseat:policy/election@1.0.0`.
    pub target: Option<String>,
}

impl Default for WasmConfig {
    fn default() -> WasmConfig {
        WasmConfig {
            created: "1970-01-01T00:00:00Z".to_owned(),
            imports: Vec::new(),
            exports: Vec::new(),
            target: None,
        }
    }
}

impl WasmConfig {
    /// The document for a component of this digest.
    pub(super) fn document(&self, component: Digest) -> Vec<u8> {
        // `os` is a word that the layout asks for of every component.
        let document = serde_json::json!({
            "created": self.created,
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [component.to_string()],
            "component": {
                "exports": self.exports,
                "imports": self.imports,
                "target": self.target,
            },
        });
        document.to_string().into_bytes()
    }
}

/// What a manifest says of one blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub(super) media_type: String,
    pub(super) digest: String,
    pub(super) size: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    schema_version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    config: Descriptor,
    layers: Vec<Descriptor>,
}

/// The manifest of one component.
pub(super) fn write(config: Descriptor, layer: Descriptor) -> Result<Vec<u8>, String> {
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(MANIFEST.to_owned()),
        config,
        layers: vec![layer],
    };
    serde_json::to_vec(&manifest)
        .map_err(|error| format!("the manifest cannot be written ({error})"))
}

/// The one layer of a manifest, with its digest, or what is wrong with the manifest.
pub(super) fn layer(bytes: &[u8]) -> Result<(Descriptor, Digest), String> {
    #[derive(Deserialize)]
    struct Kind {
        #[serde(rename = "mediaType")]
        media_type: Option<String>,
        manifests: Option<serde::de::IgnoredAny>,
    }
    let broken = |error: serde_json::Error| {
        format!("the manifest is broken ({error}): push the policy anew")
    };
    let kind: Kind = serde_json::from_slice(bytes).map_err(broken)?;
    if kind.manifests.is_some() {
        return Err(
            "it is an index of several artifacts: give the digest of the policy's own manifest"
                .to_owned(),
        );
    }
    if let Some(other) = kind.media_type.filter(|kind| kind != MANIFEST) {
        return Err(format!(
            "its manifest is a {other:?}, not a {MANIFEST}: push the policy as a WebAssembly artifact"
        ));
    }
    let manifest: Manifest = serde_json::from_slice(bytes).map_err(broken)?;
    if manifest.config.media_type != CONFIG {
        return Err(format!(
            "its config is a {:?}, not a {CONFIG}: it is not a WebAssembly artifact, push it with hotseat policy push or wkg",
            manifest.config.media_type
        ));
    }
    let count = manifest.layers.len();
    let Ok([layer]) = <[Descriptor; 1]>::try_from(manifest.layers) else {
        return Err(format!("it has {count} layers: push the component as the only one"));
    };
    if layer.media_type != LAYER {
        return Err(format!(
            "its layer is a {:?}, not {LAYER}: push a component",
            layer.media_type
        ));
    }
    let digest = layer.digest.parse().map_err(|_| {
        format!("its layer's digest {:?} is not sha256: push the policy anew", layer.digest)
    })?;
    Ok((layer, digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(kind: &str) -> Descriptor {
        let digest = Digest::of(b"x").to_string();
        Descriptor { media_type: kind.to_owned(), digest, size: 1, annotations: BTreeMap::new() }
    }

    fn told(change: impl FnOnce(&mut serde_json::Value)) -> Result<(Descriptor, Digest), String> {
        let manifest = write(descriptor(CONFIG), descriptor(LAYER)).unwrap();
        let mut manifest = serde_json::from_slice(&manifest).unwrap();
        change(&mut manifest);
        layer(manifest.to_string().as_bytes())
    }

    #[test]
    fn the_layer_is_found() {
        assert_eq!(told(|_| ()), Ok((descriptor(LAYER), Digest::of(b"x"))));
        let without_kind =
            told(|manifest| drop(manifest.as_object_mut().unwrap().remove("mediaType")));
        assert!(without_kind.is_ok());
    }

    #[test]
    fn other_manifests_are_refused() {
        let why = |change: fn(&mut serde_json::Value)| told(change).unwrap_err();
        let layer = serde_json::to_value(descriptor(LAYER)).unwrap();
        let two =
            told(|manifest| manifest["layers"].as_array_mut().unwrap().push(layer)).unwrap_err();
        assert!(two.contains("it has 2 layers"), "{two}");
        assert!(why(|m| m["layers"] = serde_json::json!([])).contains("it has 0 layers"));
        assert!(why(|m| m["manifests"] = serde_json::json!([])).contains("index of several"));
        assert!(why(|m| m["mediaType"] = "x".into()).contains("its manifest is a \"x\""));
        assert!(
            why(|m| m["config"]["mediaType"] = "x".into()).contains("not a WebAssembly artifact")
        );
        assert!(why(|m| m["layers"][0]["mediaType"] = "x".into()).contains("its layer is a \"x\""));
        assert!(why(|m| m["layers"][0]["digest"] = "sha512:0".into()).contains("not sha256"));
        assert!(why(|m| m["layers"][0]["size"] = (-1).into()).contains("manifest is broken"));
        assert!(super::layer(b"<html>").unwrap_err().contains("manifest is broken"));
    }

    #[test]
    fn the_config_is_as_the_layout_has_it() {
        let config = WasmConfig {
            exports: vec!["hotseat:policy/policy@1.0.0".to_owned()],
            ..WasmConfig::default()
        };
        let document: serde_json::Value =
            serde_json::from_slice(&config.document(Digest::of(b"x"))).unwrap();
        assert_eq!(document["architecture"], "wasm");
        assert_eq!(document["layerDigests"][0], Digest::of(b"x").to_string());
        assert_eq!(document["component"]["exports"][0], "hotseat:policy/policy@1.0.0");
        assert!(document["component"]["target"].is_null());
    }
}
