use hotseat_policy::testing::{Effect, Play, Scene};
use hotseat_policy::{Action, Decision, Policy, Refusal, Signal, cause, source};
use hotseat_policy_standard::Standard;

use super::AppHeartbeat;
use crate::memory::Memory;

const KEY: &str = "app.heartbeat";

/// Memory of a policy that began at the process's start and saw a heartbeat at its 50th second.
fn heard() -> Vec<u8> {
    let mut memory = Memory::read(&[], 0);
    memory.note(true, 50_000, 60_000);
    memory.write()
}

/// A candidate of a minute, whose application was well before.
fn scene() -> Scene {
    Scene::new().memory(heard()).entropy(5)
}

fn ask(scene: Scene) -> Decision {
    scene.ask::<AppHeartbeat>().unwrap()
}

/// What the standard policy says of the same scene.
fn standard(scene: &Scene) -> Decision {
    Standard::decide(scene.clone().memory(Vec::new()).input()).unwrap()
}

mod leader {
    use super::*;

    #[test]
    fn with_a_fresh_heartbeat_the_standard_policy_decides() {
        for (since_success, age) in [(500, 0), (2_000, 10_000), (9_000, 3)] {
            let scene = scene().leading(since_success).old_signal(KEY, "ok", age);
            let (decision, expected) = (ask(scene.clone()), standard(&scene));
            assert_eq!(decision.action, expected.action, "{since_success}");
            assert_eq!(decision.reason, expected.reason);
            assert_eq!(decision.wake_after, expected.wake_after.min(10_001 - age));
        }
    }

    #[test]
    fn one_that_is_too_old_ends_its_term_and_names_the_age() {
        let decision = ask(scene().leading(500).old_signal(KEY, "ok", 10_001));
        assert_eq!(decision.action, Action::Resign(None));
        assert_eq!(decision.reason, "no heartbeat for 10001 ms: app.heartbeat may be 10000 ms old");
    }

    #[test]
    fn one_that_is_gone_ends_its_term_and_names_the_age() {
        let decision = ask(scene().leading(500));
        assert_eq!(decision.action, Action::Resign(None));
        assert_eq!(decision.reason, "no heartbeat for 10000 ms: app.heartbeat is gone");
    }

    #[test]
    fn a_flag_that_says_no_counts_as_none() {
        let settings = r#"{"signal": "probe.web"}"#;
        let well = scene().settings(settings).leading(2_000).signal("probe.web", true);
        assert_eq!(ask(well).action, Action::Renew);
        let down = scene().settings(settings).leading(2_000).signal("probe.web", false);
        let decision = ask(down);
        assert_eq!(decision.action, Action::Resign(None));
        assert_eq!(decision.reason, "probe.web says no");
    }

