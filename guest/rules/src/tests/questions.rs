//! What the rules make of questions.

use hotseat_policy::testing::Scene;
use hotseat_policy::{Action, Decision, Input, Policy, Refusal, Signal, cause, source};
use hotseat_policy_standard::Standard;

use super::holds;
use crate::ByRules;
use crate::memory::Memory;

#[test]
fn every_name_and_function_gives_what_it_says() {
    use crate::names::{FIELDS, FUNCTIONS, Kind, NAMES};
    let scene = || {
        let scene = Scene::new().vacant().candidate("b", 1, vec![Signal::new("k", 1_i64)]);
        scene.candidate("c", 1, Vec::new())
    };
    let test = |kind: Kind, name: &str| match kind {
        Kind::Flag => format!("{name} == true || {name} == false"),
        Kind::Whole => format!("{name} + 1 > -1"),
        Kind::Text => format!("{name} + 'x' != ''"),
        Kind::Texts => format!("{name}.size() >= 0"),
        Kind::Candidates => format!("{name}.all(o, o.identity != '')"),
    };
    for (name, kind, _) in NAMES {
        assert!(holds(scene(), &test(kind, name)), "{name}");
    }
    for (field, kind, _) in FIELDS {
        assert!(holds(scene(), &test(kind, &format!("others[0].{field}"))), "{field}");
    }
    for (name, _, written, _) in FUNCTIONS {
        let call = written.replace("key", "'k'").replace("otherwise", "0");
        assert!(holds(scene(), &format!("[{call}, others[0].{call}].size() == 2")), "{name}");
    }
}

#[test]
fn a_signal_has_the_type_of_its_default() {
    let scene = || {
        Scene::new()
            .vacant()
            .signal("n", 3_i64)
            .signal("f", 2.75)
            .signal("t", "x")
            .signal("b", true)
    };
    for expression in [
        "signal('n', 0) == 3 && signal('n', 0.5) + 0.5 == 3.5",
        "signal('f', 0) == 2 && signal('f', 0.0) == 2.75",
        "signal('t', '') == 'x' && signal('t', 7) == 7 && signal('b', false) && signal('n', 'none') == 'none'",
        "signal('gone', 9) == 9 && !has_signal('gone') && has_signal('t')",
        "age('gone') > 1000000000 && age('t') == 0 && unchanged_for('gone') == 0",
        "max(1, signal('n', 0)) == 3 && min([4, 2]) == 2",
    ] {
        assert!(holds(scene(), expression), "{expression}");
    }
}

#[test]
fn whoever_must_be_trusted_more_is_heard_first_and_labels_are_the_pods() {
    let from =
        |source: &str, value: &str| Signal { source: source.into(), ..Signal::new("k", value) };
    // The host orders them so.
    let scene = || {
        Scene::new()
            .vacant()
            .fact(from(source::NODE, "node"))
            .fact(from(source::APPLICATION, "app"))
    };
    assert!(holds(scene(), "signal('k', '') == 'node' && label('k', '') == ''"));
    let scene = || Scene::new().vacant().fact(from(source::POD, "7"));
    assert!(holds(
        scene(),
        "label('k', 0) == 7 && label('k', 0.5) == 7.0 && label('k', '') == '7'"
    ));
    assert!(holds(scene(), "!label('k', false) && label('gone', 3) == 3"));
}

#[test]
fn without_rules_it_is_the_standard_policy() {
    for settings in ["", "{}"] {
        for scene in [
            Scene::new(),
            Scene::new().vacant(),
            Scene::new().vacant().entropy(3),
            Scene::new().held_by("b", 9_000),
            Scene::new().leading(100),
            Scene::new().leading(2_000),
            Scene::new().leading(100).cause(cause::STOPPING),
        ] {
            let own = scene.clone().settings(settings).ask::<ByRules>().unwrap();
            let standard = scene.ask::<Standard>().unwrap();
            assert_eq!(Memory::read(&own.memory).standard, standard.memory);
            assert_eq!(
                Decision { memory: Vec::new(), ..own },
                Decision { memory: Vec::new(), ..standard }
            );
        }
    }
}

