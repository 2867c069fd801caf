//! The settings of a policy: where they come from, and what they must be.

use crate::error::SourceError;
use crate::read;
use crate::reference::ConfigMapRef;
use crate::text;
use hotseat_text::Digest;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The largest settings of a policy, in bytes.
pub const LARGEST_SETTINGS: u64 = 256 * 1024;
/// The keys of a ConfigMap that may have the settings of the policy in it: one of them.
pub const SETTINGS_KEYS: [&str; 3] = ["settings.json", "settings.yaml", "settings.yml"];

/// Where the operator has the settings of a policy. One of the keys [`SETTINGS_KEYS`] of a ConfigMap
/// that has the policy goes before them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsSource {
    /// Written out: JSON, YAML, or empty. They are a part of the pod's own spec.
    Inline(Arc<str>),
    /// A file, which may be written by others than the pod's spec.
    File(PathBuf),
    /// A key of a ConfigMap, read through the Kubernetes API.
    ConfigMap(ConfigMapRef),
}

/// Settings as a source gave them, not parsed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settings {
    /// Of the pod's own spec, as they are written: trusted as the flags beside them. Empty where
    /// there are none.
    Spec(Arc<str>),
    /// From outside of it: what they are called in messages, and their exact bytes.
    Outside {
        /// Where they are, such as `configmap:policy/settings.json`.
        from: String,
        /// What is there.
        bytes: Vec<u8>,
    },
}

impl SettingsSource {
    /// Text as an operator writes it: JSON, YAML, nothing, `@` and the path of a file with any of
    /// them, or `configmap:[NAMESPACE/]NAME[/KEY]`.
    ///
    /// # Errors
    ///
    /// The text is none of these, or too long; in one line.
    pub fn parse(argument: &str) -> Result<SettingsSource, String> {
        if let Some(path) = argument.strip_prefix('@') {
            return Ok(SettingsSource::File(PathBuf::from(path)));
        }
        if let Some(map) = argument.strip_prefix("configmap:") {
            let map = ConfigMapRef::of_settings(map).map_err(|error| error.to_string())?;
            return Ok(SettingsSource::ConfigMap(map));
        }
        parse(argument.as_bytes())?;
        Ok(SettingsSource::Inline(Arc::from(argument)))
    }

    /// What is there now.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is too large; a ConfigMap is not read here.
    pub fn read(&self) -> Result<Settings, SourceError> {
        match self {
            SettingsSource::Inline(text) => Ok(Settings::Spec(text.clone())),
            SettingsSource::File(path) => match read::read(path, LARGEST_SETTINGS) {
                Ok(Some(bytes)) => Ok(Settings::of_file(path, bytes)),
                Ok(None) => Err(too_large(file_label(path))),
                Err(error) => Err(SourceError::read(&file_label(path), read::reason(&error))),
            },
            SettingsSource::ConfigMap(map) => Err(SourceError::read(
                &map.to_string(),
                "only a sidecar reads settings through the Kubernetes API: give them as @FILE here",
            )),
        }
    }

    /// The ConfigMap that has them, if one does.
    pub fn config_map(&self) -> Option<&ConfigMapRef> {
        match self {
            SettingsSource::ConfigMap(map) => Some(map),
            SettingsSource::Inline(_) | SettingsSource::File(_) => None,
        }
    }
}

impl Settings {
    /// None at all.
    pub fn none() -> Settings {
        Settings::Spec(Arc::from(""))
    }

    /// What a file has.
    pub(crate) fn of_file(path: &Path, bytes: Vec<u8>) -> Settings {
        Settings::Outside { from: file_label(path), bytes }
    }

    /// The digest of their exact bytes.
    pub fn digest(&self) -> Digest {
        match self {
            Settings::Spec(text) => Digest::of(text.as_bytes()),
            Settings::Outside { bytes, .. } => Digest::of(bytes),
        }
    }

    /// The text that a policy is given: JSON, which YAML is made into, or empty.
    ///
    /// # Errors
    ///
    /// [`SourceError::Settings`]: too large, or neither JSON nor YAML.
    pub fn text(&self) -> Result<Arc<str>, SourceError> {
        let (from, bytes) = match self {
            Settings::Spec(text) => ("the settings", text.as_bytes()),
            Settings::Outside { from, bytes } => (from.as_str(), bytes.as_slice()),
        };
        parse(bytes).map_err(|why| SourceError::Settings { label: from.to_owned(), why })
    }
}

/// How messages name a file of settings: as the operator wrote it.
pub(crate) fn file_label(path: &Path) -> String {
    format!("@{}", path.display())
}

pub(crate) fn too_large(label: String) -> SourceError {
    SourceError::Settings { label, why: larger() }
}

fn larger() -> String {
    format!("larger than {}: make them smaller", text::bytes(LARGEST_SETTINGS))
}

/// What a policy is given of bytes that are JSON, YAML, or nothing.
fn parse(bytes: &[u8]) -> Result<Arc<str>, String> {
    if bytes.len() as u64 > LARGEST_SETTINGS {
        return Err(larger());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "not JSON (not even text): give JSON")?;
    // No policy has to know that blanks are nothing, too.
    if text.trim().is_empty() {
        return Ok(Arc::from(""));
    }
    // As a value, and not only by its grammar: a number that no policy can hold is refused here.
    let error = match serde_json::from_str::<Value>(text) {
        Ok(_) => return Ok(Arc::from(text)),
        Err(error) => error,
    };
    // What begins as JSON does was meant to be it, and JSON's words say best what is wrong.
    if text.trim_start().starts_with(['{', '[', '"']) {
        return Err(format!("not JSON ({error}): give JSON, or @FILE with JSON in it"));
    }
    let json = of_yaml(text)?;
    if json.len() as u64 > LARGEST_SETTINGS {
        return Err(larger());
    }
    Ok(Arc::from(json))
}

