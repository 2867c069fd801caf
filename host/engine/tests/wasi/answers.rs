//! They find nothing out, and equal questions have equal answers.

use hotseat_core::policy::{FailureKind, Input};

use super::common::{UnexpectedType, WASI, import, input, limits, load, wasi_policy};

/// Answers with what `decide` leaves of a function of `interface` as its wake-up, at least 1.
fn answer(interface: &str, function: &str, decide: &str, input: &Input) -> u64 {
    answer_of(&[(interface, function)], decide, input)
}

fn answer_of(imports: &[(&str, &str)], decide: &str, input: &Input) -> u64 {
    let decide = format!("(i64.store (i32.const 2072) {decide}) (i32.const 2048)");
    let policy = load(&wasi_policy(imports, &decide));
    let ask = || policy.decide(input, &limits()).unwrap();
    let ((first, spent), (second, again)) = (ask(), ask());
    assert_eq!((&first, spent.fuel), (&second, again.fuel), "one input, one answer");
    first.wake_after
}

const MONOTONIC: &str = "wasi:clocks/monotonic-clock";
const NOW: &str = "\"now\" (func $now (result i64))";

#[test]
fn the_clocks_stand_at_the_uptime() {
    let decide = "(i64.div_u (call $now) (i64.const 1000000))";
    assert_eq!(answer(MONOTONIC, NOW, decide, &input()), 5_000);
    let mut later = input();
    later.observation.uptime = 5_678;
    let wall = "\"now\" (func $now (param i32))";
    let seconds = "(call $now (i32.const 8)) (i64.load (i32.const 8))";
    assert_eq!(answer("wasi:clocks/wall-clock", wall, seconds, &later), 5);
    let milliseconds = "(call $now (i32.const 8))
        (i64.div_u (i64.load32_u (i32.const 16)) (i64.const 1000000))";
    assert_eq!(answer("wasi:clocks/wall-clock", wall, milliseconds, &later), 678);
}

/// Go's runtime ends itself when a clock says 0, and so it could not be asked to describe itself.
#[test]
fn the_clock_never_says_zero() {
    let mut first = input();
    first.observation.uptime = 0;
    assert_eq!(answer(MONOTONIC, NOW, "(call $now)", &first), 1);
}

#[test]
fn chance_comes_from_the_questions_entropy() {
    let draw = "\"get-random-u64\" (func $draw (result i64))";
    let decide = "(i64.add (i64.const 1) (i64.and (call $draw) (i64.const 65535)))";
    let with = |entropy| answer("wasi:random/random", draw, decide, &Input { entropy, ..input() });
    assert_ne!(with(1), with(2));
    // SplitMix64's first number from the state 0 ends in cdaf.
    assert_eq!(with(0), 0xcdaf + 1);
}

/// Go's runtime draws its seed so.
#[test]
fn a_draw_while_it_is_instantiated_is_of_the_questions_entropy_too() {
    let imports = import("wasi:random/random", "\"get-random-u64\" (func $draw (result i64))");
    let odd = UnexpectedType {
        wasi: (&["wasi:random/random"], WASI),
        imports: &imports,
        extra:
            "(global $drawn (mut i64) (i64.const 0))
          (func $begin (global.set $drawn (i64.and (call $draw) (i64.const 65535)))) (start $begin)",
        decide: "(i64.store (i32.const 2072) (global.get $drawn)) (i32.const 2048)",
        ..UnexpectedType::default()
    };
    let policy = load(&odd.build());
    let ask = |entropy| {
        let input = Input { entropy, ..input() };
        policy.decide(&input, &limits()).unwrap().0.wake_after
    };
    assert_eq!(ask(0), 0xcdaf);
    assert_ne!(ask(1), ask(2));
}

#[test]
fn any_number_of_random_bytes_is_drawn() {
    let bytes = "\"get-random-bytes\" (func $bytes (param i64 i32))";
    for length in [0, 1, 7, 8, 300, 100_000] {
        let decide = format!(
            "(call $bytes (i64.const {length}) (i32.const 8))
             (i64.add (i64.const 1) (i64.load32_u (i32.const 12)))"
        );
        assert_eq!(answer("wasi:random/random", bytes, &decide, &input()), length + 1);
    }
}

