//! What the tests of the engine share: inputs, a loader, and a maker of odd components.

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

pub mod floods;

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use hotseat_component::{Options, build};
use hotseat_core::policy::{Attempts, Cause, Input, Observation, Outcome, Pace, Seat};
use hotseat_engine::{
    CompileLimits, Compiler, LARGEST_COMPONENT, Limits, LoadedPolicy, Loader, Runtime, STANDARD,
    Source,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

pub const CONTRACT: &str = include_str!("../../../../wit/policy.wit");

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
            identity: "a".into(),
            uptime: 5_000,
            cause: Cause::SeatChanged,
            seat: Some(Seat {
                holder: None,
                age: 3,
                duration: 15_000,
                free_in: 0,
                transitions: 7,
                successor: None,
                paused: false,
            }),
            claim: None,
            attempts: Attempts { last: Outcome::None, failures: 0, since_success: None },
            signals: Vec::new(),
            roster: Vec::new(),
        },
    }
}

/// The parts of a policy written in WebAssembly text. The defaults make a proper policy named
/// `odd` that waits for a second, without settings.
pub struct Odd<'a> {
    /// The world, as WIT.
    pub wit: &'a str,
    /// Interfaces of WASI that the world imports besides, such as `wasi:io/poll`, and the number
    /// behind 0.2 of their version.
    pub wasi: (&'a [&'a str], u32),
    /// The interface that the functions below belong to.
    pub interface: &'a str,
    /// Pages of memory, or what else follows `memory (export "memory")`.
    pub memory: &'a str,
    /// The bodies of the functions; each returns the address of its answer.
    pub describe: &'a str,
    pub validate: &'a str,
    pub decide: &'a str,
    pub migrate: &'a str,
    /// Imports of the module.
    pub imports: &'a str,
    /// More fields of the module.
    pub extra: &'a str,
}

/// The address of the answer of `decide`; its layout is in [`ANSWER`].
pub const DECIDE: &str = "(i32.const 2048)";
/// Stores a proper answer: wait, ask again after a second. The reason's address and length are at
/// 2096 and 2100, those of the memory at 2112 and 2116, the wake-up at 2072, lease at 2080.
pub const ANSWER: &str = "(i64.store (i32.const 2072) (i64.const 1000))";

impl Default for Odd<'_> {
    fn default() -> Self {
        Odd {
            wit: CONTRACT,
            wasi: (&[], WASI),
            interface: "hotseat:policy/policy@1.0.0",
            memory: "2",
            describe: "(i32.const 1024)",
            validate: "(i32.const 1100)",
            decide: "(i64.store (i32.const 2072) (i64.const 1000)) (i32.const 2048)",
            migrate: "(i32.const 1200)",
            imports: "",
            extra: "",
        }
    }
}

impl Odd<'_> {
    /// The component.
    pub fn build(&self) -> Vec<u8> {
        let (interfaces, patch) = self.wasi;
        let (mut resolve, mut wit) = (Resolve::default(), self.wit.to_owned());
        if !interfaces.is_empty() {
            resolve = wasi(patch);
            let imports: String = interfaces
                .iter()
                .map(|interface| format!("import {interface}@0.2.{patch};"))
                .collect();
            wit = wit.replace("world election {", &format!("world election {{ {imports}"));
        }
        encode(&self.module(), resolve, &wit)
    }

    fn module(&self) -> Vec<u8> {
        let Odd { interface, memory, describe, validate, decide, migrate, imports, extra, .. } =
            self;
        // name "odd", version "1", summary "s", memory-schema 1, settings-schema "", no roster.
        let descriptor = record(&[(900, 3), (903, 1), (904, 1)]) + &words(&[1, 0, 0, 0]);
        let text = format!(
            r#"(module
  {imports}
  (memory (export "memory") {memory})
  (data (i32.const 900) "odd1s")
  (data (i32.const 1024) "{descriptor}")
  (global $next (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $next)
    (global.set $next (i32.and (i32.add (i32.add (global.get $next) (local.get 3)) (i32.const 7))
      (i32.const -8))))
  (func (export "{interface}#describe") (result i32) {describe})
  (func (export "{interface}#validate") (param i32 i32) (result i32) {validate})
  (func (export "{interface}#decide") (param i32) (result i32) {decide})
  (func (export "{interface}#migrate") (param i32 i32 i32 i32 i32) (result i32) {migrate})
  {extra})"#
        );
        wat::parse_str(text).unwrap()
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
    let odd = Odd { extra: &extra, ..Odd::default() };
    odd.build()
}

/// The hostile guest.
pub fn hostile() -> Vec<u8> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest/hostile");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    build(&manifest, &Options::new(target.join("policy-guests"))).unwrap()
}

/// The newest version of WASI 0.2 that is answered, by the number behind 0.2.
pub const WASI: u32 = 12;

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
    Odd { wasi, imports: &imports, memory: "20", decide, ..Odd::default() }.build()
}

/// WASI's own WIT, as it was in version 0.2.`patch`.
fn wasi(patch: u32) -> Resolve {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest/blindfold/wit/deps");
    let mut resolve = Resolve::default();
    // Each after those that it uses.
    for package in ["io", "clocks", "random", "filesystem", "sockets", "cli"] {
        let file = folder.join(package).with_extension("wit");
        let text = std::fs::read_to_string(&file).unwrap();
        // What was added since 0.2.0 may be missing in an older one; that makes no difference to what
        // a component takes of the rest.
        let text = text.replace(&format!("@0.2.{WASI}"), &format!("@0.2.{patch}"));
        let text = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("@since"))
            .collect::<Vec<_>>()
            .join("\n");
        resolve.push_str(&file, &text).unwrap();
    }
    resolve
}

/// Makes a component of the world `election` in `wit` from a core module.
pub fn component(module: &[u8], wit: &str) -> Vec<u8> {
    encode(module, Resolve::default(), wit)
}

fn encode(module: &[u8], mut resolve: Resolve, wit: &str) -> Vec<u8> {
    let mut module = module.to_vec();
    let package = resolve.push_str("policy.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some("election")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(&module).unwrap();
    encoder.encode().unwrap()
}

/// Strings as a record holds them: address and length.
fn record(strings: &[(u32, u32)]) -> String {
    strings.iter().map(|(address, length)| words(&[*address, *length])).collect()
}

/// Little-endian words as WebAssembly text wants them in a data segment.
fn words(words: &[u32]) -> String {
    let mut text = String::new();
    for byte in words.iter().flat_map(|word| word.to_le_bytes()) {
        write!(text, "\\{byte:02x}").unwrap();
    }
    text
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
