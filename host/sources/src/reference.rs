//! How an operator names a policy's source.

use crate::names::{self, KEY_RULE, NAME_RULE, NAMESPACE_RULE, is_component};
use crate::oci::{self, Tag};
use hotseat_text::Digest;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a policy comes from and, if it is pinned, which one it must be.
///
/// `builtin` or `builtin:NAME`, `file:PATH`, `configmap:[NAMESPACE/]NAME[/KEY]` or `oci://REPOSITORY@sha256:DIGEST`,
/// each with `#sha256=DIGEST` behind it if the component is to be pinned. It is printed as it was
/// written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRef {
    /// Where it comes from.
    pub origin: Origin,
    /// The digest that the component must have.
    pub pin: Option<Digest>,
}

impl PolicyRef {
    /// Whether the text is written as one, however wrong the rest of it is: what is not may be a path.
    pub fn is_written_as_one(text: &str) -> bool {
        let scheme = text.split_once(':').map(|(scheme, _)| scheme);
        text == "builtin" || scheme.is_some_and(|scheme| SCHEMES.contains(&scheme))
    }

    /// The ConfigMap that it is in, where it is in one.
    pub fn config_map(&self) -> Option<&ConfigMapRef> {
        match &self.origin {
            Origin::ConfigMap(map) => Some(map),
            Origin::Builtin(_) | Origin::File(_) | Origin::Oci(_) => None,
        }
    }

    /// Whether all of it is on this machine, so that what is wrong with it is the operator's to put right.
    pub fn is_local(&self) -> bool {
        match self.origin {
            Origin::Builtin(_) | Origin::File(_) => true,
            Origin::ConfigMap(_) | Origin::Oci(_) => false,
        }
    }
}

/// Where a policy comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A policy that the program brings along: the standard one, or that of this name.
    Builtin(Option<String>),
    /// A file, relative to the working directory or absolute. Its signature is `PATH.minisig`.
    File(PathBuf),
    /// A key of a ConfigMap, read through the Kubernetes API.
    ConfigMap(ConfigMapRef),
    /// An artifact in a registry, by its digest.
    Oci(oci::Reference),
}

/// A key of a ConfigMap. All parts are names that Kubernetes takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigMapRef {
    namespace: Option<String>,
    name: String,
    key: Option<String>,
}

impl ConfigMapRef {
    /// One that has settings: of two parts, the second is a key if it has the ending of JSON or
    /// YAML.
    pub(crate) fn of_settings(path: &str) -> Result<ConfigMapRef, RefError> {
        config_map(path, names::is_settings)
    }

    /// The namespace, if one was written.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// The name of the ConfigMap.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key, if one was written.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

/// Text that is no [`PolicyRef`]. Each message is one line with the reason and the remedy, and is
/// to be put behind the text itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefError {
    /// Not as a reference is written.
    #[error("{0}")]
    Malformed(String),
    /// A tag names other bytes tomorrow. [`Registries::refuse_tag`](crate::Registries::refuse_tag)
    /// asks the registry for what to write instead.
    #[error(
        "the tag {} can be moved to another policy: give the digest that `hotseat policy push` printed, as oci://{}@sha256:...",
        .0.tag(), .0.repository()
    )]
    Tag(Tag),
}

impl FromStr for PolicyRef {
    type Err = RefError;

    fn from_str(text: &str) -> Result<PolicyRef, RefError> {
        if text.chars().any(char::is_control) {
            return malformed("has control characters: leave them out");
        }
        let (text, pin) = split_pin(text)?;
        let origin = match text.split_once(':') {
            None if text == "builtin" => Origin::Builtin(None),
            Some(("builtin", name)) => Origin::Builtin(Some(builtin(name)?)),
            Some(("file", path)) => Origin::File(file(path)?),
            Some(("configmap", path)) => Origin::ConfigMap(config_map(path, is_component)?),
            Some(("oci", rest)) => match rest.strip_prefix("//") {
                Some(name) => Origin::Oci(artifact(name)?),
                None => return malformed("an artifact is written oci://HOST/NAME@sha256:DIGEST"),
            },
            _ => return malformed(SOURCES),
        };
        Ok(PolicyRef { origin, pin })
    }
}

