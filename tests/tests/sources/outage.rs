//! Registries that are down, slow, or go away in the middle.

use crate::proxy::{Proxy, Spoil};
use crate::{LIMIT, policy, pull, reference, refused, with_policy};
use hotseat_sources::{
    Demands, OciReference, Registries, SettingsSource, Sourced, Terms, follow_oci,
};
use hotseat_tests::registry::{Options, Registry};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How long anything may take: several attempts.
const SOON: Duration = Duration::from_secs(60);

fn follow(reference: &OciReference) -> mpsc::Receiver<Sourced> {
    let (tell, receiver) = mpsc::channel(1);
    let demands = Demands { limit: LIMIT, pin: None, key: None };
    let settings = SettingsSource::parse("{}").unwrap();
    let terms = Terms { demands, settings, poll: SOON };
    tokio::spawn(follow_oci(reference.clone(), Registries::default(), terms, None, tell));
    receiver
}

async fn next(sourced: &mut mpsc::Receiver<Sourced>) -> Option<Sourced> {
    timeout(SOON, sourced.recv()).await.expect("nothing came")
}

async fn unavailable(sourced: &mut mpsc::Receiver<Sourced>) -> String {
    match next(sourced).await {
        Some(Sourced::Unavailable(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_registry_that_is_down_at_the_start() {
    let mut registry = Registry::start(Options::default()).unwrap();
    let wanted = policy(1000, 0);
    let reference = with_policy(&registry, &wanted);
    registry.stop().unwrap();
    let mut sourced = follow(&reference);
    let why = unavailable(&mut sourced).await;
    assert!(why.contains("no connection to 127.0.0.1"), "{why}");
    registry.restart().unwrap();
    let Some(Sourced::Found(found)) = next(&mut sourced).await else { panic!("no policy") };
    assert_eq!((found.bytes, &*found.settings), (wanted, "{}"));
    // What a digest names stays: there is nothing more to follow.
    assert_eq!(next(&mut sourced).await, None);
}

#[tokio::test]
async fn a_registry_that_goes_away_in_the_middle() {
    let registry = Registry::start(Options::default()).unwrap();
    let wanted = policy(100_000, 0);
    let direct = with_policy(&registry, &wanted);
    // The manifest passes, the layer is cut.
    let proxy = Proxy::start(registry.address(), Spoil::Cut(20_000)).await;
    let through = reference(&proxy.host(), "team/policy", direct.digest());
    refused(pull(&through).await, "read", &["the layer: the answer ends after"]);
    let mut sourced = follow(&through);
    unavailable(&mut sourced).await;
    // A policy that was pulled needs no registry any more, and one that is to come waits for it.
    assert_eq!(pull(&direct).await.unwrap().bytes, wanted);
}

#[tokio::test]
async fn an_artifact_that_is_pushed_later() {
    let registry = Registry::start(Options::default()).unwrap();
    let reference = with_policy(&registry, &policy(1000, 0));
    let manifest = registry.blob_path(reference.digest());
    let aside = manifest.with_extension("aside");
    std::fs::rename(&manifest, &aside).unwrap();
    let mut sourced = follow(&reference);
    let why = unavailable(&mut sourced).await;
    assert!(why.contains("404"), "{why}");
    std::fs::rename(&aside, &manifest).unwrap();
    assert!(matches!(next(&mut sourced).await, Some(Sourced::Found(_))));
}

#[tokio::test]
async fn what_can_never_be_is_not_tried_again() {
    let registry = Registry::start(Options::default()).unwrap();
    let digest = registry.put_artifact("team/policy", &[]).unwrap();
    let mut sourced = follow(&reference(&registry.host(), "team/policy", digest));
    unavailable(&mut sourced).await;
    assert_eq!(next(&mut sourced).await, None);
}

#[tokio::test]
async fn a_slow_registry_is_bounded() {
    let registry = Registry::start(Options::default()).unwrap();
    let direct = with_policy(&registry, &policy(100_000, 0));
    let registries = Registries { deadline: Duration::from_secs(2), ..Registries::default() };
    for spoil in [Spoil::Slow(Duration::from_millis(5)), Spoil::Silent] {
        let proxy = Proxy::start(registry.address(), spoil).await;
        let through = reference(&proxy.host(), "team/policy", direct.digest());
        let began = Instant::now();
        let found = registries.pull(&through, LIMIT).await;
        refused(found, "read", &["the pull took longer than 2 s", "slow"]);
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }
}
