//! The rules of `examples/rules`, and those in the manual: they are taken without a word, and answer
//! as they say.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

use hotseat_policy::testing::Scene;
use hotseat_policy::{Action, Decision, Policy, Signal, cause, source};
use hotseat_policy_rules::ByRules;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn json(yaml: &str) -> String {
    let value: serde_json::Value = serde_saphyr::from_str(yaml).unwrap();
    value.to_string()
}

fn example(name: &str) -> String {
    json(&fs::read_to_string(root().join(format!("examples/rules/{name}.yaml"))).unwrap())
}

fn ask(scene: Scene, name: &str) -> Decision {
    scene.settings(&example(name)).ask::<ByRules>().unwrap()
}

/// Another candidate that published something just now.
fn other(scene: Scene, identity: &str, zone: &str, ready: bool, published: Signal) -> Scene {
    let scene = scene.candidate(identity, 1_000, vec![published]);
    scene.with_candidate(|it| {
        it.zone = Some(zone.into());
        it.ready = Some(ready);
    })
}

fn label(scene: Scene, key: &str, value: &str) -> Scene {
    scene.fact(Signal { source: source::POD.into(), ..Signal::new(key, value) })
}

fn zone(scene: Scene, zone: &str) -> Scene {
    let signal = Signal::new("topology.kubernetes.io/zone", zone);
    scene.fact(Signal { source: source::NODE.into(), ..signal })
}

#[test]
fn each_example_is_taken_without_a_word_and_named_in_the_list() {
    let readme = fs::read_to_string(root().join("examples/rules/README.md")).unwrap();
    let mut count = 0;
    for entry in fs::read_dir(root().join("examples/rules")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "yaml") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let settings = json(&fs::read_to_string(&path).unwrap());
            assert_eq!(ByRules::validate(&settings), [], "{name}");
            assert!(readme.contains(&format!("]({name})")), "README.md does not name {name}");
            count += 1;
        }
    }
    assert!(count >= 6);
}

#[test]
fn each_block_of_the_manual_and_the_readme_is_taken_without_a_word() {
    for (file, least) in [("docs/authors/rules.md", 4), ("README.md", 1)] {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let blocks = text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        let rules: Vec<&str> = blocks
            .filter(|block| ["campaign:", "resign:", "rank:"].iter().any(|it| block.contains(it)))
            .collect();
        assert!(rules.len() >= least, "{file}: {rules:?}");
        for block in rules {
            assert_eq!(ByRules::validate(&json(block)), [], "{file}: {block}");
        }
    }
}

#[test]
fn by_lag_the_best_goes_first_and_the_worst_waits_for_a_minute() {
    let lag = |scene: Scene, lag: f64| scene.signal("app.lag", lag);
    let vacant = || Scene::new().vacant();
    assert_eq!(ask(lag(vacant(), 10.0), "lag").action, Action::Campaign);
    // One who lags less goes before.
    let better = other(lag(vacant(), 10.0), "b", "a", true, Signal::new("lag", 5.0));
    let decision = ask(better, "lag");
    assert_eq!((decision.action, decision.wake_after), (Action::Wait, 1_000));
    assert!(decision.reason.starts_with("rank 1: leaves the free seat"), "{}", decision.reason);
    // Too much: only after a minute, and only the best.
    let worst = |own: f64| other(lag(vacant(), own), "b", "a", true, Signal::new("lag", 3e9));
    let first = ask(worst(2e9), "lag");
    assert!(first.reason.starts_with("campaign does not hold"), "{}", first.reason);
    let later = |own: f64| ask(worst(own).uptime(121_000).memory(first.memory.clone()), "lag");
    assert_eq!(later(2e9).action, Action::Campaign);
    assert_eq!(later(4e9).action, Action::Wait);
    let never = label(lag(vacant(), 0.0), "nofailover", "true");
    assert_eq!(ask(never, "lag").action, Action::Wait);
}

