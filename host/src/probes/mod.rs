//! Probes: the host asks other programs in its reach whether they are up, and reports what it found
//! as signals under `probe.`.
//!
//! Each probe is a task of the election's runtime. It waits for its target only, within its own
//! timeout, so a target that hangs holds up nobody else.

mod attempt;
mod spec;
mod verdict;

pub use spec::{MOST_PROBES, Probe, SpecError, Target, parse};

use crate::clock;
use crate::signals::{Key, Report, Store};
use attempt::Prober;
use hotseat_core::policy::Value;
use tokio::time::{MissedTickBehavior, interval};
use verdict::Verdict;

/// Probes its target for as long as it is polled, and reports each finding. Nothing is reported
/// before the target was up or down often enough in a row.
pub async fn run(probe: Probe, store: Store) {
    let mut pace = interval(probe.interval);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut verdict = Verdict::new(probe.rise, probe.fall);
    let mut prober = Prober::new(&probe);
    loop {
        pace.tick().await;
        let found = prober.attempt().await;
        let before = verdict.up();
        let up = verdict.count(found.is_ok());
        tell(&probe.key, before, up, &found);
        if let Some(up) = up {
            let report = Report { value: Value::Flag(up), at: clock::now(), ttl: None };
            // The host's own keys always find room.
            let _ = store.report(probe.key.clone(), report);
        }
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