/// Asks again and again, as the host would, a free seat that nobody takes.
fn waits_for(settings: &str) -> u64 {
    let mut memory = Vec::new();
    let mut now = 60_000;
    for _ in 0..1_000 {
        let scene = Scene::new().vacant().uptime(now).memory(memory).settings(settings);
        let decision = scene.ask::<ByRules>().unwrap();
        if decision.action == Action::Campaign {
            return now - 60_000;
        }
        now += decision.wake_after;
        memory = decision.memory;
    }
    panic!("it never campaigns");
}

#[test]
fn rank_and_wait_leave_a_free_seat_to_others_for_a_bounded_time() {
    // Half of the retry period for each rank.
    for (settings, ms) in [
        (r#"{"rank": 0}"#, 0),
        (r#"{"rank": 1}"#, 1_000),
        (r#"{"rank": "2.9"}"#, 2_000),
        (r#"{"rank": -3}"#, 0),
        (r#"{"rank": 3, "step_ms": 700, "wait": 50}"#, 2_150),
        (r#"{"wait": 1234}"#, 1_234),
        (r#"{"rank": 1000000}"#, 60_000),
        (
            r#"{"rank": 9223372036854775807, "wait": "9223372036854775807", "longest_wait_ms": 5000}"#,
            5_000,
        ),
    ] {
        assert_eq!(waits_for(settings), ms, "{settings}");
    }
    // The named successor does not wait, but for its rule.
    let named = |settings: &str| {
        let scene = Scene::new().with_seat(|seat| seat.successor = Some("a".into()));
        scene.settings(settings).ask::<ByRules>().unwrap().action
    };
    assert_eq!(named(r#"{"rank": 5}"#), Action::Campaign);
    assert_eq!(named(r#"{"rank": 5, "campaign": false}"#), Action::Wait);
}

fn leads(settings: &str, held_for: u64, memory: Memory) -> Decision {
    let mut input = Scene::new().leading(100).memory(memory.write()).settings(settings).input();
    input.observation.claim.as_mut().unwrap().held_for = held_for;
    ByRules::decide(input).unwrap()
}

#[test]
fn a_leader_that_must_not_lead_goes_at_once_and_one_that_makes_room_after_a_term() {
    let unfit = r#"{"campaign": false, "resign": true}"#;
    let decision = leads(unfit, 1, Memory::default());
    assert_eq!(
        (decision.action, decision.reason.as_str()),
        (Action::Resign(None), "resign holds: true")
    );
    let fit = r#"{"resign": true, "successor": "['a', 'b']"}"#;
    let decision = leads(fit, 59_000, Memory::default());
    assert_eq!((decision.action, decision.wake_after), (Action::Wait, 1_000));
    // It does not name itself.
    assert_eq!(leads(fit, 60_000, Memory::default()).action, Action::Resign(None));
    let to_b = r#"{"resign": true, "successor": "'b'"}"#;
    assert_eq!(leads(to_b, 60_000, Memory::default()).action, Action::Resign(Some("b".into())));
    let to_nobody = r#"{"resign": true, "successor": "others"}"#;
    assert_eq!(leads(to_nobody, 60_000, Memory::default()).action, Action::Resign(None));
    let paused = Scene::new().leading(100).with_seat(|seat| seat.paused = true).settings(unfit);
    assert_eq!(paused.ask::<ByRules>().unwrap().action, Action::Wait);
}

#[test]
fn whoever_resigned_rests_twice_as_long_each_time() {
    let settings =
        r#"{"resign": true, "campaign": "!leading", "rest_ms": 2000, "longest_rest_ms": 6000}"#;
    let mut memory = Memory::default();
    let mut uptime = 60_000;
    for rest in [2_000, 4_000, 6_000, 6_000] {
        let mut input = Scene::new()
            .uptime(uptime)
            .leading(100)
            .memory(memory.write())
            .settings(settings)
            .input();
        input.observation.claim.as_mut().unwrap().held_for = 10;
        let decision = ByRules::decide(input).unwrap();
        assert_eq!(decision.action, Action::Resign(None));
        let free = |at| {
            let scene = Scene::new().uptime(at).vacant().settings(settings);
            scene.memory(decision.memory.clone()).ask::<ByRules>().unwrap()
        };
        let resting = free(uptime + 1);
        assert_eq!((resting.action, resting.wake_after), (Action::Wait, rest - 1));
        assert_eq!(free(uptime + rest).action, Action::Campaign);
        memory = Memory::read(&decision.memory);
        uptime += rest;
    }
    // A term that lasted makes it forgotten.
    let memory = Memory::read(&leads("", 60_000, memory).memory);
    assert_eq!(memory.resigned, 3 + 1);
    let rested = Memory { rest_until: 0, ..memory };
    assert_eq!(Memory::read(&leads("", 60_000, rested).memory).resigned, 0);
}

#[test]
fn what_fails_refuses_the_question_and_names_the_rule() {
    let ask = |settings: &str| Scene::new().vacant().settings(settings).ask::<ByRules>();
    let refused = ask(r#"{"campaign": "others[0].ready"}"#);
    assert_eq!(refused, Err(Refusal::Other("campaign: the list has no such item".to_owned())));
    let refused = ask(r#"{"publish": {"x": "1 / others.size()"}}"#);
    assert_eq!(refused, Err(Refusal::Other("publish x: division by zero".to_owned())));
    assert!(matches!(ask("{"), Err(Refusal::UnusableSettings(_))));
}

#[test]
fn what_is_published_has_its_type() {
    let settings = r#"{"publish": {"a": "1", "b": "1.5", "c": "'x'", "d": true, "e": "['x', zone]", "f": "null", "g": "seat.free ? 'yes' : 'no'"}}"#;
    let decision = Scene::new().vacant().settings(settings).ask::<ByRules>().unwrap();
    let texts = vec!["x".to_owned(), String::new()];
    let expected = [
        ("a".to_owned(), 1_i64.into()),
        ("b".to_owned(), 1.5.into()),
        ("c".to_owned(), "x".into()),
        ("d".to_owned(), true.into()),
        ("e".to_owned(), texts.into()),
        ("g".to_owned(), "yes".into()),
    ];
    assert_eq!(decision.publish, expected);
}

#[test]
fn the_standard_policys_memory_is_taken_over() {
    let mut input: Input = Scene::new().held_by("b", 9_000).entropy(3).input();
    let memory = Standard::decide(input.clone()).unwrap().memory;
    input.memory = ByRules::migrate("standard", 1, memory.clone()).unwrap();
    assert_eq!(Memory::read(&input.memory), Memory::beginning(memory));
    assert_eq!(ByRules::migrate("rules", 1, vec![7]), Ok(vec![7]));
    assert_eq!(ByRules::migrate("rules", 2, vec![7]), Ok(vec![]));
}

#[test]
fn the_clock_and_the_drain_are_the_hosts_and_not_the_applications() {
    let from = |source: &str, key: &str, value: hotseat_policy::Value| Signal {
        source: source.into(),
        ..Signal::new(key, value)
    };
    let clock = |source: &str| {
        let scene = Scene::new().vacant().fact(from(source, "host.time-of-day", "22:05".into()));
        scene.fact(from(source, "host.weekday", "monday".into()))
    };
    let told =
        "hour == 22 && minute == 5 && weekday == 'monday' && time > '22:00' && time < '23:00'";
    assert!(holds(clock(source::HOST), told));
    let untold = "hour == -1 && minute == -1 && weekday == '' && time == ''";
    assert!(holds(clock(source::APPLICATION), untold));
    let drain =
        |source: &str, key: &str| Scene::new().vacant().fact(from(source, key, true.into()));
    assert!(holds(drain(source::NODE, "node.draining"), "draining"));
    assert!(holds(drain(source::POD, "pod.terminating"), "draining"));
    assert!(!holds(drain(source::APPLICATION, "node.draining"), "draining"));
}
