//! The rules of `examples/rules`, and those in the manual: they are taken without a word, and answer
//! as they say.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

use hotseat_policy::testing::Scene;
use hotseat_policy::{Action, Decision, Policy, Signal, cause, outcome, source};
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
    assert!(count >= 10);
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

#[test]
fn a_seat_is_kept_for_whoever_held_it_last() {
    let action = |scene: Scene| ask(scene, "sticky");
    // A crash: the name is still there.
    let crashed = action(Scene::new().held_by("b", 0));
    assert_eq!((&crashed.action, crashed.wake_after), (&Action::Wait, 2_000));
    let later =
        |uptime, memory: Vec<u8>| action(Scene::new().vacant().uptime(uptime).memory(memory));
    assert_eq!(later(89_999, crashed.memory.clone()).action, Action::Wait);
    assert_eq!(later(90_000, crashed.memory).action, Action::Campaign);
    // A release: it was seen before.
    let seen = action(Scene::new().held_by("b", 9_000));
    assert_eq!(later(70_000, seen.memory.clone()).action, Action::Wait);
    let named = Scene::new().vacant().with_seat(|seat| seat.successor = Some("a".into()));
    assert_eq!(action(named.memory(seen.memory)).action, Action::Campaign);
    // Whoever comes back does not wait.
    assert_eq!(action(Scene::new().vacant()).action, Action::Campaign);
    assert_eq!(action(Scene::new().held_by("a", 0)).action, Action::Campaign);
}

#[test]
fn the_oldest_version_leads() {
    let versions = |emulation: &str, binary: &str| {
        Signal::new("versions", vec![emulation.to_owned(), binary.to_owned()])
    };
    let own = |scene: Scene, emulation: &str, binary: &str| {
        let scene = label(scene, "shop.example/emulation-version", emulation);
        label(scene, "app.kubernetes.io/version", binary)
    };
    let beside = |emulation: &str, binary: &str| {
        let scene = own(Scene::new().leading(100), "1.32", "1.33.1");
        other(scene, "b", "a", true, versions(emulation, binary))
    };
    let to_b = Action::Resign(Some("b".into()));
    assert_eq!(ask(beside("1.31", "1.33.1"), "oldest-version").action, to_b);
    assert_eq!(ask(beside("1.32", "1.33.0"), "oldest-version").action, to_b);
    for (emulation, binary) in [("1.32", "1.33.1"), ("1.32", "1.34"), ("1.33", "1.32"), ("", "")] {
        assert_eq!(ask(beside(emulation, binary), "oldest-version").action, Action::Wait);
    }
    let gone = beside("1.31", "1.33.1").with_candidate(|it| it.age = 90_000);
    assert_eq!(ask(gone, "oldest-version").action, Action::Wait);
    // At a free seat each waits for those that are older, and whoever has no version for all.
    let free = |emulation: &str| {
        let scene = own(Scene::new().vacant(), emulation, "1.33.1");
        ask(other(scene, "b", "a", false, versions("1.32", "1.33.1")), "oldest-version").reason
    };
    assert!(free("1.33").starts_with("rank 1: "), "{}", free("1.33"));
    assert!(free("latest").starts_with("rank 1: "), "{}", free("latest"));
    assert_eq!(
        (free("1.31").as_str(), free("1.32").as_str()),
        ("the seat is free", "the seat is free")
    );
    let decision = ask(own(Scene::new().vacant(), "1.32", "1.33.1"), "oldest-version");
    let published = ["1.32".to_owned(), "1.33.1".to_owned()].to_vec();
    assert_eq!(decision.publish, [("versions".to_owned(), published.into())]);
    // At the end of the process the oldest of the others is named, whatever its version.
    let stopping = beside("1.33", "1.34").cause(cause::STOPPING);
    let oldest = stopping.candidate("c", 1_000, vec![versions("1.34", "1.34")]);
    assert_eq!(ask(oldest, "oldest-version").action, to_b);
}

#[test]
fn a_term_ends_at_a_quiet_moment() {
    let leads = |held_for, busy: bool, others: &[(&str, bool)]| {
        let scene = Scene::new().identity("b").leading(100).signal("app.busy", busy);
        let scene = others.iter().fold(scene, |scene, (name, ready)| {
            other(scene, name, "a", *ready, Signal::new("x", true))
        });
        let mut input = scene.settings(&example("rotation")).input();
        input.observation.claim.as_mut().unwrap().held_for = held_for;
        ByRules::decide(input).unwrap().action
    };
    const HOUR: u64 = 3_600_000;
    let all = [("a", true), ("c", true), ("d", true)];
    let to = |name: &str| Action::Resign(Some(name.into()));
    assert_eq!(leads(4 * HOUR, false, &all), Action::Wait);
    assert_eq!(leads(4 * HOUR + 1, false, &all), to("c"));
    assert_eq!(leads(4 * HOUR + 1, true, &all), Action::Wait);
    assert_eq!(leads(6 * HOUR + 1, true, &all), to("c"));
    // The next one by name who is ready, and then from the first again.
    assert_eq!(leads(6 * HOUR + 1, true, &[("a", true), ("d", true), ("c", false)]), to("d"));
    assert_eq!(leads(6 * HOUR + 1, true, &[("aa", true), ("a", true), ("c", false)]), to("a"));
    assert_eq!(leads(9 * HOUR, false, &[("c", false)]), Action::Wait);
    assert_eq!(leads(9 * HOUR, false, &[]), Action::Wait);
}

#[test]
fn a_calm_candidate_promises_a_minute_and_asks_less_often() {
    let mut input = Scene::new().leading(2_000).settings(&example("calm")).input();
    input.timing.longest_lease = 60_000;
    let renews = ByRules::decide(input).unwrap();
    assert_eq!((renews.action, renews.lease_duration), (Action::Renew, Some(60_000)));
    // The first try was at 60 s of uptime; who held the seat asks again after the retry period.
    let tries = |holder: &str| {
        let first = ask(Scene::new().held_by(holder, 0), "calm");
        assert_eq!(first.action, Action::Campaign);
        let again = |uptime| {
            let scene = Scene::new().held_by(holder, 0).failed(outcome::UNREACHABLE, 1);
            ask(scene.uptime(uptime).memory(first.memory.clone()), "calm").action
        };
        (60_000..80_000).step_by(100).find(|at| again(*at) == Action::Campaign).unwrap() - 60_000
    };
    assert_eq!(tries("b"), 15_000);
    let own = tries("a");
    assert!((2_000..=4_400).contains(&own), "{own} ms");
}
