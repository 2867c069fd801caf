//! The child that compiles: what it may use, and that its parent does not grow.

mod common;

use std::fmt::Write as _;
use std::time::Duration;

use common::{Odd, compiler, resident};
use hotseat_engine::{CompileError, CompileLimits, Compiler, STANDARD};

#[track_caller]
fn over(component: &[u8], limits: CompileLimits, what: &str) {
    let error = compiler(limits).compile(component).unwrap_err();
    assert_eq!(error, CompileError::OverLimit(what.into()));
    let message = format!("over the limit of {what}: make the component smaller or simpler");
    assert_eq!(error.to_string(), message);
}

/// A policy with one function of so many steps, each of which needs all values before it.
fn heavy(steps: usize) -> Vec<u8> {
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

#[test]
fn the_standard_policy_compiles() {
    let compiled = compiler(CompileLimits::default()).compile(STANDARD).unwrap();
    let size = compiled.size().unwrap();
    assert!(size > STANDARD.len() as u64 && size < 1 << 20, "{size} bytes");
}

#[test]
fn over_the_limit_of_memory() {
    let limits = CompileLimits { memory: 16 << 20, ..CompileLimits::default() };
    over(STANDARD, limits, "16 MiB of memory");
}

#[test]
fn over_the_limit_of_processor_time() {
    let limits =
        CompileLimits { processor_seconds: 1, memory: 4 << 30, ..CompileLimits::default() };
    over(&heavy(60_000), limits, "1 s of processor time");
}

#[test]
fn over_the_limit_of_time() {
    let limits = CompileLimits { wall: Duration::from_millis(1), ..CompileLimits::default() };
    over(STANDARD, limits, "0.001 s of time");
}

#[test]
fn over_the_limit_of_output() {
    let limits = CompileLimits { output: 1 << 10, ..CompileLimits::default() };
    over(STANDARD, limits, "1 KiB of output");
}

#[test]
fn a_component_that_is_not_valid() {
    let mut bytes = Odd::default().build();
    let middle = bytes.len() / 2;
    bytes.truncate(middle);
    let error = compiler(CompileLimits::default()).compile(&bytes).unwrap_err();
    assert!(matches!(&error, CompileError::Invalid(why) if why.contains("offset")), "{error:?}");
}

#[test]
fn a_child_that_cannot_start_or_ends_badly() {
    let compile = |program: &str, args: &[&str]| {
        let compiler = Compiler::new(program, args, CompileLimits::default());
        compiler.compile(STANDARD).unwrap_err().to_string()
    };
    assert_eq!(
        compile("/nonexistent/compiler", &[]),
        "the compiler could not be started: /nonexistent/compiler: No such file or directory (os \
         error 2)"
    );
    assert_eq!(
        compile("/bin/sh", &["-c", "echo oh >&2; exit 3"]),
        "the compiler ended with exit status: 3: oh"
    );
    assert_eq!(compile("/bin/sh", &["-c", "kill -SEGV $$"]), "the compiler ended with signal 11: ");
    assert_eq!(
        compile("/bin/sh", &["-c", "kill -KILL $$"]),
        "the compiler ended with signal 9, sent by somebody else: the container may be short of \
         memory"
    );
}

/// The child sees nothing of its parent's environment.
#[test]
fn the_childs_environment_is_bare() {
    let script = "test -z \"$HOME$CARGO_MANIFEST_DIR\" || exit 4; exit 5";
    let compiler = Compiler::new("/bin/sh", &["-c", script], CompileLimits::default());
    let error = compiler.compile(STANDARD).unwrap_err();
    assert_eq!(error, CompileError::Crashed("exit status: 5: ".into()));
}

#[test]
fn the_parent_does_not_grow() {
    let component = heavy(300);
    let compiler = compiler(CompileLimits::default());
    compiler.compile(STANDARD).unwrap();
    let before = resident();
    for _ in 0..3 {
        let compiled = compiler.compile(&component).unwrap();
        assert!(compiled.size().unwrap() > 20 << 10);
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 1 << 10, "grown by {grown} KiB");
}
