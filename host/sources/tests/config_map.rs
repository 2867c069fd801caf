//! ConfigMaps that somebody else watches, as publications.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

use hotseat_sources::{
    ConfigMapSight, Demands, Fetched, Origin, PolicyRef, SettingsSource, Sourced, Terms,
    follow_builtin, follow_config_map, follow_file,
};
use std::time::Duration;
use tokio::sync::mpsc::channel;
use tokio::time::timeout;

/// How long an update may take on a machine under load.
const SOON: Duration = Duration::from_secs(20);

fn sight(entries: &[(&str, &str)]) -> ConfigMapSight {
    let entry = |(key, value): &(&str, &str)| ((*key).to_owned(), value.as_bytes().to_vec());
    ConfigMapSight::Entries(entries.iter().map(entry).collect())
}

#[tokio::test]
async fn its_settings_go_before_the_operators_and_both_with_their_component() {
    let policy: PolicyRef = "configmap:n/p".parse().unwrap();
    let Origin::ConfigMap(map) = policy.origin else { panic!("{policy}") };
    let demands = Demands { limit: 10, pin: None, key: None };
    let settings = SettingsSource::parse("1").unwrap();
    let terms = Terms { demands, settings, poll: Duration::from_secs(3600) };
    let (see, sights) = channel(1);
    let (tell, mut sourced) = channel(1);
    let following = tokio::spawn(follow_config_map(map, sights, terms, None, tell));
    let cases = [
        (&[("p.wasm", "a")][..], ("a", "1")),
        (&[("p.wasm", "a"), ("settings.json", "2")], ("a", "2")),
        (&[("p.wasm", "b"), ("settings.json", "3")], ("b", "3")),
        (&[("p.wasm", "b")], ("b", "1")),
    ];
    for (entries, (bytes, settings)) in cases {
        see.send(sight(entries)).await.unwrap();
        let found = timeout(SOON, sourced.recv()).await.expect("nothing came");
        let Some(Sourced::Found(found)) = found else { panic!("{entries:?}: {found:?}") };
        assert_eq!((found.bytes.as_slice(), &*found.settings), (bytes.as_bytes(), settings));
    }
    see.send(ConfigMapSight::Absent).await.unwrap();
    let gone = timeout(SOON, sourced.recv()).await.expect("nothing came");
    let Some(Sourced::Unavailable(why)) = gone else { panic!("{gone:?}") };
    assert!(why.starts_with("configmap:n/p: there is no such ConfigMap"), "{why}");
    drop((see, sourced));
    timeout(SOON, following).await.expect("it goes on").unwrap();
}

#[tokio::test]
async fn settings_of_another_config_map_are_swapped_with_the_component_as_one_publication() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.wasm");
    std::fs::write(&path, "a").unwrap();
    for from_file in [false, true] {
        let (see, sights) = channel(1);
        let (tell, mut sourced) = channel(1);
        let terms = Terms {
            demands: Demands { limit: 10, pin: None, key: None },
            settings: SettingsSource::parse("configmap:shop-rules").unwrap(),
            poll: Duration::from_millis(20),
        };
        let path = path.clone();
        let following = tokio::spawn(async move {
            if from_file {
                return follow_file(path, terms, Some(sights), tell).await;
            }
            let component = Fetched {
                label: "builtin:rules".to_owned(),
                file: "builtin:rules".to_owned(),
                bytes: b"a".to_vec(),
                signature: None,
            };
            follow_builtin(component, terms, Some(sights), tell).await;
        });
        // A component whose settings are not known yet is not a publication.
        see.send(ConfigMapSight::Absent).await.unwrap();
        let none = timeout(SOON, sourced.recv()).await.expect("nothing came");
        let Some(Sourced::Unavailable(why)) = none else { panic!("{none:?}") };
        assert!(why.starts_with("configmap:shop-rules: cannot be read: there is no"), "{why}");
        for (text, json) in
            [("rank: 1", r#"{"rank":1}"#), (r#"{"rank": 2}"#, r#"{"rank": 2}"#), ("", "")]
        {
            see.send(sight(&[("rules.yaml", text)])).await.unwrap();
            let found = timeout(SOON, sourced.recv()).await.expect("nothing came");
            let Some(Sourced::Found(found)) = found else { panic!("{text}: {found:?}") };
            assert_eq!((found.bytes.as_slice(), &*found.settings), (&b"a"[..], json));
        }
        see.send(sight(&[("rules.yaml", "rank: 'open")])).await.unwrap();
        let refused = timeout(SOON, sourced.recv()).await.expect("nothing came");
        let Some(Sourced::Refused(error)) = refused else { panic!("{refused:?}") };
        assert_eq!(error.stage(), "settings");
        assert!(
            error.to_string().starts_with("configmap:shop-rules/rules.yaml: not YAML"),
            "{error}"
        );
        drop((see, sourced));
        timeout(SOON, following).await.expect("it goes on").unwrap();
    }
}
