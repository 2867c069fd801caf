//! The hostile guest, each of its misbehaviors, against the limits.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::sync::LazyLock;
use std::time::Duration;

use common::{MUCH_FUEL, input, limits, loader, source};
use hotseat_core::policy::{Action, Cause, Claim, Decision, Failure, FailureKind, Input};
use hotseat_engine::{Limits, LoadedPolicy};

/// Built and compiled once.
static HOSTILE: LazyLock<LoadedPolicy> =
    LazyLock::new(|| loader().load(&source(&common::hostile()), &input()).unwrap());

fn asked(misbehavior: &str) -> Input {
    let mut input = input();
    input.settings = misbehavior.into();
    input
}

fn ask(misbehavior: &str) -> Result<Decision, Failure> {
    let answer = HOSTILE.decide(&asked(misbehavior), &limits());
    answer.map(|(decision, _)| decision)
}

/// The failure, whose detail must be a line fit for a log.
#[track_caller]
fn fails(misbehavior: &str, kind: FailureKind) -> String {
    let failure = ask(misbehavior).unwrap_err();
    assert_eq!(failure.kind, kind, "{misbehavior}: {}", failure.detail);
    assert!(!failure.detail.is_empty() && failure.detail.len() < 1100, "{misbehavior}");
    assert!(!failure.detail.contains(char::is_control), "{misbehavior}");
    failure.detail
}

#[test]
fn each_misbehavior_is_its_kind_of_failure() {
    let kinds = [
        ("trap", FailureKind::Trapped),
        ("deep-recursion", FailureKind::Trapped),
        ("loop", FailureKind::OutOfFuel),
        ("memory-bomb", FailureKind::OutOfMemory),
        ("reason-megabyte", FailureKind::AnswerTooLarge),
        ("memory-megabyte", FailureKind::AnswerTooLarge),
        ("publish-flood", FailureKind::AnswerTooLarge),
        ("wake-zero", FailureKind::Rejected),
        ("wake-century", FailureKind::Rejected),
        ("lease-giant", FailureKind::Rejected),
        ("lease-negative", FailureKind::Rejected),
        ("refuse", FailureKind::Refused),
    ];
    for (misbehavior, kind) in kinds {
        fails(misbehavior, kind);
        // And the next question is answered as if nothing had been.
        assert!(ask("standard").is_ok(), "after {misbehavior}");
    }
}

#[test]
fn a_policy_that_takes_too_long() {
    // Fuel would end it, too: a fill costs as much as it fills.
    let wall = Duration::from_millis(100);
    let limits = Limits { fuel: MUCH_FUEL, wall, ..Limits::default() };
    let failure = HOSTILE.decide(&asked("fill"), &limits).unwrap_err();
    assert_eq!(failure.kind, FailureKind::TimedOut, "{}", failure.detail);
}

/// What is merely unwise is the guard's business, and reaches it.
#[test]
fn unwise_answers_come_through() {
    assert_eq!(ask("resign-storm").unwrap().action, Action::Resign(None));
    for (misbehavior, action) in
        [("campaign-storm", Action::Campaign), ("renew-storm", Action::Renew)]
    {
        let decision = ask(misbehavior).unwrap();
        assert_eq!((decision.action, decision.wake_after), (action, 1));
    }
    let mut input = asked("never-renew");
    input.observation.claim = Some(Claim { held_for: 9_000, valid_for: 3_000 });
    let (decision, _) = HOSTILE.decide(&input, &limits()).unwrap();
    assert_eq!(decision.action, Action::Wait);
    let patient = Limits { fuel: 500_000_000, ..limits() };
    let (spinning, spent) = HOSTILE.decide(&asked("spin"), &patient).unwrap();
    assert_eq!(spinning, ask("standard").unwrap());
    assert!(spent.fuel > 10_000_000, "{spent:?}");
}

#[test]
fn it_behaves_until_it_leads() {
    let mut input = asked("trap@leader");
    assert!(HOSTILE.decide(&input, &limits()).is_ok());
    input.observation.claim = Some(Claim { held_for: 1, valid_for: 9_000 });
    let failure = HOSTILE.decide(&input, &limits()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Trapped);
}

#[test]
fn a_trap_on_the_third_question_leaves_the_memory_of_the_second() {
    let mut input = asked("trap-third");
    input.observation.causes = Cause::Timer.into();
    for _ in 0..2 {
        input.memory = HOSTILE.decide(&input, &limits()).unwrap().0.memory;
    }
    for _ in 0..2 {
        let failure = HOSTILE.decide(&input, &limits()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Trapped);
    }
    input.observation.causes = Cause::SeatChanged.into();
    assert!(HOSTILE.decide(&input, &limits()).is_ok());
}
