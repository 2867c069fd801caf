//! Compiles a component in a short-lived child process of the same program.
//!
//! A compiler's appetite is not bounded by the size of what it compiles, so it is not let into the
//! sidecar: the child works under limits of its own, and a component made to choke it kills only
//! the child. The result comes back in memory that is sealed before it is read.
//!
//! The child's limit is what the container has left, if that is less: otherwise the kernel would end
//! the child, or the whole container with the leader in it.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::Signal;
use wasmtime::component::Component;

use crate::child;
use crate::compile_limits::CompileLimits;
use crate::container::{Container, MemoryLeft};
use crate::error::CompileError;
use crate::known_schemas::KnownSchemas;
use crate::runtime::Runtime;
use crate::runtime::room;
use crate::sealed::{OPEN_FILES, memory, seal, this_program};
use crate::spent::{ChildReport, CompileSpent};
use crate::text::{bytes, one_line};

/// How much of the child's standard error is kept, in bytes.
const LONGEST_COMPLAINT: usize = 4096;
/// With less memory than this no compiler gets as far as to say what it lacks, in bytes.
const LEAST_MEMORY: u64 = 4 << 20;

/// Held by the compilation that has what the container has left.
static TURN: Mutex<()> = Mutex::new(());

/// Starts the child that compiles.
#[derive(Clone, Debug)]
pub struct Compiler {
    program: PathBuf,
    args: Vec<String>,
    limits: CompileLimits,
    container: Option<Container>,
    /// What others in the container may take while a compilation runs, in bytes.
    beside: u64,
    /// Clones share it.
    pub(crate) schemas: KnownSchemas,
}

/// What one compilation may use where and when it happens.
pub(crate) struct Share {
    pub(crate) limits: CompileLimits,
    /// What the child may write to of its address space, in bytes: the part that costs memory. The
    /// program's code is in memory already.
    pub(crate) writable: u64,
    /// What the container leaves, where that is less than the limits would be.
    container: Option<MemoryLeft>,
}

/// A compiled component in sealed memory.
#[derive(Debug)]
pub struct CompiledComponent {
    memory: File,
    spent: Option<CompileSpent>,
    overhead: usize,
}

impl Compiler {
    /// A compiler whose child is this same program, started with `args`, which must lead it
    /// straight to [`compile_child_main`](crate::compile_child_main). It gets no more memory than
    /// this process's container has left.
    pub fn of_this_program(args: &[&str], limits: CompileLimits) -> Compiler {
        Compiler::new(this_program(), args, limits).within(Container::of_this_process())
    }

