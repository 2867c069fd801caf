//! Each way in which a policy fails ends as its own kind of failure, and none outlives its call.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{ANSWER, MUCH_FUEL, UnexpectedType, input, limits, load, standard};
use hotseat_core::policy::{Action, Decision, Failure, FailureKind};
use hotseat_engine::{Limits, Spent};

fn ask(decide: &str) -> Result<(Decision, Spent), Failure> {
    let odd = UnexpectedType { decide, ..UnexpectedType::default() };
    load(&odd.build()).decide(&input(), &limits())
}

/// An answer with one field set besides the proper ones.
fn answer(field: &str) -> String {
    format!("{ANSWER} {field} (i32.const 2048)")
}

#[track_caller]
fn fails(decide: &str, kind: FailureKind, detail: &str) {
    let failure = ask(decide).unwrap_err();
    assert_eq!((failure.kind, failure.detail.as_str()), (kind, detail));
}

#[test]
fn a_proper_answer_comes_through() {
    let (decision, spent) = ask(&answer("")).unwrap();
    assert_eq!(decision.action, Action::Wait);
    assert_eq!(decision.wake_after, 1000);
    assert!(spent.fuel > 0 && spent.fuel < 1000, "{spent:?}");
}

#[test]
fn a_trap() {
    let detail = "wasm trap: wasm `unreachable` instruction executed";
    fails("unreachable", FailureKind::Trapped, detail);
}

#[test]
fn endless_recursion() {
    let odd = UnexpectedType {
        decide: "(call $deeper) (i32.const 2048)",
        extra: "(func $deeper (call $deeper) (i32.store (i32.const 0) (i32.const 1)))",
        ..UnexpectedType::default()
    };
    let failure = load(&odd.build()).decide(&input(), &limits()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Trapped);
    assert_eq!(failure.detail, "wasm trap: call stack exhausted");
}

#[test]
fn an_endless_loop() {
    let detail = "used up its fuel of 50000000 units";
    fails("(loop $again (br $again)) unreachable", FailureKind::OutOfFuel, detail);
}

/// The clock's own limit, and that a policy which only fills memory looks at it.
#[test]
fn work_that_takes_too_long() {
    let odd = UnexpectedType {
        memory: "500",
        decide: "(loop $again
          (memory.fill (i32.const 65536) (i32.const 1) (i32.const 30000000)) (br $again))
          unreachable",
        ..UnexpectedType::default()
    };
    let policy = load(&odd.build());
    let limits = Limits { fuel: MUCH_FUEL, wall: Duration::from_millis(100), ..limits() };
    let failure = policy.decide(&input(), &limits).unwrap_err();
    assert_eq!(failure.kind, FailureKind::TimedOut, "{failure:?}");
    assert_eq!(failure.detail, "did not answer within 100 ms");
}

/// One call that overruns does not end another that runs beside it.
#[test]
fn an_overrun_ends_only_the_call_that_overran() {
    let odd = UnexpectedType {
        decide: "(loop $again (br $again)) unreachable",
        ..UnexpectedType::default()
    };
    let policy = load(&odd.build());
    let call = |wall| {
        let limits = Limits { fuel: MUCH_FUEL, wall: Duration::from_millis(wall), ..limits() };
        let policy = policy.clone();
        std::thread::spawn(move || {
            let start = Instant::now();
            (policy.decide(&input(), &limits).unwrap_err(), start.elapsed())
        })
    };
    let (long, short) = (call(900), call(50));
    let (short, short_took) = short.join().unwrap();
    let (long, long_took) = long.join().unwrap();
    assert_eq!(short.detail, "did not answer within 50 ms");
    assert_eq!(long.detail, "did not answer within 900 ms");
    assert!(long_took >= Duration::from_millis(900), "{long_took:?}");
    assert!(short_took < long_took, "{short_took:?} {long_took:?}");
}

#[test]
fn more_memory_than_allowed() {
    let detail = "wanted more than its 32 MiB of memory";
    // The policy that breaks down after the refusal.
    let breaks = "(if (i32.eq (memory.grow (i32.const 1000)) (i32.const -1)) (then unreachable))
      (i32.const 2048)";
    fails(breaks, FailureKind::OutOfMemory, detail);
    // The policy that goes on without is none the worse.
    let goes_on = answer("(drop (memory.grow (i32.const 1000)))");
    assert_eq!(ask(&goes_on).unwrap().0.wake_after, 1000);
}

#[test]
fn tables_count_as_memory() {
    let odd = UnexpectedType {
        extra: "(table $t 1 funcref)",
        decide: "(if (i32.eq (table.grow $t (ref.null func) (i32.const 10000000)) (i32.const -1))
          (then unreachable)) (i32.const 2048)",
        ..UnexpectedType::default()
    };
    let failure = load(&odd.build()).decide(&input(), &limits()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::OutOfMemory);
}

#[test]
fn an_answer_of_many_megabytes() {
    let odd = UnexpectedType {
        memory: "400",
        decide: &answer(
            "(i32.store (i32.const 2112) (i32.const 65536))
          (i32.store (i32.const 2116) (i32.const 20000000))",
        ),
        ..UnexpectedType::default()
    };
    let failure = load(&odd.build()).decide(&input(), &limits()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::AnswerTooLarge);
    assert_eq!(failure.detail, "answered with more than 128 KiB");
}