#[test]
fn by_priority_a_leader_makes_room_after_a_term_for_one_who_has_been_there_for_a_minute() {
    let key = "shop.example/priority";
    let priority = |since: u64| Signal { unchanged_for: since, ..Signal::new("priority", 7_i64) };
    let leads = |since: u64, ready: bool| {
        other(label(Scene::new().leading(100), key, "5"), "b", "a", ready, priority(since))
    };
    let decision = ask(leads(60_001, true), "priority");
    assert_eq!(decision.action, Action::Resign(Some("b".into())));
    assert_eq!(decision.publish, [("priority".to_owned(), 5_i64.into())]);
    assert_eq!(ask(leads(60_000, true), "priority").action, Action::Wait);
    assert_eq!(ask(leads(60_001, false), "priority").action, Action::Wait);
    let mut early = leads(60_001, true).settings(&example("priority")).input();
    early.observation.claim.as_mut().unwrap().held_for = 59_000;
    let decision = ByRules::decide(early).unwrap();
    assert_eq!((decision.action, decision.wake_after), (Action::Wait, 1_000));
    // A label that is not a number counts as none.
    let odd = label(Scene::new().vacant(), key, "high");
    assert_eq!(ask(odd, "priority").action, Action::Campaign);
}

#[test]
fn by_zone_the_others_wait_three_seconds_and_come_back_once_an_hour() {
    let nothing = || Signal::new("x", true);
    let free = |own: &str, theirs: &str| {
        other(zone(Scene::new().vacant(), own), "b", theirs, true, nothing())
    };
    assert_eq!(ask(free("a", "b"), "zone").action, Action::Campaign);
    assert_eq!(ask(free("b", "b"), "zone").action, Action::Campaign);
    assert!(ask(free("b", "a"), "zone").reason.ends_with("for 3000 ms more"));
    let leads = |held_for| {
        let scene = other(zone(Scene::new().leading(100), "b"), "b", "a", true, nothing());
        let mut input = scene.settings(&example("zone")).input();
        input.observation.claim.as_mut().unwrap().held_for = held_for;
        ByRules::decide(input).unwrap().action
    };
    assert_eq!(leads(3_599_999), Action::Wait);
    assert_eq!(leads(3_600_000), Action::Resign(Some("b".into())));
}

#[test]
fn by_readiness_a_leader_leaves_at_once_to_one_who_is_ready() {
    let leads = |ready: bool, theirs: bool| {
        let scene = Scene::new().leading(100).signal("ready", ready);
        ask(other(scene, "b", "a", theirs, Signal::new("x", true)), "ready").action
    };
    assert_eq!(leads(false, true), Action::Resign(Some("b".into())));
    assert_eq!(leads(false, false), Action::Wait);
    assert_eq!(leads(true, true), Action::Wait);
    // At the end of the process, too.
    let scene = Scene::new().leading(100).signal("ready", true).cause(cause::STOPPING);
    let stopping = other(scene, "b", "a", true, Signal::new("x", true));
    assert_eq!(ask(stopping, "ready").action, Action::Resign(Some("b".into())));
    assert_eq!(ask(Scene::new().vacant(), "ready").action, Action::Wait);
}

#[test]
fn by_heartbeat_a_silent_leader_leaves() {
    let heard =
        |scene: Scene, age| ask(scene.old_signal("app.heartbeat", true, age), "heartbeat").action;
    assert_eq!(heard(Scene::new().vacant(), 9_999), Action::Campaign);
    assert_eq!(heard(Scene::new().vacant(), 10_000), Action::Wait);
    assert_eq!(heard(Scene::new().leading(100), 15_000), Action::Wait);
    assert_eq!(heard(Scene::new().leading(100), 15_001), Action::Resign(None));
    assert_eq!(ask(Scene::new().vacant(), "heartbeat").action, Action::Wait);
}

#[test]
fn at_night_the_newest_version_takes_over() {
    let at = |time: &str| {
        let scene = Scene::new().leading(100).signal("app.version", 3_i64);
        let clock = Signal::new("host.time-of-day", time);
        let scene = scene.fact(Signal { source: source::HOST.into(), ..clock });
        ask(other(scene, "b", "a", true, Signal::new("version", 4_i64)), "night").action
    };
    assert_eq!(at("01:59"), Action::Wait);
    assert_eq!(at("02:00"), Action::Resign(Some("b".into())));
    assert_eq!(at("03:59"), Action::Resign(Some("b".into())));
    assert_eq!(at("04:00"), Action::Wait);
}