    /// A compiler whose child is `program`; it must be of the same build as this one.
    pub fn new(program: impl Into<PathBuf>, args: &[&str], limits: CompileLimits) -> Compiler {
        Compiler {
            program: program.into(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            limits,
            container: None,
            beside: 0,
            schemas: KnownSchemas::default(),
        }
    }

    /// With no more memory than that container has left when a compilation begins.
    #[must_use]
    pub fn within(self, container: Container) -> Compiler {
        Compiler { container: Some(container), ..self }
    }

    /// With so much of the container's memory left to others, in bytes.
    #[must_use]
    pub(crate) fn beside(self, beside: u64) -> Compiler {
        Compiler { beside, ..self }
    }

    /// Compiles a component, together with what answers WASI if it imports that. Blocks until the
    /// child has ended.
    ///
    /// # Errors
    ///
    /// The component is not valid, or its imports do not fit, or it takes more than the limits allow, or the child cannot
    /// be started.
    pub fn compile(&self, component: &[u8]) -> Result<CompiledComponent, CompileError> {
        let (memory, said) = self.run(child::COMPILE, component)?;
        let unsaid = "success, but without a word on what an instance takes";
        let overhead = said.overhead.ok_or_else(|| CompileError::Crashed(unsaid.into()))?;
        let overhead = usize::try_from(overhead).unwrap_or(usize::MAX);
        Ok(CompiledComponent { memory, spent: said.spent, overhead })
    }

    /// With these limits of its own.
    #[must_use]
    pub(crate) fn with(&self, limits: CompileLimits) -> Compiler {
        Compiler { limits, ..self.clone() }
    }

    /// Has the child do a task with an input, and gives its sealed output and what it said.
    pub(crate) fn run(&self, task: &str, what: &[u8]) -> Result<(File, ChildReport), CompileError> {
        let start = |error: io::Error| CompileError::Start(one_line(&error.to_string()));
        let input = input(what).map_err(start)?;
        let memory = memory("hotseat-compiled").map_err(start)?;
        // Two that run at a time would each take what is left.
        let _turn =
            self.container.as_ref().map(|_| TURN.lock().unwrap_or_else(PoisonError::into_inner));
        // The component is in memory by now, and counted.
        let share = self.share()?;
        let output = memory.try_clone().map_err(start)?;
        let mut child = self.spawn(task, input, output, &share).map_err(|error| {
            let program = self.program.display();
            CompileError::Start(one_line(&format!("{program}: {error}")))
        })?;
        let deadline = Instant::now() + self.limits.wall;
        let complaint = listen(&mut child, deadline);
        if !matches!(complaint, Ok(Some(_))) {
            // It may have ended by itself this moment; then there is nothing to kill.
            let _ = child.kill();
        }
        let status = child.wait().map_err(start)?;
        match complaint.map_err(start)? {
            None => {
                let seconds = self.limits.wall.as_secs_f64();
                Err(CompileError::OverLimit(format!("{seconds} s of time")))
            }
            Some(text) => {
                let said = ChildReport::of(&text);
                for right in &said.kept {
                    tracing::debug!(%right, "the compiler runs with more rights than it needs");
                }
                share.judge(status, &said.complaint)?;
                seal(&memory).map_err(start)?;
                Ok((memory, said))
            }
        }
    }

    /// The limits of a compilation that begins now.
    fn share(&self) -> Result<Share, CompileError> {
        let left = self.container.as_ref().and_then(Container::memory_left);
        Share::of(&self.limits, left, self.beside)
    }

    fn spawn(&self, task: &str, input: File, output: File, share: &Share) -> io::Result<Child> {
        let limits = &share.limits;
        Command::new(&self.program)
            .args(&self.args)
            // Nothing of the sidecar's environment is the compiler's business.
            .env_clear()
            // One heap: glibc would reserve 64 MiB of address space for a second.
            .env("MALLOC_ARENA_MAX", "1")
            .env(child::TASK, task)
            .env(child::MEMORY, limits.memory.to_string())
            .env(child::WRITABLE, share.writable.to_string())
            .env(child::PROCESSOR, limits.processor_seconds.to_string())
            .env(child::OUTPUT, limits.output.to_string())
            .env(child::ROOM, room().name())
            .stdin(OwnedFd::from(input))
            .stdout(OwnedFd::from(output))
            .stderr(Stdio::piped())
            .spawn()
    }
}

impl Share {
    /// Where a container has so much left, of which others may take so much meanwhile.
    pub(crate) fn of(
        limits: &CompileLimits,
        left: Option<MemoryLeft>,
        beside: u64,
    ) -> Result<Share, CompileError> {
        let mut share = Share { limits: limits.clone(), writable: limits.memory, container: None };
        let Some(mut left) = left else { return Ok(share) };
        left.left = left.left.saturating_sub(beside);
        // The result is in the child's memory and, page by page, in the file that it writes. It is
        // a small part of what compiling it takes.
        let output = limits.output.min(left.left / 8);
        let writable = left.left - output;
        if writable < LEAST_MEMORY {
            return Err(CompileError::Container(left));
        }
        if writable < limits.memory {
            share.limits.output = output;
            share.writable = writable;
            share.container = Some(left);
        }
        Ok(share)
    }

