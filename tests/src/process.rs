//! The `hotseat` program as a child process: what it says and when, signals, its HTTP answers.

mod binary;
mod http;
mod lines;
mod listening;
mod memory;

use std::ffi::OsStr;
use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::{Pid, kill_process};

pub use rustix::process::Signal;

pub use self::binary::hotseat_binary;
pub(crate) use self::binary::target_folder;
pub use self::http::{Response, get, send, send_with};
use self::lines::Lines;
pub use self::lines::{Line, Stream};
pub use self::memory::Memory;
use crate::{lifeline, wait};

/// How long a start may take until the address is known.
const LISTENS_WITHIN: Duration = Duration::from_secs(20);
/// How long output may still come after the exit.
const OUTPUT_WITHIN: Duration = Duration::from_secs(2);

/// What to run, and how. Ends in [`start`](Self::start).
#[derive(Debug)]
pub struct Launch {
    command: Command,
}

impl Launch {
    /// The `hotseat` program, without arguments. Nothing of the test's own environment that
    /// Hotseat heeds reaches it, and colours are off.
    ///
    /// # Errors
    ///
    /// When the program cannot be built.
    pub fn hotseat() -> anyhow::Result<Self> {
        Ok(Self::program(hotseat_binary()?))
    }

    /// Another program, in the same surroundings.
    #[must_use]
    pub fn program(program: impl AsRef<OsStr>) -> Self {
        let mut command = lifeline::command(program);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            let heeded = ["HOTSEAT_", "KUBERNETES_", "POD_", "RUST_"];
            let proxy = text.to_ascii_uppercase().ends_with("_PROXY");
            if text == "KUBECONFIG" || proxy || heeded.iter().any(|prefix| text.starts_with(prefix))
            {
                command.env_remove(&name);
            }
        }
        command.env("NO_COLOR", "1");
        Self { command }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets `KUBECONFIG`.
    #[must_use]
    pub fn kubeconfig(self, path: &Path) -> Self {
        self.env("KUBECONFIG", path)
    }

    /// Starts the program. It is killed when the value returned is dropped or this process dies.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(self) -> anyhow::Result<Hotseat> {
        self.start_with(Stdio::piped(), Stdio::piped())
    }

    /// As [`start`](Self::start), with these streams; the lines of those that are piped are read.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_with(mut self, stdout: Stdio, stderr: Stdio) -> anyhow::Result<Hotseat> {
        self.command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
        let started = Instant::now();
        let mut child = lifeline::spawn(self.command).context("cannot start the program")?;
        let lines = Arc::new(Lines::default());
        let streams = (child.stdout.take(), child.stderr.take());
        // Owned from here on, so that an error below ends the child too.
        let hotseat = Hotseat { child, lines, started };
        read(&hotseat.lines, Stream::Stdout, streams.0)?;
        read(&hotseat.lines, Stream::Stderr, streams.1)?;
        Ok(hotseat)
    }
}

/// Reads a stream on a thread of its own; one that the test has taken counts as ended.
fn read(
    lines: &Arc<Lines>,
    stream: Stream,
    source: Option<impl Read + Send + 'static>,
) -> anyhow::Result<()> {
    let lines = Arc::clone(lines);
    match source {
        Some(source) => {
            thread::Builder::new().spawn(move || lines.read(stream, source))?;
        }
        None => lines.read(stream, std::io::empty()),
    }
    Ok(())
}

/// A running (or ended) child process.
#[derive(Debug)]
pub struct Hotseat {
    child: Child,
    lines: Arc<Lines>,
    started: Instant,
}

impl Hotseat {
    /// When it was started.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.started
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it holds in memory.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn memory(&self) -> anyhow::Result<Memory> {
        Memory::of(self.pid())
    }

