//! The fields of a kubeconfig's user.

use super::files::Entry;
use super::plugin::Plugin;
use super::tls::{self, Identity, Pem};
use super::{Login, filled};
use anyhow::{Context as _, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use kube::config::{AuthInfo, Cluster};
use std::collections::BTreeMap;
use std::path::Path;

/// As whom to act, if not as oneself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Impersonation {
    pub(in super::super) user: Option<String>,
    pub(in super::super) uid: Option<String>,
    pub(in super::super) groups: Vec<String>,
    pub(in super::super) extra: BTreeMap<String, Vec<String>>,
}

/// What a user's fields amount to.
pub(super) struct Read {
    pub(super) login: Login,
    pub(super) identity: Option<Identity>,
    pub(super) impersonation: Impersonation,
}

pub(super) fn read(entry: &Entry<AuthInfo>, cluster: &Entry<Cluster>) -> anyhow::Result<Read> {
    let of = format!("{}: user {:?}", entry.at, entry.name);
    let user = &entry.value;
    if let Some(provider) = &user.auth_provider {
        bail!(
            "{of}: auth-provider {:?}: is not supported, since it renews itself by writing to the kubeconfig, and kubectl has dropped it for gcp and azure: use a program under exec, such as kubelogin or gke-gcloud-auth-plugin, or tokenFile",
            provider.name
        );
    }
    let impersonation = impersonation(user, &of)?;
    let identity = identity(user, &of)?;
    let login = match header(user, &of)? {
        Some(header) => Login::Header(header),
        // As for kubectl, a program is asked only if nothing else says who one is.
        None => match &user.exec {
            Some(exec) if identity.is_none() => {
                Login::Plugin(Plugin::of_fields(exec, &of, cluster)?)
            }
            _ => Login::Nothing,
        },
    };
    Ok(Read { login, identity, impersonation })
}

/// The `Authorization` header that the fields give.
fn header(user: &AuthInfo, of: &str) -> anyhow::Result<Option<HeaderValue>> {
    use secrecy::ExposeSecret;
    let secret = |secret: &Option<secrecy::SecretString>| {
        let text = secret.as_ref().map(|secret| secret.expose_secret().to_owned());
        text.filter(|text| !text.is_empty())
    };
    let (name, password) = (filled(user.username.as_ref()), secret(&user.password));
    let (token, file) = (secret(&user.token), filled(user.token_file.as_ref()));
    if name.is_some() || password.is_some() {
        ensure!(
            token.is_none() && file.is_none(),
            "{of}: username and a token are both given, and a request can carry only one: remove one of the two"
        );
        let name = name.with_context(|| format!("{of}: password without a username: give both"))?;
        let both = format!("{name}:{}", password.unwrap_or_default());
        return Ok(Some(sensitive(&format!("Basic {}", STANDARD.encode(both)))?));
    }
    let inline = || {
        let token = token.as_deref().map(|token| bearer(token, &format!("{of}: token")));
        token.transpose()
    };
    let Some(path) = file else {
        return inline();
    };
    match token_of_file(Path::new(path)) {
        Ok(header) => Ok(Some(header)),
        // The file is the newer of the two; as for kubectl the other stands in for it.
        Err(_) if token.is_some() => inline(),
        Err(error) => Err(error.context(format!("{of}: tokenFile"))),
    }
}

/// The header with the token of a file, which may end with a newline, as editors end files.
pub(super) fn token_of_file(path: &Path) -> anyhow::Result<HeaderValue> {
    let at = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| anyhow::anyhow!("{at}: cannot be read ({error}): put the token there"))?;
    bearer(&text, &at.to_string())
}

/// The header with a token. `of` says where it is from.
pub(super) fn bearer(token: &str, of: &str) -> anyhow::Result<HeaderValue> {
    let token = token.trim();
    ensure!(!token.is_empty(), "{of}: is empty: put a token there");
    sensitive(&format!("Bearer {token}")).with_context(|| {
        format!("{of}: holds characters that a header cannot carry, such as a line break: put one token there, and nothing else")
    })
}

fn sensitive(text: &str) -> anyhow::Result<HeaderValue> {
    let mut value = HeaderValue::from_str(text)?;
    value.set_sensitive(true);
    Ok(value)
}

fn identity(user: &AuthInfo, of: &str) -> anyhow::Result<Option<Identity>> {
    use secrecy::ExposeSecret;
    let certificate = tls::material(
        &format!("{of}: client-certificate"),
        filled(user.client_certificate_data.as_ref()),
        filled(user.client_certificate.as_ref()),
    )?;
    // As for kubectl, a key without a certificate says nothing.
    let Some(certificate) = certificate else {
        return Ok(None);
    };
    let data = user.client_key_data.as_ref().map(|secret| secret.expose_secret().to_owned());
    let key = tls::material(
        &format!("{of}: client-key"),
        filled(data.as_ref()),
        filled(user.client_key.as_ref()),
    )?;
    let key: Pem = key.with_context(|| {
        format!("{of}: client-certificate without a client-key: give the key that belongs to it")
    })?;
    Ok(Some(tls::identity(certificate, &key)?))
}

fn impersonation(user: &AuthInfo, of: &str) -> anyhow::Result<Impersonation> {
    let extra = user.impersonate_user_extra.clone().unwrap_or_default();
    let impersonation = Impersonation {
        user: filled(user.impersonate.as_ref()).map(str::to_owned),
        uid: filled(user.impersonate_uid.as_ref()).map(str::to_owned),
        groups: user.impersonate_groups.clone().unwrap_or_default(),
        extra: extra.into_iter().collect(),
    };
    let Impersonation { user, uid, groups, extra } = &impersonation;
    let more = uid.is_some() || !groups.is_empty() || !extra.is_empty();
    ensure!(
        user.is_some() || !more,
        "{of}: as-uid, as-groups and as-user-extra need a user to act as: give as, too"
    );
    let texts = [("as", user.iter().collect::<Vec<_>>()), ("as-uid", uid.iter().collect())];
    let lists = [
        ("as-groups", groups.iter().collect::<Vec<_>>()),
        ("as-user-extra", extra.values().flatten().collect()),
    ];
    for (field, values) in texts.into_iter().chain(lists) {
        for value in values {
            ensure!(
                HeaderValue::from_str(value).is_ok(),
                "{of}: {field} {value:?}: holds characters that a header cannot carry"
            );
        }
    }
    Ok(impersonation)
}
