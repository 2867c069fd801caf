//! What becomes of a policy's memory when another takes over, and components made to choke the
//! loader.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::fmt::Write as _;

use common::{UnexpectedType, compiler, input, limits, load, loader, resident, source, standard};
use hotseat_core::policy::FailureKind;
use hotseat_engine::{CompileLimits, LoadError, Loader, Runtime, STANDARD};

/// A policy whose `migrate` is that, and one of another name before it.
fn migrated(migrate: &str) -> Result<(Vec<u8>, Option<String>), LoadError> {
    let odd = UnexpectedType { migrate, ..UnexpectedType::default() };
    let (loader, before) = (loader(), standard());
    let policy = loader.prepare(&source(&odd.build())).unwrap();
    let inherited = loader.inherit(&policy, &before, b"memory")?;
    Ok((inherited.memory, inherited.lost))
}

#[test]
fn memory_goes_through_migrate() {
    // The answer is at 1200: a result of bytes, its address and length.
    let whole = "(i32.store8 (i32.const 1200) (i32.const 0))
        (i32.store (i32.const 1204) (local.get 3)) (i32.store (i32.const 1208) (local.get 4))
        (i32.const 1200)";
    assert_eq!(migrated(whole).unwrap(), (b"memory".to_vec(), None));
    // Refused: it begins empty, and says so.
    let refused =
        "(i32.store8 (i32.const 1200) (i32.const 1)) (i32.store8 (i32.const 1204) (i32.const 1))
        (i32.store (i32.const 1208) (i32.const 900)) (i32.store (i32.const 1212) (i32.const 3))
        (i32.const 1200)";
    let (memory, lost) = migrated(refused).unwrap();
    assert!(memory.is_empty());
    let lost = lost.unwrap();
    assert!(
        lost.starts_with("the memory of standard with schema") && lost.ends_with(": odd"),
        "{lost}"
    );
}

#[test]
fn a_trap_in_migrate_is_a_stage() {
    let error = migrated("unreachable").unwrap_err();
    assert_eq!(error.stage(), "migrate");
    let told = error.to_string();
    assert!(told.starts_with("test:odd: trapped: `migrate`: wasm trap"), "{told}");
    let too_much = "(i32.store8 (i32.const 1200) (i32.const 0))
        (i32.store (i32.const 1204) (i32.const 0)) (i32.store (i32.const 1208) (i32.const 65537))
        (i32.const 1200)";
    let LoadError::Migrate { source, .. } = migrated(too_much).unwrap_err() else { panic!() };
    assert_eq!(source.kind, FailureKind::Rejected);
}

#[test]
fn memory_of_the_same_schema_is_taken_as_it_is() {
    let trap =
        load(&UnexpectedType { migrate: "unreachable", ..UnexpectedType::default() }.build());
    let inherited = trap.inherit(&trap, b"bytes", &limits()).unwrap();
    assert_eq!((inherited.memory.as_slice(), inherited.lost), (&b"bytes"[..], None));
    let nothing = trap.inherit(&standard(), b"", &limits()).unwrap();
    assert_eq!(nothing.memory, b"");
}

fn refused(bytes: &[u8], limits: CompileLimits) -> (&'static str, String) {
    let loader = Loader::new(Runtime::new().unwrap(), compiler(limits), common::limits());
    let Err(error) = loader.load(&source(bytes), &input()) else { panic!("it loaded") };
    (error.stage(), error.to_string())
}

/// Each of them is compiled: what that may cost is bounded, and this process does not grow.
#[test]
fn a_hundred_thousand_functions_choke_only_the_child() {
    let mut extra = String::new();
    for function in 0..100_000 {
        let _ =
            write!(extra, "(func (export \"f{function}\") (result i32) (i32.const {function}))");
    }
    let odd = UnexpectedType { extra: &extra, ..UnexpectedType::default() };
    let component = odd.build();
    let before = resident();
    let tight = CompileLimits { processor_seconds: 1, ..CompileLimits::default() };
    let (stage, told) = refused(&component, tight);
    assert_eq!(stage, "compile", "{told}");
    assert!(told.contains("over the limit of"), "{told}");
    assert!(resident() < before + (32 << 10), "the compiler's memory is in this process");
}

/// The standard policy with components in components behind it, each in the one before.
fn bomb(depth: usize) -> Vec<u8> {
    let mut inner = b"\0asm\x0d\0\x01\0".to_vec();
    for _ in 0..depth {
        let mut outer = b"\0asm\x0d\0\x01\0".to_vec();
        outer.extend(section(&inner));
        inner = outer;
    }
    let mut bytes = STANDARD.to_vec();
    bytes.extend(section(&inner));
    bytes
}

/// Section 4, a component, with its length in LEB128.
fn section(component: &[u8]) -> Vec<u8> {
    let mut bytes = vec![4];
    let mut length = component.len();
    loop {
        let low = u8::try_from(length & 0x7f).unwrap();
        length >>= 7;
        bytes.push(if length == 0 { low } else { low | 0x80 });
        if length == 0 {
            break;
        }
    }
    bytes.extend(component);
    bytes
}

#[test]
fn components_in_components_are_bounded() {
    loader().prepare(&source(&bomb(3))).unwrap();
    let (stage, told) = refused(&bomb(50_000), CompileLimits::default());
    assert!(["parse", "compile"].contains(&stage), "{stage}: {told}");
    assert!(!told.contains('\n') && told.len() < 1_000, "{told}");
}
