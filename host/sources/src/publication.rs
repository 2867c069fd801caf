//! A publication: all that a source says of a policy, taken as one thing or not at all.
//!
//! Bytes, settings and signature that belong together go live together (I13). Whatever is wrong
//! with one of them refuses the whole, with one error, and nothing changes.

use crate::check::{Demands, Fetched, check};
use crate::error::SourceError;
use crate::settings::Settings;
use crate::signature::PolicyKey;
use hotseat_text::Digest;
use std::sync::Arc;

/// A component and the settings that it runs with, both as they were demanded.
#[derive(Clone, PartialEq, Eq)]
pub struct Publication {
    /// The source, as its [`PolicyRef`](crate::PolicyRef) is written.
    pub label: String,
    /// The component, unpacked.
    pub bytes: Vec<u8>,
    /// The digest of the component, unpacked.
    pub digest: Digest,
    /// The settings: JSON, or empty.
    pub settings: Arc<str>,
    /// Who signed it; none if no key was demanded.
    pub signed: Option<Signed>,
}

/// A signature that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The key.
    pub key: PolicyKey,
    /// What the signer wrote into the trusted comment, in one line.
    pub comment: String,
}

/// What a source gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sourced {
    /// A policy that met all demands.
    Found(Publication),
    /// Something is there that is not what was demanded. It changes nothing.
    Refused(SourceError),
    /// Nothing can be had for now, in one line why. What was found before is as good as it was.
    Unavailable(String),
}

/// Makes one publication of a component and the settings that were found with it.
///
/// The stages, in this order: `size`, `digest`, `signature`, `settings`. Where a key is demanded,
/// the signature's trusted comment has to name the settings' digest, as `settings=sha256:..`, if
/// they are from outside the pod's own spec; and where it names one, no others are taken from
/// there.
///
/// # Errors
///
/// The first stage that fails.
pub fn compose(
    fetched: Fetched,
    settings: &Settings,
    demands: &Demands,
) -> Result<Publication, SourceError> {
    let file = fetched.file.clone();
    let checked = check(fetched, demands)?;
    // Before they are parsed: nothing looks into what nobody signed.
    if let Some(comment) = &checked.signed {
        covers(comment, settings, &file)
            .map_err(|why| SourceError::Signature { label: checked.label.clone(), why })?;
    }
    let text = settings.text()?;
    let signed = checked.signed.zip(demands.key.clone());
    Ok(Publication {
        label: checked.label,
        bytes: checked.bytes,
        digest: checked.digest,
        settings: text,
        signed: signed
            .map(|(comment, key)| Signed { key, comment: crate::text::one_line(&comment) }),
    })
}

impl Publication {
    /// Whether the same goes live by it: the same component from the same source, with the same
    /// settings.
    fn is_same(&self, other: &Publication) -> bool {
        (self.digest, &self.label, &self.settings, &self.signed)
            == (other.digest, &other.label, &other.settings, &other.signed)
    }
}

/// Its bytes are many, and its settings may be anybody's secret.
impl std::fmt::Debug for Publication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publication")
            .field("label", &self.label)
            .field("digest", &self.digest)
            .field("settings", &Digest::of(self.settings.as_bytes()))
            .field("signed", &self.signed)
            .finish_non_exhaustive()
    }
}

impl From<Result<Publication, SourceError>> for Sourced {
    fn from(found: Result<Publication, SourceError>) -> Sourced {
        match found {
            Ok(publication) => Sourced::Found(publication),
            Err(error) => error.into(),
        }
    }
}

impl From<SourceError> for Sourced {
    fn from(error: SourceError) -> Sourced {
        match error {
            SourceError::Read { .. } => Sourced::Unavailable(error.to_string()),
            // It was had, and is not what was asked for.
            error => Sourced::Refused(error),
        }
    }
}

/// What was said of a source last, so that the same is not said twice in a row.
#[derive(Default)]
pub(crate) struct LastSourced(Option<Sourced>);

