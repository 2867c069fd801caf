//! Probes: the host asks other programs in its reach whether they are up, and reports what it found
//! as signals under `probe.`.
//!
//! Probes have a thread and a runtime of their own: what a target sends, and however it sends it, is
//! read in none of the turns of the election's loop, which has a lease to renew in time. Each probe
//! is a task there. It waits for its target only, within its own timeout, and reads no more than a
//! few KiB of each answer, so a target that hangs or floods holds up nobody else (I18).

mod attempt;
mod bounded;
mod spec;
mod verdict;

pub use spec::{MOST_PROBES, Probe, SpecError, Target, parse, parse_ready};

use attempt::Prober;
use hotseat_core::policy::Value;
use hotseat_election::clock;
use hotseat_election::signals::{Key, Report, Store};
use std::io;
use std::thread;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use verdict::Verdict;

/// Probes that are made until this is dropped.
#[derive(Debug)]
pub struct Probing {
    /// The thread ends when this does. It is not waited for: nothing of it outlives the process.
    _until_dropped: Option<oneshot::Sender<()>>,
}

/// Begins to probe, on a thread of its own, and reports each finding to `store`. Where there is
/// nothing to probe, there is no thread.
///
/// # Errors
///
/// The system gave no thread or no runtime.
pub fn begin(probes: Vec<Probe>, store: &Store) -> io::Result<Probing> {
    if probes.is_empty() {
        return Ok(Probing { _until_dropped: None });
    }
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (until_dropped, dropped) = oneshot::channel();
    let store = store.clone();
    thread::Builder::new().name("probes".to_owned()).spawn(move || {
        runtime.block_on(async move {
            let mut tasks = JoinSet::new();
            for probe in probes {
                tasks.spawn(run(probe, store.clone()));
            }
            // An error, when the other end is gone, says the same.
            let _ = dropped.await;
        });
        // The system's resolver may hold a thread for longer than anybody wants to wait.
        runtime.shutdown_background();
    })?;
    Ok(Probing { _until_dropped: Some(until_dropped) })
}

/// Probes its target for as long as it is polled, and reports each finding. Before the target was up or
/// down often enough in a row, what is said at first is reported, or nothing.
async fn run(probe: Probe, store: Store) {
    let mut pace = interval(probe.interval);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut verdict = Verdict::new(probe.rise, probe.fall);
    let mut prober = Prober::new(&probe);
    report(&probe.key, probe.at_first, &store);
    loop {
        pace.tick().await;
        let found = prober.attempt().await;
        let before = verdict.up();
        let up = verdict.count(found.is_ok());
        tell(&probe.key, before, up, &found);
        report(&probe.key, up.or(probe.at_first), &store);
    }
}

fn report(key: &Key, up: Option<bool>, store: &Store) {
    if let Some(up) = up {
        let report = Report { value: Value::Flag(up), at: clock::now(), ttl: None };
        // The host's own keys always find room.
        let _ = store.report(key.clone(), report);
    }
}

fn tell(key: &Key, before: Option<bool>, up: Option<bool>, found: &Result<(), String>) {
    match (up, found) {
        (Some(true), _) if before != up => {
            tracing::info!(signal = %key, "the probe's target is up")
        }
        (Some(false), Err(reason)) if before != up => {
            tracing::warn!(signal = %key, %reason, "the probe's target is down");
        }
        (_, Err(reason)) => tracing::debug!(signal = %key, %reason, "a probe failed"),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
