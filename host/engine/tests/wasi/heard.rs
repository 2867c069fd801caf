//! What a policy writes is heard when it fails.

use hotseat_core::policy::{Failure, FailureKind};
use hotseat_engine::Limits;

use super::common::{
    MUCH_FUEL, UnexpectedType, WASI, import, input, limits, load, loader, source, wasi_policy,
};

const INTERFACES: [&str; 3] = ["wasi:cli/stderr", "wasi:cli/stdout", "wasi:io/streams"];
const TRAP: &str = "wasm trap: wasm `unreachable` instruction executed";

fn imports() -> [(&'static str, &'static str); 3] {
    [
        (INTERFACES[0], "\"get-stderr\" (func $err (result i32))"),
        (INTERFACES[1], "\"get-stdout\" (func $out (result i32))"),
        (
            INTERFACES[2],
            "\"[method]output-stream.blocking-write-and-flush\"
              (func $write (param i32 i32 i32 i32))",
        ),
    ]
}

/// Writes the bytes of the memory from `address` on.
fn write(stream: &str, address: u32, length: u32) -> String {
    format!(
        "(call $write (call ${stream}) (i32.const {address}) (i32.const {length}) (i32.const 8))"
    )
}

/// A policy whose memory has `text` at 4000.
fn odd(text: &str, functions: impl FnOnce(&mut UnexpectedType<'_>)) -> Vec<u8> {
    let imports: String = imports().map(|(interface, rest)| import(interface, rest)).concat();
    let extra = format!("(data (i32.const 4000) \"{text}\")");
    let mut odd = UnexpectedType {
        wasi: (&INTERFACES, WASI),
        imports: &imports,
        memory: "20",
        extra: &extra,
        ..UnexpectedType::default()
    };
    functions(&mut odd);
    odd.build()
}

/// How `decide` fails.
fn failure(text: &str, decide: &str, limits: &Limits) -> Failure {
    let policy = load(&odd(text, |odd| odd.decide = decide.to_owned().leak()));
    policy.decide(&input(), limits).unwrap_err()
}

#[test]
fn both_streams_in_their_order_and_in_one_line() {
    let decide = [write("out", 4000, 7), write("err", 4007, 12), "unreachable".into()].concat();
    let failure = failure("before\\nboom:\\1b[2J me", &decide, &limits());
    assert_eq!(failure.kind, FailureKind::Trapped);
    assert_eq!(failure.detail, format!("{TRAP}; it wrote: before boom: [2J me"));
}

#[test]
fn each_kind_of_failure() {
    let said = write("err", 4000, 5);
    let after = |rest: &str| format!("{said} {rest}");
    let forever = "(loop $again (br $again)) unreachable";
    let patient =
        Limits { fuel: MUCH_FUEL, wall: std::time::Duration::from_millis(100), ..limits() };
    let cases = [
        (after("unreachable"), limits(), FailureKind::Trapped),
        (after(forever), limits(), FailureKind::OutOfFuel),
        (after(forever), patient, FailureKind::TimedOut),
        (
            after("(drop (memory.grow (i32.const 1000))) unreachable"),
            limits(),
            FailureKind::OutOfMemory,
        ),
        // A reason of a mebibyte.
        (
            after("(i32.store (i32.const 2100) (i32.const 1048576)) (i32.const 2048)"),
            limits(),
            FailureKind::AnswerTooLarge,
        ),
        // A wake-up of 0, and a refusal without a word.
        (after("(i32.const 2048)"), limits(), FailureKind::Rejected),
        (
            after("(i32.store8 (i32.const 2048) (i32.const 1)) (i32.const 2048)"),
            limits(),
            FailureKind::Refused,
        ),
    ];
    for (decide, limits, kind) in cases {
        let failure = failure("hello", &decide, &limits);
        assert_eq!(failure.kind, kind, "{failure:?}");
        assert!(failure.detail.ends_with("; it wrote: hello"), "{failure:?}");
    }
}

#[test]
fn each_stage_of_loading() {
    let trap: &'static str = (write("err", 4000, 5) + "unreachable").leak();
    type Set = fn(&mut UnexpectedType<'_>, &'static str);
    let cases: [(Set, &str, &str); 3] = [
        (|odd, trap| odd.describe = trap, "describe", "`describe`"),
        (|odd, trap| odd.validate = trap, "settings", "settings: `validate`"),
        (|odd, trap| odd.decide = trap, "dry-run", "trial decision"),
    ];
    for (set, stage, what) in cases {
        let bytes = odd("hello", |odd| set(odd, trap));
        let error = loader().load(&source(&bytes), &input()).err().unwrap();
        let expected = format!("test:odd: {what}: trapped: {TRAP}; it wrote: hello");
        assert_eq!((error.stage(), error.to_string()), (stage, expected));
    }
}

/// The last kibibyte, from a whole character on.
#[test]
fn the_end_of_much_that_is_written() {
    // Of three bytes each, so that the limit falls within one.
    let text = "€".repeat(1000) + "!!";
    let decide = write("err", 4000, 3002) + "unreachable";
    let failure = failure(&text, &decide, &limits());
    let written = "€".repeat(340) + "!!";
    assert_eq!(failure.detail, format!("{TRAP}; it wrote: …{written}"));
    // The same, a piece at a time.
    let pieces: String = (0..1501).map(|piece| write("err", 4000 + 2 * piece, 2)).collect();
    let failure = self::failure(&text, &(pieces + "unreachable"), &limits());
    assert_eq!(failure.detail, format!("{TRAP}; it wrote: …{written}"));
}

#[test]
fn silence_adds_nothing() {
    let policy = load(&wasi_policy(&imports(), "unreachable"));
    assert_eq!(policy.decide(&input(), &limits()).unwrap_err().detail, TRAP);
}

/// A write, a decision later: nothing is left of it.
#[test]
fn nothing_is_heard_of_an_earlier_question() {
    let decide = format!(
        "(if (i32.eqz (i32.and (i32.load (i32.add (local.get 0) (i32.const 16))) (i32.const 1)))
           (then {})) unreachable",
        write("err", 4000, 5)
    );
    let policy = load(&odd("hello", |odd| odd.decide = decide.leak()));
    let ask = |entropy| {
        let mut input = input();
        input.entropy = entropy;
        policy.decide(&input, &limits()).unwrap_err().detail
    };
    assert_eq!(ask(0), format!("{TRAP}; it wrote: hello"));
    assert_eq!(ask(1), TRAP);
}
