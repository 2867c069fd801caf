//! The running sidecar: its elections, what they share, and its end.

mod candidate;
mod settings;

pub mod identity;
pub mod locks;
mod note;

pub mod engine;
pub mod needs;
pub mod source;

pub mod observers;

mod home;
mod host_facts;
pub mod own_pod;
pub mod probes;
pub mod roster;

pub mod rights;

pub mod open_files;
pub mod stop;
mod trim;

pub use candidate::Candidate;
pub use settings::{
    ElectionSettings, PREEMPTIONS_PER_HOUR, PodName, Settings, TurnOptions, WARM_UP,
};

use crate::companions::{Companions, Request};
use crate::sidecar::observers::{JournalKeeper, Metrics};
use crate::sidecar::stop::{Asked, StopSignals};
use anyhow::{Context, anyhow};
use hotseat_core::time::Moment;
use hotseat_election::{Seats, Stopper, clock};
use hotseat_http as http;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// How long HTTP requests under way may take to end when the process stops.
const HTTP_GRACE: Duration = Duration::from_millis(500);
/// How long the journal's file may take the last records when the process stops.
const LAST_RECORDS: Duration = Duration::from_millis(500);

/// Runs the sidecar to its end: a signal, after which the seat is released.
///
/// # Errors
///
/// It cannot start: the message names what, why and the remedy.
pub async fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    let started = clock::now();
    open_files::allow_many();
    // A command is given it, as a sign to read its configuration anew.
    let signals = StopSignals::new(settings.companions.command.is_none())?;
    let bound = settings.http.as_deref().map(http::Server::bind).transpose();
    let bound = bound.map_err(|error| anyhow!("--http {error}"))?;
    // In the heap: what only the start needs is given back there.
    let candidate = Box::pin(Candidate::compose(settings.election)).await?;
    let journal = JournalKeeper::default();
    if let Some(file) = &settings.journal {
        journal.append_to(file).context("--journal")?;
    }
    let metrics = Metrics::new(vec![candidate.status().clone()], journal.clone(), started);
    let seats = Seats::default();
    let shared = Shared { journal: journal.clone(), metrics: metrics.clone(), seats };
    let mut server = match bound {
        Some(bound) => {
            for address in bound.addresses() {
                tracing::info!(%address, "listening");
            }
            let bound = bound.with_access(settings.access).with_controls(settings.controls);
            Some(bound.serve(candidate.status().clone(), Arc::new(shared.clone()))?)
        }
        None => None,
    };
    let lease = candidate.lease_duration();
    let mut companions = Companions::begin(settings.companions, candidate.status(), lease)?;
    let stopper = Stopper::default();
    let running = Box::pin(candidate.run(&shared, &stopper));
    let ended = until_stopped(running, signals, &stopper, server.as_mut(), &mut companions).await;
    // However it ended, an election that does not run any more leads to nothing that acts for it.
    let code = match ended {
        Ok(End::AtOnce(code)) => return Ok(code),
        Ok(End::Ordered(code)) => companions.end(code).await,
        Err(error) => {
            companions.end(ExitCode::FAILURE).await;
            return Err(error);
        }
    };
    if let Some(server) = server {
        server.stop(HTTP_GRACE);
    }
    journal.close(LAST_RECORDS);
    Ok(code)
}

/// What the elections of a process share.
#[derive(Clone)]
pub struct Shared {
    /// Where decisions are recorded.
    pub journal: JournalKeeper,
    /// Where facts are counted.
    pub metrics: Metrics,
    /// The seats that they hold.
    pub seats: Seats,
}

impl http::Backend for Shared {
    fn metrics(&self, now: Moment) -> Result<String, std::fmt::Error> {
        self.metrics.render(now)
    }

    fn journal(&self, most: usize) -> String {
        self.journal.lines(most)
    }

    fn answered(&self, path: &'static str, status: u16) {
        self.metrics.http_request(path, status);
    }

    fn connections(&self, open: usize) {
        self.metrics.http_connections(open);
    }
}

/// How the sidecar ends.
enum End {
    /// The election has ended.
    Ordered(ExitCode),
    /// It has not, and nobody waits for it.
    AtOnce(ExitCode),
}

/// Waits for the end of the election, and asks for it when a signal does.
async fn until_stopped(
    mut running: Pin<Box<impl Future<Output = anyhow::Result<()>>>>,
    mut signals: StopSignals,
    stopper: &Stopper,
    server: Option<&mut http::Running>,
    companions: &mut Companions,
) -> anyhow::Result<End> {
    let server_ended = async {
        match server {
            Some(server) => server.ended().await,
            None => std::future::pending().await,
        }
    };
    let mut server_ended = std::pin::pin!(server_ended);
    let (mut stopping, mut code) = (false, ExitCode::SUCCESS);
    loop {
        tokio::select! {
            biased;
            Asked { name, insists } = signals.next() => {
                if stopping && insists {
                    tracing::warn!(signal = name, "second signal: the seat is not released");
                    return Ok(End::AtOnce(ExitCode::FAILURE));
                }
                if !stopping {
                    tracing::info!(signal = name, "stopping");
                }
            }
            request = companions.next() => match request {
                Request::End => {}
                Request::Exit(code) => return Ok(End::AtOnce(ExitCode::from(code))),
            },
            () = server_ended.as_mut(), if !stopping => {
                tracing::error!(part = "the HTTP server", "a part of this program has ended: stopping");
                code = ExitCode::FAILURE;
            }
            ended = running.as_mut() => return ended.map(|()| End::Ordered(code)),
        }
        stopping = true;
        stopper.stop();
    }
}