    /// Tells from the child's end what became of the component.
    fn judge(&self, status: ExitStatus, complaint: &str) -> Result<(), CompileError> {
        let over = |what: String| Err(CompileError::OverLimit(what));
        let of_memory = |what: String| match self.container {
            Some(left) => Err(CompileError::Container(left)),
            None => over(what),
        };
        let memory = || of_memory(format!("{} of memory", bytes(self.limits.memory)));
        let line = one_line(complaint);
        if let Some(signal) = status.signal() {
            return match Signal::from_named_raw(signal) {
                Some(Signal::XCPU) => {
                    over(format!("{} s of processor time", self.limits.processor_seconds))
                }
                Some(Signal::XFSZ) => of_memory(format!("{} of output", bytes(self.limits.output))),
                // What Rust's allocator says last.
                Some(Signal::ABORT) if complaint.contains("memory allocation of ") => memory(),
                Some(Signal::KILL) => Err(CompileError::Crashed(
                    "signal 9, sent by somebody else: the container may be short of memory".into(),
                )),
                _ => Err(CompileError::Crashed(format!("signal {signal}: {line}"))),
            };
        }
        match status.code() {
            Some(0) => Ok(()),
            Some(child::INVALID) => Err(CompileError::Invalid(line)),
            Some(child::IMPORTS) => Err(CompileError::Imports(line)),
            Some(child::REFUSED) => Err(CompileError::Refused(line)),
            Some(child::OUT_OF_MEMORY) => memory(),
            _ => Err(CompileError::Crashed(format!("{status}: {line}"))),
        }
    }
}

impl CompiledComponent {
    /// What a compiler in this process made, for tests.
    #[cfg(test)]
    pub(crate) fn of(code: &[u8]) -> io::Result<CompiledComponent> {
        let mut memory = memory("hotseat-compiled")?;
        memory.write_all(code)?;
        seal(&memory)?;
        Ok(CompiledComponent { memory, spent: None, overhead: 0 })
    }

    /// The size of the compiled component, in bytes.
    ///
    /// # Errors
    ///
    /// The system does not tell.
    pub fn size(&self) -> io::Result<u64> {
        Ok(self.memory.metadata()?.len())
    }

    /// What compiling it took, if the child told.
    pub fn spent(&self) -> Option<CompileSpent> {
        self.spent
    }

    /// What the instances that a call makes of it take of the engine's own memory, in bytes.
    pub(crate) fn overhead(&self) -> usize {
        self.overhead
    }

    /// Maps the compiled component into this process.
    #[allow(unsafe_code, reason = "wasmtime trusts what it maps to be its own compiler's work")]
    pub(crate) fn map(&self, runtime: &Runtime) -> Result<Component, CompileError> {
        let path = format!("{OPEN_FILES}/{}", self.memory.as_raw_fd());
        // SAFETY: what is mapped must be the work of this wasmtime's compiler and must not change
        // while it is mapped. A child of this program wrote it, to memory without a name that
        // nobody else was given; it has ended with success, and the memory is sealed against
        // writing and resizing, the seals themselves too. wasmtime checks version and settings.
        let component = unsafe { Component::deserialize_file(&runtime.engine, path) };
        component.map_err(|error| CompileError::Unusable(one_line(&format!("{error:#}"))))
    }
}

/// The component in memory that the child reads as a file: no thread has to feed a pipe.
fn input(component: &[u8]) -> io::Result<File> {
    let mut file = memory("hotseat-component")?;
    file.write_all(component)?;
    file.rewind()?;
    Ok(file)
}

/// Reads the child's standard error until it ends: that is, until the child does. None if the
/// deadline comes first.
fn listen(child: &mut Child, deadline: Instant) -> io::Result<Option<String>> {
    let Some(mut stderr) = child.stderr.take() else {
        return Err(io::Error::other("the child has no standard error"));
    };
    let mut kept = Vec::new();
    let mut chunk = [0; 1024];
    loop {
        let rest = deadline.saturating_duration_since(Instant::now());
        if rest.is_zero() {
            return Ok(None);
        }
        let timeout = Timespec::try_from(rest).map_err(io::Error::other)?;
        let mut ready = [PollFd::from_borrowed_fd(stderr.as_fd(), PollFlags::IN)];
        match poll(&mut ready, Some(&timeout)) {
            Ok(0) | Err(Errno::INTR) => continue,
            other => other?,
        };
        match stderr.read(&mut chunk)? {
            0 => return Ok(Some(String::from_utf8_lossy(&kept).into_owned())),
            read => {
                let room = LONGEST_COMPLAINT - kept.len();
                kept.extend_from_slice(&chunk[..read.min(room)]);
            }
        }
    }
}
