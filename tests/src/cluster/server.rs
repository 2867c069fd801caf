//! One running program of a cluster.

use std::io;
use std::process::Child;

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::plan::Call;
use crate::lifeline;

/// A program that ends with this value, or with this process.
pub(super) struct Server {
    child: Child,
    call: Call,
}

impl Server {
    pub(super) fn start(call: Call) -> anyhow::Result<Self> {
        let mut command = lifeline::command(&call.program);
        call.complete(&mut command)?;
        let child = lifeline::spawn(command)
            .with_context(|| format!("cannot start {}", call.program.display()))?;
        Ok(Self { child, call })
    }

    /// Fails with the program's last words if it has ended.
    pub(super) fn alive(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!(
                "{} ended with {status}; it said:\n{}",
                self.call.program.display(),
                self.call.last_words()
            ),
        }
    }

    /// Whether it ended because another process has its port.
    pub(super) fn lost_its_port(&mut self) -> bool {
        self.alive().is_err() && self.call.last_words().contains("address already in use")
    }

    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        // The child is not waited for yet, so its id is its own.
        let pid = Pid::from_child(&self.child);
        Ok(kill_process(pid, signal)?)
    }

    /// Ends it by SIGKILL and waits for the end.
    pub(super) fn kill(mut self) -> io::Result<()> {
        self.end()
    }

    fn end(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.end();
    }
}