#[test]
fn a_reason_of_a_megabyte() {
    let odd = UnexpectedType {
        memory: "20",
        decide: &answer(
            "(memory.fill (i32.const 65536) (i32.const 120) (i32.const 1000000))
          (i32.store (i32.const 2096) (i32.const 65536))
          (i32.store (i32.const 2100) (i32.const 1000000))",
        ),
        ..UnexpectedType::default()
    };
    let failure = load(&odd.build()).decide(&input(), &limits()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::AnswerTooLarge);
}

#[test]
fn answers_beyond_the_bounds_of_the_contract() {
    let rejected = FailureKind::Rejected;
    fails(
        &answer("(i64.store (i32.const 2072) (i64.const 0))"),
        rejected,
        "wake-after is 0 ms, it must be from 1 to 86400000 ms",
    );
    fails(
        &answer("(i64.store (i32.const 2072) (i64.const 3155760000000))"),
        rejected,
        "wake-after is 3155760000000 ms, it must be from 1 to 86400000 ms",
    );
    fails(
        &answer(
            "(i32.store8 (i32.const 2080) (i32.const 1)) (i64.store (i32.const 2088) (i64.const -5))",
        ),
        rejected,
        "lease-duration is 18446744073709551611 ms, it must be from 1000 to 60000 ms",
    );
    fails(
        &answer("(memory.fill (i32.const 65536) (i32.const 120) (i32.const 2000))
          (i32.store (i32.const 2096) (i32.const 65536)) (i32.store (i32.const 2100) (i32.const 2000))"),
        rejected,
        "the reason has 2000 bytes, at most 1024 are allowed",
    );
}

#[test]
fn an_answer_that_is_none() {
    // Action number 9, a reason that is not UTF-8, a reason outside the memory.
    for field in [
        "(i32.store8 (i32.const 2056) (i32.const 9))",
        "(i32.store8 (i32.const 3000) (i32.const 255))
         (i32.store (i32.const 2096) (i32.const 3000)) (i32.store (i32.const 2100) (i32.const 1))",
        "(i32.store (i32.const 2096) (i32.const -9)) (i32.store (i32.const 2100) (i32.const 8))",
    ] {
        let failure = ask(&answer(field)).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Trapped, "{failure:?}");
        assert!(!failure.detail.is_empty() && !failure.detail.contains('\n'), "{failure:?}");
    }
}

#[test]
fn a_refusal() {
    let odd = UnexpectedType {
        extra: r#"(data (i32.const 4000) "not\n today")"#,
        decide:
            "(i32.store8 (i32.const 2048) (i32.const 1)) (i32.store8 (i32.const 2056) (i32.const 1))
          (i32.store (i32.const 2060) (i32.const 4000)) (i32.store (i32.const 2064) (i32.const 10))
          (i32.const 2048)",
        ..UnexpectedType::default()
    };
    let failure = load(&odd.build()).decide(&input(), &limits()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert_eq!(failure.detail, "unusable memory: not today");
}

/// A counter in the policy's memory and one in a global are both back at zero in the next call.
#[test]
fn a_new_instance_forgets() {
    let odd = UnexpectedType {
        extra: "(global $count (mut i64) (i64.const 0))",
        decide: "(global.set $count (i64.add (global.get $count) (i64.const 1)))
          (i64.store (i32.const 3000) (i64.add (i64.load (i32.const 3000)) (i64.const 1)))
          (i64.store (i32.const 2072) (i64.add (global.get $count) (i64.load (i32.const 3000))))
          (i32.const 2048)",
        ..UnexpectedType::default()
    };
    let policy = load(&odd.build());
    for _ in 0..3 {
        let (decision, _) = policy.decide(&input(), &limits()).unwrap();
        assert_eq!(decision.wake_after, 2);
    }
}

#[test]
fn a_policy_answers_properly_after_it_failed() {
    // Traps when entropy is odd; entropy follows the two strings' addresses and lengths.
    let odd = UnexpectedType {
        decide: "(if (i32.and (i32.load (i32.add (local.get 0) (i32.const 16))) (i32.const 1))
          (then unreachable)) (i64.store (i32.const 2072) (i64.const 1000)) (i32.const 2048)",
        ..UnexpectedType::default()
    };
    let policy = load(&odd.build());
    for entropy in 0..10 {
        let mut input = input();
        input.entropy = entropy;
        let answered = policy.decide(&input, &limits()).is_ok();
        assert_eq!(answered, entropy % 2 == 0);
    }
}

#[test]
fn equal_inputs_get_equal_answers_for_equal_fuel() {
    let policy = Arc::new(standard());
    let ask = move || {
        let (decision, spent) = policy.decide(&input(), &limits()).unwrap();
        (decision, spent.fuel)
    };
    let first = ask();
    let others: Vec<_> = (0..4).map(|_| std::thread::spawn(ask.clone())).collect();
    for other in others {
        assert_eq!(other.join().unwrap(), first);
    }
    assert!(first.1 < 100_000, "{} units of fuel", first.1);
}
