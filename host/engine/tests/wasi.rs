//! Guests that import WASI: they load, they find nothing out, and equal questions have equal
//! answers.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{CONTRACT, Odd, input, limits, load};
use hotseat_core::policy::{FailureKind, Input};

/// What the guests here import, as WASI 0.2 has it.
const PACKAGES: &str = "
package wasi:clocks@0.2.6 { interface monotonic-clock { now: func() -> u64; } }
package wasi:random@0.2.6 {
    interface random { get-random-u64: func() -> u64; get-random-bytes: func(len: u64) -> list<u8>; }
}
package wasi:cli@0.2.6 {
    interface environment { get-environment: func() -> list<tuple<string, string>>; }
    interface exit { exit: func(status: result); }
}
package wasi:filesystem@0.2.6 {
    interface preopens {
        resource descriptor;
        get-directories: func() -> list<tuple<descriptor, string>>;
    }
}
package wasi:sockets@0.2.6 {
    interface tcp-create-socket {
        resource tcp-socket;
        enum error-code { unknown, access-denied }
        create-tcp-socket: func() -> result<tcp-socket, error-code>;
    }
}
package wasi:io@0.2.6 {
    interface poll {
        resource pollable { block: func(); ready: func() -> bool; }
        never: func() -> pollable;
        poll: func(in: list<borrow<pollable>>) -> list<u32>;
    }
}";

/// Answers with what `$import` of `interface` gives as its wake-up; at least a millisecond.
fn answer(interface: &str, import: &str, decide: &str, input: &Input) -> (u64, u64) {
    let wit = CONTRACT
        .replace("world election {", &format!("world election {{ import {interface}@0.2.6;"))
        + PACKAGES;
    let imports = format!("(import \"{interface}@0.2.6\" {import})");
    let decide = format!("(i64.store (i32.const 2072) {decide}) (i32.const 2048)");
    let odd = Odd { wit: &wit, imports: &imports, decide: &decide, ..Odd::default() };
    let policy = load(&odd.build());
    let ask = || policy.decide(input, &limits()).unwrap();
    let ((first, spent), (second, again)) = (ask(), ask());
    assert_eq!((&first, spent.fuel), (&second, again.fuel), "one input, one answer");
    (first.wake_after, spent.fuel)
}

#[test]
fn the_clock_stands_at_the_uptime() {
    let now = "\"now\" (func $now (result i64))";
    let decide = "(i64.div_u (call $now) (i64.const 1000000))";
    assert_eq!(answer("wasi:clocks/monotonic-clock", now, decide, &input()).0, 5_000);
}

/// Go's runtime ends itself when a clock says 0, and so it could not be asked to describe itself.
#[test]
fn the_clock_never_says_zero() {
    let now = "\"now\" (func $now (result i64))";
    let mut first = input();
    first.observation.uptime = 0;
    assert_eq!(answer("wasi:clocks/monotonic-clock", now, "(call $now)", &first).0, 1);
}

#[test]
fn chance_comes_from_the_questions_entropy() {
    let draw = "\"get-random-u64\" (func $draw (result i64))";
    let decide = "(i64.add (i64.const 1) (i64.and (call $draw) (i64.const 65535)))";
    let with =
        |entropy| answer("wasi:random/random", draw, decide, &Input { entropy, ..input() }).0;
    assert_ne!(with(1), with(2));
    let bytes = "\"get-random-bytes\" (func $bytes (param i64 i32))";
    let decide = "(call $bytes (i64.const 300) (i32.const 8)) (i64.load32_u (i32.const 12))";
    assert_eq!(answer("wasi:random/random", bytes, decide, &input()).0, 300);
}

/// What the host makes for a guest counts towards none of the guest's limits, so it has its own.
#[test]
fn chance_comes_in_pieces_of_64_kib_at_most() {
    let wit = CONTRACT
        .replace("world election {", "world election { import wasi:random/random@0.2.6;")
        + PACKAGES;
    let imports = "(import \"wasi:random/random@0.2.6\" \"get-random-bytes\"
        (func $bytes (param i64 i32)))";
    let ask = |length: u64| {
        let decide = format!(
            "(call $bytes (i64.const {length}) (i32.const 8))
             (i64.store (i32.const 2072) (i64.load32_u (i32.const 12))) (i32.const 2048)"
        );
        let odd = Odd { wit: &wit, imports, memory: "20", decide: &decide, ..Odd::default() };
        load(&odd.build()).decide(&input(), &limits())
    };
    assert_eq!(ask(65_536).unwrap().0.wake_after, 65_536);
    for length in [65_537, 100_000, 1 << 20] {
        let failure = ask(length).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Trapped);
        let asked = format!("the policy asks for {length} random bytes at once");
        assert!(failure.detail.contains(&asked), "{failure:?}");
    }
}

#[test]
fn there_is_no_environment_no_file_and_no_socket() {
    // Each is a list's length or an outcome, and one more.
    let plus_one = |load: &str| format!("(i64.add (i64.const 1) {load})");
    let list = plus_one("(i64.load32_u (i32.const 12))");
    for (interface, name) in [
        ("wasi:cli/environment", "get-environment"),
        ("wasi:filesystem/preopens", "get-directories"),
    ] {
        let import = format!("\"{name}\" (func $get (param i32))");
        let decide = format!("(call $get (i32.const 8)) {list}");
        assert_eq!(answer(interface, &import, &decide, &input()).0, 1, "{interface} is not empty");
    }
    // An error is 1 in the first byte, and the second choice of its codes denies access.
    let import = "\"create-tcp-socket\" (func $create (param i32))";
    let decide =
        format!("(call $create (i32.const 8)) {}", plus_one("(i64.load32_u (i32.const 8))"));
    let (outcome, _) = answer("wasi:sockets/tcp-create-socket", import, &decide, &input());
    let code = plus_one("(i64.load8_u (i32.const 12))");
    let decide = format!("(call $create (i32.const 8)) {code}");
    let (denied, _) = answer("wasi:sockets/tcp-create-socket", import, &decide, &input());
    assert_eq!((outcome, denied), (2, 2));
}

/// What a guest could wait for is ready: a wait would hold the election's thread.
#[test]
fn nothing_waits() {
    let import = "\"never\" (func $never (result i32)))
        (import \"wasi:io/poll@0.2.6\" \"[method]pollable.block\" (func $block (param i32)))
        (import \"wasi:io/poll@0.2.6\" \"[method]pollable.ready\" (func $ready (param i32) (result i32))";
    let decide = "(global.set $next (call $never)) (call $block (global.get $next))
        (i64.extend_i32_u (i32.add (i32.const 1) (call $ready (global.get $next))))";
    assert_eq!(answer("wasi:io/poll", import, decide, &input()).0, 2);
}

#[test]
fn a_policy_does_not_exit() {
    let wit = CONTRACT.replace("world election {", "world election { import wasi:cli/exit@0.2.6;")
        + PACKAGES;
    let odd = Odd {
        wit: &wit,
        imports: "(import \"wasi:cli/exit@0.2.6\" \"exit\" (func $exit (param i32)))",
        decide: "(call $exit (i32.const 0)) (i32.const 2048)",
        ..Odd::default()
    };
    let failure = load(&odd.build()).decide(&input(), &limits()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Trapped);
    assert!(failure.detail.contains("wasi:cli/exit.exit"), "{failure:?}");
}
