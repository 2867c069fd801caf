//! The process between `hotseat run` and its command, so that nothing of the command outlives the
//! wrapper, however that ends.
//!
//! ```text
//! hotseat run ── orders ──► keeper ──► COMMAND ──► whatever it starts
//! ```
//!
//! Orders are bytes on the keeper's standard input: the number of a signal for the command's process
//! group. The end of that stream, which the kernel brings about when `hotseat run` dies, is an order to
//! kill. The keeper is a subreaper: what the command leaves behind becomes its child, in whatever group
//! or session it is, and is killed when the command has ended. So the end of the keeper is the end of
//! all of it. Where the keeper itself is killed, the kernel kills the command, and `hotseat run`, a
//! subreaper too, what is left.

use super::processes;
use crate::telemetry::complain;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, WaitStatus, getpid, getppid,
    kill_process_group, setsid, wait, waitid,
};
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// The first argument of a keeper; not a command for people.
pub(crate) const KEEP_COMMAND: &str = "__keep";
/// The first argument of what becomes the command; not a command for people.
pub(crate) const EXEC_COMMAND: &str = "__exec";
/// Exit status, as of a shell: there is no such program.
const NOT_FOUND: u8 = 127;
/// Exit status, as of a shell: it cannot be started.
const NOT_STARTED: u8 = 126;
/// Exit status of whoever a signal ended, before its number, as of a shell.
const BY_SIGNAL: i32 = 128;

/// The keeper's program. Its exit status is the command's, or 128 and the number of the signal that
/// ended it.
pub(crate) fn keep_main() -> ExitCode {
    let command = std::env::args_os().skip(2).collect();
    match keep(command) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            complain(&format!("hotseat run: the command cannot be started: {error}"));
            ExitCode::from(NOT_STARTED)
        }
    }
}

/// The command's process group while the command has not been waited for, so that the id is its own.
type Alive = Arc<Mutex<Option<Pid>>>;

fn keep(command: Vec<OsString>) -> io::Result<u8> {
    // A session of its own: a terminal's signals do not reach it, and adopted processes are known from
    // those that the wrapper starts for itself.
    setsid()?;
    adopt_orphans()?;
    let me = getpid().as_raw_nonzero().to_string();
    let child = Command::new("/proc/self/exe")
        .arg0("hotseat")
        .args([EXEC_COMMAND, &me])
        .args(command)
        .process_group(0)
        .stdin(Stdio::null())
        .spawn()?;
    let group = Pid::from_child(&child);
    let alive: Alive = Arc::new(Mutex::new(Some(group)));
    let hearing = Arc::clone(&alive);
    // The command dies with the thread that started it, so that is this one.
    thread::Builder::new().name("orders".to_owned()).spawn(move || obey(io::stdin(), &hearing))?;
    Ok(wait_for_all(group, &alive)?)
}

/// Carries out orders until there are no more.
fn obey(mut orders: impl io::Read, alive: &Alive) {
    let mut order = [0];
    loop {
        let signal = match orders.read(&mut order) {
            Ok(1) => Signal::from_named_raw(order[0].into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            _ => Some(Signal::KILL),
        };
        let over = signal == Some(Signal::KILL);
        if let (Some(group), Some(signal)) = (*lock(alive), signal) {
            // An error means that all of the group have ended.
            let _ = kill_process_group(group, signal);
        }
        if over {
            return;
        }
    }
}

/// Waits for the command and for all that it leaves behind, which is killed.
fn wait_for_all(group: Pid, alive: &Alive) -> rustix::io::Result<u8> {
    let mut status = NOT_STARTED;
    loop {
        match waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            // Nobody is left.
            Err(rustix::io::Errno::CHILD) => return Ok(status),
            Err(error) => return Err(error),
        }
        let mut command = lock(alive);
        let gone = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        if command.is_some() && waitid(WaitId::Pid(group), gone)?.is_some() {
            // Before the command is waited for, so that the id still is its group's.
            let _ = kill_process_group(group, Signal::KILL);
            *command = None;
        }
        while let Ok(Some((pid, ended))) = wait(WaitOptions::NOHANG) {
            if pid == group {
                status = exit_code(ended);
            }
        }
        if command.is_none() {
            processes::kill_all();
        }
    }
}

fn lock(alive: &Alive) -> MutexGuard<'_, Option<Pid>> {
    // Whole after each change.
    alive.lock().unwrap_or_else(PoisonError::into_inner)
}

fn exit_code(ended: WaitStatus) -> u8 {
    let code = ended.exit_status().or(ended.terminating_signal().map(|signal| BY_SIGNAL + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

/// The program that becomes the command, after it has asked the kernel to die with the keeper: a
/// parent could ask for that only between fork and exec, where Rust guarantees nothing.
pub(crate) fn exec_main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(2);
    let (Some(parent), Some(program)) = (arguments.next(), arguments.next()) else {
        complain("hotseat run: no command");
        return ExitCode::from(NOT_STARTED);
    };
    let refused = |why: &dyn std::fmt::Display, code| {
        let program = program.to_string_lossy();
        complain(&format!("hotseat run: {}: cannot be started: {why}", program.escape_debug()));
        ExitCode::from(code)
    };
    if let Err(error) = die_with_parent() {
        return refused(&error, NOT_STARTED);
    }
    // The keeper may have ended before that was asked for.
    let present = getppid().map(|pid| pid.as_raw_nonzero().to_string());
    if present.is_none_or(|present| *present != *parent) {
        return refused(&"what watches over it has ended", NOT_STARTED);
    }
    let error = Command::new(&program).args(arguments).exec();
    let code = match error.kind() {
        io::ErrorKind::NotFound => NOT_FOUND,
        _ => NOT_STARTED,
    };
    refused(&error, code)
}

#[cfg(target_os = "linux")]
fn die_with_parent() -> rustix::io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
}

#[cfg(target_os = "linux")]
pub(super) fn adopt_orphans() -> rustix::io::Result<()> {
    rustix::process::set_child_subreaper(Some(getpid()))
}

/// Only Linux has either.
#[cfg(not(target_os = "linux"))]
fn die_with_parent() -> rustix::io::Result<()> {
    Err(rustix::io::Errno::NOSYS)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn adopt_orphans() -> rustix::io::Result<()> {
    Err(rustix::io::Errno::NOSYS)
}
