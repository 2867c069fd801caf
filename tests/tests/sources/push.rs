//! Pushing, and pulling what was pushed.

use crate::{LIMIT, policy, pull};
use hotseat_sources::{
    Artifact, Digest, OciTarget, Origin, PolicyRef, RefError, Registries, WasmConfig,
};
use hotseat_tests::registry::{Login, NAME, Options, PASSWORD, Registry};

fn artifact(component: &[u8]) -> Artifact {
    let config = WasmConfig {
        exports: vec!["hotseat:policy/policy@1.0.0".to_owned()],
        target: Some("hotseat:policy/election@1.0.0".to_owned()),
        ..WasmConfig::default()
    };
    Artifact { component: component.to_owned(), signature: None, config }
}

fn target(registry: &Registry, rest: &str) -> OciTarget {
    format!("oci://{}/{rest}", registry.host()).parse().unwrap()
}

#[tokio::test]
async fn what_was_pushed_is_pulled() {
    let registry = Registry::start(Options::default()).unwrap();
    let wanted = policy(200_000, 0);
    let signed = Artifact { signature: Some("two\nlines".to_owned()), ..artifact(&wanted) };
    let registries = Registries::default();
    let pushed = registries.push(&target(&registry, "a/b"), signed.clone()).await.unwrap();
    assert_eq!(pushed.component, Digest::of(&wanted));
    let fetched = pull(&pushed.reference).await.unwrap();
    assert_eq!((fetched.bytes, fetched.signature.as_deref()), (wanted, Some("two\nlines")));
    // The same again is the same.
    let again = registries.push(&target(&registry, "a/b"), signed).await.unwrap();
    assert_eq!(again, pushed);
}

#[tokio::test]
async fn a_tag_is_refused_with_the_digest_that_pins_it() {
    let registry = Registry::start(Options::default()).unwrap();
    let registries = Registries::default();
    let tagged = target(&registry, "policy:v1");
    let first = registries.push(&tagged, artifact(&policy(100, 1))).await.unwrap();
    let second = registries.push(&tagged, artifact(&policy(100, 2))).await.unwrap();
    let Err(RefError::Tag(tag)) = tagged.to_string().parse::<PolicyRef>() else {
        panic!("{tagged} is taken");
    };
    assert_eq!(registries.digest_of(&tag).await.unwrap(), second.reference);
    let said = registries.refuse_tag(&tag).await;
    let words = format!("give what it names now, {}", second.reference);
    assert!(said.ends_with(&words), "{said}");
    // Who pinned the first keeps it.
    assert_eq!(pull(&first.reference).await.unwrap().bytes, policy(100, 1));
    let Err(RefError::Tag(none)) = target(&registry, "policy").to_string().parse::<PolicyRef>()
    else {
        panic!("no digest is taken");
    };
    let error = registries.digest_of(&none).await.unwrap_err();
    assert!(error.contains("404"), "{error}");
    let said = registries.refuse_tag(&none).await;
    assert!(said.starts_with("the tag latest can be moved") && said.contains("404"), "{said}");
    let pinned: PolicyRef = second.reference.to_string().parse().unwrap();
    assert_eq!(pinned.origin, Origin::Oci(second.reference));
}

#[tokio::test]
async fn a_push_needs_the_right_to_it() {
    let options = Options { login: Login::Password, ..Options::default() };
    let registry = Registry::start(options).unwrap();
    let place = target(&registry, "a/b:c");
    let error = Registries::default().push(&place, artifact(b"x")).await.unwrap_err();
    assert!(error.starts_with(&format!("{place}: cannot be pushed: ")), "{error}");
    assert!(error.contains("registry credentials"), "{error}");
    let credentials = Some(registry.docker_config(&registry.host(), NAME, PASSWORD).unwrap());
    let registries = Registries { credentials, ..Registries::default() };
    let pushed = registries.push(&place, artifact(b"x")).await.unwrap();
    assert_eq!(registries.pull(&pushed.reference, LIMIT).await.unwrap().bytes, b"x");
}
