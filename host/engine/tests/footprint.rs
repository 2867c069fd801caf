//! Nothing that a policy does makes the process grow.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::sync::{Mutex, MutexGuard, PoisonError};

use common::{
    UnexpectedType, compiler, floods, heavy, hostile, input, limits, load, peak, resident, source,
    standard,
};
use hotseat_engine::{CompileLimits, Limits, Loader, Runtime, STANDARD};

/// Resident memory is the whole process's, so one test runs at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `round` once to warm up, then `times`, and returns the growth in KiB.
fn growth(times: usize, round: impl Fn()) -> u64 {
    round();
    let before = resident();
    for _ in 0..times {
        round();
    }
    resident().saturating_sub(before)
}

#[test]
fn decisions() {
    let _alone = alone();
    let policy = standard();
    let grown = growth(2_000, || {
        policy.decide(&input(), &limits()).unwrap();
    });
    assert!(grown < 512, "grown by {grown} KiB");
}

/// The one in which its stack, its data and the heap of a question meet. To find, to clear and to take
/// back another takes the system longer than the policy itself takes.
#[test]
fn a_decision_of_the_standard_policy_touches_one_page() {
    const TIMES: u64 = 1_000;
    let _alone = alone();
    let policy = standard();
    let decide = || policy.decide(&input(), &limits()).unwrap();
    let (_, spent) = decide();
    assert!(spent.memory < 256 << 10, "{} bytes of memory", spent.memory);
    let before = page_faults();
    for _ in 0..TIMES {
        decide();
    }
    let faults = page_faults() - before;
    assert!(faults < TIMES * 3 / 2, "{faults} page faults in {TIMES} decisions");
}

/// How often this thread touched a page that the system had to find for it.
fn page_faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    // The name, in parentheses, may have spaces; the count is the eighth after it.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    fields.split_whitespace().nth(7).unwrap().parse().unwrap()
}

#[test]
fn misbehaviors() {
    let _alone = alone();
    let policy = load(&hostile());
    let grown = growth(20, || {
        for misbehavior in ["memory-bomb", "memory-megabyte", "publish-flood", "trap"] {
            let mut input = input();
            input.settings = misbehavior.into();
            assert!(policy.decide(&input, &limits()).is_err());
        }
    });
    assert!(grown < 1 << 10, "grown by {grown} KiB");
}

#[test]
fn answers_of_many_megabytes() {
    let _alone = alone();
    let odd = UnexpectedType {
        memory: "400",
        decide: "(i64.store (i32.const 2072) (i64.const 1000))
          (i32.store (i32.const 2112) (i32.const 65536))
          (i32.store (i32.const 2116) (i32.const 20000000)) (i32.const 2048)",
        ..UnexpectedType::default()
    };
    let policy = load(&odd.build());
    let grown = growth(20, || {
        assert!(policy.decide(&input(), &limits()).is_err());
    });
    assert!(grown < 512, "grown by {grown} KiB");
}

/// Whatever a policy asks of WASI, it is the policy's own memory that holds it, and a little of the
/// host's.
#[test]
fn floods_of_wasi() {
    let _alone = alone();
    for flood in [
        floods::handles(),
        floods::polls(),
        floods::one_write(),
        floods::writes(),
        floods::chance(20_000_000),
        floods::names(),
    ] {
        let policy = load(&flood.build());
        let limits = Limits::default();
        let most = limits.memory as u64 >> 10;
        let taken = peak(|| assert!(policy.decide(&input(), &limits).is_err()));
        assert!(taken < most + (4 << 10), "{}: {taken} KiB at a time", flood.name);
        let grown = growth(5, || assert!(policy.decide(&input(), &limits).is_err()));
        assert!(grown < 512, "{}: grown by {grown} KiB", flood.name);
    }
}

#[test]
fn compiling() {
    let _alone = alone();
    let component = heavy(300);
    let compiler = compiler(CompileLimits::default());
    let grown = growth(3, || {
        let compiled = compiler.compile(&component).unwrap();
        assert!(compiled.size().unwrap() > 20 << 10);
    });
    assert!(grown < 1 << 10, "grown by {grown} KiB");
}

#[test]
fn loading_one_after_the_other() {
    let _alone = alone();
    let compiler = compiler(CompileLimits::default());
    let loader = Loader::new(Runtime::new().unwrap(), compiler, limits());
    let grown = growth(8, || {
        loader.load(&source(STANDARD), &input()).unwrap();
    });
    assert!(grown < 1 << 10, "grown by {grown} KiB");
}
