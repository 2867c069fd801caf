//! What the rules say of writes to the lock, and what they remember of the seat.

use hotseat_policy::testing::{Scene, TIMING};
use hotseat_policy::{Action, Decision, Policy, Verdict, outcome};

use super::{holds, rules};
use crate::ByRules;
use crate::memory::Memory;

/// What the leader of a lease of up to a minute answers whose last write failed so; it leads on for
/// `valid_for`, and tried to write a minute after its start.
fn fails(settings: &str, uptime: u64, valid_for: u64, last: &str, memory: Memory) -> Decision {
    let scene = Scene::new().uptime(uptime).leading(5_000).failed(last, 1).settings(settings);
    let mut input = scene.memory(memory.write()).input();
    input.timing.longest_lease = 60_000;
    input.observation.claim.as_mut().unwrap().valid_for = valid_for;
    ByRules::decide(input).unwrap()
}

/// The memory of one that tried then, and whose next renewal is due.
fn tried(at: u64) -> Memory {
    let renewal = [&[2], &0_u64.to_le_bytes()[..]].concat();
    Memory { tried_at: Some(at), standard: renewal, ..Memory::default() }
}

#[test]
fn a_lease_is_promised_with_each_write_and_within_what_the_operator_leaves() {
    let lease = |scene: Scene, settings: &str| {
        let mut input = scene.settings(settings).input();
        input.timing.longest_lease = 60_000;
        ByRules::decide(input).unwrap().lease_duration
    };
    let vacant = || Scene::new().vacant();
    assert_eq!(lease(vacant(), r#"{"lease": 40000}"#), Some(40_000));
    let due = || Scene::new().leading(TIMING.retry_period);
    assert_eq!(lease(due(), r#"{"lease": "2 * lease_duration"}"#), Some(30_000));
    assert_eq!(lease(due(), r#"{"lease": 90000}"#), Some(60_000));
    assert_eq!(lease(due(), r#"{"lease": 1}"#), Some(TIMING.shortest_lease));
    assert_eq!(lease(due(), "{}"), None);
    // Where nothing is written, nothing is promised.
    assert_eq!(lease(Scene::new().leading(100), r#"{"lease": 40000}"#), None);
    assert_eq!(lease(Scene::new().held_by("b", 9_000), r#"{"lease": 40000}"#), None);
}

#[test]
fn after_a_write_that_failed_the_next_one_is_a_pause_away() {
    let pause = r#"{"pause": 4000}"#;
    let at = |uptime| fails(pause, uptime, 40_000, outcome::UNREACHABLE, tried(60_000));
    let waits = at(61_000);
    assert_eq!((&waits.action, waits.wake_after), (&Action::Wait, 3_000));
    assert_eq!(waits.reason, "pauses for 3000 ms more after a write that failed");
    // As if it had not been asked.
    assert_eq!(Memory::read(&waits.memory).standard, tried(60_000).standard);
    let renews = at(64_000);
    assert_eq!(renews.action, Action::Renew);
    assert_eq!(Memory::read(&renews.memory).tried_at, Some(64_000));
    // Without the rule it is the standard policy's pace, and so it is where somebody else was faster.
    assert_eq!(
        fails("{}", 61_000, 40_000, outcome::TIMED_OUT, tried(60_000)).action,
        Action::Renew
    );
    assert_eq!(
        fails(pause, 61_000, 40_000, outcome::CONFLICT, tried(60_000)).action,
        Action::Renew
    );
}

#[test]
fn a_leader_tries_several_times_before_its_claim_ends() {
    let long = r#"{"pause": 86400000, "longest_wait_ms": 30000}"#;
    let left = |valid_for| {
        let decision = fails(long, 60_000, valid_for, outcome::UNREACHABLE, tried(60_000));
        if decision.action == Action::Renew { 0 } else { decision.wake_after }
    };
    assert_eq!((left(400_000), left(40_000), left(2_000)), (30_000, 10_000, 500));
}

#[test]
fn what_the_host_did_not_send_was_no_try() {
    let mut input = Scene::new()
        .uptime(61_000)
        .leading(5_000)
        .failed(outcome::UNREACHABLE, 1)
        .settings(r#"{"pause": 4000}"#)
        .memory(tried(60_000).write())
        .input();
    let verdict = |outcome: &str| Verdict {
        action: "renew".into(),
        outcome: outcome.into(),
        reason: String::new(),
    };
    input.observation.last_decision = Some(verdict("carried-out"));
    assert_eq!(ByRules::decide(input.clone()).unwrap().action, Action::Wait);
    input.observation.last_decision = Some(verdict("overruled"));
    assert_eq!(ByRules::decide(input).unwrap().action, Action::Renew);
}

#[test]
fn a_standby_pauses_as_long_as_the_rule_says() {
    let scene = |uptime: u64| {
        let scene = Scene::new().uptime(uptime).vacant().failed(outcome::UNREACHABLE, 3);
        let due = [&[3], &0_u64.to_le_bytes()[..]].concat();
        let memory = Memory { standard: due, ..tried(60_000) };
        scene.memory(memory.write()).settings(r#"{"pause": 15000}"#).ask::<ByRules>().unwrap()
    };
    let waits = scene(62_000);
    assert_eq!((waits.action, waits.wake_after), (Action::Wait, 13_000));
    assert_eq!(scene(75_000).action, Action::Campaign);
}

#[test]
fn who_held_the_seat_last_is_remembered() {
    let settings = rules(&[("campaign", "last_holder == 'b'")]);
    assert!(!holds(Scene::new().vacant(), "last_holder == 'b'"));
    // Whether the name is still there, as after a crash,
    let crashed = Scene::new().held_by("b", 0).settings(&settings);
    assert_eq!(crashed.ask::<ByRules>().unwrap().action, Action::Campaign);
    // or was seen before.
    let seen = Scene::new().held_by("b", 9_000).settings(&settings).ask::<ByRules>().unwrap();
    let released = |memory: Vec<u8>| Scene::new().vacant().memory(memory).settings(&settings);
    let first = released(seen.memory).ask::<ByRules>().unwrap();
    assert_eq!(first.action, Action::Campaign);
    assert_eq!(released(first.memory).ask::<ByRules>().unwrap().action, Action::Campaign);
    // The last one counts.
    let other = Scene::new().held_by("c", 9_000).settings(&settings).ask::<ByRules>().unwrap();
    assert_eq!(released(other.memory).ask::<ByRules>().unwrap().action, Action::Wait);
}

#[test]
fn versions_are_compared_in_expressions() {
    for expression in [
        "older('1.9', '1.10') && !older('1.10', '1.9')",
        "older(['1.32', '1.32'], ['1.32', '1.33'])",
        "older(signal('v', ''), 'latest') && !older('latest', '')",
        "older(signal('versions', ['']), ['1.32'])",
    ] {
        let scene = Scene::new().vacant().signal("v", "v1.2.3");
        let scene = scene.signal("versions", vec!["1.31".to_owned()]);
        assert!(holds(scene, expression), "{expression}");
    }
    let said = ByRules::validate(&rules(&[("campaign", "older(1.9, 1.10)")]));
    assert!(
        said[0].message.contains("a version is a text, and several are a list of them"),
        "{said:?}"
    );
}
