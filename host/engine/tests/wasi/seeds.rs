//! The inputs with which fuzzing of the loader begins, in `fuzz/seeds/component`. They are made
//! here: `HOTSEAT_SEEDS=write` writes them anew, and otherwise each is held against what has to
//! become of it.

use std::fs;
use std::path::Path;

use super::common::amplifiers;
use super::common::floods::{self, Flood};
use super::common::{UnexpectedType, input, limits, loader, source, wasi_policy};
use super::refused::{named, undeclared};

/// A policy that imports a type under the name of an interface.
pub(super) fn a_type_for_an_interface() -> Vec<u8> {
    const HEADER: usize = 8;
    let import = "(component (import \"wasi:io/poll@0.2.6\" (type (sub resource))))";
    // An import may stand behind all else.
    let import = wat::parse_str(import).unwrap();
    [UnexpectedType::default().build(), import[HEADER..].to_vec()].concat()
}

/// A policy that asks for everything that is answered, and decides.
fn curious() -> Vec<u8> {
    wasi_policy(
        &[
            ("wasi:clocks/monotonic-clock", "\"now\" (func $now (result i64))"),
            ("wasi:random/random", "\"get-random-u64\" (func $draw (result i64))"),
            ("wasi:cli/environment", "\"get-environment\" (func $environment (param i32))"),
            ("wasi:cli/stderr", "\"get-stderr\" (func $err (result i32))"),
            (
                "wasi:io/streams",
                "\"[method]output-stream.write\" (func $write (param i32 i32 i32 i32))",
            ),
            ("wasi:io/streams", "\"[resource-drop]output-stream\" (func $drop (param i32))"),
        ],
        "(call $environment (i32.const 8)) (local.set 0 (call $err))
         (call $write (local.get 0) (i32.const 900) (i32.const 5) (i32.const 8))
         (call $drop (local.get 0))
         (i64.store (i32.const 2072)
           (i64.add (i64.const 1) (i64.and (i64.add (call $now) (call $draw)) (i64.const 65535))))
         (i32.const 2048)",
    )
}

/// The seeds, and the stage at which each is refused; the last ones fail when they decide.
fn seeds() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let flood = |flood: Flood| (flood.name, flood.build(), "dry-run");
    vec![
        ("curious", curious(), ""),
        ("a-type-for-an-interface", a_type_for_an_interface(), "imports"),
        ("an-undeclared-function", undeclared(), "imports"),
        ("names-of-fields", named("wasi:cli/environment", "get-environment", 500, 20), "imports"),
        flood(floods::handles()),
        flood(floods::polls()),
        flood(floods::one_write()),
        flood(floods::writes()),
        flood(floods::chance(60_000)),
        ("straight-line", floods::straight_line(200).build(), ""),
        ("globals", amplifiers::globals(5_000, 10), ""),
        ("instances-of-instances", amplifiers::instances_of_instances(3, 45), "compile"),
        ("depth", amplifiers::depth(200), ""),
        ("locals", amplifiers::locals(50), ""),
        ("memories", amplifiers::declared("(memory 1)", 6, 1), "describe"),
        ("tuples", amplifiers::tuples(50), "parse"),
        ("an-odd-way-to-write", amplifiers::odd_stderr(), "imports"),
    ]
}

#[test]
fn seeds_of_the_fuzzer() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/component");
    let seeds = seeds();
    if std::env::var_os("HOTSEAT_SEEDS").is_some_and(|order| order == "write") {
        fs::create_dir_all(&folder).unwrap();
        for (name, bytes, _) in &seeds {
            fs::write(folder.join(name).with_extension("wasm"), bytes).unwrap();
        }
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), seeds.len(), "one file for each seed");
    for (name, _, stage) in seeds {
        let bytes = fs::read(folder.join(name).with_extension("wasm")).unwrap();
        // As much as the fuzzer takes.
        assert!(bytes.len() <= 65_536, "{name}");
        let ended = match loader().load(&source(&bytes), &input()) {
            Ok(policy) => policy.decide(&input(), &limits()).map_or("decide", |_| ""),
            Err(error) => error.stage(),
        };
        assert_eq!(ended, stage, "{name}");
    }
}
