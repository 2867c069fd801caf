//! What the tests of the engine share: inputs, a loader, and a maker of odd components.

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

pub mod amplifiers;
pub mod floods;
mod odd;

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use hotseat_component::{Options, build};
use hotseat_core::policy::{Attempts, Cause, Input, Observation, Outcome, Pace, SeatView};
use hotseat_engine::{
    CompileLimits, Compiler, LARGEST_COMPONENT, Limits, LoadedPolicy, Loader, Runtime, STANDARD,
    Source,
};

pub use odd::*;

pub fn compiler(limits: CompileLimits) -> Compiler {
    Compiler::new(env!("CARGO_BIN_EXE_hotseat-compile"), &[], limits)
}

/// So much fuel that any limit of time comes first, and not so much that a call which no limit of
/// time ends would run for ever: some seconds of an empty loop, some of filling memory.
pub const MUCH_FUEL: u64 = 20_000_000_000;

/// The default limits, but time enough for a machine that does much else.
pub fn limits() -> Limits {
    Limits { wall: Duration::from_secs(60), ..Limits::default() }
}

pub fn loader() -> Loader {
    Loader::new(Runtime::new().unwrap(), compiler(CompileLimits::default()), limits())
}

pub fn source(bytes: &[u8]) -> Source {
    Source::new("test:odd", bytes.to_vec(), LARGEST_COMPONENT).unwrap()
}

pub fn load(bytes: &[u8]) -> LoadedPolicy {
    loader().prepare(&source(bytes)).unwrap()
}

pub fn standard() -> LoadedPolicy {
    load(STANDARD)
}

/// A standby that looks at a free seat.
pub fn input() -> Input {
    Input {
        settings: String::new(),
        memory: Vec::new(),
        entropy: 0x1234_5678_9abc_def0,
        timing: Pace {
            lease_duration: 15_000,
            renew_deadline: 10_000,
            retry_period: 2_000,
            shortest_lease: 1_000,
            longest_lease: 60_000,
        },
        observation: Observation {
            election: "web".to_owned(),
            namespace: "shop".to_owned(),
            identity: "a".into(),
            uptime: 5_000,
            seats: 0,
            causes: Cause::SeatChanged.into(),
            seat: Some(SeatView {
                holder: None,
                age: 3,
                duration: 15_000,
                free_in: 0,
                transitions: 7,
                held_for: 0,
                successor: None,
                transfer: None,
                paused: false,
                extra: Vec::new(),
            }),
            claim: None,
            attempts: Attempts { last: Outcome::None, failures: 0, since_success: None },
            last_decision: None,
            signals: Vec::new(),
            roster: Vec::new(),
            extra: Vec::new(),
        },
    }
}

/// A policy with one function of so many steps, each of which needs all values before it.
pub fn heavy(steps: usize) -> Vec<u8> {
    let mut body = String::new();
    for step in 0..steps {
        let (to, from) = (step % 200, (step * 7 + 3) % 200);
        write!(
            body,
            "(local.set {to} (i64.xor (i64.rotl (local.get {from}) (i64.const {})) (local.get {to})))
             (if (i64.eqz (local.get {to})) (then (i64.store (i32.const 8) (local.get {from}))))",
            step % 63
        )
        .unwrap();
    }
    let locals = "i64 ".repeat(200);
    // Values that the compiler cannot know.
    let start: String = (0..200)
        .map(|local| format!("(local.set {local} (i64.load (i32.const {})))", local * 8))
        .collect();
    let extra = format!("(func $heavy (export \"heavy\") (local {locals}) {start} {body})");
    let odd = UnexpectedType { extra: &extra, ..UnexpectedType::default() };
    odd.build()
}

/// The hostile guest.
pub fn hostile() -> Vec<u8> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest/hostile");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    build(&manifest, &Options::new(target.join("policy-guests"))).unwrap()
}

/// A function of WASI's, as a module imports it: of `wasi:cli/exit` it may be
/// `"exit" (func $exit (param i32))`.
pub fn import(interface: &str, function: &str) -> String {
    format!("(import \"{interface}@0.2.{WASI}\" {function})")
}

/// A policy with twenty pages of memory that imports functions of WASI's, by their interfaces and
/// the rest of the import.
pub fn wasi_policy(imports: &[(&str, &str)], decide: &str) -> Vec<u8> {
    let mut interfaces: Vec<&str> = imports.iter().map(|(interface, _)| *interface).collect();
    interfaces.dedup();
    let imports: String =
        imports.iter().map(|(interface, function)| import(interface, function)).collect();
    let wasi = (interfaces.as_slice(), WASI);
    UnexpectedType { wasi, imports: &imports, memory: "20", decide, ..UnexpectedType::default() }
        .build()
}

/// Resident memory of this process, in KiB.
pub fn resident() -> u64 {
    status("VmRSS:")
}

/// The most memory that was resident while `call` ran, beyond what was before it, in KiB.
pub fn peak(call: impl FnOnce()) -> u64 {
    // Lets the kernel forget the peak until now.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = resident();
    call();
    status("VmHWM:").saturating_sub(before)
}

fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
