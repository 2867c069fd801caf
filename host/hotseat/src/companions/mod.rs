//! What runs beside the election, each on a thread of its own, and reads its status: the command of
//! `hotseat run`, the leader's file, and the exit-code fence. Whatever holds one of them up holds up
//! neither the election nor the others.

pub mod fence;
mod leader_file;
pub mod run;

use self::fence::Fence;
use self::run::Supervisor;
use anyhow::Context as _;
use hotseat_election::Status;
use std::future::pending;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

/// Which of them are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// A command that runs while this candidate leads.
    pub command: Option<run::Settings>,
    /// A file that says who leads.
    pub leader_file: Option<PathBuf>,
    /// Ends the program if the application does not let go.
    pub fence: Option<Fence>,
}

/// What a companion asks of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Give the seat up and end.
    End,
    /// End at once with that status; the seat is not released.
    Exit(u8),
}

/// The running companions.
pub(crate) struct Companions {
    requests: UnboundedReceiver<Request>,
    /// True once all are to end.
    over: watch::Sender<bool>,
    command: Option<JoinHandle<std::io::Result<run::Ended>>>,
    others: Vec<JoinHandle<std::io::Result<()>>>,
}

impl Companions {
    /// Starts those that are wanted, for the election of that status with that lease duration.
    ///
    /// # Errors
    ///
    /// The system gives no thread, or the leader's file cannot be written.
    pub(crate) fn begin(
        settings: Settings,
        status: &Status,
        lease: Duration,
    ) -> anyhow::Result<Companions> {
        let (ask, requests) = unbounded_channel();
        let (over, told) = watch::channel(false);
        let mut companions = Companions { requests, over, command: None, others: Vec::new() };
        if let Some(path) = settings.leader_file {
            let file = leader_file::LeaderFile::begin(path, status.clone(), told.clone())?;
            companions.others.push(start("leader-file", move || file.run())?);
        }
        if let Some(fence) = settings.fence {
            let watching = fence::watch(fence, status.clone(), ask.clone(), told.clone());
            companions.others.push(start("fence", || watching)?);
        }
        if let Some(command) = settings.command {
            let supervisor = Supervisor::new(command, status.clone(), lease, told)?;
            companions.command = Some(start("command", move || supervise(supervisor, ask))?);
        }
        Ok(companions)
    }

    /// Waits for what one of them asks for.
    pub(crate) async fn next(&mut self) -> Request {
        match self.requests.recv().await {
            Some(request) => request,
            None => pending().await,
        }
    }

    /// Has all of them end, after the election, and gives the status with which the program ends: the
    /// command's, where it ended by itself.
    pub(crate) async fn end(self, code: ExitCode) -> ExitCode {
        self.over.send_replace(true);
        // Each ends at once, but for a command that is not dead yet: nothing else is to be done then
        // than to wait for that.
        let ending = tokio::task::spawn_blocking(move || {
            for other in self.others {
                report(other.join());
            }
            self.command.and_then(|command| report(command.join()))
        });
        match ending.await {
            Ok(Some(run::Ended::Exited(status))) => ExitCode::from(status),
            _ => code,
        }
    }
}

/// What a thread gave; a panic was logged already.
fn report<T>(ended: thread::Result<std::io::Result<T>>) -> Option<T> {
    match ended.ok()? {
        Ok(value) => Some(value),
        Err(error) => {
            tracing::error!(%error, "a part beside the election has ended");
            None
        }
    }
}

/// The program ends when its command has, or when nobody watches over commands any more.
async fn supervise(
    supervisor: Supervisor,
    ask: UnboundedSender<Request>,
) -> std::io::Result<run::Ended> {
    /// Asks when it is dropped, after a panic too.
    struct Asks(UnboundedSender<Request>);
    impl Drop for Asks {
        fn drop(&mut self) {
            // Nobody takes it where the program ends anyway.
            let _ = self.0.send(Request::End);
        }
    }
    let _asks = Asks(ask);
    supervisor.run().await
}

/// Runs work on a thread and a runtime of its own.
fn start<T: Send + 'static, F: Future<Output = std::io::Result<T>>>(
    name: &str,
    work: impl FnOnce() -> F + Send + 'static,
) -> anyhow::Result<JoinHandle<std::io::Result<T>>> {
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(work())
    };
    thread::Builder::new().name(name.to_owned()).spawn(run).context("the system gives no thread")
}
