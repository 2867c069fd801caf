//! A policy out of a ConfigMap that somebody else reads and watches.

use crate::check::Fetched;
use crate::error::SourceError;
use crate::names::{is_component, is_settings};
use crate::reference::ConfigMapRef;
use crate::settings::{SETTINGS_KEYS, Settings};
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
/// one of the keys [`SETTINGS_KEYS`]; or why there is none, in one line.
///
/// Without a key in the reference, the ConfigMap must have exactly one whose name ends in `.wasm`
/// or `.wasm.gz`.
pub(crate) fn found_in(
    map: &ConfigMapRef,
    sight: ConfigMapSight,
) -> Result<(Fetched, Option<Settings>), String> {
    let label = map.to_string();
    let mut entries = entries(map, sight)?;
    let missing = |why: String| Err(SourceError::read(&label, why).to_string());
    let key = match map.key() {
        Some(key) => key.to_owned(),
        None => match only(&entries, is_component, ".wasm or .wasm.gz", "components") {
            Ok(key) => key.to_owned(),
            Err(why) => return missing(why),
        },
    };
    let Some(bytes) = entries.remove(&key) else {
        return missing(format!("it has no key {key}: {}", offer(entries.keys())));
    };
    let signature = entries.get(&format!("{key}.minisig"));
    let signature = signature.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let given: Vec<&str> =
        SETTINGS_KEYS.into_iter().filter(|key| entries.contains_key(*key)).collect();
    let settings = match given.as_slice() {
        [] => None,
        // Which of them the author meant would be ours to guess.
        [one, other, ..] => return missing(format!("it has {one} and {other}: leave one out")),
        [key] => entries.remove(*key).map(|bytes| settings(map, key, bytes)),
    };
    Ok((Fetched { label, file: key, bytes, signature }, settings))
}

/// The settings that a ConfigMap has for a policy from elsewhere.
///
/// Without a key in the reference, it must have exactly one whose name ends in `.json`, `.yaml` or
/// `.yml`.
pub(crate) fn settings_in(
    map: &ConfigMapRef,
    sight: ConfigMapSight,
) -> Result<Settings, SourceError> {
    let label = map.to_string();
    let refused = |why: String| SourceError::read(&label, why);
    let mut entries = match sight {
        ConfigMapSight::Entries(entries) => entries,
        ConfigMapSight::Absent => return Err(refused(ABSENT.to_owned())),
        ConfigMapSight::Unreadable(why) => return Err(refused(why)),
    };
    let key = match map.key() {
        Some(key) => key.to_owned(),
        None => only(&entries, is_settings, ".json, .yaml or .yml", "settings")
            .map_err(refused)?
            .to_owned(),
    };
    match entries.remove(&key) {
        Some(bytes) => Ok(settings(map, &key, bytes)),
        None => Err(refused(format!("it has no key {key}: {}", offer(entries.keys())))),
    }
}

const ABSENT: &str = "there is no such ConfigMap: create it, or name another one";

fn entries(map: &ConfigMapRef, sight: ConfigMapSight) -> Result<BTreeMap<String, Vec<u8>>, String> {
    match sight {
        ConfigMapSight::Entries(entries) => Ok(entries),
        ConfigMapSight::Absent => Err(format!("{map}: {ABSENT}")),
        ConfigMapSight::Unreadable(why) => Err(format!("{map}: {why}")),
    }
}

fn settings(map: &ConfigMapRef, key: &str, bytes: Vec<u8>) -> Settings {
    Settings::Outside { from: format!("{}/{key}", named(map)), bytes }
}

/// The ConfigMap without the key.
fn named(map: &ConfigMapRef) -> String {
    match map.namespace() {
        Some(namespace) => format!("configmap:{namespace}/{}", map.name()),
        None => format!("configmap:{}", map.name()),
    }
}

/// The only key of that kind.
fn only<'a>(
    entries: &'a BTreeMap<String, Vec<u8>>,
    is_one: fn(&str) -> bool,
    endings: &str,
    kind: &str,
) -> Result<&'a str, String> {
    let mut keys = entries.keys().filter(|key| is_one(key));
    match (keys.next(), keys.next()) {
        (Some(key), None) => Ok(key),
        (None, _) => Err(format!(
            "it has no key that ends in {endings}: name the key as configmap:NAMESPACE/NAME/KEY; {}",
            offer(entries.keys())
        )),
        (Some(_), Some(_)) => Err(format!(
            "it has several {kind}: name one as configmap:NAMESPACE/NAME/KEY; {}",
            offer(entries.keys().filter(|key| is_one(key)))
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

    use crate::reference::{Origin, PolicyRef};
    use crate::settings::SettingsSource;

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

    #[test]
    fn settings_beside_a_component_are_json_or_yaml_and_not_both() {
        let with = |keys: &[&str]| {
            let all: Vec<(&str, &str)> =
                [("a.wasm", "")].into_iter().chain(keys.iter().map(|key| (*key, "a: 1"))).collect();
            found_in(&map("configmap:p"), entries(&all))
        };
        let (_, settings) = with(&["settings.yaml"]).unwrap();
        assert_eq!(&*settings.unwrap().text().unwrap(), "{\"a\":1}");
        let why = with(&["settings.json", "settings.yaml"]).unwrap_err();
        assert!(why.contains("it has settings.json and settings.yaml: leave one out"), "{why}");
    }

    #[test]
    fn settings_alone_are_the_only_ones_or_those_of_the_key() {
        let of = |text: &str, sight| {
            let source = SettingsSource::parse(text).unwrap();
            settings_in(source.config_map().unwrap(), sight)
        };
        let sight = || entries(&[("rules.yaml", "a: 1"), ("README", "x")]);
        let settings = of("configmap:shop-rules", sight()).unwrap();
        assert_eq!(&*settings.text().unwrap(), "{\"a\":1}");
        let Settings::Outside { from, .. } = settings else { panic!() };
        assert_eq!(from, "configmap:shop-rules/rules.yaml");
        let settings = of("configmap:web/shop-rules/README", entries(&[("README", "{}")]));
        assert_eq!(&*settings.unwrap().text().unwrap(), "{}");
        for (sight, words) in [
            (entries(&[("a.yaml", ""), ("b.json", "")]), "several settings"),
            (entries(&[("a.wasm", "")]), "no key that ends in .json, .yaml or .yml"),
            (ConfigMapSight::Absent, "there is no such ConfigMap"),
            (ConfigMapSight::Unreadable("no right".to_owned()), "no right"),
        ] {
            let error = of("configmap:shop-rules", sight).unwrap_err();
            assert_eq!(error.stage(), "read");
            assert!(error.to_string().contains(words), "{error}");
        }
        let error = of("configmap:shop-rules/b.yaml", sight()).unwrap_err();
        assert!(error.to_string().contains("it has no key b.yaml"), "{error}");
    }
}
