//! The settings of a policy: where they come from, and what they must be.

use crate::error::SourceError;
use crate::read;
use crate::text;
use hotseat_text::Digest;
use serde::de::IgnoredAny;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The largest settings of a policy, in bytes.
pub const LARGEST_SETTINGS: u64 = 256 * 1024;
/// The key of a ConfigMap that has the settings of the policy in it.
pub const SETTINGS_KEY: &str = "settings.json";

/// Where the operator has the settings of a policy. The key [`SETTINGS_KEY`] of a ConfigMap that
/// has the policy goes before them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsSource {
    /// Written out: JSON, or empty. They are a part of the pod's own spec.
    Inline(Arc<str>),
    /// A file, which may be written by others than the pod's spec.
    File(PathBuf),
}

/// Settings as a source gave them, not parsed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settings {
    /// Of the pod's own spec: trusted as the flags beside them. Empty where there are none.
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
    /// Text as an operator writes it: JSON, nothing, or `@` and the path of a file with either.
    ///
    /// # Errors
    ///
    /// The text is no JSON, or too long; in one line.
    pub fn parse(argument: &str) -> Result<SettingsSource, String> {
        match argument.strip_prefix('@') {
            Some(path) => Ok(SettingsSource::File(PathBuf::from(path))),
            None => parse(argument.as_bytes()).map(SettingsSource::Inline),
        }
    }

    /// What is there now.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is too large.
    pub fn read(&self) -> Result<Settings, SourceError> {
        match self {
            SettingsSource::Inline(text) => Ok(Settings::Spec(text.clone())),
            SettingsSource::File(path) => match read::read(path, LARGEST_SETTINGS) {
                Ok(Some(bytes)) => Ok(Settings::of_file(path, bytes)),
                Ok(None) => Err(too_large(file_label(path))),
                Err(error) => Err(SourceError::read(&file_label(path), read::reason(&error))),
            },
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

    /// The text that a policy is given: JSON, or empty.
    ///
    /// # Errors
    ///
    /// [`SourceError::Settings`]: too large, or no JSON.
    pub fn text(&self) -> Result<Arc<str>, SourceError> {
        match self {
            Settings::Spec(text) => Ok(text.clone()),
            Settings::Outside { from, bytes } => {
                parse(bytes).map_err(|why| SourceError::Settings { label: from.clone(), why })
            }
        }
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

/// JSON, or nothing.
fn parse(bytes: &[u8]) -> Result<Arc<str>, String> {
    if bytes.len() as u64 > LARGEST_SETTINGS {
        return Err(larger());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "not JSON (not even text): give JSON")?;
    if !text.trim().is_empty()
        && let Err(error) = serde_json::from_str::<IgnoredAny>(text)
    {
        return Err(format!("not JSON ({error}): give JSON, or @FILE with JSON in it"));
    }
    Ok(Arc::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_json_or_nothing() {
        for text in ["", " \n", "{}", "{\"minutes\": 60}", "\"word\""] {
            let source = SettingsSource::parse(text).unwrap();
            assert_eq!(source, SettingsSource::Inline(Arc::from(text)));
            assert_eq!(&*source.read().unwrap().text().unwrap(), text);
        }
        let large = format!("\"{}\"", "x".repeat(256 * 1024));
        for (text, words) in
            [("{", "not JSON (EOF"), ("{} {}", "not JSON ("), (&large, "larger than 256 KiB")]
        {
            let why = SettingsSource::parse(text).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
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
