//! A policy out of a ConfigMap that somebody else reads and watches.

use crate::check::Fetched;
use crate::error::SourceError;
use crate::reference::PolicyRef;
use crate::reference::{ConfigMapRef, Origin};
use std::collections::BTreeMap;

/// The component in a ConfigMap, with the signature beside it, as the key `KEY.minisig`.
///
/// `entries` are those of `data` and of `binaryData`. Without a key in the reference, the ConfigMap
/// must have exactly one whose name ends in `.wasm` or `.wasm.gz`.
///
/// # Errors
///
/// There is no such entry, or which one is meant cannot be told.
pub fn from_config_map(
    map: &ConfigMapRef,
    entries: &BTreeMap<&str, &[u8]>,
) -> Result<Fetched, SourceError> {
    let label = PolicyRef { origin: Origin::ConfigMap(map.clone()), pin: None }.to_string();
    let key = match map.key() {
        Some(key) => key,
        None => only_component(entries).map_err(|why| SourceError::read(&label, why))?,
    };
    let Some(bytes) = entries.get(key) else {
        let why = format!("it has no key {key}: {}", offer(entries.keys()));
        return Err(SourceError::read(&label, why));
    };
    let signature = entries.get(format!("{key}.minisig").as_str());
    let signature = signature.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    Ok(Fetched { label, bytes: bytes.to_vec(), signature })
}

fn only_component<'a>(entries: &BTreeMap<&'a str, &[u8]>) -> Result<&'a str, String> {
    let mut components = entries.keys().copied().filter(|key| is_component(key));
    match (components.next(), components.next()) {
        (Some(key), None) => Ok(key),
        (None, _) => Err(format!(
            "it has no key that ends in .wasm or .wasm.gz: name the key as configmap:NAMESPACE/NAME/KEY; {}",
            offer(entries.keys())
        )),
        (Some(_), Some(_)) => Err(format!(
            "it has several components: name one as configmap:NAMESPACE/NAME/KEY; {}",
            offer(entries.keys().filter(|key| is_component(key)))
        )),
    }
}

/// Whether a key names a component by its ending.
pub(crate) fn is_component(key: &str) -> bool {
    key.ends_with(".wasm") || key.ends_with(".wasm.gz")
}

fn offer<'a>(keys: impl Iterator<Item = &'a &'a str>) -> String {
    let keys: Vec<&str> = keys.copied().take(8).collect();
    match keys.is_empty() {
        true => "it is empty".to_owned(),
        false => format!("it has {}", keys.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(text: &str) -> ConfigMapRef {
        match text.parse::<PolicyRef>().unwrap().origin {
            Origin::ConfigMap(map) => map,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_key_or_the_only_component_is_taken() {
        let entries = BTreeMap::from([
            ("a.wasm", b"one".as_slice()),
            ("a.wasm.minisig", b"signed"),
            ("settings.json", b"{}"),
        ]);
        let fetched = from_config_map(&map("configmap:p"), &entries).unwrap();
        assert_eq!(
            (fetched.bytes.as_slice(), fetched.label.as_str()),
            (&b"one"[..], "configmap:p")
        );
        assert_eq!(fetched.signature.as_deref(), Some("signed"));
        let fetched = from_config_map(&map("configmap:n/p/settings.json"), &entries).unwrap();
        assert_eq!((fetched.bytes.as_slice(), fetched.signature), (&b"{}"[..], None));
    }

    #[test]
    fn what_is_missing_is_named() {
        let why = |text: &str, keys: &[&str]| {
            let entries = keys.iter().map(|key| (*key, &b""[..])).collect();
            from_config_map(&map(text), &entries).unwrap_err().to_string()
        };
        let told = why("configmap:n/p/b.wasm", &["a.wasm"]);
        assert_eq!(
            told,
            "configmap:n/p/b.wasm: cannot be read: it has no key b.wasm: it has a.wasm"
        );
        assert!(why("configmap:p", &[]).contains("ends in .wasm or .wasm.gz"));
        assert!(why("configmap:p", &[]).ends_with("it is empty"));
        let told = why("configmap:p", &["a.wasm", "b.wasm.gz", "c"]);
        assert!(
            told.contains("several components") && told.ends_with("it has a.wasm, b.wasm.gz"),
            "{told}"
        );
    }
}