impl LastSourced {
    /// Whether this is news.
    pub(crate) fn is_news(&mut self, sourced: &Sourced) -> bool {
        let same = match (&self.0, sourced) {
            (Some(Sourced::Found(last)), Sourced::Found(now)) => last.is_same(now),
            (Some(last), now) => last == now,
            (None, _) => false,
        };
        if !same {
            self.0 = Some(match sourced {
                // Only what is compared is kept.
                Sourced::Found(now) => Sourced::Found(Publication {
                    label: now.label.clone(),
                    bytes: Vec::new(),
                    digest: now.digest,
                    settings: now.settings.clone(),
                    signed: now.signed.clone(),
                }),
                other => other.clone(),
            });
        }
        !same
    }
}

/// The word of a trusted comment before the digest of settings.
const COVER: &str = "settings=";

/// Whether the trusted comment of a component's signature covers the settings beside it.
fn covers(comment: &str, settings: &Settings, file: &str) -> Result<(), String> {
    let mut named = comment.split_whitespace().filter_map(|word| word.strip_prefix(COVER));
    let digest = settings.digest();
    let Some(first) = named.next() else {
        return match settings {
            Settings::Spec(_) => Ok(()),
            Settings::Outside { from, .. } => Err(format!(
                "its signature does not cover the settings in {from}: sign them with it by {}",
                command(file, digest)
            )),
        };
    };
    if let Some(second) = named.next() {
        // Which of them the signer meant would be ours to guess.
        return Err(format!(
            "its signature names settings twice, {first} and {second}: sign it anew by {}",
            command(file, digest)
        ));
    }
    match settings {
        Settings::Outside { from, .. } if first != digest.to_string() => Err(format!(
            "its signature covers the settings {first}, and those in {from} are {digest}: put the signed ones back, or sign these by {}",
            command(file, digest)
        )),
        // Whoever may take settings away must not change by it what goes live.
        Settings::Spec(text) if text.trim().is_empty() => Err(format!(
            "its signature covers the settings {first}, and there are none: put them back, or sign the component without -t '{COVER}..'"
        )),
        Settings::Outside { .. } | Settings::Spec(_) => Ok(()),
    }
}

/// What a signer types.
fn command(file: &str, settings: Digest) -> String {
    format!("minisign -S -m {} -t '{COVER}{settings}'", quoted(file))
}

