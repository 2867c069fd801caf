//! What is not WASI 0.2 by name and type is refused at the stage `imports`.

use super::common::{CONTRACT, DECIDE, UnexpectedType, input, loader, source, wasi_policy};

/// A policy that imports the function `core`, with its core type, of an interface with WASI's name,
/// such as `wasi:io/poll`, and another body than WASI's.
pub(super) fn declared(interface: &str, body: &str, core: &str) -> Vec<u8> {
    let (package, name) = interface.split_once('/').unwrap();
    let wit = CONTRACT
        .replace("world election {", &format!("world election {{ import {interface}@0.2.6;"))
        + &format!("package {package}@0.2.6 {{ interface {name} {{ {body} }} }}");
    let imports = format!("(import \"{interface}@0.2.6\" {core})");
    UnexpectedType { wit: &wit, imports: &imports, ..UnexpectedType::default() }.build()
}

/// The reason for which it is refused at the stage `imports`.
#[track_caller]
fn refused(bytes: &[u8]) -> String {
    let Err(error) = loader().load(&source(bytes), &input()) else { panic!("it loaded") };
    assert_eq!(error.stage(), "imports", "{error}");
    let text = error.to_string();
    assert!(!text.contains('\n') && text.len() < 2048, "{text}");
    text
}

/// A component of nothing but an import.
fn importing(name: &str) -> Vec<u8> {
    wat::parse_str(format!("(component (import \"{name}\" (instance)))")).unwrap()
}

#[test]
fn interfaces_that_are_not_answered() {
    for name in [
        "wasi:http/types@0.2.12",
        "wasi:http/outgoing-handler@0.2.0",
        "wasi:cli/run@0.2.12",
        "wasi:cli/boom@0.2.6",
        "wasi:clocks/timezone@0.2.12",
        "wasi:io/poll@0.3.0",
        "wasi:io/poll@0.20.0",
        "wasi:io/poll@0.2.0-rc-2023-11-10",
        "wasi:io/poll@1.0.0",
        "wasi:io/poll",
    ] {
        let text = refused(&importing(name));
        let expected = format!(
            "test:odd: imports `{name}`: of WASI a policy may import version 0.2 of cli, clocks, \
             filesystem, io, random and sockets: build it without `{name}`"
        );
        assert_eq!(text, expected);
    }
}

/// A policy that stood in for the blindfold could say and ask as much as it likes.
#[test]
fn the_blindfolds_own_way_to_the_host() {
    let name = "hotseat:blindfold/host@1.0.0";
    let text = refused(&importing(name));
    let expected = format!(
        "test:odd: imports `{name}`, and a policy imports nothing but WASI and \
         `hotseat:diagnostics/stderr`: take `{name}` out of its world"
    );
    assert_eq!(text, expected);
}

#[test]
fn a_function_that_the_interface_does_not_have() {
    let text = refused(&undeclared());
    assert!(
        text.starts_with("test:odd: imports something that WASI 0.2 does not have: ")
            && text.contains("`get-secrets`")
            && text.contains("wasi:cli/environment@0.2.6")
            && text.ends_with(": build it for WASI 0.2"),
        "{text}"
    );
}

pub(super) fn undeclared() -> Vec<u8> {
    let body = "get-secrets: func() -> u32;";
    declared("wasi:cli/environment", body, "\"get-secrets\" (func (result i32))")
}

#[test]
fn a_function_of_another_type() {
    for (signature, core) in [
        ("func() -> string", "(param i32)"),
        ("func(n: u64) -> list<tuple<string, string>>", "(param i64 i32)"),
        ("func() -> list<tuple<string, u64>>", "(param i32)"),
        ("func()", ""),
    ] {
        let body = format!("get-environment: {signature};");
        let core = format!("\"get-environment\" (func {core})");
        let text = refused(&declared("wasi:cli/environment", &body, &core));
        assert!(text.contains("wasi:cli/environment@0.2.6"), "{signature}: {text}");
    }
}

/// Types that an interface defines are compared, too: a record with a field more, a number for a
/// resource, a resource that can be made.
#[test]
fn types_of_another_shape() {
    let datetime = "record datetime { seconds: u64, nanoseconds: u32, zone: string }";
    let pollable = "type pollable = u32;";
    for (interface, body, core) in [
        (
            "wasi:clocks/wall-clock",
            format!("{datetime} now: func() -> datetime;"),
            "\"now\" (func (param i32))",
        ),
        (
            "wasi:io/poll",
            format!("{pollable} poll: func(in: list<pollable>) -> list<u32>;"),
            "\"poll\" (func (param i32 i32 i32))",
        ),
        (
            "wasi:io/error",
            "resource error { constructor(); }".into(),
            "\"[constructor]error\" (func (result i32))",
        ),
    ] {
        let text = refused(&declared(interface, &body, core));
        assert!(text.contains(&format!("{interface}@0.2.6")), "{text}");
    }
}

/// A policy that imports a function with an answer of `wide` times `wide` records, each with one
/// field, whose name has `letters`. The component has a name once; an answer made of it has all.
pub(super) fn named(interface: &str, function: &str, letters: usize, wide: usize) -> Vec<u8> {
    let tuple = |field: &str| format!("tuple<{}>", vec![field; wide].join(", "));
    let body = format!(
        "record named {{ {}: u8 }} type row = {}; type all = {}; {function}: func() -> all;",
        "n".repeat(letters),
        tuple("named"),
        tuple("row"),
    );
    declared(interface, &body, &format!("\"{function}\" (func (param i32))"))
}

#[test]
fn types_whose_values_would_be_a_gigabyte() {
    for (interface, function) in
        [("wasi:cli/boom", "boom"), ("wasi:cli/environment", "get-environment")]
    {
        let bytes = named(interface, function, 99_000, 100);
        assert!(bytes.len() < 110_000);
        refused(&bytes);
    }
}

/// Something else than an instance under an interface's name.
#[test]
fn a_type_under_an_interfaces_name() {
    let text = refused(&super::seeds::a_type_for_an_interface());
    assert!(text.contains("wasi:io/poll@0.2.6"), "{text}");
}

/// A broken policy is still one that is broken, at its own place, though it imports WASI.
#[test]
fn a_broken_policy_that_imports_wasi() {
    let now = ("wasi:clocks/monotonic-clock", "\"now\" (func (result i64))");
    let mut bytes = wasi_policy(&[now], DECIDE);
    let place = bytes.len();
    // A type section that ends early, behind the rest.
    bytes.extend([7, 2, 9, 9]);
    let Err(error) = loader().load(&source(&bytes), &input()) else { panic!("it loaded") };
    assert_eq!(error.stage(), "parse", "{error}");
    let text = error.to_string();
    let (_, offset) = text.split_once("(at offset 0x").unwrap();
    let offset = usize::from_str_radix(&offset[..offset.find(')').unwrap()], 16).unwrap();
    assert!((place..=bytes.len()).contains(&offset), "{place:#x}: {text}");
}
