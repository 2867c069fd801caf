//! Credentials out of a docker `config.json`, as `kubernetes.io/dockerconfigjson` secrets hold it.

use super::reference::Repository;
use crate::read::read_text;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// The largest file that is read, in bytes; a secret of Kubernetes has at most this.
const LARGEST: u64 = 1024 * 1024;

/// A name and a password. Not to be shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) name: String,
    pub(super) password: String,
}

impl Credentials {
    /// The value of an `Authorization` header.
    pub(super) fn basic(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.name, self.password)))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.name)
    }
}

/// The credentials for a repository in the file at `path`; none if it has none for that registry.
pub(super) fn read(path: &Path, repository: &Repository) -> Result<Option<Credentials>, String> {
    let broken = |why: String| format!("the registry credentials {}: {why}", path.display());
    let text = read_text(path, LARGEST).map_err(broken)?;
    find(&text, repository).map_err(broken)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Deserialize, Default)]
struct Entry {
    #[serde(default)]
    auth: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    identitytoken: String,
}

fn find(text: &str, repository: &Repository) -> Result<Option<Credentials>, String> {
    let config: Config = serde_json::from_str(text).map_err(|error| {
        format!("not a docker config ({error}): give a file with {{\"auths\": {{..}}}}, as docker login writes it")
    })?;
    let registry = repository.registry();
    let helper = |helper: &str| {
        format!(
            "the credentials of {registry} are kept by docker-credential-{helper}, which a sidecar cannot ask: give a file with them in \"auths\""
        )
    };
    let keys = [registry.as_str(), "https://index.docker.io/v1/"];
    let keys = if registry == "docker.io" { &keys[..] } else { &keys[..1] };
    if let Some(name) = keys.iter().find_map(|key| config.cred_helpers.get(*key)) {
        return Err(helper(name));
    }
    // The longest key wins, as the kubelet does it: one may be for a part of the registry.
    let full = repository.to_string();
    let best = config
        .auths
        .iter()
        .filter(|(key, _)| keys.contains(&key.as_str()) || covers(key, &full))
        .max_by_key(|(key, _)| bare(key).len());
    let Some((key, entry)) = best else {
        return Ok(None);
    };
    if !entry.identitytoken.is_empty() {
        return Err(format!(
            "the entry {key} has an identitytoken, which is not taken: give a name and a password"
        ));
    }
    if !entry.username.is_empty() || !entry.password.is_empty() {
        return Ok(Some(Credentials {
            name: entry.username.clone(),
            password: entry.password.clone(),
        }));
    }
    if entry.auth.is_empty() {
        // docker login leaves an empty entry where a store keeps the rest.
        return match &config.creds_store {
            Some(store) => Err(helper(store)),
            None => {
                Err(format!("the entry {key} has no auth: give it the base64 of NAME:PASSWORD"))
            }
        };
    }
    let decoded =
        STANDARD.decode(entry.auth.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded.as_deref().and_then(|pair| pair.split_once(':')) {
        Some((name, password)) => {
            // Old versions of docker padded it.
            let password = password.trim_end_matches('\0').to_owned();
            Ok(Some(Credentials { name: name.to_owned(), password }))
        }
        None => Err(format!(
            "the auth of the entry {key} is not the base64 of NAME:PASSWORD: correct it"
        )),
    }
}

/// Whether a key is the registry or a folder of it, as `ghcr.io`, `https://ghcr.io/v2/` and
/// `ghcr.io/team` are.
fn covers(key: &str, full: &str) -> bool {
    let key = bare(key);
    let rest = full.strip_prefix(key);
    !key.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A key without what some tools put around it.
fn bare(key: &str) -> &str {
    let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let key = key.trim_end_matches('/');
    key.strip_suffix("/v1").or_else(|| key.strip_suffix("/v2")).unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::super::Target;
    use super::*;

    fn found(text: &str, repository: &str) -> Result<Option<(String, String)>, String> {
        let target: Target = format!("oci://{repository}").parse().unwrap();
        let found = find(text, target.repository())?;
        Ok(found.map(|found| (found.name, found.password)))
    }

    fn pair(name: &str, password: &str) -> Result<Option<(String, String)>, String> {
        Ok(Some((name.to_owned(), password.to_owned())))
    }

    #[test]
    fn the_entry_of_the_registry_is_found() {
        // "me:secret:x" and "team:t".
        let config = r#"{"auths": {
            "https://ghcr.io/v2/": {"auth": "bWU6c2VjcmV0Ong="},
            "ghcr.io/team": {"auth": "dGVhbTp0"},
            "localhost:5000": {"username": "u", "password": "p"},
            "https://index.docker.io/v1/": {"auth": "dGVhbTp0"}
        }, "credsStore": "desktop"}"#;
        assert_eq!(found(config, "ghcr.io/a"), pair("me", "secret:x"));
        assert_eq!(found(config, "ghcr.io/team/a"), pair("team", "t"));
        assert_eq!(found(config, "ghcr.io/teams/a"), pair("me", "secret:x"));
        assert_eq!(found(config, "localhost:5000/a"), pair("u", "p"));
        assert_eq!(found(config, "docker.io/library/a"), pair("team", "t"));
        assert_eq!(found(config, "localhost/a"), Ok(None));
        assert_eq!(found("{}", "ghcr.io/a"), Ok(None));
    }

    #[test]
    fn what_cannot_be_used_is_reported() {
        for (config, words) in [
            ("", "not a docker config"),
            ("[]", "not a docker config"),
            (r#"{"credHelpers": {"ghcr.io": "gcr"}}"#, "kept by docker-credential-gcr"),
            (
                r#"{"auths": {"ghcr.io": {}}, "credsStore": "pass"}"#,
                "kept by docker-credential-pass",
            ),
            (r#"{"auths": {"ghcr.io": {}}}"#, "has no auth"),
            (r#"{"auths": {"ghcr.io": {"auth": "%%"}}}"#, "is not the base64"),
            (r#"{"auths": {"ghcr.io": {"auth": "bWU="}}}"#, "is not the base64"),
            (
                r#"{"auths": {"ghcr.io": {"identitytoken": "x", "auth": "dGVhbTp0"}}}"#,
                "identitytoken",
            ),
        ] {
            let error = found(config, "ghcr.io/a").unwrap_err();
            assert!(error.contains(words), "{config}: {error}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let credentials = Credentials { name: "me".to_owned(), password: "secret".to_owned() };
        assert_eq!(format!("{credentials:?}"), "Credentials(me)");
        assert_eq!(credentials.basic(), "Basic bWU6c2VjcmV0");
    }
}
