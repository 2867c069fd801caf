//! Signatures by minisign: ed25519 over the BLAKE2b digest of the component.

use crate::read::{LARGEST_TEXT, read_text};
use minisign_verify::{Error, PublicKey, Signature};
use std::fmt;
use std::path::Path;

/// The public key that policies must be signed with.
#[derive(Clone)]
pub struct PolicyKey {
    key: PublicKey,
    text: String,
}

/// Why there is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(String);

impl PolicyKey {
    /// A policy key: the line `RW..` of a minisign public key, or a file with it, as
    /// `minisign -G` writes it.
    ///
    /// # Errors
    ///
    /// It is neither; one line says why.
    pub fn from_argument(argument: &str) -> Result<PolicyKey, KeyError> {
        if argument.is_empty() {
            return Err(KeyError(format!("it is empty: {REMEDY}")));
        }
        if let Ok(key) = PolicyKey::parse(argument) {
            return Ok(key);
        }
        let file = read_text(Path::new(argument), LARGEST_TEXT);
        let text = file.map_err(|why| {
            KeyError(format!(
                "{argument}: neither a minisign public key nor a file ({why}): {REMEDY}"
            ))
        })?;
        PolicyKey::parse(&text).map_err(|error| KeyError(format!("{argument}: {error}")))
    }

    /// The text of a public key: its line alone, or with the comment before it.
    ///
    /// # Errors
    ///
    /// It is none; one line says why.
    pub fn parse(text: &str) -> Result<PolicyKey, KeyError> {
        if text.contains("minisign encrypted secret key") {
            let why = "it is a secret key: give the public one, which minisign -R makes of it";
            return Err(KeyError(why.to_owned()));
        }
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let line = lines.rfind(|line| !line.starts_with("untrusted comment:"));
        let refused = || KeyError(format!("it holds no minisign public key: {REMEDY}"));
        let line = line.ok_or_else(refused)?;
        let key = PublicKey::from_base64(line).map_err(|_| refused())?;
        Ok(PolicyKey { key, text: line.to_owned() })
    }

    /// The trusted comment of the signature, as it is, if it is one of `bytes` by this key; else
    /// why not.
    pub(crate) fn verify(&self, bytes: &[u8], signature: Option<&str>) -> Result<String, String> {
        let Some(text) = signature else {
            return Err(format!(
                "it is not signed: the policy key {self} asks for a signature, as minisign -S makes it"
            ));
        };
        let signature = Signature::decode(text).map_err(|_| {
            "the signature beside it is not minisign's: sign with minisign -S".to_owned()
        })?;
        match self.key.verify(bytes, &signature, false) {
            Ok(()) => Ok(signature.trusted_comment().to_owned()),
            Err(Error::UnexpectedKeyId) => Err(format!(
                "it is signed with another key than {self}: sign with that one, or give another policy key"
            )),
            Err(Error::UnsupportedLegacyMode | Error::UnsupportedAlgorithm | Error::UnexpectedAlgorithm) => Err(
                "its signature is of the old form, over the bytes themselves: sign with minisign 0.8 or later without -l".to_owned(),
            ),
            Err(_) => Err(format!(
                "the signature by {self} is not one of these bytes: sign the component anew"
            )),
        }
    }
}

impl fmt::Display for PolicyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for PolicyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PolicyKey({self})")
    }
}

impl PartialEq for PolicyKey {
    fn eq(&self, other: &PolicyKey) -> bool {
        self.text == other.text
    }
}

impl Eq for PolicyKey {}

const REMEDY: &str = "give the line RW.. of a public key, or the .pub file that minisign -G wrote";

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What minisign 0.11 made: `minisign -G -W`, and `minisign -S -t "version 1.2"` of a file with
    /// [`SIGNED`] in it.
    pub(crate) const KEY: &str = "untrusted comment: minisign public key 3B09678AD7271B58
RWRYGyfXimcJO0idEOE/iCWS7f9pVnBX41lMDVtNZgBl5VaK82pXaeDj
";
    pub(crate) const SIGNED: &[u8] = b"a component";
    pub(crate) const SIGNATURE: &str = "untrusted comment: signature from minisign secret key
RURYGyfXimcJO7WP6PbYi2Tfm5gKdga7Yl2g0CDhXZ4OS6gJlS3ZPeo7w8Z4VMVCBPzfO627oTGL9xRpyCZmtY+tPOv95N45GAw=
trusted comment: version 1.2
8evrqryh8Ht3U3tb1TuqJfGqFfraVjTzwUWZXR6ofxMGZEh10WRO8LM9rSUMXkG4iRjhbf3NEWqpkkH1BUV5BA==
";
    /// The same with `-t "version 2 settings=sha256:.."`, the digest of a file with
    /// `{"minutes": 60}` and a line's end in it.
    pub(crate) const COVERED: &str = "untrusted comment: signature from minisign secret key