/// The same as JSON. Policies are given JSON alone, so that each need not read YAML.
fn of_yaml(text: &str) -> Result<String, String> {
    let options = serde_saphyr::options! { with_snippet: false };
    let read = serde_saphyr::from_str_with_options::<Value>(text, options);
    let object: Map<String, Value> = match read {
        Ok(Value::Object(object)) => object,
        Ok(_) => {
            return Err(
                "neither JSON nor the keys and values of YAML: give either, or @FILE".to_owned()
            );
        }
        Err(error) => {
            let error = error.to_string();
            let first = error.lines().next().unwrap_or_default();
            return Err(format!("not YAML ({first}): give JSON or YAML, or @FILE with it"));
        }
    };
    serde_json::to_string(&object).map_err(|error| format!("not JSON ({error}): give JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_json_or_nothing() {
        let as_they_are = ["", "{}", "{\"minutes\": 60}", "\"word\""].map(|text| (text, text));
        for (text, given) in as_they_are.into_iter().chain([(" \n", "")]) {
            let source = SettingsSource::parse(text).unwrap();
            assert_eq!(source, SettingsSource::Inline(Arc::from(text)));
            assert_eq!(&*source.read().unwrap().text().unwrap(), given);
        }
        let large = format!("\"{}\"", "x".repeat(256 * 1024));
        for (text, words) in [
            ("{", "not JSON (EOF"),
            ("{} {}", "not JSON ("),
            ("{\"most\": 1e999}", "not JSON (number out of range"),
            (&large, "larger than 256 KiB"),
        ] {
            let why = SettingsSource::parse(text).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
    }

    #[test]
    fn yaml_is_made_into_json() {
        let yaml = "# rules\ncampaign: zone == 'a'\nresign: >-\n  a\n  && b\nrank: 2\non: true\npublish: {lag: 1.5}\n";
        let json = r#"{"campaign":"zone == 'a'","on":true,"publish":{"lag":1.5},"rank":2,"resign":"a && b"}"#;
        let source = SettingsSource::parse(yaml).unwrap();
        let settings = source.read().unwrap();
        assert_eq!(&*settings.text().unwrap(), json);
        // A signature covers what was written.
        assert_eq!(settings.digest(), Digest::of(yaml.as_bytes()));
        // Many lines of one anchor, each of two of the one before.
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..12 {
            let before = format!("*a{}", n - 1);
            bomb += &format!("a{n}: &a{n} [{}]\n", vec![before; 8].join(", "));
        }
        for (text, words) in [
            ("campaign: 'open", "not YAML ("),
            ("a: 1\na: 2\n", "not YAML ("),
            ("nonsense", "neither JSON nor the keys and values of YAML"),
            ("- a\n- b\n", "neither JSON nor the keys and values of YAML"),
            (&bomb, "not YAML ("),
        ] {
            let why = SettingsSource::parse(text).unwrap_err();
            assert!(why.contains(words) && why.lines().count() == 1, "{text:.40}: {why}");
        }
    }

    #[test]
    fn a_config_map_is_named_with_its_key_or_without() {
        let of = |text: &str| match SettingsSource::parse(text) {
            Ok(SettingsSource::ConfigMap(map)) => Ok(map),
            Ok(other) => panic!("{other:?}"),
            Err(why) => Err(why),
        };
        let map = of("configmap:shop-rules").unwrap();
        assert_eq!((map.namespace(), map.name(), map.key()), (None, "shop-rules", None));
        let map = of("configmap:shop-rules/night.yaml").unwrap();
        assert_eq!((map.name(), map.key()), ("shop-rules", Some("night.yaml")));
        let map = of("configmap:platform/shop-rules").unwrap();
        assert_eq!((map.namespace(), map.name()), (Some("platform"), "shop-rules"));
        let map = of("configmap:platform/shop-rules/rules").unwrap();
        assert_eq!(map.to_string(), "configmap:platform/shop-rules/rules");
        assert!(of("configmap:Shop").unwrap_err().contains("no ConfigMap named"));
        let error = SettingsSource::ConfigMap(map).read().unwrap_err();
        assert!(error.to_string().contains("only a sidecar reads settings"), "{error}");
    }

    #[test]
    fn a_file_is_read_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        let source = SettingsSource::parse(&format!("@{}", path.display())).unwrap();
        let refused = |stage: &str, words: &str| {
            let error = source.read().and_then(|settings| settings.text()).unwrap_err();
            let said = error.to_string();
            assert_eq!(error.stage(), stage, "{said}");
            assert!(said.starts_with(&format!("@{}: ", path.display())), "{said}");
            assert!(said.contains(words) && said.lines().count() == 1, "{said}");
        };
        refused("read", "check the path");
        std::fs::write(&path, "{").unwrap();
        refused("settings", "not JSON (EOF");
        std::fs::write(&path, [0xff]).unwrap();
        refused("settings", "not even text");
        std::fs::write(&path, vec![b' '; 256 * 1024 + 1]).unwrap();
        refused("settings", "larger than 256 KiB");
        std::fs::write(&path, "{ }\n").unwrap();
        let settings = source.read().unwrap();
        assert_eq!(settings.digest(), Digest::of(b"{ }\n"));
        assert_eq!(&*settings.text().unwrap(), "{ }\n");
    }
}
