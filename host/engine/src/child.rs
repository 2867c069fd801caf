//! The child that compiles: a component on standard input, machine code on standard output. It also
//! judges settings by a policy's schema, which is a stranger's, too.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use std::thread::JoinHandle;
use std::{env, fs, thread};

use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use wasmtime::Engine;
use wasmtime::wasmparser::BinaryReaderError;

use crate::compile_limits::CompileLimits;
use crate::compose::{Misfit, compose};
use crate::confine::{end_with_parent, give_up_rights, give_up_the_world, limit_memory};
use crate::overhead::overhead;
use crate::room::Room;
use crate::schema;
use crate::settings::config;
use crate::spent::{KEPT, OVERHEAD, SPENT};
use crate::text::one_line;

/// What the child is for; to compile, if nothing is said.
pub(crate) const TASK: &str = "HOTSEAT_COMPILE_TASK";
/// To compile a component.
pub(crate) const COMPILE: &str = "compile";
/// Address space, in bytes.
pub(crate) const MEMORY: &str = "HOTSEAT_COMPILE_MEMORY";
/// What may be written to of it, in bytes.
pub(crate) const WRITABLE: &str = "HOTSEAT_COMPILE_WRITABLE";
/// Processor time, in seconds.
pub(crate) const PROCESSOR: &str = "HOTSEAT_COMPILE_PROCESSOR";
/// Size of the result, in bytes.
pub(crate) const OUTPUT: &str = "HOTSEAT_COMPILE_OUTPUT";
/// The name of the [`Room`] of whoever runs the result.
pub(crate) const ROOM: &str = "HOTSEAT_COMPILE_ROOM";

/// Exit status: the component is not valid.
pub(crate) const INVALID: i32 = 65;
/// Exit status: the compiler gave up on it.
pub(crate) const REFUSED: i32 = 66;
/// Exit status: out of memory.
pub(crate) const OUT_OF_MEMORY: i32 = 67;
/// Exit status: its imports are not what is there to answer them.
pub(crate) const IMPORTS: i32 = 68;
/// Exit status: reading, writing or the limits failed.
const FAILED: i32 = 70;

/// The compiler's stack, in bytes: as much as a main thread has.
const STACK: usize = 8 << 20;

/// What the child does: reads a component from standard input and writes it compiled to standard
/// output, under limits that it sets for itself first, and with no right but to do that. A program that has a
/// [`Compiler::of_this_program`](crate::Compiler::of_this_program) must call this, and nothing
/// before it, when it is started with that compiler's arguments.
///
/// On failure a one-line reason is on standard error.
pub fn compile_child_main() -> ExitCode {
    let kept = give_up_rights();
    // The main thread's stack grows on demand, and a page that the limit of memory denies it ends
    // the process by a plain segmentation fault. This one is there before the limit is.
    let thread = thread::Builder::new().stack_size(STACK).spawn(|| compile(kept));
    let ended = match thread.map(JoinHandle::join) {
        Ok(Ok(ended)) => ended,
        Ok(Err(_)) => Err((FAILED, "the compiler panicked".into())),
        Err(error) => Err((FAILED, error.to_string())),
    };
    let (status, reason) = match ended {
        Ok(()) => return ExitCode::SUCCESS,
        Err(failure) => failure,
    };
    // If nobody listens, the status still tells.
    let _ = writeln!(io::stderr(), "{}", one_line(&reason));
    ExitCode::from(u8::try_from(status).unwrap_or(u8::MAX))
}

fn compile(mut kept: Vec<String>) -> Result<(), (i32, String)> {
    let failed = |error: io::Error| (FAILED, error.to_string());
    confine().map_err(failed)?;
    // Opened while there is a way to.
    let account = Account::begin("/proc/self/status");
    kept.extend(give_up_the_world());
    for right in kept {
        // If nobody listens, nobody needs to know.
        let _ = writeln!(io::stderr(), "{KEPT}{}", one_line(&right));
    }
    let mut input = Vec::new();
    io::stdin().read_to_end(&mut input).map_err(failed)?;
    let output = match env::var(TASK).as_deref() {
        Ok(schema::TASK) => schema::judge_framed(&input).map_err(|why| (INVALID, why))?.into(),
        _ => compiled(input)?,
    };
    io::stdout().write_all(&output).map_err(failed)?;
    io::stdout().flush().map_err(failed)?;
    if let Some(spent) = account.ok().and_then(Account::end) {
        let _ = writeln!(io::stderr(), "{SPENT}{spent}");
    }
    Ok(())
}

