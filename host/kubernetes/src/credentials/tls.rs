//! Certificates and keys: read, and checked before a connection needs them, so that what TLS here
//! cannot use is named with its file.

use anyhow::{Context as _, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, RootCertStore};
use std::error::Error;

/// What the keys of certificates can be.
pub(in super::super) const KINDS: &str =
    "RSA of 2048 to 8192 bits, ECDSA on P-256 or P-384, or Ed25519";

/// Object identifiers as they stand in a key, and the curve's name.
const CURVES: [(&[u8], &str); 2] = [
    (&[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23], "P-521"),
    (&[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a], "secp256k1"),
];

/// Whom to trust, and the certificate to show.
#[derive(Clone, PartialEq, Eq)]
pub(in super::super) struct Tls {
    /// The authorities as DER; without them the system's are trusted.
    pub(in super::super) roots: Option<Vec<Vec<u8>>>,
    /// Whether any certificate of a server will do.
    pub(in super::super) insecure: bool,
    /// The name that the server's certificate must be for, if it is not the address's.
    pub(in super::super) server_name: Option<String>,
    /// The certificate to show.
    pub(in super::super) identity: Option<Identity>,
}

/// A certificate and its key, both as PEM.
#[derive(Clone, PartialEq, Eq)]
pub(in super::super) struct Identity {
    /// The chain, its own certificate first.
    pub(in super::super) certificate: Vec<u8>,
    /// The key alone.
    pub(in super::super) key: Vec<u8>,
}

/// Bytes of a file or of a field, and which, for messages.
pub(super) struct Pem {
    pub(super) bytes: Vec<u8>,
    pub(super) from: String,
}

/// What a pair of fields gives: `field-data` in base64, or `field` as a path. Both at a time is an
/// error, as for kubectl. `field` is in words, with the file that it is in.
pub(super) fn material(
    field: &str,
    data: Option<&str>,
    path: Option<&str>,
) -> anyhow::Result<Option<Pem>> {
    match (data, path) {
        (None, None) => Ok(None),
        (Some(_), Some(path)) => bail!(
            "{field}: it is given as {path} and as {}-data too: remove one of the two",
            field.rsplit(' ').next().unwrap_or_default()
        ),
        (Some(data), None) => {
            let from = format!("{field}-data");
            let data: String = data.split_ascii_whitespace().collect();
            let bytes = STANDARD.decode(data);
            let bytes = bytes.map_err(|error| {
                anyhow::anyhow!("{from}: is not base64 ({error}): encode the PEM file as it is")
            })?;
            Ok(Some(Pem { bytes, from }))
        }
        (None, Some(path)) => {
            let from = format!("{field}: {path}");
            let bytes = std::fs::read(path).map_err(|error| {
                anyhow::anyhow!("{from}: cannot be read ({error}): put the file there")
            })?;
            Ok(Some(Pem { bytes, from }))
        }
    }
}

/// The certificates of an authority's PEM file. Those that cannot be read are passed over, as Go
/// does, as long as one is left.
pub(super) fn roots(pem: &Pem) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut store = RootCertStore::empty();
    let certificates = CertificateDer::pem_slice_iter(&pem.bytes).flatten();
    let good = certificates.filter(|certificate| store.add(certificate.clone()).is_ok());
    let good: Vec<Vec<u8>> = good.map(|certificate| certificate.to_vec()).collect();
    ensure!(
        !good.is_empty(),
        "{}: holds no certificate: give the authority's certificates in PEM",
        pem.from
    );
    Ok(good)
}

pub(super) fn server_name(name: &str) -> anyhow::Result<String> {
    ServerName::try_from(name).map_err(|error| {
        anyhow::anyhow!("{name:?} is neither a DNS name nor an address ({error})")
    })?;
    Ok(name.to_owned())
}

/// A certificate and its key, which belong together and are of a kind that TLS here can use.
pub(super) fn identity(certificate: Pem, key: &Pem) -> anyhow::Result<Identity> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&certificate.bytes).collect();
    let chain = chain.with_context(|| format!("{}: is broken PEM", certificate.from))?;
    ensure!(
        !chain.is_empty(),
        "{}: holds no certificate: give it in PEM, its own certificate first",
        certificate.from
    );
    let der = match PrivateKeyDer::from_pem_slice(&key.bytes) {
        Ok(der) => der,
        Err(_) if key.bytes.windows(9).any(|word| word == b"ENCRYPTED") => {
            bail!("{}: the key is encrypted: decrypt it, as in openssl pkey", key.from)
        }
        Err(error) => bail!("{}: holds no private key in PEM ({error})", key.from),
    };
    let found = der.secret_der();
    let curve = CURVES.iter().find(|(id, _)| found.windows(id.len()).any(|window| window == *id));
    if let Some((_, curve)) = curve {
        bail!(
            "{}: the key is ECDSA on {curve}, which TLS here cannot use: issue the client certificate for a key of another kind ({KINDS})",
            key.from
        );
    }
    // The whole key without anything else of the file: a file may hold certificate and key.
    let own_key = key_alone(&der);
    match CertifiedKey::from_der(chain, der, &ring::default_provider()) {
        Ok(_) => Ok(Identity { certificate: certificate.bytes, key: own_key }),
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => bail!(
            "{}: the key is not that of the certificate in {}: give the two that belong together",
            key.from,
            certificate.from
        ),
        Err(error) => bail!(
            "{}: TLS here cannot use the key ({error}): issue the client certificate for a key of a kind that it can ({KINDS})",
            key.from
        ),
    }
}

fn key_alone(der: &PrivateKeyDer<'_>) -> Vec<u8> {
    let label = match der {
        PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
        PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
        _ => "PRIVATE KEY",
    };
    let mut pem = format!("-----BEGIN {label}-----\n");
    let text = STANDARD.encode(der.secret_der());
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem.into_bytes()
}

/// Whether a request failed because of certificates or keys, which new ones may help.
pub(in super::super) fn is_of_tls(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<rustls::Error>() {
            return true;
        }
        // An I/O error hides what it wraps from its own `source`, and may wrap another.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn an_error_of_tls_is_found_under_others() {
        let tls = rustls::Error::NoCertificatesPresented;
        let wrapped = io::Error::other(io::Error::other(tls));
        assert!(is_of_tls(&wrapped));
        assert!(!is_of_tls(&io::Error::other(io::Error::from(io::ErrorKind::ConnectionRefused))));
    }
}
