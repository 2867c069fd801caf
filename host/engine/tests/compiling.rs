//! The child that compiles: what it may use, and that its parent does not grow.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::time::Duration;

use common::{Odd, compiler, heavy};
use hotseat_engine::{CompileError, CompileLimits, Compiler, STANDARD};

#[track_caller]
fn over(component: &[u8], limits: CompileLimits, what: &str) {
    let error = compiler(limits).compile(component).unwrap_err();
    assert_eq!(error, CompileError::OverLimit(what.into()));
    let message = format!("over the limit of {what}: make the component smaller or simpler");
    assert_eq!(error.to_string(), message);
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
