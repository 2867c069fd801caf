//! The child that compiles: what it may use, and that its parent does not grow.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::time::Duration;

use common::{UnexpectedType, compiler, heavy};
use hotseat_engine::{CompileError, CompileLimits, Compiler, Container, STANDARD};

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

/// A container by version 2 of the control groups, with this limit and so much in use, in MiB.
fn container(limit: u64, used: u64) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let file = |path: &str, text: String| {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    file("proc/self/cgroup", "0::/\n".into());
    let mount = "31 23 0:28 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
    file("proc/self/mountinfo", mount.into());
    file("sys/fs/cgroup/memory.max", format!("{}\n", limit << 20));
    file("sys/fs/cgroup/memory.current", format!("{}\n", used << 20));
    root
}

#[test]
fn compiler_over_the_container_limit() {
    // As in the example of a deployment, and a component that wants more than is left there.
    let root = container(256, 10);
    let compiler = |limits| compiler(limits).within(Container::below(root.path()));
    let error = compiler(CompileLimits::default()).compile(&heavy(60_000)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the container's memory limit of 256 MiB leaves 214 MiB to the compiler, which is not \
         enough for this component: raise the memory limit of the sidecar's container, or make \
         the component smaller or simpler"
    );
    // What fits, fits; and a limit of the operator's that is tighter is the one that is named.
    compiler(CompileLimits::default()).compile(STANDARD).unwrap();
    let limits = CompileLimits { memory: 16 << 20, ..CompileLimits::default() };
    let error = compiler(limits).compile(STANDARD).unwrap_err();
    assert_eq!(error, CompileError::OverLimit("16 MiB of memory".into()));
}

#[test]
fn a_result_larger_than_what_the_container_leaves() {
    let root = container(64, 30);
    let compiler = compiler(CompileLimits::default()).within(Container::below(root.path()));
    let error = compiler.compile(&heavy(8_000)).unwrap_err();
    assert!(matches!(error, CompileError::Container(_)), "{error:?}");
}

#[test]
fn where_the_container_has_nothing_left_no_compiler_is_started() {
    let root = container(32, 30);
    let compiler = Compiler::new("/nonexistent/compiler", &[], CompileLimits::default());
    let error = compiler.within(Container::below(root.path())).compile(STANDARD).unwrap_err();
    let told = error.to_string();
    assert!(told.starts_with("the container's memory limit of 32 MiB leaves 0 MiB"), "{told}");
}

/// The smallest container in which the sidecar's own policy still compiles beside the sidecar.
#[test]
fn the_standard_policy_compiles_in_a_small_container() {
    let root = container(32, 12);
    let compiler = compiler(CompileLimits::default()).within(Container::below(root.path()));
    compiler.compile(STANDARD).unwrap();
}

#[test]
fn a_component_that_is_not_valid() {
    let whole = UnexpectedType::default().build();
    let compiled = |bytes: &[u8]| compiler(CompileLimits::default()).compile(bytes).unwrap_err();
    let error = compiled(&whole[..whole.len() / 2]);
    assert!(matches!(&error, CompileError::Invalid(why) if why.contains("cut off")), "{error:?}");
    // A section of a kind that there is not, behind the eight bytes of the header.
    let mut unknown = whole;
    unknown[8] = 0x7f;
    let error = compiled(&unknown);
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

/// The child itself, while it compiles: it has given up what it does not need.
#[test]
fn the_child_runs_with_less_rights() {
    let compiling = std::thread::spawn(|| {
        let limits = CompileLimits { memory: 4 << 30, ..CompileLimits::default() };
        compiler(limits).compile(&heavy(20_000)).map(drop)
    });
    let mine = std::process::id();
    let status = loop {
        assert!(!compiling.is_finished(), "no child was seen with its filter: {:?}", seen(mine));
        // It sets the filter last.
        if let Some(status) = seen(mine).into_iter().find(|status| status.contains("Seccomp:\t2")) {
            break status;
        }
        std::thread::yield_now();
    };
    let none = "0000000000000000";
    for line in
        ["NoNewPrivs:\t1".to_owned(), format!("CapEff:\t{none}"), format!("CapPrm:\t{none}")]
    {
        assert!(status.contains(&line), "{line} is missing: {status}");
    }
    compiling.join().unwrap().unwrap();
}

/// The states of the compilers that this process has started.
fn seen(parent: u32) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|process| std::fs::read_to_string(process.path().join("status")).ok())
        .filter(|status| {
            status.contains(&format!("PPid:\t{parent}\n"))
                && status.starts_with("Name:\thotseat-compile")
        })
        .collect()
}

#[test]
fn it_tells_what_it_took() {
    let compiled = compiler(CompileLimits::default()).compile(STANDARD).unwrap();
    let spent = compiled.spent().unwrap();
    assert!((1 << 20..1 << 30).contains(&spent.memory), "{spent:?}");
    assert!((1 << 20..spent.memory).contains(&spent.resident), "{spent:?}");
    assert!(spent.processor > Duration::ZERO, "{spent:?}");
}

/// What is done with one component while another is compiled waits: each may take all that is left.
#[test]
fn in_a_container_one_compiles_at_a_time() {
    let root = container(256, 10);
    let limits = CompileLimits::default;
    let compiler = |limits| {
        let script = format!(
            "mkdir {0}/turn || exit 9; for i in 1 2 3 4 5 6 7 8 9; do cat {0}/proc/self/cgroup; done >/dev/null; rmdir {0}/turn; exit 3",
            root.path().display()
        );
        Compiler::new("/bin/sh", &["-c", &script], limits).within(Container::below(root.path()))
    };
    let children: Vec<_> = (0..8)
        .map(|_| {
            let compiler = compiler(limits());
            std::thread::spawn(move || compiler.compile(STANDARD).unwrap_err().to_string())
        })
        .collect();
    for child in children {
        assert_eq!(child.join().unwrap(), "the compiler ended with exit status: 3: ");
    }
}
