//! Names of artifacts in registries.

use hotseat_text::Digest;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// A repository of a registry: `HOST[:PORT]/NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    host: String,
    port: Option<u16>,
    name: String,
}

/// One artifact for ever: `oci://HOST[:PORT]/NAME@sha256:DIGEST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    repository: Repository,
    digest: Digest,
}

/// An artifact that changes: `oci://HOST[:PORT]/NAME:TAG`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    repository: Repository,
    tag: String,
}

/// An artifact, by what its name ends in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// By its digest.
    Digest(Reference),
    /// By a tag, which is `latest` where none is written.
    Tag(Tag),
}

/// Where a policy can be pushed: `oci://HOST[:PORT]/NAME[:TAG]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    repository: Repository,
    tag: Option<String>,
}

/// Text that is no [`Target`]: one line with the reason and the remedy, to be put behind the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TargetError(String);

impl Repository {
    /// The host as it is written, such as `ghcr.io` or `[::1]:5000`.
    pub fn registry(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// The name within the registry, such as `team/policy`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the host is this machine, by its name: `localhost` or an address of loopback.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }

    /// `text` is `HOST[:PORT]/NAME`.
    fn parse(text: &str) -> Result<Repository, String> {
        if text.contains('@') {
            return Err(
                "credentials have no place in it: give them as a file of registry credentials"
                    .into(),
            );
        }
        let Some((registry, name)) = text.split_once('/') else {
            return Err("it names no registry: write oci://HOST/NAME".into());
        };
        let (host, port) = host_and_port(registry)?;
        if !is_name(name) {
            return Err(format!(
                "{name:?} is not a repository: use lower-case letters and digits, with single dots, dashes or underscores between them, and slashes"
            ));
        }
        Ok(Repository { host, port, name: name.to_owned() })
    }
}

impl Reference {
    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The digest of the manifest.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    pub(crate) fn new(repository: Repository, digest: Digest) -> Reference {
        Reference { repository, digest }
    }
}

impl Named {
    /// `text` is what follows `oci://`. An error is one line with the reason and the remedy.
    pub(crate) fn parse(text: &str) -> Result<Named, String> {
        let Some((repository, digest)) = text.rsplit_once('@') else {
            let Target { repository, tag } = Target::parse(text)?;
            let tag = tag.unwrap_or_else(|| "latest".to_owned());
            return Ok(Named::Tag(Tag { repository, tag }));
        };
        let digest = digest.parse().map_err(|_| {
            "the digest is written @sha256: and 64 lower-case hexadecimal digits".to_owned()
        })?;
        if repository.rsplit('/').next().is_some_and(|last| last.contains(':'))
            && repository.contains('/')
        {
            return Err("has a tag and a digest: leave the tag out".to_owned());
        }
        Ok(Named::Digest(Reference { repository: Repository::parse(repository)?, digest }))
    }
}

impl Tag {
    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The tag.
    pub fn tag(&self) -> &str {
        &self.tag
    }
}

impl Target {
    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The tag, if it is to get one.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// `text` is what follows `oci://`.
    fn parse(text: &str) -> Result<Target, String> {
        let (repository, tag) = match text.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains(['/', ']']) && repository.contains('/') => {
                (repository, Some(tag))
            }
            _ => (text, None),
        };
        if let Some(tag) = tag
            && !is_tag(tag)
        {
            return Err(format!(
                "{tag:?} is not a tag: use at most 128 letters, digits, dots, dashes and underscores"
            ));
        }
        Ok(Target { repository: Repository::parse(repository)?, tag: tag.map(str::to_owned) })
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Target, TargetError> {
        let Some(rest) = text.strip_prefix("oci://") else {
            return Err(TargetError("a target is written oci://HOST/NAME[:TAG]".to_owned()));
        };
        if rest.contains("@sha256:") {
            let why = "the digest follows from the content: write oci://HOST/NAME[:TAG]";
            return Err(TargetError(why.to_owned()));
        }
        Target::parse(rest).map_err(TargetError)
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry(), self.name)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oci://{}@{}", self.repository, self.digest)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oci://{}:{}", self.repository, self.tag)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oci://{}", self.repository)?;
        self.tag.as_ref().map_or(Ok(()), |tag| write!(f, ":{tag}"))
    }
}

/// Whether `host`, an IPv6 address in brackets, is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => bare == "localhost",
    }
}

