//! Keeps the active policy what its source and its settings say: one swap after the other, the
//! newest wish first.

use super::origin::proposal;
use super::{Policies, Proposal};
use hotseat_engine::Source;
use hotseat_sources::Sourced;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;

/// A swap that runs on its thread.
struct Running {
    done: oneshot::Receiver<()>,
    overtaken: Arc<AtomicBool>,
    digest: Option<String>,
    settings: Arc<str>,
}

impl Running {
    fn is_of(&self, proposal: &Proposal) -> bool {
        let digest = proposal.source.as_ref().map(|source| source.digest());
        self.digest.as_deref() == digest && self.settings == proposal.settings
    }
}

/// Proposes `first`, unless it is active already, and follows what is sourced until nothing can come
/// any more and what came last is in force or refused.
pub(super) async fn follow(policies: Policies, first: Proposal, sourced: Receiver<Sourced>) {
    let mut sourced = Some(sourced);
    // A file's component was loaded before the election began.
    let mut due = first.source.is_none();
    let mut wanted = lighter(&policies, first);
    let mut running: Option<Running> = None;
    // One that came while a swap was running: what the swap shows must not hide it.
    let mut refused = None;
    loop {
        if due {
            match &running {
                Some(running) => running.overtaken.store(true, Ordering::Relaxed),
                None => {
                    due = false;
                    running = start(&policies, wanted.clone());
                }
            }
        }
        if sourced.is_none() && running.is_none() && !due {
            return;
        }
        tokio::select! {
            came = next(&mut sourced) => match came {
                Some(Sourced::Found(publication)) => {
                    policies.show_source_error(None);
                    refused = None;
                    let came = proposal(publication);
                    // As when the standard policy is on its way already.
                    let under_way = running.as_ref().is_some_and(|it| it.is_of(&came));
                    if due || !under_way {
                        (wanted, due) = (came, true);
                    }
                }
                Some(Sourced::Refused(error)) => {
                    policies.show_source_error(None);
                    match running {
                        Some(_) => refused = Some(error),
                        None => policies.refuse_source(error),
                    }
                }
                Some(Sourced::Unavailable(why)) => policies.show_source_error(Some(why)),
                // A registry has given all that it ever will: what it gave may still be due.
                None => sourced = None,
            },
            () = ended(&mut running) => {
                running = None;
                wanted = lighter(&policies, wanted);
                if !due && let Some(error) = refused.take() {
                    policies.refuse_source(error);
                }
            }
        }
    }
}

/// Never comes where nothing more is sourced.
async fn next(sourced: &mut Option<Receiver<Sourced>>) -> Option<Sourced> {
    match sourced {
        Some(sourced) => sourced.recv().await,
        None => std::future::pending().await,
    }
}

/// A policy with its interpreter has 18 MB that nobody needs once it is compiled.
fn lighter(policies: &Policies, Proposal { source, settings }: Proposal) -> Proposal {
    let light = |source: Arc<Source>| match policies.has(&source) {
        true => Arc::new(source.without_bytes()),
        false => source,
    };
    Proposal { source: source.map(light), settings }
}

async fn ended(running: &mut Option<Running>) {
    match running {
        // A thread that panicked has ended, too.
        Some(running) => drop((&mut running.done).await),
        None => std::future::pending().await,
    }
}

/// A thread of its own for each swap: it blocks for long, and nothing of it stays in memory.
fn start(policies: &Policies, proposal: Proposal) -> Option<Running> {
    let (tell, done) = oneshot::channel();
    let overtaken = Arc::new(AtomicBool::new(false));
    let digest = proposal.source.as_ref().map(|source| source.digest().to_owned());
    let settings = proposal.settings.clone();
    let thread = std::thread::Builder::new().name("policy-swap".to_owned()).spawn({
        let (policies, overtaken) = (policies.clone(), overtaken.clone());
        move || {
            // What came of it is shown already.
            let _ = policies.swap(&proposal, &overtaken);
            policies.load_fallback();
            let _ = tell.send(());
        }
    });
    match thread {
        Ok(_) => Some(Running { done, overtaken, digest, settings }),
        Err(error) => {
            tracing::error!(%error, "no thread for a swap; the active policy stays");
            None
        }
    }
}
