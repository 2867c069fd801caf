//! From bytes that were fetched to bytes that may be loaded.

use crate::error::SourceError;
use crate::gzip::{UnpackError, unpack};
use crate::signature::PolicyKey;
use hotseat_text::Digest;

/// What a source gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The source, as its [`PolicyRef`](crate::PolicyRef) is written.
    pub label: String,
    /// What the component's file is called where it is signed: its path, or its key in a ConfigMap.
    pub file: String,
    /// The component, as it is or packed with gzip.
    pub bytes: Vec<u8>,
    /// The text of a minisign signature that lies beside it.
    pub signature: Option<String>,
}

/// What is asked of a policy before it is loaded.
#[derive(Clone, Debug)]
pub struct Demands {
    /// The most bytes, packed or unpacked.
    pub limit: u64,
    /// The digest that the component must have.
    pub pin: Option<Digest>,
    /// The key that it must be signed with.
    pub key: Option<PolicyKey>,
}

/// A component that met all [`Demands`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The source, as its [`PolicyRef`](crate::PolicyRef) is written.
    pub label: String,
    /// The component, unpacked.
    pub bytes: Vec<u8>,
    /// The digest of the component, unpacked.
    pub digest: Digest,
    /// What the signer wrote into the signature's trusted comment, as it is, if a key was demanded.
    pub signed: Option<String>,
}

/// Checks what was fetched, in this order: size (unpacking gzip), digest, signature. Pin and
/// signature are those of the component itself, however it was packed.
///
/// # Errors
///
/// The first stage that fails. Damaged gzip is a failure to read.
pub fn check(fetched: Fetched, demands: &Demands) -> Result<Checked, SourceError> {
    let Fetched { label, bytes, signature, .. } = fetched;
    let limit = demands.limit;
    if bytes.len() as u64 > limit {
        return Err(SourceError::Size { label, limit });
    }
    if bytes.is_empty() {
        return Err(SourceError::read(&label, "it is empty: put a component there"));
    }
    // Only to give a better remedy below.
    let packed = (demands.pin.is_some() && bytes.starts_with(&[0x1f])).then(|| Digest::of(&bytes));
    let bytes = match unpack(bytes, limit) {
        Ok(bytes) => bytes,
        Err(UnpackError::TooLarge) => return Err(SourceError::Size { label, limit }),
        Err(UnpackError::Broken(why)) => {
            return Err(SourceError::read(&label, format!("{why}: pack it anew with gzip")));
        }
    };
    let digest = Digest::of(&bytes);
    if let Some(pin) = demands.pin
        && pin != digest
    {
        let why = match packed == Some(pin) {
            true => {
                format!("the pin is that of the packed bytes: pin the component's own, {digest}")
            }
            false => format!(
                "the component is {digest}, the pin asks for {pin}: change the one or the other"
            ),
        };
        return Err(SourceError::Digest { label, why });
    }
    let signed = match &demands.key {
        None => None,
        Some(key) => match key.verify(&bytes, signature.as_deref()) {
            Ok(comment) => Some(comment),
            Err(why) => return Err(SourceError::Signature { label, why }),
        },
    };
    Ok(Checked { label, bytes, digest, signed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::tests::{KEY, SIGNATURE, SIGNED};
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn fetched(bytes: &[u8]) -> Fetched {
        let signature = Some(SIGNATURE.to_owned());
        let (label, file) = ("file:p".to_owned(), "p".to_owned());
        Fetched { label, file, bytes: bytes.to_owned(), signature }
    }

    fn demands() -> Demands {
        let key = PolicyKey::parse(KEY).unwrap();
        Demands { limit: 50, pin: Some(Digest::of(SIGNED)), key: Some(key) }
    }

    fn packed() -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(SIGNED).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_meets_all_demands_passes() {
        for bytes in [SIGNED.to_vec(), packed()] {
            let checked = check(fetched(&bytes), &demands()).unwrap();
            assert_eq!((checked.bytes.as_slice(), checked.digest), (SIGNED, Digest::of(SIGNED)));
            assert_eq!(checked.signed.as_deref(), Some("version 1.2"));
        }
        let none = Demands { limit: 11, pin: None, key: None };
        let checked = check(Fetched { signature: None, ..fetched(SIGNED) }, &none).unwrap();
        assert_eq!(checked.signed, None);
    }

    #[test]
    fn the_first_demand_that_is_not_met_is_named() {
        let other = Some(Digest::of(b"other"));
        let of_packed = Some(Digest::of(&packed()));
        let broken = [&packed()[..20], b"x"].concat();
        for (bytes, demands, stage, words) in [
            (vec![], demands(), "read", "it is empty"),
            (vec![1; 51], demands(), "size", "larger than 50 bytes"),
            (packed(), Demands { limit: 10, ..demands() }, "size", "larger than 10 bytes"),
            (broken, demands(), "read", "the gzip data"),
            (
                SIGNED.to_vec(),
                Demands { pin: other, ..demands() },
                "digest",
                "the pin asks for sha256:d9298a10",
            ),
            (
                packed(),
                Demands { pin: of_packed, ..demands() },
                "digest",
                "that of the packed bytes",
            ),
            (
                b"x".to_vec(),
                Demands { pin: None, ..demands() },
                "signature",
                "not one of these bytes",
            ),
        ] {
            let error = check(fetched(&bytes), &demands).unwrap_err();
            let said = error.to_string();
            assert!(error.stage() == stage && said.contains(words), "{stage}: {said}");
            assert!(said.starts_with("file:p: "), "{said}");
        }
        let unsigned = Fetched { signature: None, ..fetched(SIGNED) };
        assert_eq!(check(unsigned, &demands()).unwrap_err().stage(), "signature");
    }
}
