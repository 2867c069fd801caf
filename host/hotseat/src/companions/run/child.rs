//! The command while it runs, from where it was started.

use super::keeper::KEEP_COMMAND;
use super::processes;
use rustix::process::{Pid, Signal};
use std::ffi::OsString;
use std::io;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{ChildStdin, Command};
use tokio::time::sleep;

/// What the command finds in its environment: the fencing token of the term that it acts for.
pub const TOKEN: &str = "HOTSEAT_TOKEN";
/// And the name of the candidate.
pub const NAME: &str = "HOTSEAT_NAME";
/// Exit status of what SIGKILL ended.
const KILLED: u8 = 128 + 9;
/// Between two looks whether all have gone.
const LOOK: Duration = Duration::from_millis(5);

/// A command that runs. If it is dropped, or this process dies, the command and all that it started
/// are killed.
#[derive(Debug)]
pub(super) struct Child {
    keeper: tokio::process::Child,
    orders: Option<ChildStdin>,
}

impl Child {
    /// Starts the command for the term with that token. Must be called inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// The system starts no process. A program that is not there shows as exit status 127.
    pub(super) fn start(command: &[OsString], token: u64, name: &str) -> io::Result<Child> {
        let mut keeper = Command::new("/proc/self/exe")
            .arg0("hotseat")
            .arg(KEEP_COMMAND)
            .args(command)
            .env(TOKEN, token.to_string())
            .env(NAME, name)
            .stdin(Stdio::piped())
            .spawn()?;
        let orders = keeper.stdin.take();
        Ok(Child { keeper, orders })
    }

    /// The keeper's id; none once it was waited for.
    pub(super) fn keeper(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.keeper.id()?).ok()?)
    }

    /// Sends a signal to the command's process group. SIGKILL kills what is in other groups, too.
    pub(super) async fn signal(&mut self, signal: Signal) {
        let Some(orders) = &mut self.orders else { return };
        let order = u8::try_from(signal.as_raw()).unwrap_or_default();
        // A keeper that takes no order has ended or is about to.
        if orders.write_all(&[order]).await.is_err() || signal == Signal::KILL {
            self.orders = None;
        }
    }

    /// Waits until nothing of it is left, and gives the command's exit status: its own, or 128 and the
    /// number of the signal that ended it. Nothing is lost if the future is dropped.
    ///
    /// # Errors
    ///
    /// The system does not tell.
    pub(super) async fn ended(&mut self) -> io::Result<u8> {
        let status = self.keeper.wait().await?;
        if let Some(code) = status.code() {
            return Ok(u8::try_from(code).unwrap_or(u8::MAX));
        }
        // The keeper was killed. The kernel kills the command with it, and this process has been given
        // what else there is.
        while processes::reap_adopted(None) > 0 {
            processes::kill_adopted();
            sleep(LOOK).await;
        }
        Ok(KILLED)
    }
}
