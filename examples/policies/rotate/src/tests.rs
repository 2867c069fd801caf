use hotseat_policy::testing::Scene;
use hotseat_policy::{Action, Policy, Refusal};
use hotseat_policy_standard::Standard;

use super::Rotate;

/// A leader of the time that scenes have, half a second after a renewal.
fn leading(minutes: &str) -> Scene {
    Scene::new().settings(&format!("{{\"minutes\": {minutes}}}")).leading(500)
}

#[test]
fn a_leader_resigns_when_its_time_is_over() {
    let decision = leading("0").ask::<Rotate>().unwrap();
    assert_eq!(decision.action, Action::Resign(None));
    assert_eq!(decision.reason, "led for 0 minutes");
}

#[test]
fn until_then_the_standard_policy_decides() {
    let scene = leading("60");
    let expected = Standard::decide(scene.clone().input());
    assert_eq!(scene.ask::<Rotate>(), expected);
    let standby = Scene::new().settings(r#"{"minutes": 0}"#).held_by("b", 100);
    let expected = Standard::decide(standby.clone().input());
    assert_eq!(standby.ask::<Rotate>(), expected);
}

#[test]
fn settings_need_minutes() {
    assert_eq!(Rotate::validate(r#"{"minutes": 60}"#), []);
    for text in ["", r#"{"minutes": -1}"#, r#"{"hours": 1}"#] {
        assert_eq!(Rotate::validate(text).len(), 1, "{text}");
    }
    let refusal = Scene::new().ask::<Rotate>().unwrap_err();
    assert!(matches!(refusal, Refusal::UnusableSettings(_)), "{refusal:?}");
}
