use hotseat_policy::testing::{Play, Scene};
use hotseat_policy::{Action, Policy, Refusal};
use hotseat_policy_standard::Standard;

use super::Steady;

const PREFER_B: &str = r#"{"prefer": "b"}"#;

/// Candidate `a`, told to prefer `b`, which was heard of `age` milliseconds ago.
fn scene(age: u64) -> Scene {
    let scene = Scene::new().settings(PREFER_B).entropy(3);
    scene.candidate("b", age, Vec::new())
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
    let decision = scene(15_000).leading(500).ask::<Steady>().unwrap();
    assert_eq!(decision.action, Action::Resign(Some("b".into())));
    assert_eq!(decision.reason, "making way for b");
}

#[test]
fn a_candidate_that_was_not_heard_of_for_a_lease_is_not_waited_for() {
    let scene = scene(15_001).leading(500);
    let expected = Standard::decide(scene.clone().input());
    assert_eq!(scene.ask::<Steady>(), expected);
}

#[test]
fn the_preferred_candidate_itself_goes_by_the_standard_policy() {
    let scene = scene(0).identity("b").vacant();
    let expected = Standard::decide(scene.clone().input());
    assert_eq!(scene.ask::<Steady>(), expected);
}

#[test]
fn a_seat_that_was_just_freed_is_left_alone_for_two_retry_periods() {
    let fresh = scene(0).vacant().with_seat(|seat| seat.age = 1_000);
    let decision = fresh.ask::<Steady>().unwrap();
    assert_eq!((decision.action, decision.wake_after), (Action::Wait, 3_000));

    let old = scene(0).vacant().with_seat(|seat| seat.age = 4_000);
    let expected = Standard::decide(old.clone().input());
    assert_eq!(old.ask::<Steady>(), expected);
}

#[test]
fn with_nobody_to_prefer_it_takes_the_seat_and_keeps_it() {
    let mut play = Play::<Steady>::new();
    play.settings(PREFER_B).run_for(1_000);
    assert!(play.leads());
    play.run_for(600_000);
    assert!(play.leads());
}
