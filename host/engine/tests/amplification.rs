//! Components of few bytes that cost whoever loads them much more: each is refused for a reason that it
//! says, or is a policy within its limits, and the process that loads it takes next to nothing for it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use common::{amplifiers, compiler, input, limits, peak, source};
use hotseat_engine::{CompileLimits, Limits, LoadError, LoadedPolicy, Loader, Runtime, STANDARD};

/// Less than the sidecar allows, so that nothing here takes minutes.
fn few() -> CompileLimits {
    CompileLimits {
        memory: 256 << 20,
        processor_seconds: 2,
        wall: Duration::from_secs(300),
        output: 32 << 20,
    }
}

/// Resident memory is the whole process's, so one component is made and loaded at a time.
struct Alone(#[expect(dead_code, reason = "held, not read")] MutexGuard<'static, ()>);

fn alone() -> Alone {
    static ALONE: Mutex<()> = Mutex::new(());
    Alone(ALONE.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Loads it, and sees that this process takes no more for it than a call and the compiled component may.
#[track_caller]
fn load(_: &Alone, bytes: &[u8]) -> Result<LoadedPolicy, LoadError> {
    let loader = Loader::new(Runtime::new().unwrap(), compiler(few()), limits());
    let source = source(bytes);
    let mut loaded = None;
    let taken = peak(|| loaded = Some(loader.load(&source, &input())));
    let most = (Limits::default().memory as u64 + (8 << 20)) >> 10;
    assert!(taken < most, "{taken} KiB at a time");
    // Whatever it was, the next one is loaded.
    assert!(loader.load(&self::source(STANDARD), &input()).is_ok());
    loaded.unwrap()
}

#[track_caller]
fn refused(alone: &Alone, bytes: &[u8], stage: &str, words: &str) {
    let Err(error) = load(alone, bytes) else { panic!("it loaded") };
    let text = error.to_string();
    assert_eq!(error.stage(), stage, "{text}");
    assert!(text.contains(words), "{text}");
    assert!(!text.contains('\n') && text.len() < 2048, "{text}");
}

/// What each instance has in the host's memory, where neither fuel nor the policy's memory counts it.
#[test]
fn instances_that_take_more_of_the_host_than_a_call_may() {
    let alone = alone();
    let words = "over the limit of 32 MiB of memory for the instances of a call";
    refused(&alone, &amplifiers::globals(20_000, 60), "compile", words);
    refused(&alone, &amplifiers::instances_of_instances(3, 45), "compile", words);
}

/// The same counts in each call, beside the policy's own memory.
#[test]
fn what_the_host_has_for_instances_is_a_part_of_a_calls_memory() {
    let alone = alone();
    let spent = |bytes: &[u8]| {
        let policy = load(&alone, bytes).unwrap();
        let (_, spent) = policy.decide(&input(), &limits()).unwrap();
        let tight = Limits { memory: spent.memory - 1, ..limits() };
        let failure = policy.decide(&input(), &tight).unwrap_err();
        assert!(failure.detail.contains("wanted more than its"), "{failure:?}");
        spent.memory
    };
    let (few, many) = (spent(&amplifiers::globals(1, 1)), spent(&amplifiers::globals(20_001, 40)));
    assert_eq!(many - few, 20_001 * 40 * 32 + 40 * 512 - (32 + 512));
}

#[test]
fn functions_that_take_the_compiler_long() {
    let alone = alone();
    let words = "over the limit of 2 s of processor time";
    refused(&alone, &amplifiers::locals(5_000), "compile", words);
    refused(&alone, &amplifiers::functions(200_000), "compile", words);
}

#[test]
fn nesting_and_lists_that_the_compiler_has_to_keep() {
    let alone = alone();
    refused(&alone, &amplifiers::depth(5_000), "compile", "over the limit of 256 MiB of memory");
    // Whichever limit comes first.
    refused(&alone, &amplifiers::blocks(1_000_000), "compile", "over the limit of ");
    refused(&alone, &amplifiers::elements(1_000_000), "compile", "over the limit of ");
    refused(&alone, &amplifiers::instances_of_instances(6, 100), "compile", "over the limit of ");
    refused(
        &alone,
        &amplifiers::branches(1_000_000),
        "compile",
        "exceeds the implementation limit",
    );
}

#[test]
fn more_than_a_policy_may_have_at_all() {
    let alone = alone();
    let declared = amplifiers::declared;
    let too_high = |what: &str| format!("trapped: resource limit exceeded: {what} count too high");
    refused(&alone, &declared("(memory 1)", 6, 1), "describe", &too_high("memory"));
    refused(&alone, &declared("(table 1 funcref)", 100, 3), "describe", &too_high("table"));
    refused(&alone, &declared("", 0, 68), "describe", &too_high("instance"));
    let table = declared("(table 10000000 funcref)", 1, 1);
    refused(&alone, &table, "describe", "out-of-memory: wanted more than its 32 MiB of memory");
}

#[test]
fn names_without_end() {
    let alone = alone();
    let words = "has more than 1000 imports and exports: leave out what the world `election` does";
    refused(&alone, &amplifiers::exports(1_000_000), "parse", words);
    assert!(load(&alone, &amplifiers::exports(900)).is_ok());
}

#[test]
fn types_that_no_value_can_have() {
    let alone = alone();
    refused(
        &alone,
        &amplifiers::tuples(50),
        "parse",
        "effective type size exceeds the limit of 1000000",
    );
    let words = "type mismatch with parameters: expected `u64` found `tuple`";
    refused(&alone, &amplifiers::odd_stderr(), "imports", words);
}

#[test]
fn what_only_looks_large_loads() {
    let alone = alone();
    assert!(load(&alone, &amplifiers::custom(19 << 20)).is_ok());
    assert!(load(&alone, &amplifiers::data(20)).is_ok());
    assert!(load(&alone, &amplifiers::tuples(5)).is_ok());
}