impl fmt::Display for PolicyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Builtin(None) => f.write_str("builtin")?,
            Origin::Builtin(Some(name)) => write!(f, "builtin:{name}")?,
            Origin::File(path) => write!(f, "file:{}", path.display())?,
            Origin::ConfigMap(map) => write!(f, "{map}")?,
            Origin::Oci(reference) => write!(f, "{reference}")?,
        }
        match self.pin {
            Some(pin) => write!(f, "#sha256={}", pin.hex()),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ConfigMapRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("configmap:")?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(&self.name)?;
        match &self.key {
            Some(key) => write!(f, "/{key}"),
            None => Ok(()),
        }
    }
}

/// What a reference begins with, before its colon.
const SCHEMES: [&str; 4] = ["builtin", "file", "configmap", "oci"];
const SOURCES: &str = "no such source: give builtin, builtin:NAME, file:PATH, configmap:[NAMESPACE/]NAME[/KEY] or oci://HOST/NAME@sha256:DIGEST";

fn malformed<T>(why: impl Into<String>) -> Result<T, RefError> {
    Err(RefError::Malformed(why.into()))
}

/// A path may have a `#` of its own, but not one that looks like a pin.
fn split_pin(text: &str) -> Result<(&str, Option<Digest>), RefError> {
    let Some((rest, pin)) = text.rsplit_once("#sha") else { return Ok((text, None)) };
    let digest = pin.strip_prefix("256=").and_then(|hex| Digest::from_hex(hex).ok());
    match digest {
        Some(digest) => Ok((rest, Some(digest))),
        None => malformed("a pin is written #sha256= and 64 lower-case hexadecimal digits"),
    }
}

/// Which there are is the program's to know.
fn builtin(name: &str) -> Result<String, RefError> {
    match names::is_namespace(name) {
        true => Ok(name.to_owned()),
        false => malformed("names no policy of the program: give builtin, or builtin:NAME"),
    }
}

fn file(path: &str) -> Result<PathBuf, RefError> {
    if path.is_empty() {
        return malformed("names no file: give file:PATH");
    }
    if path.starts_with("//") {
        return malformed("a file is written file:/PATH, with one slash");
    }
    if path.ends_with('/') {
        return malformed("it is a folder: name the component in it");
    }
    Ok(PathBuf::from(path))
}

/// An artifact that is the same for ever: a tag is not one.
fn artifact(name: &str) -> Result<oci::Reference, RefError> {
    match oci::Named::parse(name).map_err(RefError::Malformed)? {
        oci::Named::Digest(reference) => Ok(reference),
        oci::Named::Tag(tag) => Err(RefError::Tag(tag)),
    }
}

