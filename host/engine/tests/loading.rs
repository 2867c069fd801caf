//! Each thing that is not a usable policy ends at its stage, with a message that helps.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{CONTRACT, UnexpectedType, component, input, load, loader, source};
use hotseat_engine::{LoadError, STANDARD, Source, digest};

#[track_caller]
fn refused(bytes: &[u8], stage: &str, message: &str) {
    let Err(error) = loader().load(&source(bytes), &input()) else {
        panic!("it loaded");
    };
    told(&error, stage, message);
}

#[track_caller]
fn told(error: &LoadError, stage: &str, message: &str) {
    let text = error.to_string();
    assert_eq!((error.stage(), text.as_str()), (stage, message));
}

#[test]
fn bytes_over_the_limit() {
    assert_eq!(Source::new("p", vec![0; 1000], 1000).unwrap().bytes().len(), 1000);
    let Err(error) = Source::new("p", vec![0; 1001], 1000) else { panic!("it was taken") };
    told(
        &error,
        "size",
        "p: is larger than 1000 bytes: build it for size, or raise the limit of a component's size",
    );
}

#[test]
fn bytes_that_are_not_a_component() {
    let module = wat::parse_str("(module)").unwrap();
    let cases: [(&[u8], &str); 6] = [
        (b"", "is empty: copy or build it again"),
        (b"hello", "is not WebAssembly: a component begins with the bytes 00 61 73 6d 0d 00 01 00"),
        (b"\n (component)", "is WebAssembly text: run it through `wasm-tools parse`"),
        (
            b"\x7fELF\x02",
            "is native code, perhaps of a compiled component: give the `.wasm` itself",
        ),
        (&module, "is a core module, not a component: run it through `wasm-tools component new`"),
        (
            b"\0asm\x0e\0\x01\0",
            "is a component of another version of the format: build it with tools of today",
        ),
    ];
    for (bytes, why) in cases {
        refused(bytes, "parse", &format!("test:odd: {why}"));
    }
}

/// Cut off anywhere, or with any one bit wrong, a component is refused or still a policy, and the
/// process lives on.
#[test]
fn broken_components() {
    let whole = UnexpectedType::default().build();
    let loader = loader();
    for length in 1..whole.len() {
        let Err(error) = loader.load(&source(&whole[..length]), &input()) else {
            // Behind all that a policy is made of stands which tools made it.
            assert!(whole[length..].windows(9).any(|rest| rest == b"producers"), "{length}");
            continue;
        };
        let text = error.to_string();
        // Where a section ends, nothing but what is missing shows that there was more.
        assert!(matches!(error.stage(), "parse" | "exports"), "{length}: {text}");
        assert!(text.contains("cut off") && text.contains("copy it again"), "{length}: {text}");
        assert!(!text.contains('\n'), "{text}");
    }
    for place in (8..whole.len()).step_by(whole.len() / 25) {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        if let Err(error) = loader.load(&source(&bytes), &input()) {
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
}

#[test]
fn imports() {
    let other = wat::parse_str(
        r#"(component
          (import "wasi:io/poll@0.2.6" (instance)) (import "a" (func)) (import "b" (func))
          (import "c" (func)))"#,
    );
    refused(
        &other.unwrap(),
        "imports",
        "test:odd: imports `a`, `b`, `c`, and a policy imports nothing but WASI and \
         `hotseat:diagnostics/stderr`: take `a` out of its world",
    );
}

#[test]
fn components_of_another_world() {
    let remedy = "but a policy exports `hotseat:policy/policy@1.0.0`: build it for the world \
        `election` of wit/policy.wit";
    let nothing = wat::parse_str("(component)").unwrap();
    let nothing_there =
        remedy.replace("build it", "copy it again if it may be cut off, or build it");
    refused(&nothing, "exports", &format!("test:odd: exports nothing, {nothing_there}"));
}

/// For whoever has one of another contract: which of both is older, and what there is to do.
#[test]
fn a_component_of_an_older_and_one_of_a_newer_contract() {
    let ours = "`hotseat:policy/policy@1.0.0` of this Hotseat";
    let wit = "build it against what `hotseat policy wit` prints";
    for (version, words) in [
        (
            "0.9.0",
            format!(
                "an older contract than {ours}: {wit}, or use the Hotseat that it was built for"
            ),
        ),
        (
            "2.0.0",
            format!("a newer contract than {ours}: use a Hotseat that has the newer one, or {wit}"),
        ),
    ] {
        let interface = format!("hotseat:policy/policy@{version}");
        let wit = CONTRACT.replace("@1.0.0", &format!("@{version}"));
        let odd = UnexpectedType { wit: &wit, interface: &interface, ..UnexpectedType::default() };
        refused(&odd.build(), "exports", &format!("test:odd: exports `{interface}`, {words}"));
    }
}

#[test]
fn exports_of_another_type() {
    let wit = CONTRACT.replace("        since-success: option<milliseconds>,\n", "");
    assert_ne!(wit, CONTRACT);
    let odd = UnexpectedType { wit: &wit, ..UnexpectedType::default() };
    let error = loader().load(&source(&odd.build()), &input()).err().unwrap();
    let text = error.to_string();
    assert_eq!(error.stage(), "exports", "{text}");
    assert!(text.contains("expected record of 3 fields, found 2 fields"), "{text}");
    assert!(text.ends_with(": build it against wit/policy.wit"), "{text}");
    // A function less.
    let wit = CONTRACT.replace("validate: func(settings: string) -> list<issue>;", "");
    let error = loader().load(&source(&component(&headless(), &wit)), &input()).err().unwrap();
    assert_eq!(error.stage(), "exports", "{error}");
    assert!(error.to_string().contains("validate"), "{error}");
}

/// A module without `validate`.
fn headless() -> Vec<u8> {
    wat::parse_str(
        r#"(module
          (memory (export "memory") 1)
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8))
          (func (export "hotseat:policy/policy@1.0.0#describe") (result i32) (i32.const 0))
          (func (export "hotseat:policy/policy@1.0.0#decide") (param i32) (result i32) (i32.const 0))
          (func (export "hotseat:policy/policy@1.0.0#migrate") (param i32 i32 i32 i32 i32) (result i32)
            (i32.const 0)))"#,
    )
    .unwrap()
}

