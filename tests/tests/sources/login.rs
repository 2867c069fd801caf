//! Registries that want to know who asks, and by TLS.

use crate::{LIMIT, policy, reference, refused, with_policy};
use hotseat_sources::{Artifact, Fetched, OciReference, Registries, SourceError, WasmConfig};
use hotseat_tests::registry::{Login, NAME, Options, PASSWORD, Registry};
use std::path::PathBuf;

async fn pull(
    reference: &OciReference,
    credentials: Option<PathBuf>,
    ca: Option<PathBuf>,
) -> Result<Fetched, SourceError> {
    Registries { credentials, ca, ..Registries::default() }.pull(reference, LIMIT).await
}

#[tokio::test]
async fn a_name_and_a_password() {
    let options = Options { login: Login::Password, ..Options::default() };
    let registry = Registry::start(options).unwrap();
    let wanted = policy(1000, 0);
    let reference = with_policy(&registry, &wanted);
    let host = registry.host();
    let config = |host: &str, name: &str, password: &str| {
        Some(registry.docker_config(host, name, password).unwrap())
    };
    refused(pull(&reference, None, None).await, "read", &["give registry credentials with them"]);
    let other = config("registry.example", NAME, PASSWORD);
    refused(pull(&reference, other, None).await, "read", &["give registry credentials with them"]);
    let wrong = config(&host, "somebody", PASSWORD);
    refused(
        pull(&reference, wrong, None).await,
        "read",
        &["401", "give registry credentials with the right"],
    );
    let missing = Some(PathBuf::from("/nowhere/config.json"));
    let words = ["the registry credentials /nowhere/config.json", "No such file"];
    refused(pull(&reference, missing, None).await, "read", &words);
    let right = config(&host, NAME, PASSWORD);
    assert_eq!(pull(&reference, right, None).await.unwrap().bytes, wanted);
}

#[tokio::test]
async fn tls_with_an_authority_of_ones_own() {
    let registry = Registry::start(Options { tls: true, ..Options::default() }).unwrap();
    let wanted = policy(1000, 0);
    let direct = with_policy(&registry, &wanted);
    let ca = Some(registry.ca_file());
    assert_eq!(pull(&direct, None, ca.clone()).await.unwrap().bytes, wanted);
    // Without it this machine is asked by plain HTTP, which such a registry does not answer.
    refused(pull(&direct, None, None).await, "read", &["(400"]);
    let port = registry.address().port();
    let by_name = reference(&format!("localhost:{port}"), "team/policy", direct.digest());
    assert_eq!(pull(&by_name, None, ca).await.unwrap().bytes, wanted);
    // Another authority's certificate.
    let other = Registry::start(Options::default()).unwrap();
    let found = pull(&direct, None, Some(other.ca_file())).await;
    refused(found, "read", &["TLS with 127.0.0.1 fails", "the registry CA"]);
    // No certificate at all.
    let junk = registry.docker_config(&registry.host(), "junk", "x").unwrap();
    refused(
        pull(&direct, None, Some(junk)).await,
        "read",
        &["the registry CA", "no certificate in PEM"],
    );
}

#[tokio::test]
async fn a_token() {
    let registry =
        Registry::start(Options { login: Login::Token { tls: true }, tls: true }).unwrap();
    let wanted = policy(1000, 0);
    let reference = with_policy(&registry, &wanted);
    let (host, ca) = (registry.host(), Some(registry.ca_file()));
    let config = |name: &str| Some(registry.docker_config(&host, name, PASSWORD).unwrap());
    refused(
        pull(&reference, None, ca.clone()).await,
        "read",
        &["401", "give registry credentials with the right"],
    );
    refused(
        pull(&reference, config("somebody"), ca.clone()).await,
        "read",
        &["401", "give registry credentials"],
    );
    assert_eq!(pull(&reference, config(NAME), ca.clone()).await.unwrap().bytes, wanted);
    // A push asks for another token in the middle, since it may do more.
    let registries = Registries { credentials: config(NAME), ca, ..Registries::default() };
    let target = format!("oci://{host}/team/pushed:v1").parse().unwrap();
    let artifact = Artifact { component: wanted, signature: None, config: WasmConfig::default() };
    let pushed = registries.push(&target, artifact).await.unwrap();
    registries.pull(&pushed.reference, LIMIT).await.unwrap();
}

/// Neither where the registry has TLS, nor on another port of this machine, where it has none.
#[tokio::test]
async fn a_token_is_not_asked_for_without_tls() {
    for (tls, why) in [
        (true, "from https to a place without TLS: that is refused"),
        (false, "which is another host or port than its own, and without TLS: that is refused"),
    ] {
        let registry =
            Registry::start(Options { login: Login::Token { tls: false }, tls }).unwrap();
        let reference = with_policy(&registry, &policy(1000, 0));
        let config = registry.docker_config(&registry.host(), NAME, PASSWORD).unwrap();
        let ca = tls.then(|| registry.ca_file());
        let found = pull(&reference, Some(config), ca).await;
        refused(found, "read", &[&format!("for tokens, {why}")]);
    }
}
