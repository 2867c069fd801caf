//! Any bytes, loaded as a policy: they are refused at a stage, in one line, or are a policy that
//! answers or fails within its limits. Compiled as in the sidecar, in a child process.

#![no_main]

use hotseat_core::config::Timing;
use hotseat_core::policy::Input;
use hotseat_engine::{
    CompileLimits, Compiler, LARGEST_COMPONENT, Limits, Loader, Runtime, STANDARD, Source, Surface,
    compile_child_main,
};
use libfuzzer_sys::fuzz_target;
use std::process::ExitCode;
use std::sync::LazyLock;
use std::time::Duration;

/// The first argument of the child that compiles.
const COMPILE: &str = "compile-policy";

static LOADER: LazyLock<Loader> = LazyLock::new(|| {
    let limits = CompileLimits {
        memory: 1 << 30,
        processor_seconds: 5,
        wall: Duration::from_secs(20),
        output: 16 << 20,
    };
    let compiler = Compiler::of_this_program(&[COMPILE], limits);
    Loader::new(Runtime::new().expect("the engine runs here"), compiler, Limits::default())
});

fuzz_target!(init: begin(), |bytes: &[u8]| {
    let Ok(source) = Source::new("fuzz", bytes.to_vec(), LARGEST_COMPONENT) else { return };
    let surface = Surface::of(&source);
    match LOADER.load(&source, &sample()) {
        Ok(policy) => {
            assert!(surface.is_ok());
            assert!(!policy.descriptor().name.is_empty());
            let ask = || policy.decide(&sample(), &Limits::default());
            // The wall clock alone may make a difference.
            if let (Ok(one), Ok(other)) = (ask(), ask()) {
                assert_eq!(format!("{:?}", one.0), format!("{:?}", other.0));
                assert_eq!(one.1.fuel, other.1.fuel);
            }
        }
        Err(error) => {
            let line = error.to_string();
            assert!(!line.contains('\n') && line.len() < 8192, "{line:?}");
        }
    }
});

/// Compiles if it was started for that, as `hotseat` does. Else sees that a policy that is one
/// passes: without it, a compiler that never starts would pass for a component that is refused.
fn begin() {
    if std::env::args().nth(1).is_some_and(|first| first == COMPILE) {
        let code = compile_child_main();
        let status = (0..=u8::MAX).find(|status| ExitCode::from(*status) == code);
        std::process::exit(status.unwrap_or(u8::MAX).into());
    }
    let standard = Source::new("standard", STANDARD.to_vec(), LARGEST_COMPONENT);
    let loaded = standard.and_then(|source| LOADER.load(&source, &sample()));
    if let Err(error) = loaded {
        panic!("the standard policy does not load: {error}");
    }
}

fn sample() -> Input {
    Input { entropy: 7, ..hotseat_engine::sample(Timing::client_go().pace()) }
}
