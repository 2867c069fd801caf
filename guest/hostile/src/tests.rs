use hotseat_policy::testing::{Scene, TIMING, check};
use hotseat_policy::{Action, Decision, Input, Policy, Refusal, cause, outcome};
use hotseat_policy_standard::Standard;

use super::{Hostile, Misbehavior};

fn leader(settings: &str) -> Input {
    Scene::new().leading(2_000).settings(settings).input()
}

/// The answer, which the scene itself would take for a failed test.
fn answer(settings: &str) -> Decision {
    Hostile::decide(leader(settings)).unwrap()
}

fn standard() -> Decision {
    Standard::decide(leader("")).unwrap()
}

#[test]
fn every_name_is_accepted_with_and_without_the_suffix() {
    for (name, misbehavior) in Misbehavior::ALL {
        assert_eq!(Misbehavior::of(name), Some(misbehavior));
        assert_eq!(Hostile::validate(name), [], "{name}");
        assert_eq!(Hostile::validate(&format!("{name}@leader\n")), []);
    }
    for name in ["", " ", "standard", "standard@leader"] {
        assert_eq!(Hostile::validate(name), [], "{name:?}");
    }
}

#[test]
fn an_unknown_name_is_an_issue() {
    let issues = Hostile::validate("tarp");
    assert!(issues[0].message.starts_with("`tarp` is none of standard, trap, loop"));
    let refusal = Hostile::decide(leader("tarp")).unwrap_err();
    assert!(matches!(refusal, Refusal::UnusableSettings(_)), "{refusal:?}");
}

#[test]
fn a_standby_is_spared_with_the_suffix() {
    for (name, _) in Misbehavior::ALL {
        let scene = Scene::new().vacant().entropy(7);
        let expected = Standard::decide(scene.clone().input());
        let found = Hostile::decide(scene.settings(&format!("{name}@leader")).input());
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn an_absurd_answer_breaks_one_bound() {
    for (name, message) in [
        ("wake-zero", "wake-after is 0 ms"),
        ("wake-century", "wake-after is 3155760000000 ms"),
        ("lease-giant", "lease-duration is 18446744073709551615 ms"),
        ("lease-negative", "lease-duration is 18446744073709536616 ms"),
        ("reason-megabyte", "1048580 bytes of reason"),
        ("memory-megabyte", "1048576 bytes of memory"),
        ("publish-flood", "10000 published signals"),
    ] {
        let decision = answer(&format!("{name}@leader"));
        let error = check(&decision, &TIMING).unwrap_err();
        assert!(error.starts_with(message), "{name}: {error}");
        assert_eq!(decision.action, Action::Renew, "{name}");
    }
}

#[test]
fn storms_and_sleep_keep_the_bounds() {
    for (name, action, wake_after) in [
        ("resign-storm", Action::Resign(None), 2_000),
        ("campaign-storm", Action::Campaign, 1),
        ("renew-storm", Action::Renew, 1),
        ("never-renew", Action::Wait, 86_400_000),
    ] {
        let decision = answer(name);
        assert_eq!(check(&decision, &TIMING), Ok(()), "{name}");
        assert_eq!((decision.action, decision.wake_after), (action, wake_after));
    }
}

#[test]
fn what_only_wastes_answers_as_the_standard_policy() {
    assert_eq!(answer("spin"), standard());
    assert_eq!(answer("standard"), standard());
}

#[test]
fn a_refusal_is_one() {
    let refusal = Hostile::decide(leader("refuse")).unwrap_err();
    assert!(matches!(refusal, Refusal::Other(_)), "{refusal:?}");
}

#[test]
#[should_panic(expected = "the settings ask for a trap")]
fn a_trap_is_a_panic() {
    answer("trap");
}

/// Two questions, and the memory that they leave.
fn asked_twice() -> Vec<u8> {
    let scene = Scene::new().leading(500).settings("trap-third");
    let first = Hostile::decide(scene.clone().input()).unwrap();
    Hostile::decide(scene.memory(first.memory).input()).unwrap().memory
}

#[test]
fn the_third_question_of_a_write_starts_the_count_again() {
    let scene = Scene::new().leading(500).settings("trap-third").memory(asked_twice());
    let scene = scene.cause(cause::WRITE_FINISHED).failed(outcome::WRITTEN, 0);
    assert_eq!(Hostile::decide(scene.input()).unwrap().memory, [1]);
}

#[test]
#[should_panic(expected = "the third question")]
fn the_third_question_of_a_timer_traps() {
    let scene = Scene::new().leading(500).settings("trap-third").memory(asked_twice());
    drop(Hostile::decide(scene.input()));
}
