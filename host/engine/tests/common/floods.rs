//! Policies that ask more of WASI than is good for anybody.

use super::wasi_policy;

/// A policy that floods, and what `decide` does.
pub struct Flood {
    pub name: &'static str,
    imports: &'static [(&'static str, &'static str)],
    decide: String,
}

impl Flood {
    pub fn build(&self) -> Vec<u8> {
        wasi_policy(self.imports, &self.decide)
    }
}

const CLOCK: &str = "wasi:clocks/monotonic-clock";
const SUBSCRIBE: (&str, &str) =
    (CLOCK, "\"subscribe-duration\" (func $in (param i64) (result i32))");

/// Handles, and never one given back.
pub fn handles() -> Flood {
    let decide = "(loop $again (drop (call $in (i64.const 1))) (br $again)) unreachable".into();
    Flood { name: "handles", imports: &[SUBSCRIBE], decide }
}

/// One handle, waited for a quarter of a million times in one call.
pub fn polls() -> Flood {
    const POLL: (&str, &str) = ("wasi:io/poll", "\"poll\" (func $poll (param i32 i32 i32))");
    let decide = "(local.set 0 (call $in (i64.const 1)))
        (memory.fill (i32.const 65536) (i32.const 0) (i32.const 1048576))
        (global.set $next (i32.const 65536))
        (loop $again (i32.store (global.get $next) (local.get 0))
          (global.set $next (i32.add (global.get $next) (i32.const 4)))
          (br_if $again (i32.lt_u (global.get $next) (i32.const 1114112))))
        (call $poll (i32.const 65536) (i32.const 262144) (i32.const 8)) unreachable";
    Flood { name: "polls", imports: &[SUBSCRIBE, POLL], decide: decide.into() }
}

const OUT: (&str, &str) = ("wasi:cli/stdout", "\"get-stdout\" (func $out (result i32))");
const WRITE: (&str, &str) =
    ("wasi:io/streams", "\"[method]output-stream.write\" (func $write (param i32 i32 i32 i32))");

/// 19 MB, written at once.
pub fn one_write() -> Flood {
    let decide = "(drop (memory.grow (i32.const 290)))
        (call $write (call $out) (i32.const 65536) (i32.const 19000000) (i32.const 8)) unreachable";
    Flood { name: "one-write", imports: &[OUT, WRITE], decide: decide.into() }
}

/// 60 KB, written over and over.
pub fn writes() -> Flood {
    let decide = "(local.set 0 (call $out))
        (loop $again
          (call $write (local.get 0) (i32.const 65536) (i32.const 60000) (i32.const 8))
          (br $again)) unreachable";
    Flood { name: "writes", imports: &[OUT, WRITE], decide: decide.into() }
}

/// So many random bytes at once, as often as it goes.
pub fn chance(length: u64) -> Flood {
    const BYTES: (&str, &str) =
        ("wasi:random/random", "\"get-random-bytes\" (func $bytes (param i64 i32))");
    let decide = format!(
        "(loop $again (global.set $next (i32.const 65536))
           (call $bytes (i64.const {length}) (i32.const 8)) (br $again)) unreachable"
    );
    Flood { name: "chance", imports: &[BYTES], decide }
}

/// Names of a mebibyte to be looked up: a string that goes from one component to another is checked
/// and copied by the engine, without fuel.
pub fn names() -> Flood {
    const NETWORK: (&str, &str) =
        ("wasi:sockets/instance-network", "\"instance-network\" (func $net (result i32))");
    const RESOLVE: (&str, &str) = (
        "wasi:sockets/ip-name-lookup",
        "\"resolve-addresses\" (func $resolve (param i32 i32 i32 i32))",
    );
    let decide = "(local.set 0 (call $net))
        (memory.fill (i32.const 65536) (i32.const 97) (i32.const 1048576))
        (loop $again
          (call $resolve (local.get 0) (i32.const 65536) (i32.const 1048576) (i32.const 8))
          (br $again)) unreachable";
    Flood { name: "names", imports: &[NETWORK, RESOLVE], decide: decide.into() }
}

/// So many calls in a straight line: no loop in which, and between two of them no function at whose
/// beginning, the policy's own code would look at the clock. Then it answers.
pub fn straight_line(calls: usize) -> Flood {
    const NOW: (&str, &str) = (CLOCK, "\"now\" (func $now (result i64))");
    let calls = "(drop (call $now))".repeat(calls);
    let decide = calls + super::ANSWER + super::DECIDE;
    Flood { name: "straight-line", imports: &[NOW], decide }
}