    #[test]
    fn what_the_host_watches_counts_whatever_its_age() {
        let ready = |value, from: &str, age| {
            let signal = Signal { source: from.to_owned(), age, ..Signal::new("pod.ready", value) };
            ask(scene().settings(r#"{"signal": "pod.ready"}"#).leading(2_000).fact(signal))
        };
        // It is reported once, when the pod becomes ready.
        for age in [0, 10_001, 3_600_000] {
            let decision = ready(true, source::POD, age);
            assert_eq!(decision.action, Action::Renew, "{age}: {}", decision.reason);
        }
        assert_eq!(ready(false, source::POD, 5).reason, "pod.ready says no");
        // What an application calls the same is no fact of the pod's.
        assert_eq!(ready(true, source::APPLICATION, 10_001).action, Action::Resign(None));
    }

    #[test]
    fn a_pause_keeps_it_where_it_is() {
        let scene = scene().leading(2_000).with_seat(|seat| seat.paused = true);
        assert_eq!(ask(scene).action, Action::Renew);
    }

    #[test]
    fn a_stop_is_the_standard_policys() {
        let scene = scene().leading(2_000).cause(cause::STOPPING);
        assert_eq!(ask(scene.clone()).reason, standard(&scene).reason);
    }
}

mod standby {
    use super::*;

    #[test]
    fn with_a_fresh_heartbeat_the_standard_policy_decides() {
        let scene = scene().vacant().old_signal(KEY, "ok", 9_995);
        let (decision, expected) = (ask(scene.clone()), standard(&scene));
        assert_eq!((&decision.action, &decision.reason), (&expected.action, &expected.reason));
        assert!(decision.wake_after <= 6);
    }

    #[test]
    fn without_one_it_leaves_a_free_seat_alone_and_looks_again() {
        for scene in [scene().vacant(), scene().vacant().old_signal(KEY, "ok", 10_001)] {
            let decision = ask(scene);
            assert_eq!((decision.action, decision.wake_after), (Action::Wait, 2_000));
            assert!(decision.reason.starts_with("no heartbeat for "), "{}", decision.reason);
        }
    }

    #[test]
    fn in_the_grace_time_it_may_campaign() {
        let starting = Scene::new().uptime(3_000).vacant();
        let (decision, expected) = (ask(starting.clone()), standard(&starting));
        assert_eq!((&decision.action, &decision.reason), (&expected.action, &expected.reason));
        let memory = Memory::read(&[], 0).write();
        let late = ask(Scene::new().uptime(30_000).memory(memory).vacant());
        assert_eq!(late.reason, "no heartbeat within 30000 ms: app.heartbeat was never there");
    }

    #[test]
    fn the_grace_time_is_over_with_the_first_heartbeat() {
        let heard = ask(Scene::new().uptime(3_000).vacant().signal(KEY, "ok")).memory;
        let silent = Scene::new().uptime(14_000).memory(heard).vacant();
        assert_eq!(ask(silent).reason, "no heartbeat for 11000 ms: app.heartbeat is gone");
    }

    #[test]
    fn a_policy_that_takes_over_has_its_grace_time_too() {
        let decision = ask(Scene::new().uptime(86_400_000).cause(cause::SWAPPED).leading(2_000));
        assert_eq!(decision.action, Action::Renew);
    }
}

/// Lets so many seconds pass, with a heartbeat at the beginning of each.
fn beat(play: &mut Play<AppHeartbeat>, seconds: u64) {
    for _ in 0..seconds {
        play.signal(KEY, "ok").run_for(1_000);
    }
}

/// Runs until the candidate leads or not, a second at a time; gives how many those were.
fn until(
    play: &mut Play<AppHeartbeat>,
    leads: bool,
    mut each: impl FnMut(&mut Play<AppHeartbeat>),
) -> u64 {
    for second in 0..1_000 {
        if play.leads() == leads {
            return second;
        }
        each(play);
    }
    panic!("still {} at {} ms", play.leads(), play.now());
}

#[test]
fn a_play_of_an_application_that_falls_silent_and_comes_back() {
    let mut play = Play::<AppHeartbeat>::new();
    beat(&mut play, 30);
    assert!(play.leads());
    // At the pace of the standard policy: the heartbeats cost no question.
    assert!(play.steps().len() < 40, "{}", play.steps().len());

    // Its last heartbeat was a second ago; after ten it is over, on the dot.
    let silence = until(&mut play, false, |play| {
        play.run_for(1_000);
    });
    assert_eq!(silence, 10);
    let end = play.steps().iter().rfind(|step| step.effect == Effect::Done).unwrap();
    assert_eq!(end.at, 29_000 + 10_001);
    let reason = &end.answer.as_ref().unwrap().reason;
    assert_eq!(reason, "no heartbeat for 10001 ms: app.heartbeat may be 10000 ms old");

    // Silent, it leaves the seat alone for good.
    play.run_for(600_000);
    assert!(!play.leads());
    let back = until(&mut play, true, |play| beat(play, 1));
    assert!(back <= 3, "{back} s");
}

#[test]
fn a_play_of_an_application_that_falls_silent_again_and_again() {
    let mut play = Play::<AppHeartbeat>::new();
    beat(&mut play, 2);
    let mut rests = Vec::new();
    for _ in 0..5 {
        assert!(play.leads());
        play.signal_goes(KEY);
        assert!(!play.leads());
        rests.push(until(&mut play, true, |play| beat(play, 1)));
    }
    // Five seconds and twice as many each time, and the standard policy's jitter.
    for (index, rest) in rests.iter().enumerate() {
        let expected = 5 << index;
        assert!((expected..=expected + 1).contains(rest), "{rests:?}");
    }
    // After a minute of heartbeats, it begins at five seconds again.
    beat(&mut play, 61);
    play.signal_goes(KEY);
    let rest = until(&mut play, true, |play| beat(play, 1));
    assert!((5..=6).contains(&rest), "{rest}");
}

#[test]
fn a_play_of_a_doubling_that_ends() {
    let mut play = Play::<AppHeartbeat>::new();
    play.settings(r#"{"backoff_ms": 1000, "longest_backoff_ms": 4000, "steady_ms": 86400000}"#);
    beat(&mut play, 2);
    let mut rests = Vec::new();
    for _ in 0..6 {
        play.signal_goes(KEY);
        rests.push(until(&mut play, true, |play| beat(play, 1)));
    }
    assert!(rests[5] <= 5 && rests[5] >= 4 && rests[3] <= 5, "{rests:?}");
}

#[test]
fn a_play_of_an_application_that_never_begins() {
    let mut play = Play::<AppHeartbeat>::new();
    play.run_for(29_000);
    assert!(play.leads());
    play.run_for(2_000);
    assert!(!play.leads());
    let last = play.steps().iter().rfind(|step| step.effect == Effect::Done).unwrap();
    assert_eq!(last.at, 30_000);
    play.run_for(600_000);
    assert!(!play.leads());
}

#[test]
fn a_play_of_a_standby_whose_leader_dies() {
    let mut play = Play::<AppHeartbeat>::new();
    play.rival("b");
    beat(&mut play, 60);
    assert!(!play.leads());
    play.rival_dies();
    beat(&mut play, 16);
    assert!(play.leads());

    let mut silent = Play::<AppHeartbeat>::new();
    silent.rival("b").run_for(60_000);
    silent.rival_dies().run_for(60_000);
    assert!(!silent.leads());
}

#[test]
fn a_resignation_that_was_not_carried_out_counts_once() {
    let first = ask(scene().leading(500).old_signal(KEY, "ok", 10_001));
    let again = Scene::new().memory(first.memory.clone()).uptime(60_050);
    let again = ask(again.leading(550).old_signal(KEY, "ok", 10_051));
    assert_eq!(again.action, Action::Resign(None));
    let (first, again) = (Memory::read(&first.memory, 0), Memory::read(&again.memory, 0));
    assert_eq!((first.failures, first.rest_until), (1, 65_000));
    assert_eq!((again.failures, again.rest_until), (1, 65_000));
}

#[test]
fn settings_are_checked_one_by_one() {
    assert_eq!(AppHeartbeat::validate(""), []);
    let all = r#"{"signal": "probe.web", "fresh_ms": 100, "grace_ms": 0, "backoff_ms": 100,
        "longest_backoff_ms": 86400000, "steady_ms": 100}"#;
    assert_eq!(AppHeartbeat::validate(all), []);
    for (text, pointer, words) in [
        (r#"{"fresh_ms": 99}"#, "/fresh_ms", "from 100 to 86400000"),
        (r#"{"fresh_ms": "10s"}"#, "/fresh_ms", "give whole milliseconds"),
        (r#"{"grace_ms": -1}"#, "/grace_ms", "from 0 to"),
        (r#"{"backoff_ms": 1.5}"#, "/backoff_ms", "whole milliseconds"),
        (r#"{"steady_ms": 86400001}"#, "/steady_ms", "to 86400000"),
        (
            r#"{"longest_backoff_ms": 4999}"#,
            "/longest_backoff_ms",
            "at least backoff_ms, that is 5000",
        ),
        (r#"{"signal": ""}"#, "/signal", "at most 317 bytes"),
        (r#"{"signal": 7}"#, "/signal", "give the key of a signal"),
        (r#"{"fresh": 7}"#, "", "unknown field `fresh`"),
        ("[", "", "EOF"),
    ] {
        let issues = AppHeartbeat::validate(text);
        assert_eq!(issues.len(), 1, "{text}: {issues:?}");
        assert_eq!(issues[0].pointer, pointer, "{text}");
        assert!(issues[0].message.contains(words), "{issues:?}");
    }
    let two = AppHeartbeat::validate(r#"{"fresh_ms": 0, "signal": ""}"#);
    assert_eq!(two.len(), 2, "{two:?}");
    let refusal = Scene::new().settings("{").ask::<AppHeartbeat>().unwrap_err();
    assert!(matches!(refusal, Refusal::UnusableSettings(_)), "{refusal:?}");
}

#[test]
fn the_schema_is_json_that_names_every_setting() {
    let schema = AppHeartbeat::describe().settings_schema;
    for name in ["signal", "fresh_ms", "grace_ms", "backoff_ms", "longest_backoff_ms", "steady_ms"]
    {
        assert!(schema.contains(&format!("\"{name}\": {{\"type\"")), "{name}");
    }
    assert_eq!(schema.matches('{').count(), schema.matches('}').count());
}

#[test]
fn a_swap_from_the_standard_policy_keeps_what_that_remembered() {
    let scene = Scene::new().vacant().entropy(5);
    let standard = Standard::decide(scene.clone().input()).unwrap();
    let memory = AppHeartbeat::migrate("standard", 1, standard.memory.clone()).unwrap();
    let later = scene.uptime(60_000 + standard.wake_after).memory(memory);
    assert_eq!(ask(later).action, Action::Campaign);
    assert_eq!(AppHeartbeat::migrate("app-heartbeat", 1, vec![1, 2]), Ok(vec![1, 2]));
    assert_eq!(AppHeartbeat::migrate("other", 1, vec![1, 2]), Ok(vec![]));
}

#[test]
fn what_is_remembered_is_read_and_strange_bytes_are_nothing() {
    let memory = Memory {
        since: 7,
        heard_at: Some(1 << 40),
        well_since: None,
        rest_until: 9,
        failures: 3,
        standard: vec![1, 2, 3],
    };
    assert_eq!(Memory::read(&memory.clone().write(), 99), memory);
    let empty = Memory::read(&[], 99);
    for bytes in [vec![0; 200], vec![1; 37], vec![7]] {
        assert_eq!(Memory::read(&bytes, 99), empty, "{bytes:?}");
    }
}