fn compiled(mut component: Vec<u8>) -> Result<Vec<u8>, (i32, String)> {
    let composed = compose(&component).map_err(unfit)?;
    if composed.is_some() {
        drop(std::mem::take(&mut component));
    }
    let whole = composed.as_ref().map_or(&component, |composed| &composed.bytes);
    let room = env::var(ROOM).map_or(Room::Ample, |name| Room::named(&name));
    let compiled = Engine::new(&config(true, room))
        .and_then(|engine| engine.precompile_component(whole))
        .map_err(|error| match (&composed, error.downcast_ref::<BinaryReaderError>()) {
            (Some(composed), Some(error)) => unfit(composed.misfit(error)),
            _ => (status(&error), format!("{error:#}")),
        })?;
    // The compiler has seen that it is valid.
    let overhead = overhead(whole).map_err(|error| (REFUSED, error.to_string()))?;
    writeln!(io::stderr(), "{OVERHEAD}{overhead}").map_err(|error| (FAILED, error.to_string()))?;
    Ok(compiled)
}

/// What the kernel says of this process, in KiB.
struct Account {
    /// Read at the end, and opened at the beginning: there is no way back to the start of a file later.
    status: File,
    /// The address space at the beginning, and the part of it that may be written to.
    begun: Option<(u64, u64)>,
}

impl Account {
    fn begin(path: &str) -> io::Result<Account> {
        let text = fs::read_to_string(path)?;
        let begun = in_kib(&text, "VmSize:").zip(in_kib(&text, "VmData:"));
        Ok(Account { status: File::open(path)?, begun })
    }

    /// What this process has taken so far, as [`SPENT`] has it.
    fn end(mut self) -> Option<String> {
        let mut text = String::new();
        self.status.read_to_string(&mut text).ok()?;
        let (size, data) = self.begun?;
        let peak = in_kib(&text, "VmPeak:")?;
        // The kernel keeps no peak of what may be written to. All that came since the beginning may be,
        // and the stack is not counted by the limit either.
        let writable = (data + peak.checked_sub(size)?).saturating_sub(STACK as u64 / 1024);
        let processor = clock_gettime(ClockId::ProcessCPUTime);
        let millis = processor.tv_sec * 1000 + processor.tv_nsec / 1_000_000;
        Some(format!("{peak} {writable} {} {millis}", in_kib(&text, "VmHWM:")?))
    }
}

/// The number behind that name, in KiB.
fn in_kib(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn unfit(misfit: Misfit) -> (i32, String) {
    match misfit {
        Misfit::Policy(why) => (INVALID, why),
        Misfit::Imports(why) => (IMPORTS, why),
    }
}

/// Sets the limits of this process, and makes it end with its parent.
fn confine() -> io::Result<()> {
    let defaults = CompileLimits::default();
    let processor = limit(PROCESSOR, defaults.processor_seconds)?;
    let memory = limit(MEMORY, defaults.memory)?;
    let writable = limit(WRITABLE, memory)?.saturating_add(STACK as u64);
    limit_memory(memory, writable)?;
    for (resource, soft, hard) in [
        (Resource::Fsize, limit(OUTPUT, defaults.output)?, 0),
        // The soft limit has a signal of its own, the hard one kills.
        (Resource::Cpu, processor, 1),
        (Resource::Core, 0, 0),
    ] {
        let limit = Rlimit { current: Some(soft), maximum: Some(soft.saturating_add(hard)) };
        setrlimit(resource, limit)?;
    }
    end_with_parent()
}

fn limit(name: &str, default: u64) -> io::Result<u64> {
    let Ok(text) = env::var(name) else {
        return Ok(default);
    };
    text.parse()
        .map_err(|_| io::Error::other(format!("{name} is `{text}`: it must be a whole number")))
}

fn status(error: &wasmtime::Error) -> i32 {
    if error.is::<wasmtime::OutOfMemory>() {
        OUT_OF_MEMORY
    } else if error.is::<BinaryReaderError>() {
        INVALID
    } else {
        REFUSED
    }
}