RURYGyfXimcJO7WP6PbYi2Tfm5gKdga7Yl2g0CDhXZ4OS6gJlS3ZPeo7w8Z4VMVCBPzfO627oTGL9xRpyCZmtY+tPOv95N45GAw=
trusted comment: version 2 settings=sha256:f8fe3bef668dfb948dcc8a70da12111d0c849e38ec963f0d5429eaf9ed1734e3
0KJ448ozcB9MjIKAWgiWU1l6z8p9T/NuSsXQowH1hzW5PrqWaE2Z/4Tw9uCHSRSKdNlyAgw6KnaaMKPt/SzwCA==
";
    /// The same with two such digests.
    pub(crate) const BOTH: &str = "untrusted comment: signature from minisign secret key
RURYGyfXimcJO7WP6PbYi2Tfm5gKdga7Yl2g0CDhXZ4OS6gJlS3ZPeo7w8Z4VMVCBPzfO627oTGL9xRpyCZmtY+tPOv95N45GAw=
trusted comment: settings=sha256:f8fe3bef668dfb948dcc8a70da12111d0c849e38ec963f0d5429eaf9ed1734e3 settings=sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a
/fKxcuQsQCCWUShsTA6YWCsGNqDv7RHrkAX/yh+DlJgeB6y/lPHi/CmkyPIWaapCbLX3Y7A9CwMItb1O3iOPDg==
";
    /// The same by `minisign -S -l`.
    const OLD_FORM: &str = "untrusted comment: signature from minisign secret key
RWRYGyfXimcJOx3U/d9fwND9o//+Q7dCLYxpx82K4TVwNCRxyXDOz/DCJTFatYgYvKIYtMwFCxHtwChVD47QRc/SzSJlDYQi6AA=
trusted comment: timestamp:1795643175\tfile:p.wasm
2MLq165Pz7Cz5jarZAyIYcH2OsH9Oj7n3m+cIqgb+lNsTeyHCIMIy4K7T+rKT989n5woziCK6vBUEEga3BFrCQ==
";

    #[test]
    fn a_signature_by_minisign_is_verified() {
        let key = PolicyKey::parse(KEY).unwrap();
        assert_eq!(key.verify(SIGNED, Some(SIGNATURE)), Ok("version 1.2".to_owned()));
        let windows = SIGNATURE.replace('\n', "\r\n");
        assert_eq!(key.verify(SIGNED, Some(&windows)), Ok("version 1.2".to_owned()));
    }

    #[test]
    fn anything_else_is_refused_with_the_reason() {
        let key = PolicyKey::parse(KEY).unwrap();
        let other =
            PolicyKey::parse("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3").unwrap();
        let cut = &SIGNATURE[..100];
        let comment = SIGNATURE.replace("1.2", "1.3");
        let two = format!("{SIGNATURE}{SIGNATURE}").replacen("RURY", "RWRY", 1);
        for (key, bytes, signature, words) in [
            (&key, SIGNED, None, "it is not signed"),
            (&key, SIGNED, Some(""), "is not minisign's"),
            (&key, SIGNED, Some(cut), "is not minisign's"),
            (&key, &b"another"[..], Some(SIGNATURE), "is not one of these bytes"),
            (&key, SIGNED, Some(comment.as_str()), "is not one of these bytes"),
            (&key, SIGNED, Some(OLD_FORM), "without -l"),
            (&key, SIGNED, Some(two.as_str()), "without -l"),
            (&other, SIGNED, Some(SIGNATURE), "with another key than RWQf"),
        ] {
            let why = key.verify(bytes, signature).unwrap_err();
            assert!(why.contains(words), "{signature:?}: {why}");
            assert_eq!(why.lines().count(), 1, "{why}");
        }
    }

    #[test]
    fn a_key_is_its_line_or_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pub");
        std::fs::write(&path, KEY).unwrap();
        let line = KEY.lines().last().unwrap();
        let key = PolicyKey::from_argument(path.to_str().unwrap()).unwrap();
        assert_eq!(key, PolicyKey::from_argument(line).unwrap());
        assert_eq!(
            (key.to_string(), format!("{key:?}")),
            (line.to_owned(), format!("PolicyKey({line})"))
        );
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let secret = "untrusted comment: minisign encrypted secret key\nRWQAAEIyAAAA\n";
        for (argument, words) in [
            (String::new(), "it is empty"),
            ("RWRYGyfX".to_owned(), "neither a minisign public key nor a file"),
            (file("empty", ""), "holds no minisign public key"),
            (file("text", "hello\n"), "holds no minisign public key"),
            (file("signature", SIGNATURE), "holds no minisign public key"),
            (file("secret", secret), "it is a secret key"),
            (file("large", &"x".repeat(20_000)), "it is too large"),
        ] {
            let error = PolicyKey::from_argument(&argument).unwrap_err().to_string();
            assert!(error.contains(words), "{argument}: {error}");
        }
    }
}
