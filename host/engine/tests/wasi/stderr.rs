//! A policy that needs no WASI has somewhere to write, too, and nothing comes back from there.

use std::time::Duration;

use hotseat_core::policy::FailureKind;
use hotseat_engine::Limits;

use super::common::{
    CONTRACT, MUCH_FUEL, UnexpectedType, WASI, import, input, limits, load, loader, source,
};

const NAME: &str = "hotseat:diagnostics/stderr@1.0.0";
const TRAP: &str = "wasm trap: wasm `unreachable` instruction executed";
/// What a policy's module imports.
const WRITE: &str =
    r#"(import "hotseat:diagnostics/stderr@1.0.0" "write" (func $say (param i64)))"#;

/// The contract with an import beside it, whose interface has `body`.
fn world(body: &str) -> String {
    let import = format!("world election {{ import {NAME};");
    let package = format!("package hotseat:diagnostics@1.0.0 {{ interface stderr {{ {body} }} }}");
    CONTRACT.replace("world election {", &import) + &package
}

/// Writes text, eight bytes at a time.
fn write(text: &str) -> String {
    let number = |bytes: &[u8]| {
        let digits: String = bytes.iter().rev().map(|byte| format!("{byte:02x}")).collect();
        format!("(call $say (i64.const 0x{digits}))")
    };
    text.as_bytes().chunks(8).map(number).collect()
}

fn policy(decide: &str) -> Vec<u8> {
    let wit = world("write: func(bytes: u64);");
    UnexpectedType { wit: &wit, imports: WRITE, decide, ..UnexpectedType::default() }.build()
}

#[test]
fn what_is_written_stands_behind_the_reason() {
    let policy = load(&policy(&(write("boom: \u{1b}[2J\nlag is a word") + "unreachable")));
    let failure = policy.decide(&input(), &limits()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Trapped);
    assert_eq!(failure.detail, format!("{TRAP}; it wrote: boom: [2J lag is a word"));
}

#[test]
fn who_decides_is_not_shown() {
    let decide = write("all is well") + UnexpectedType::default().decide;
    let policy = load(&policy(&decide));
    policy.decide(&input(), &limits()).unwrap();
}

#[test]
fn the_end_of_much_is_kept() {
    let text: String = (0..1000).map(|number| format!("{number:03} ")).collect();
    let policy = load(&policy(&(write(&text) + "unreachable")));
    let failure = policy.decide(&input(), &limits()).unwrap_err();
    let kept = text[text.len() - 1024..].trim_end();
    assert_eq!(failure.detail, format!("{TRAP}; it wrote: …{kept}"));
}

/// Nothing but the limits of a call ends it, whatever it writes.
#[test]
fn writing_for_ever_ends_with_the_limits() {
    let forever = format!("(loop $again {} (br $again)) unreachable", write("again "));
    let policy = load(&policy(&forever));
    let thrifty = Limits { fuel: 100_000, ..limits() };
    let hasty = Limits { fuel: MUCH_FUEL, wall: Duration::from_millis(100), ..limits() };
    for (limits, kind) in [(thrifty, FailureKind::OutOfFuel), (hasty, FailureKind::TimedOut)] {
        let failure = policy.decide(&input(), &limits).unwrap_err();
        assert_eq!(failure.kind, kind, "{failure:?}");
        assert!(failure.detail.contains("; it wrote: …"), "{failure:?}");
    }
}

#[test]
fn beside_wasi_both_are_heard_in_their_order() {
    let interfaces = ["wasi:cli/stderr", "wasi:io/streams"];
    let imports = import(interfaces[0], "\"get-stderr\" (func $err (result i32))")
        + &import(
            interfaces[1],
            "\"[method]output-stream.blocking-write-and-flush\"
              (func $write (param i32 i32 i32 i32))",
        )
        + WRITE;
    let by_wasi = "(call $write (call $err) (i32.const 4000) (i32.const 3) (i32.const 8))";
    let decide = write("one ") + by_wasi + &write(" three") + "unreachable";
    let odd = UnexpectedType {
        wit: &world("write: func(bytes: u64);"),
        wasi: (&interfaces, WASI),
        imports: &imports,
        memory: "20",
        decide: &decide,
        extra: "(data (i32.const 4000) \"two\")",
        ..UnexpectedType::default()
    };
    let failure = load(&odd.build()).decide(&input(), &limits()).unwrap_err();
    assert_eq!(failure.detail, format!("{TRAP}; it wrote: one two three"));
}

/// The host answers one function of one type: with another type, another function or another
/// version a policy is refused, whether it is composed with what answers WASI or not.
#[test]
fn another_type_is_refused() {
    let wasi = [(&[][..], ""), (&["wasi:cli/exit"][..], "\"exit\" (func $exit (param i32))")];
    for (interfaces, function) in wasi {
        let exit = interfaces.first().map_or(String::new(), |name| import(name, function));
        for (body, core) in [
            ("write: func(bytes: u32);", "\"write\" (func (param i32))"),
            ("write: func(bytes: u64) -> u64;", "\"write\" (func (param i64) (result i64))"),
            ("write: func(bytes: list<string>);", "\"write\" (func (param i32 i32))"),
            ("read: func() -> u64;", "\"read\" (func (result i64))"),
        ] {
            let odd = UnexpectedType {
                wit: &world(body),
                wasi: (interfaces, WASI),
                imports: &format!("{exit}(import \"{NAME}\" {core})"),
                ..UnexpectedType::default()
            };
            let error = loader().load(&source(&odd.build()), &input()).err().unwrap();
            assert_eq!(error.stage(), "imports", "{body}: {error}");
            assert!(error.to_string().contains(NAME), "{body}: {error}");
        }
    }
    let next = NAME.replace("@1", "@2");
    let bytes = wat::parse_str(format!("(component (import \"{next}\" (instance)))")).unwrap();
    let error = loader().load(&source(&bytes), &input()).err().unwrap();
    assert_eq!(error.stage(), "imports", "{error}");
}