/// A file's name as a shell takes it.
fn quoted(file: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./+".contains(c);
    if !file.is_empty() && !file.starts_with('-') && file.chars().all(plain) {
        return file.to_owned();
    }
    format!("'{}'", file.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::tests::{BOTH, COVERED, KEY, SIGNATURE, SIGNED};

    fn found(signature: &str) -> Fetched {
        Fetched {
            label: "configmap:p".to_owned(),
            file: "policy.wasm".to_owned(),
            bytes: SIGNED.to_owned(),
            signature: Some(signature.to_owned()),
        }
    }

    fn demands() -> Demands {
        Demands { limit: 100, pin: None, key: Some(PolicyKey::parse(KEY).unwrap()) }
    }

    fn outside(text: &str) -> Settings {
        let from = "configmap:p/settings.json".to_owned();
        Settings::Outside { from, bytes: text.as_bytes().to_owned() }
    }

    fn spec(text: &str) -> Settings {
        Settings::Spec(Arc::from(text))
    }

    /// The settings that [`COVERED`] names.
    const SETTINGS: &str = "{\"minutes\": 60}\n";

    #[track_caller]
    fn refused(found: Fetched, settings: &Settings, stage: &str, words: &[&str]) {
        let error = compose(found, settings, &demands()).unwrap_err();
        let said = error.to_string();
        assert_eq!(error.stage(), stage, "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        for word in words {
            assert!(said.contains(word), "no {word:?} in {said}");
        }
    }

    #[test]
    fn settings_that_the_signature_covers_are_taken_with_the_component() {
        let publication = compose(found(COVERED), &outside(SETTINGS), &demands()).unwrap();
        assert_eq!((&*publication.settings, publication.bytes.as_slice()), (SETTINGS, SIGNED));
        assert_eq!(publication.digest, Digest::of(SIGNED));
        let signed = publication.signed.unwrap();
        assert_eq!(signed.key, PolicyKey::parse(KEY).unwrap());
        assert!(signed.comment.starts_with("version 2 settings=sha256:"), "{}", signed.comment);
    }

    #[test]
    fn settings_from_outside_that_nobody_signed_are_refused_with_the_command() {
        let other = outside("{\"minutes\": 1}");
        let command =
            format!("minisign -S -m policy.wasm -t 'settings={}'", Digest::of(b"{\"minutes\": 1}"));
        let words = ["does not cover the settings in configmap:p/settings.json", &command];
        refused(found(SIGNATURE), &other, "signature", &words);
        let signed = Digest::of(SETTINGS.as_bytes()).to_string();
        let words = ["covers the settings", &signed, "put the signed ones back", &command];
        refused(found(COVERED), &other, "signature", &words);
        // Their exact bytes: other white space is another text.
        refused(found(COVERED), &outside(SETTINGS.trim()), "signature", &[&signed]);
        // Empty ones come from outside, too, and would hide those of the pod's own spec.
        refused(found(SIGNATURE), &outside(""), "signature", &["does not cover"]);
    }

    #[test]
    fn settings_that_are_taken_away_are_missed() {
        let words = ["and there are none: put them back"];
        refused(found(COVERED), &spec(""), "signature", &words);
        // The operator's own are a part of the pod's spec, as the key is.
        let own = compose(found(COVERED), &spec("{}"), &demands()).unwrap();
        assert_eq!(&*own.settings, "{}");
    }

    #[test]
    fn a_signature_of_a_component_alone_is_as_good_as_ever() {
        for text in ["", "{\"minutes\": 1}"] {
            let publication = compose(found(SIGNATURE), &spec(text), &demands()).unwrap();
            assert_eq!(&*publication.settings, text);
            assert_eq!(publication.signed.unwrap().comment, "version 1.2");
        }
        let open = Demands { key: None, ..demands() };
        let publication = compose(found("nonsense"), &outside("{}"), &open).unwrap();
        assert_eq!((&*publication.settings, publication.signed), ("{}", None));
    }

    #[test]
    fn two_settings_in_one_comment_are_none() {
        refused(found(BOTH), &outside(SETTINGS), "signature", &["names settings twice", "anew by"]);
        refused(found(BOTH), &spec(""), "signature", &["names settings twice"]);
    }

    #[test]
    fn a_refused_part_refuses_the_whole() {
        let bytes = Fetched { bytes: b"another".to_vec(), ..found(COVERED) };
        refused(bytes, &outside(SETTINGS), "signature", &["is not one of these bytes"]);
        let open = Demands { key: None, ..demands() };
        let error = compose(found(COVERED), &outside("{"), &open).unwrap_err();
        assert_eq!(error.stage(), "settings");
        assert!(error.to_string().starts_with("configmap:p/settings.json: not JSON"), "{error}");
        // The bytes are looked at first, and one error is enough.
        let error = compose(Fetched { bytes: vec![0; 101], ..found("") }, &outside("{"), &open);
        assert_eq!(error.unwrap_err().stage(), "size");
    }

    #[test]
    fn a_file_s_name_is_quoted_for_the_shell() {
        assert_eq!(quoted("/etc/hotseat/policy.wasm"), "/etc/hotseat/policy.wasm");
        assert_eq!(quoted("my policy.wasm"), "'my policy.wasm'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("-x"), "'-x'");
    }

    #[test]
    fn the_same_is_said_once() {
        let mut last = LastSourced::default();
        let publish =
            |settings: &Settings| Sourced::from(compose(found(SIGNATURE), settings, &demands()));
        assert!(last.is_news(&publish(&spec(""))));
        assert!(!last.is_news(&publish(&spec(""))));
        assert!(last.is_news(&publish(&spec("{}"))));
        assert!(last.is_news(&publish(&outside("{}"))));
        assert!(!last.is_news(&publish(&outside("{}"))));
        // After a refusal what was there before is news again.
        assert!(last.is_news(&publish(&spec("{}"))));
        assert!(last.is_news(&Sourced::Unavailable("gone".to_owned())));
        assert!(!last.is_news(&Sourced::Unavailable("gone".to_owned())));
        assert!(last.is_news(&publish(&spec("{}"))));
    }

    #[test]
    fn neither_bytes_nor_settings_are_printed() {
        let publication = compose(found(SIGNATURE), &spec("{\"secret\": 1}"), &demands()).unwrap();
        let printed = format!("{publication:?}");
        assert!(!printed.contains("secret") && printed.contains("sha256:"), "{printed}");
    }
}