#[test]
fn there_is_no_environment_no_file_and_no_socket() {
    // Each is a list's length or an outcome, and one more.
    let plus_one = |load: &str| format!("(i64.add (i64.const 1) {load})");
    let list = plus_one("(i64.load32_u (i32.const 12))");
    for (interface, name) in [
        ("wasi:cli/environment", "get-environment"),
        ("wasi:cli/environment", "get-arguments"),
        ("wasi:filesystem/preopens", "get-directories"),
    ] {
        let import = format!("\"{name}\" (func $get (param i32))");
        let decide = format!("(call $get (i32.const 8)) {list}");
        assert_eq!(answer(interface, &import, &decide, &input()), 1, "{name} is not empty");
    }
    // An error is 1 in the first byte, and the second choice of its codes denies access.
    for kind in ["tcp", "udp"] {
        let interface = format!("wasi:sockets/{kind}-create-socket");
        let import = format!("\"create-{kind}-socket\" (func $create (param i32 i32))");
        let create = "(call $create (i32.const 0) (i32.const 8))";
        let outcome = format!("{create} {}", plus_one("(i64.load8_u (i32.const 8))"));
        let code = format!("{create} {}", plus_one("(i64.load8_u (i32.const 12))"));
        let ask = |decide: &str| answer(&interface, &import, decide, &input());
        assert_eq!((ask(&outcome), ask(&code)), (2, 2));
    }
}

/// What a policy could wait for is ready: a wait would hold the election's thread.
#[test]
fn nothing_waits() {
    let imports = [
        (MONOTONIC, "\"subscribe-duration\" (func $in (param i64) (result i32))"),
        ("wasi:io/poll", "\"[method]pollable.block\" (func $block (param i32))"),
        ("wasi:io/poll", "\"[method]pollable.ready\" (func $ready (param i32) (result i32))"),
        ("wasi:io/poll", "\"poll\" (func $poll (param i32 i32 i32))"),
    ];
    let begin = "(global.set $next (call $in (i64.const 3600000000000)))
        (call $block (global.get $next))";
    let ready = "(i64.extend_i32_u (i32.add (i32.const 1) (call $ready (global.get $next))))";
    assert_eq!(answer_of(&imports, &format!("{begin} {ready}"), &input()), 2);
    // The handle itself is at 16; the list of those that are ready is put at 65536.
    let poll = "(i32.store (i32.const 16) (global.get $next)) (global.set $next (i32.const 65536))
        (call $poll (i32.const 16) (i32.const 1) (i32.const 8)) (i64.load32_u (i32.const 12))";
    assert_eq!(answer_of(&imports, &format!("{begin} {poll}"), &input()), 1);
}

#[test]
fn there_is_nothing_to_read() {
    let imports = [
        ("wasi:cli/stdin", "\"get-stdin\" (func $in (result i32))"),
        ("wasi:io/streams", "\"[method]input-stream.read\" (func $read (param i32 i64 i32))"),
    ];
    // An error, 1, and of its two kinds the second: the stream is closed.
    let decide = "(call $read (call $in) (i64.const 10) (i32.const 8))
        (i64.add (i64.load8_u (i32.const 8))
          (i64.mul (i64.const 10) (i64.load8_u (i32.const 12))))";
    assert_eq!(answer_of(&imports, decide, &input()), 11);
}

#[test]
fn a_policy_does_not_exit() {
    let exit = ("wasi:cli/exit", "\"exit\" (func $exit (param i32))");
    let failure = load(&wasi_policy(&[exit], "(call $exit (i32.const 0)) (i32.const 2048)"))
        .decide(&input(), &limits())
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Trapped);
    let said = "; it wrote: the policy called exit: a policy answers and does not exit";
    assert!(failure.detail.ends_with(said), "{failure:?}");
}

/// One interface answers each version of 0.2, whether it was built against an older or a newer one.
#[test]
fn every_version_of_wasi_0_2_is_answered() {
    for patch in [0, 1, 3, 6, 11, 12, 99] {
        // The others bring most types with them, which are compared.
        let used = [
            (MONOTONIC, NOW),
            ("wasi:filesystem/types", "\"[method]descriptor.stat\" (func (param i32 i32))"),
            ("wasi:sockets/udp", "\"[method]udp-socket.remote-address\" (func (param i32 i32))"),
            ("wasi:io/streams", "\"[method]output-stream.check-write\" (func (param i32 i32))"),
        ];
        let imports = used.map(|(interface, function)| import(interface, function)).concat();
        let imports = imports.replace(&format!("0.2.{WASI}"), &format!("0.2.{patch}"));
        let odd = UnexpectedType {
            wasi: (&used.map(|(interface, _)| interface), patch),
            imports: &imports,
            decide: "(i64.store (i32.const 2072) (call $now)) (i32.const 2048)",
            ..UnexpectedType::default()
        };
        let mut first = input();
        first.observation.uptime = 0;
        let (decision, _) = load(&odd.build()).decide(&first, &limits()).unwrap();
        assert_eq!(decision.wake_after, 1, "0.2.{patch}");
    }
}
