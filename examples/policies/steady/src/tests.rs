use hotseat_policy::testing::{Play, Scene};
use hotseat_policy::{Action, Decision, Policy, Refusal};
use hotseat_policy_standard::Standard;

use super::{FRESH, Memory, Steady};

const PREFER_B: &str = r#"{"prefer": "b"}"#;

/// Candidate `a`, which prefers `b`, which was heard of `age` milliseconds ago.
fn scene(age: u64) -> Scene {
    let scene = Scene::new().settings(PREFER_B).entropy(3);
    scene.candidate("b", age, Vec::new())
}

/// What the standard policy decides, as this one hands it on.
fn by_standard(scene: &Scene) -> Result<Decision, Refusal> {
    let decision = Standard::decide(scene.clone().input())?;
    let memory = Memory::write(None, &decision.memory);
    Ok(decision.remember(memory).publish("steady.prefers", "b"))
}

#[test]
fn settings_need_a_name_and_nothing_else() {
    assert_eq!(Steady::validate(PREFER_B), []);
    for (text, message) in [
        ("", "missing field `prefer`"),
        (r#"{"prefer": 1}"#, "invalid type"),
        (r#"{"prefer": "b", "avoid": "c"}"#, "unknown field `avoid`"),
    ] {
        let issues = Steady::validate(text);
        assert!(issues[0].message.starts_with(message), "{issues:?}");
    }
    let refusal = Scene::new().ask::<Steady>().unwrap_err();
    assert!(matches!(refusal, Refusal::UnusableSettings(_)), "{refusal:?}");
}

#[test]
fn a_leader_makes_way_for_the_preferred_candidate() {
    let decision = scene(FRESH).leading(500).ask::<Steady>().unwrap();
    assert_eq!(decision.action, Action::Resign(Some("b".into())));
    assert_eq!(decision.reason, "making way for b");
}

#[test]
fn a_candidate_that_is_silent_or_not_ready_is_not_waited_for() {
    let unready = scene(0).with_candidate(|candidate| candidate.ready = Some(false));
    for scene in [scene(FRESH + 1), unready] {
        let scene = scene.leading(500);
        let expected = by_standard(&scene);
        assert_eq!(scene.ask::<Steady>(), expected);
    }
}

#[test]
fn the_preferred_candidate_itself_goes_by_the_standard_policy() {
    let scene = scene(0).identity("b").vacant();
    let expected = by_standard(&scene);
    assert_eq!(scene.ask::<Steady>(), expected);
}

#[test]
fn a_seat_that_was_just_freed_is_left_alone_for_two_retry_periods() {
    let fresh = scene(0).vacant().with_seat(|seat| seat.age = 1_000);
    let decision = fresh.ask::<Steady>().unwrap();
    assert_eq!((decision.action, decision.wake_after), (Action::Wait, 3_000));

    let old = scene(0).vacant().with_seat(|seat| seat.age = 4_000);
    let expected = by_standard(&old);
    assert_eq!(old.ask::<Steady>(), expected);
}

/// It died after it had put itself on the roster: its entry is still there.
#[test]
fn a_leader_makes_way_once_for_each_time_that_the_preferred_candidate_was_heard_of() {
    let first = scene(1_000).uptime(50_000).leading(500).ask::<Steady>().unwrap();
    assert_eq!(first.action, Action::Resign(Some("b".into())));
    // The seat came back, and nothing was heard of since.
    let again = scene(9_000).uptime(58_000).leading(500).memory(first.memory.clone());
    let stays = again.ask::<Steady>().unwrap();
    assert!(!matches!(stays.action, Action::Resign(_)), "{stays:?}");
    // It is remembered as long as it takes, and a sign of life is another reason.
    let silent = scene(20_000).uptime(69_000).leading(500).memory(stays.memory.clone());
    let silent = silent.ask::<Steady>().unwrap();
    assert!(!matches!(silent.action, Action::Resign(_)), "{silent:?}");
    let heard = scene(1_000).uptime(70_000).leading(500).memory(silent.memory);
    assert_eq!(heard.ask::<Steady>().unwrap().action, Action::Resign(Some("b".into())));
}

#[test]
fn with_nobody_to_prefer_it_takes_the_seat_and_keeps_it() {
    let mut play = Play::<Steady>::new();
    play.settings(PREFER_B).run_for(1_000);
    assert!(play.leads());
    play.run_for(600_000);
    assert!(play.leads());
}