#[test]
fn a_later_minor_version_of_the_contract_loads() {
    let odd = UnexpectedType {
        wit: &CONTRACT.replace("@1.0.0", "@1.3.0"),
        interface: "hotseat:policy/policy@1.3.0",
        ..UnexpectedType::default()
    };
    assert_eq!(load(&odd.build()).descriptor().name, "odd");
}

#[test]
fn a_policy_that_cannot_say_who_it_is() {
    let cases = [
        ("unreachable", "trapped: wasm trap: wasm `unreachable` instruction executed"),
        (
            "(loop $again (br $again)) unreachable",
            "out-of-fuel: used up its fuel of 50000000 units",
        ),
        (
            "(i32.store (i32.const 1028) (i32.const 0)) (i32.const 1024)",
            "the name is empty: give the policy one",
        ),
        (
            "(i32.store (i32.const 1028) (i32.const 65)) (i32.const 1024)",
            "the name has 65 bytes, at most 64 are allowed: shorten it",
        ),
        (
            "(i32.store (i32.const 1032) (i32.const 8)) (i32.const 1024)",
            "the version has a control character: leave it out",
        ),
        (
            "(memory.fill (i32.const 5000) (i32.const 120) (i32.const 65537))
              (i32.store (i32.const 1052) (i32.const 5000))
              (i32.store (i32.const 1056) (i32.const 65537)) (i32.const 1024)",
            "the settings-schema has 65537 bytes, at most 65536 are allowed: shorten it",
        ),
    ];
    for (describe, why) in cases {
        let odd = UnexpectedType { describe, ..UnexpectedType::default() };
        refused(&odd.build(), "describe", &format!("test:odd: `describe`: {why}"));
    }
}

#[test]
fn a_component_that_wants_too_much_at_once() {
    let odd = UnexpectedType { memory: "65536", ..UnexpectedType::default() };
    refused(
        &odd.build(),
        "describe",
        "test:odd: `describe`: out-of-memory: wanted more than its 32 MiB of memory",
    );
    let odd = UnexpectedType {
        extra: "(func $forever (loop $again (br $again))) (start $forever)",
        ..UnexpectedType::default()
    };
    refused(
        &odd.build(),
        "describe",
        "test:odd: `describe`: out-of-fuel: used up its fuel of 50000000 units",
    );
}

#[test]
fn settings_that_the_policy_does_not_take() {
    // A warning for the whole, an error at a place, one for the whole: severity, place, message.
    let issues = r#"(data (i32.const 4000) "/graceis -1 s\nnot sopsst")
      (data (i32.const 4100) "\01\00\00\00\00\00\00\00\00\00\00\00\b4\0f\00\00\04\00\00\00")
      (data (i32.const 4120) "\00\00\00\00\a0\0f\00\00\06\00\00\00\a6\0f\00\00\07\00\00\00")
      (data (i32.const 4140) "\00\00\00\00\00\00\00\00\00\00\00\00\ad\0f\00\00\07\00\00\00")"#;
    let count = |count: u32| {
        let validate = format!(
            "(i32.store (i32.const 1100) (i32.const 4100))
             (i32.store (i32.const 1104) (i32.const {count})) (i32.const 1100)"
        );
        UnexpectedType { extra: issues, validate: &validate, ..UnexpectedType::default() }.build()
    };
    refused(&count(3), "settings", "test:odd: settings: /grace: is -1 s; not so");
    let warned = load(&count(1));
    assert_eq!(loader().accept(&warned, "{}").unwrap(), ["psst"]);
    let odd = UnexpectedType { validate: "unreachable", ..UnexpectedType::default() };
    refused(
        &odd.build(),
        "settings",
        "test:odd: settings: `validate`: trapped: wasm trap: wasm `unreachable` instruction executed",
    );
}

#[test]
fn a_policy_that_fails_its_trial() {
    let odd = UnexpectedType { decide: "unreachable", ..UnexpectedType::default() };
    refused(
        &odd.build(),
        "dry-run",
        "test:odd: trial decision: trapped: wasm trap: wasm `unreachable` instruction executed",
    );
}

#[test]
fn the_standard_policy() {
    let policy = loader().load(&source(STANDARD), &input()).unwrap();
    assert_eq!(policy.descriptor().name, "standard");
    assert_eq!(policy.descriptor().memory_schema, 1);
    assert_eq!(policy.digest(), digest(STANDARD));
    assert_eq!(policy.label(), "test:odd");
    let mut sample = input();
    sample.settings = "{\"a\":1}".into();
    let error = loader().load(&source(STANDARD), &sample).err().unwrap();
    assert_eq!(error.stage(), "settings");
    assert!(error.to_string().contains("has no settings: give none"), "{error}");
}

#[test]
fn the_digest_is_that_of_the_bytes() {
    let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(digest(b""), empty);
}
