//! A policy out of a ConfigMap that somebody else reads and watches.

use crate::check::Fetched;
use crate::error::SourceError;
use crate::names::is_component;
use crate::reference::{ConfigMapRef, Origin, PolicyRef};
use crate::settings::{SETTINGS_KEY, Settings};
use std::collections::BTreeMap;

/// What is seen of a ConfigMap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigMapSight {
    /// Its entries, of `data` and of `binaryData`.
    Entries(BTreeMap<String, Vec<u8>>),
    /// It is not there.
    Absent,
    /// It cannot be read, in one line why.
    Unreadable(String),
}

/// What a ConfigMap has: the component, its signature as the key `KEY.minisig`, and its settings as
/// the key [`SETTINGS_KEY`]; or why there is none, in one line.
///
/// Without a key in the reference, the ConfigMap must have exactly one whose name ends in `.wasm`
/// or `.wasm.gz`.
pub(crate) fn found_in(
    map: &ConfigMapRef,
    sight: ConfigMapSight,
) -> Result<(Fetched, Option<Settings>), String> {
    let label = label(map);
    let mut entries = match sight {
        ConfigMapSight::Entries(entries) => entries,
        ConfigMapSight::Absent => {
            let why = "there is no such ConfigMap: create it, or name another one";
            return Err(format!("{label}: {why}"));
        }
        ConfigMapSight::Unreadable(why) => {
            return Err(format!("{label}: {why}"));
        }
    };
    let missing = |why: String| Err(SourceError::read(&label, why).to_string());
    let key = match map.key() {
        Some(key) => key.to_owned(),
        None => match only_component(&entries) {
            Ok(key) => key.to_owned(),
            Err(why) => return missing(why),
        },
    };
    let Some(bytes) = entries.remove(&key) else {
        return missing(format!("it has no key {key}: {}", offer(entries.keys())));
    };
    let signature = entries.get(&format!("{key}.minisig"));
    let signature = signature.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let settings = entries
        .remove(SETTINGS_KEY)
        .map(|bytes| Settings::Outside { from: format!("{}/{SETTINGS_KEY}", named(map)), bytes });
    Ok((Fetched { label, file: key, bytes, signature }, settings))
}

/// As [`PolicyRef`] prints it.
fn label(map: &ConfigMapRef) -> String {
    PolicyRef { origin: Origin::ConfigMap(map.clone()), pin: None }.to_string()
}

/// The same without the component's key.
fn named(map: &ConfigMapRef) -> String {
    match map.namespace() {
        Some(namespace) => format!("configmap:{namespace}/{}", map.name()),
        None => format!("configmap:{}", map.name()),
    }
}

fn only_component(entries: &BTreeMap<String, Vec<u8>>) -> Result<&str, String> {
    let mut components = entries.keys().filter(|key| is_component(key));
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

fn offer<'a>(keys: impl Iterator<Item = &'a String>) -> String {
    let keys: Vec<&str> = keys.map(String::as_str).take(8).collect();
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

    fn entries(keys: &[(&str, &str)]) -> ConfigMapSight {
        let owned = |(key, text): &(&str, &str)| ((*key).to_owned(), text.as_bytes().to_owned());
        ConfigMapSight::Entries(keys.iter().map(owned).collect())
    }

    #[test]
    fn the_key_or_the_only_component_is_taken() {
        let sight =
            || entries(&[("a.wasm", "one"), ("a.wasm.minisig", "signed"), ("settings.json", "{}")]);
        let (fetched, settings) = found_in(&map("configmap:p"), sight()).unwrap();
        assert_eq!((fetched.bytes.as_slice(), &*fetched.label), (&b"one"[..], "configmap:p"));
        assert_eq!((fetched.signature.as_deref(), &*fetched.file), (Some("signed"), "a.wasm"));
        let from = "configmap:p/settings.json".to_owned();
        assert_eq!(settings, Some(Settings::Outside { from, bytes: b"{}".to_vec() }));
        let (fetched, settings) = found_in(&map("configmap:n/p/a.wasm.minisig"), sight()).unwrap();
        assert_eq!((fetched.bytes.as_slice(), fetched.signature), (&b"signed"[..], None));
        let Some(Settings::Outside { from, .. }) = settings else { panic!("{settings:?}") };
        assert_eq!(from, "configmap:n/p/settings.json");
    }

    #[test]
    fn what_is_missing_is_named() {
        let why = |text: &str, sight: ConfigMapSight| match found_in(&map(text), sight) {
            Err(why) => why,
            other => panic!("{other:?}"),
        };
        let said = why("configmap:n/p/b.wasm", entries(&[("a.wasm", "")]));
        assert_eq!(
            said,
            "configmap:n/p/b.wasm: cannot be read: it has no key b.wasm: it has a.wasm"
        );
        let said = why("configmap:p", entries(&[]));
        assert!(said.contains("ends in .wasm or .wasm.gz") && said.ends_with("it is empty"));
        let said = why("configmap:p", entries(&[("a.wasm", ""), ("b.wasm.gz", ""), ("c", "")]));
        assert!(
            said.contains("several components") && said.ends_with("it has a.wasm, b.wasm.gz"),
            "{said}"
        );
        let said = why("configmap:p", ConfigMapSight::Absent);
        assert!(said.starts_with("configmap:p: there is no such ConfigMap"), "{said}");
        let said = why("configmap:p", ConfigMapSight::Unreadable("no right".to_owned()));
        assert_eq!(said, "configmap:p: no right");
    }
}
