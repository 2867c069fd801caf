//! `hotseat demo`: an election to look at, on this machine and with no cluster.
//!
//! Three candidates run as real processes of this program, against the embedded API server in this
//! process. A script kills the leader, asks it to leave, swaps the policy of all three while they
//! run, and silences the leader's application. Each candidate is asked on its port about every
//! 10 ms whether it leads, and the answers show what matters: how long nobody led, that two never
//! led at a time, and that a swap costs no heartbeat. Each shows the election on a page, `/ui`, from which
//! a person gets to the demonstration's own page, and takes the script's place there.
#![forbid(unsafe_code)]

mod controls;
mod pressed;
mod script;
mod scripted;
mod stage;

mod application;
mod candidate;
mod kubeconfig;
mod options;
mod orphan;
mod policies;
mod ports;

mod lock;
mod sampler;

mod outcome;
mod referee;
mod swap;

mod paint;
mod picture;
mod screen;
mod show;
mod words;

pub use candidate::controls_of_parent;
pub use options::{Options, Output, OwnPolicy};
pub use orphan::die_with_parent;

use anyhow::Context;
use candidate::Launch;
use controls::Controls;
use hotseat_apiserver::{Config, Server};
use kubeconfig::Kubeconfig;
use options::NAMES;
use policies::PolicyFile;
use screen::{Screen, Style};
use stage::Stage;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Names another program to run as candidates, for tests.
const PROGRAM: &str = "HOTSEAT_BIN";

/// Runs a demonstration to its end. Exit status 0 says that every election ended with a leader and
/// that two never led at a time; otherwise a line on stderr says what went wrong.
///
/// # Errors
///
/// A port is taken, the temporary folder cannot be written to, or a candidate cannot be started or
/// ends by itself.
pub fn run(options: Options) -> anyhow::Result<ExitCode> {
    ports::check_free(&options.ports)?;
    options.timing().check()?;
    // One thread, the main one: the kernel ends the candidates when the thread that started them
    // does.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(perform(&options))
}

async fn perform(options: &Options) -> anyhow::Result<ExitCode> {
    let stop = stop_signal()?;
    let server = Server::start(([127, 0, 0, 1], 0).into(), Config::new());
    let server = server.await.context("the embedded API server cannot listen on 127.0.0.1")?;
    let kubeconfig = Kubeconfig::write(&server.kubeconfig())?;
    let policy = PolicyFile::new(kubeconfig.folder())?;
    let own = options.own.clone().unwrap_or_else(|| OwnPolicy {
        source: format!("file:{}", policy.path().display()),
        settings: String::new(),
    });
    let controls = match options.output {
        Output::Text => Some(Controls::open().await?),
        Output::Json => None,
    };
    let launch = Launch {
        program: program()?,
        election: options.election(),
        kubeconfig: kubeconfig.path().to_owned(),
        policy: own.source,
        settings: own.settings,
        timing: options.timing(),
        controls: controls.as_ref().map(|controls| controls.address().to_owned()),
    };
    let style = match options.output {
        Output::Text => Style::for_people(),
        Output::Json => Style::Silent,
    };
    let mut stage = Stage::new(options, launch, policy, server, Screen::start(style)?);
    let played = stage.play(stop, controls).await;
    conclude(stage, played, options.complain).await
}

/// Ends the candidates and tells what was seen.
async fn conclude(
    mut stage: Stage,
    played: anyhow::Result<bool>,
    complain: fn(&str),
) -> anyhow::Result<ExitCode> {
    // Judged before the candidates are ended, which is not part of the show.
    let (outcome, elapsed) = (stage.outcome(), stage.elapsed());
    let patience = match played {
        Ok(true) => Duration::ZERO,
        _ => stage.lease + Duration::from_secs(3),
    };
    // What a person leaves behind is no failure of anybody, and a policy of the user's own may have nobody
    // lead for as long as it likes.
    let open = stage.referee.open().filter(|_| stage.scripted && !stage.script.is_empty());
    let now = hotseat_election::clock::now();
    let failure = outcome.failure(open, &NAMES, now, patience);
    let failure =
        failure.or_else(|| stage.scripted.then(|| stage.swaps.failure(now, patience)).flatten());
    let errors = stage.errors();
    stage.clear().await;
    let last = match stage.screen.style() {
        Style::Silent => serde_json::to_string(&outcome)?,
        _ => outcome.summary(elapsed),
    };
    stage.screen.end(last)?;
    if played.is_err() || failure.is_some() {
        for candidate in &stage.fleet {
            for line in candidate.tail() {
                complain(&format!("{}: {line}", candidate.name));
            }
        }
    }
    played?;
    let Some(failure) = failure else { return Ok(ExitCode::SUCCESS) };
    for error in errors {
        complain(&error);
    }
    complain(&format!("hotseat: demo: {failure}"));
    Ok(ExitCode::FAILURE)
}

fn program() -> anyhow::Result<PathBuf> {
    match std::env::var_os(PROGRAM) {
        Some(program) => Ok(PathBuf::from(program)),
        None => std::env::current_exe().context("the path of this program is unknown"),
    }
}

/// Ready when somebody wants the demonstration to end.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let handler = |kind| signal(kind).context("signals cannot be handled");
    let mut kinds: [Signal; 3] = [
        handler(SignalKind::interrupt())?,
        handler(SignalKind::terminate())?,
        handler(SignalKind::hangup())?,
    ];
    Ok(async move {
        let [interrupt, terminate, hangup] = &mut kinds;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}
