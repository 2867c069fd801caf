//! Keeps the active policy what its source and its settings say: one swap after the other, the
//! newest wish first.

use super::{Policies, Proposal};
use hotseat_engine::Source;
use hotseat_sources::SourceError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;

/// What a source tells.
pub(super) enum Change {
    /// Other bytes.
    Component(Arc<Source>),
    /// Other settings, JSON or empty.
    Settings(Arc<str>),
    /// Bytes that must not be loaded.
    Refused(SourceError),
    /// The source gives nothing for now, in one line why.
    Ailing(String),
}

/// What is wanted at first.
pub(super) struct First {
    pub(super) settings: Arc<str>,
    /// The component, whose swap has been made; none: the standard policy, whose swap has not.
    pub(super) source: Option<Arc<Source>>,
    /// Another one comes through a network. Where the operator lets the standard policy decide
    /// until it does, that is without settings, which are the other policy's.
    pub(super) remote: bool,
}

/// A swap that runs on its thread.
struct Running {
    done: oneshot::Receiver<()>,
    overtaken: Arc<AtomicBool>,
}

/// Follows the changes for as long as the process lives.
pub(super) async fn follow(policies: Policies, first: First, mut changes: Receiver<Change>) {
    let First { mut settings, source, remote } = first;
    let mut due = source.is_none();
    let mut source = lighter(&policies, source);
    let mut running: Option<Running> = None;
    // One that came while a swap was running: what the swap shows must not hide it.
    let mut refused = None;
    loop {
        if due {
            match &running {
                Some(running) => running.overtaken.store(true, Ordering::Relaxed),
                None if remote && source.is_none() && !policies.standard_may_decide(None) => {
                    // It is waited for.
                    due = false;
                }
                None => {
                    due = false;
                    let stand_in = remote && source.is_none();
                    let settings = if stand_in { Arc::from("") } else { settings.clone() };
                    let proposal = Proposal { source: source.clone(), settings };
                    running = start(&policies, proposal);
                }
            }
        }
        tokio::select! {
            change = changes.recv() => match change {
                Some(Change::Component(bytes)) => {
                    policies.show_source_error(None);
                    (source, due, refused) = (Some(bytes), true, None);
                }
                Some(Change::Settings(text)) => (settings, due) = (text, true),
                Some(Change::Refused(error)) => {
                    policies.show_source_error(None);
                    match running {
                        Some(_) => refused = Some(error),
                        None => policies.refuse_source(error),
                    }
                }
                Some(Change::Ailing(error)) => policies.show_source_error(Some(error)),
                None => return,
            },
            () = ended(&mut running) => {
                running = None;
                source = lighter(&policies, source);
                if !due && let Some(error) = refused.take() {
                    policies.refuse_source(error);
                }
            }
        }
    }
}

/// A policy with its interpreter has 18 MB that nobody needs once it is compiled.
fn lighter(policies: &Policies, source: Option<Arc<Source>>) -> Option<Arc<Source>> {
    source.map(|source| match policies.has(&source) {
        true => Arc::new(source.without_bytes()),
        false => source,
    })
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
        Ok(_) => Some(Running { done, overtaken }),
        Err(error) => {
            tracing::error!(%error, "no thread for a swap; the active policy stays");
            None
        }
    }
}