/// Two parts are NAME/KEY if the second has the ending of such a key, else NAMESPACE/NAME.
fn config_map(path: &str, is_key: fn(&str) -> bool) -> Result<ConfigMapRef, RefError> {
    let parts: Vec<&str> = path.split('/').collect();
    let (namespace, name, key) = match parts.as_slice() {
        [name] => (None, *name, None),
        [name, key] if is_key(key) => (None, *name, Some(*key)),
        [namespace, name] => (Some(*namespace), *name, None),
        [namespace, name, key] => (Some(*namespace), *name, Some(*key)),
        _ => return malformed("has too many parts: give configmap:[NAMESPACE/]NAME[/KEY]"),
    };
    for (what, part, takes, rule) in [
        ("namespace", namespace, names::is_namespace as fn(&str) -> bool, NAMESPACE_RULE),
        ("ConfigMap", Some(name), names::is_object, NAME_RULE),
        ("key", key, names::is_key, KEY_RULE),
    ] {
        if let Some(part) = part
            && !takes(part)
        {
            return malformed(format!("Kubernetes takes no {what} named {part:?}: {rule}"));
        }
    }
    let owned = |part: Option<&str>| part.map(str::to_owned);
    Ok(ConfigMapRef { namespace: owned(namespace), name: name.to_owned(), key: owned(key) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIN: &str = "#sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const DIGEST: &str = "@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn each_form_is_printed_as_it_was_written() {
        for text in [
            "builtin".to_owned(),
            "builtin:rules".to_owned(),
            "file:/etc/hotseat/policy.wasm".to_owned(),
            "file:a#1 b.wasm".to_owned(),
            "configmap:policy".to_owned(),
            "configmap:kube-system/policy".to_owned(),
            "configmap:policy/a.wasm".to_owned(),
            "configmap:policy/a.wasm.gz".to_owned(),
            "configmap:kube-system/policy.v1/some_KEY".to_owned(),
            format!("oci://ghcr.io/team/policy{DIGEST}"),
            format!("oci://localhost:5000/policy{DIGEST}"),
            format!("oci://[::1]:5000/a/b/c{DIGEST}"),
        ] {
            for pin in ["", PIN] {
                let text = format!("{text}{pin}");
                let read: PolicyRef =
                    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
                assert_eq!(read.to_string(), text);
                assert_eq!(read.pin.is_some(), !pin.is_empty());
            }
        }
    }

    #[test]
    fn what_is_written_as_a_reference_is_no_path() {
        for scheme in SCHEMES {
            assert!(PolicyRef::is_written_as_one(&format!("{scheme}:x")), "{scheme}");
            // Each of them means something, so that a wrong one is refused with its own reason.
            let read = format!("{scheme}:").parse::<PolicyRef>();
            assert!(!read.unwrap_err().to_string().contains("no such source"), "{scheme}");
        }
        assert!(PolicyRef::is_written_as_one("builtin"));
        for path in ["policy.wasm", "/etc/policy.wasm", "a:b.wasm", "file", "./builtin:x", ""] {
            assert!(!PolicyRef::is_written_as_one(path), "{path}");
        }
    }

    #[test]
    fn the_parts_of_a_config_map_are_distinguished() {
        let parts = |text: &str| match text.parse::<PolicyRef>().unwrap().origin {
            Origin::ConfigMap(map) => (map.namespace, map.name, map.key),
            other => panic!("{other:?}"),
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(parts("configmap:n"), (None, "n".into(), None));
        assert_eq!(parts("configmap:a/n"), (some("a"), "n".into(), None));
        assert_eq!(parts("configmap:n/p.wasm"), (None, "n".into(), some("p.wasm")));
        assert_eq!(parts("configmap:a/n/k"), (some("a"), "n".into(), some("k")));
    }

    #[test]
    fn a_tag_is_refused_with_what_to_write() {
        for name in ["ghcr.io/team/policy:v1", "localhost:5000/policy"] {
            let error = format!("oci://{name}").parse::<PolicyRef>().unwrap_err();
            let message = error.to_string();
            let RefError::Tag(tag) = error else { panic!("{message}") };
            let instead = format!("oci://{}@sha256:...", tag.repository());
            assert!(message.contains(&instead), "{message}");
        }
    }

    #[test]
    fn what_is_none_is_refused_with_the_remedy() {
        let short = "file:a#sha256=e3b0";
        for (text, words) in [
            ("", "no such source: give builtin, builtin:NAME, file:PATH"),
            ("policy.wasm", "no such source"),
            ("Builtin", "no such source"),
            ("http://a/b", "no such source"),
            ("builtin:", "names no policy of the program"),
            ("builtin:X", "names no policy of the program"),
            ("file:", "names no file"),
            ("file:///etc/policy.wasm", "with one slash"),
            ("file:/etc/", "it is a folder"),
            ("file:a\nb", "control characters"),
            (short, "a pin is written #sha256= and 64"),
            ("file:a#sha256:00", "a pin is written"),
            ("file:a#sha512=00", "a pin is written"),
            ("configmap:", "no ConfigMap named \"\": use at most 253"),
            ("configmap:a/b/c/d", "too many parts"),
            ("configmap:A/b", "no namespace named \"A\": use at most 63"),
            ("configmap:a.b/c", "no namespace named \"a.b\""),
            ("configmap:a/B", "no ConfigMap named \"B\""),
            ("configmap:a/b/", "no key named \"\""),
            ("configmap:a/b/..c", "no key named \"..c\""),
            ("oci:a/b", "oci://HOST/NAME@sha256:DIGEST"),
        ] {
            let error = text.parse::<PolicyRef>().unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
