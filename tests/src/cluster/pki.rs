//! Keys and certificates of a test cluster: one authority, the server, the admin, and the key that
//! signs service-account tokens. All are P-256.

use std::fs;
use std::path::Path;

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};

/// Names that the server's certificate is good for.
const SERVER_NAMES: [&str; 4] = ["127.0.0.1", "localhost", "kubernetes", "kubernetes.default.svc"];

/// Writes `ca.crt`, `server.{crt,key}`, `admin.{crt,key}` and `tokens.{pub,key}` into `folder`.
pub(crate) fn write(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let put = |name: &str, pem: String| {
        let path = folder.join(name);
        fs::write(&path, pem).with_context(|| format!("cannot write {}", path.display()))
    };

    let authority = authority()?;
    put("ca.crt", authority.pem())?;

    let names = SERVER_NAMES.map(str::to_owned).to_vec();
    let server =
        issue(&authority, "kube-apiserver", None, names, ExtendedKeyUsagePurpose::ServerAuth)?;
    put("server.crt", server.0)?;
    put("server.key", server.1)?;

    // Kubernetes reads the user from the common name, and the groups from the organizations.
    let group = Some("system:masters");
    let admin = issue(&authority, "admin", group, vec![], ExtendedKeyUsagePurpose::ClientAuth)?;
    put("admin.crt", admin.0)?;
    put("admin.key", admin.1)?;

    let tokens = KeyPair::generate()?;
    put("tokens.pub", tokens.public_key_pem())?;
    put("tokens.key", tokens.serialize_pem())
}

fn authority() -> anyhow::Result<CertifiedIssuer<'static, KeyPair>> {
    let mut params = CertificateParams::default();
    params.distinguished_name = name("hotseat-tests", None);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

/// A certificate and its key, both as PEM.
fn issue(
    authority: &CertifiedIssuer<'static, KeyPair>,
    common_name: &str,
    group: Option<&str>,
    alternatives: Vec<String>,
    usage: ExtendedKeyUsagePurpose,
) -> anyhow::Result<(String, String)> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(alternatives)?;
    params.distinguished_name = name(common_name, group);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
    let certificate = params.signed_by(&key, authority)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn name(common_name: &str, group: Option<&str>) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    if let Some(group) = group {
        name.push(DnType::OrganizationName, group);
    }
    name
}