    /// All lines that it wrote so far, of both streams.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        self.lines.all()
    }

    /// The lines of one stream so far, joined.
    #[must_use]
    pub fn output(&self, stream: Stream) -> String {
        let lines = self.lines().into_iter().filter(|line| line.stream == stream);
        lines.map(|line| line.text + "\n").collect()
    }

    /// Waits for a line that contains `pattern`; one written before the call counts too.
    ///
    /// # Panics
    ///
    /// When `within` has passed or the output has ended without it. The message holds all lines.
    #[track_caller]
    pub fn wait_line(&self, pattern: &str, within: Duration) -> Line {
        self.wait_line_from(0, pattern, within)
    }

    /// Like [`wait_line`](Self::wait_line), for a line after `earlier`.
    ///
    /// # Panics
    ///
    /// As [`wait_line`](Self::wait_line).
    #[track_caller]
    pub fn wait_line_after(&self, earlier: &Line, pattern: &str, within: Duration) -> Line {
        self.wait_line_from(earlier.index + 1, pattern, within)
    }

    #[track_caller]
    fn wait_line_from(&self, from: usize, pattern: &str, within: Duration) -> Line {
        match self.lines.wait(from, within, |line| line.text.contains(pattern)) {
            Some(line) => line,
            None => panic!(
                "waited up to {within:?} for a line with {pattern:?} after the first {from}; {self}"
            ),
        }
    }

    /// Sends a signal.
    ///
    /// # Errors
    ///
    /// When the process has ended and was waited for.
    pub fn signal(&mut self, signal: Signal) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            anyhow::bail!("the program has ended with {status}");
        }
        // Not waited for yet, so the id is its own.
        kill_process(Pid::from_child(&self.child), signal).context("cannot signal the program")
    }

    /// Waits for the end, and for the last of the output.
    ///
    /// # Panics
    ///
    /// When `within` has passed.
    #[track_caller]
    pub fn wait_exit(&mut self, within: Duration) -> ExitStatus {
        let ended = wait::try_until(within, || match self.child.try_wait() {
            Ok(Some(status)) => Ok(status),
            other => Err(other),
        });
        match ended {
            Ok(status) => {
                self.lines.wait_closed(OUTPUT_WITHIN);
                status
            }
            Err(error) => panic!("waited {within:?} for the exit ({error:?}); {self}"),
        }
    }

    /// Where it serves HTTP: the field `address=` of the log line that says `listening`.
    ///
    /// # Panics
    ///
    /// When it does not say so in 20 s.
    #[must_use]
    #[track_caller]
    pub fn http_addr(&self) -> SocketAddr {
        let found = self.lines.wait(0, LISTENS_WITHIN, |line| address(line).is_some());
        match found.as_ref().and_then(address) {
            Some(address) => address,
            None => panic!("no log line with `listening` and `address=IP:PORT`; {self}"),
        }
    }

    /// Where it listens on TCP, as the kernel says, for a program whose log nobody can read.
    ///
    /// # Panics
    ///
    /// When it does not listen in 20 s.
    #[must_use]
    #[track_caller]
    pub fn listening_addr(&self) -> SocketAddr {
        wait::until("a socket that listens", LISTENS_WITHIN, || listening::of(self.pid()))
    }

    /// Asks its HTTP server for `path`.
    ///
    /// # Errors
    ///
    /// As [`get`].
    ///
    /// # Panics
    ///
    /// As [`http_addr`](Self::http_addr).
    #[track_caller]
    pub fn get(&self, path: &str) -> anyhow::Result<Response> {
        get(self.http_addr(), path)
    }
}

impl std::fmt::Display for Hotseat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "process {} wrote:", self.pid())?;
        for line in self.lines() {
            writeln!(f, "{:>9.3}s {line}", (line.at - self.started).as_secs_f64())?;
        }
        Ok(())
    }
}

impl Drop for Hotseat {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address(line: &Line) -> Option<SocketAddr> {
    if line.stream != Stream::Stderr || !line.text.contains("listening") {
        return None;
    }
    let (_, rest) = line.text.split_once("address=")?;
    rest.split_whitespace().next()?.trim_matches('"').parse().ok()
}

#[cfg(test)]
mod tests;
