//! The signals of the system that ask the process to end.

use anyhow::Context;
use std::future::pending;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Asks to end, whichever it is: the seat is released.
#[derive(Debug)]
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
    /// None where it was ignored when the process started.
    hang_up: Option<Signal>,
}

/// A signal that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its name, such as `SIGTERM`.
    pub name: &'static str,
    /// Whether it asks the process to end at once if it is ending already. A terminal that is
    /// closed is reported to its processes twice, by the kernel and by the shell: nobody asks twice.
    pub insists: bool,
}

impl StopSignals {
    /// Takes the signals; SIGHUP only where `hang_up` says that it is one of them. Must be called
    /// inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// The system refuses.
    pub fn new(hang_up: bool) -> anyhow::Result<StopSignals> {
        let handler = |kind| signal(kind).context("signals cannot be handled");
        // `nohup` starts a program with SIGHUP ignored, and means it to go on.
        let hang_up = match !hang_up || ignores(SignalKind::hangup()) {
            true => None,
            false => Some(handler(SignalKind::hangup())?),
        };
        Ok(StopSignals {
            terminate: handler(SignalKind::terminate())?,
            interrupt: handler(SignalKind::interrupt())?,
            quit: handler(SignalKind::quit())?,
            hang_up,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Asked {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => pending().await,
            }
        };
        let (name, insists) = tokio::select! {
            _ = self.terminate.recv() => ("SIGTERM", true),
            _ = self.interrupt.recv() => ("SIGINT", true),
            _ = self.quit.recv() => ("SIGQUIT", true),
            _ = hang_up => ("SIGHUP", false),
        };
        Asked { name, insists }
    }
}

/// Whether this process ignores a signal; no where /proc is not mounted.
pub(crate) fn ignores(kind: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    is_ignored(&status, kind.as_raw_value())
}

fn is_ignored(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| (mask >> (signal - 1)) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_is_read_from_the_mask() {
        let status = "Name:\thotseat\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000000002\n";
        assert_eq!([1, 2, 13].map(|signal| is_ignored(status, signal)), [true, false, true]);
        assert!(!is_ignored("", 1));
        // The standard library has every program ignore it.
        assert!(ignores(SignalKind::pipe()));
    }
}
