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

/// Resident memory is the whole process's, so one component is loaded at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Loads it, and sees that this process takes no more for it than a call and the compiled component may.
#[track_caller]
fn load(bytes: &[u8]) -> Result<LoadedPolicy, LoadError> {
    let _alone = alone();
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
fn refused(bytes: &[u8], stage: &str, words: &str) {
    let Err(error) = load(bytes) else { panic!("it loaded") };
    let text = error.to_string();
    assert_eq!(error.stage(), stage, "{text}");
    assert!(text.contains(words), "{text}");
    assert!(!text.contains('\n') && text.len() < 2048, "{text}");
}

/// What each instance has in the host's memory, where neither fuel nor the policy's memory counts it.
#[test]
fn instances_that_take_more_of_the_host_than_a_call_may() {
    let words = "over the limit of 32 MiB of memory for the instances of a call";
    refused(&amplifiers::globals(20_000, 60), "compile", words);
    refused(&amplifiers::instances_of_instances(3, 45), "compile", words);
}

/// The same counts in each call, beside the policy's own memory.
#[test]
fn what_the_host_has_for_instances_is_a_part_of_a_calls_memory() {
    let spent = |bytes: &[u8]| {
        let policy = load(bytes).unwrap();
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
    let words = "over the limit of 2 s of processor time";
    refused(&amplifiers::locals(5_000), "compile", words);
    refused(&amplifiers::functions(200_000), "compile", words);
}

#[test]
fn nesting_and_lists_that_the_compiler_has_to_keep() {
    refused(&amplifiers::depth(5_000), "compile", "over the limit of 256 MiB of memory");
    // Whichever limit comes first.
    refused(&amplifiers::blocks(1_000_000), "compile", "over the limit of ");
    refused(&amplifiers::elements(1_000_000), "compile", "over the limit of ");
    refused(&amplifiers::instances_of_instances(6, 100), "compile", "over the limit of ");
    refused(&amplifiers::branches(1_000_000), "compile", "exceeds the implementation limit");
}

#[test]
fn more_than_a_policy_may_have_at_all() {
    let declared = amplifiers::declared;
    let too_high = |what: &str| format!("trapped: resource limit exceeded: {what} count too high");
    refused(&declared("(memory 1)", 6, 1), "describe", &too_high("memory"));
    refused(&declared("(table 1 funcref)", 100, 3), "describe", &too_high("table"));
    refused(&declared("", 0, 68), "describe", &too_high("instance"));
    let table = declared("(table 10000000 funcref)", 1, 1);
    refused(&table, "describe", "out-of-memory: wanted more than its 32 MiB of memory");
}

#[test]
fn names_without_end() {
    let words = "has more than 1000 imports and exports: leave out what the world `election` does";
    refused(&amplifiers::exports(1_000_000), "parse", words);
    assert!(load(&amplifiers::exports(900)).is_ok());
}

#[test]
fn types_that_no_value_can_have() {
    refused(&amplifiers::tuples(50), "parse", "effective type size exceeds the limit of 1000000");
    let words = "type mismatch with parameters: expected `u64` found `tuple`";
    refused(&amplifiers::odd_stderr(), "imports", words);
}

#[test]
fn what_only_looks_large_loads() {
    assert!(load(&amplifiers::custom(19 << 20)).is_ok());
    assert!(load(&amplifiers::data(20)).is_ok());
    assert!(load(&amplifiers::tuples(5)).is_ok());
}