fn host_and_port(registry: &str) -> Result<(String, Option<u16>), String> {
    let refused = || {
        format!(
            "{registry:?} is not a registry: write a host such as ghcr.io, or HOST:PORT, before the first slash"
        )
    };
    let (host, port) = match registry.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            let port: u16 = port.parse().map_err(|_| refused())?;
            (host, Some(port))
        }
        _ => (registry, None),
    };
    let host = host.to_ascii_lowercase();
    let is_address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .is_some_and(|host| host.parse::<Ipv6Addr>().is_ok());
    let is_part = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    if !is_address && (host.len() > 253 || !host.split('.').all(is_part)) {
        return Err(refused());
    }
    // A first part like `team` is a folder that lacks its registry, not a host.
    if !is_address && port.is_none() && !host.contains('.') && host != "localhost" {
        return Err(refused());
    }
    Ok((host, port))
}

fn is_name(name: &str) -> bool {
    name.len() <= 255 && name.split('/').all(is_name_part)
}

/// Letters and digits, with `.`, `_`, `__` or any number of dashes between them.
fn is_name_part(part: &str) -> bool {
    let mut rest = part;
    loop {
        let word = rest.trim_start_matches(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if word.len() == rest.len() {
            return false;
        }
        if word.is_empty() {
            return true;
        }
        let next = word.trim_start_matches(['.', '_', '-']);
        let between = &word[..word.len() - next.len()];
        if !matches!(between, "." | "_" | "__") && !between.chars().all(|c| c == '-') {
            return false;
        }
        rest = next;
    }
}

fn is_tag(tag: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.len() <= 128
        && tag.starts_with(letter)
        && tag.chars().all(|c| letter(c) || matches!(c, '.' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn without_a_digest_it_is_a_tag() {
        for (text, tag) in [
            ("ghcr.io/team/policy:v1", "v1"),
            ("ghcr.io/team/policy", "latest"),
            ("localhost:5000/policy:V_1", "V_1"),
            ("[::1]:5000/policy", "latest"),
        ] {
            let Ok(Named::Tag(found)) = Named::parse(text) else { panic!("{text}") };
            assert_eq!(found.tag(), tag);
        }
    }

    #[test]
    fn what_is_no_artifact_is_refused() {
        let digest = format!("@{DIGEST}");
        let with = |name: &str| format!("{name}{digest}");
        for (text, words) in [
            (with("policy"), "names no registry"),
            (with("team/policy"), "\"team\" is not a registry"),
            (with("ghcr.io/team/policy:v1"), "a tag and a digest"),
            (with("ghcr.io/Team/policy"), "\"Team/policy\" is not a repository"),
            (with("ghcr.io/a//b"), "is not a repository"),
            (with("ghcr.io/a/"), "is not a repository"),
            (with("ghcr.io/a..b"), "is not a repository"),
            (with("ghcr.io/-a"), "is not a repository"),
            (with("ghcr.io:99999/a"), "is not a registry"),
            (with("-ghcr.io/a"), "is not a registry"),
            (with("[::z]:5000/a"), "is not a registry"),
            (with("me:secret@ghcr.io/a"), "credentials have no place"),
            ("ghcr.io/a@sha256:00".to_owned(), "the digest is written"),
            ("ghcr.io/a@sha512:00".to_owned(), "the digest is written"),
            ("ghcr.io/a:-x".to_owned(), "is not a tag"),
        ] {
            let error = Named::parse(&text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
        for name in ["a", "a.b", "a_b", "a__b", "a---b", "a1/b-2/c.d"] {
            Named::parse(&with(&format!("Ghcr.io/{name}"))).unwrap();
        }
    }

    #[test]
    fn a_target_has_a_tag_or_none() {
        for text in ["oci://ghcr.io/a/b:v1.0", "oci://localhost:5000/a", "oci://127.0.0.1:5000/a:b"]
        {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        let digest = format!("oci://ghcr.io/a@{DIGEST}");
        for text in ["ghcr.io/a", "oci://ghcr.io", digest.as_str(), "oci://ghcr.io/a:b:c"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }

    #[test]
    fn loopback_is_recognized_by_name() {
        for host in ["localhost", "127.0.0.1", "127.8.9.1", "[::1]", "[::ffff:127.0.0.1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example", "128.0.0.1", "[::2]", "10.0.0.1", "127.0.0.1.example"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
