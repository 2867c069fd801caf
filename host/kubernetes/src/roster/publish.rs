//! This candidate's entry: written when it changes, and each minute.

use super::lease::OwnLease;
use super::{Hints, PATIENCE_AT_END};
use crate::backoff::{Backoff, jittered};
use hotseat_core::policy::Outcome;
use hotseat_election::roster::Entry;
use hotseat_election::{Recurring, Status, clock};
use std::time::Duration;
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, sleep, timeout};

/// Between two writes because something changed, as jitter lengthens it by up to a half.
const PACE: Duration = Duration::from_secs(3);
/// After so long without a change it is written all the same: from 50 to 75 seconds, a minute on average.
const BEAT: Duration = Duration::from_secs(50);
/// What changes within so long is looked at together.
const GATHER: Duration = Duration::from_millis(200);
/// Between attempts that fail, doubling.
const SHORTEST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// Publishes for as long as it is polled.
pub(super) async fn publish(
    lease: &mut OwnLease,
    status: &Status,
    version: &'static str,
    hints: Hints,
) {
    let mut backoff = Backoff::new(SHORTEST_PAUSE, LONGEST_PAUSE);
    let mut told = Recurring::default();
    let (mut policies, mut signals) = (status.policies(), status.signals().changes());
    let mut changes = status.changes().follow();
    loop {
        policies.mark_unchanged();
        changes.mark_unchanged();
        signals.mark_unchanged();
        let entry = status.entry(version, clock::now());
        let pause = match lease.write(&entry).await {
            Ok(()) => {
                backoff.reset();
                if told.worked().is_some() {
                    tracing::info!("this candidate is on the roster again");
                }
                status.change_roster(|roster| {
                    roster.own = Some(entry.clone());
                    roster.not_published = None;
                });
                jittered(BEAT)
            }
            Err(failure) => {
                let denied = failure.error.outcome == Outcome::Denied;
                let remedy = if denied { hints.rights } else { "it is tried again" };
                let reason = format!("{}: {remedy}", failure.error.detail);
                match told.failed(clock::now(), &reason) {
                    Some(times) => {
                        tracing::warn!(%reason, times, "this candidate cannot be put on the roster")
                    }
                    None => {
                        tracing::debug!(%reason, "this candidate cannot be put on the roster")
                    }
                }
                status.change_roster(|roster| roster.not_published = Some(reason));
                let pause = backoff.pause(failure.error.retry_after);
                if !failure.error.of_content {
                    sleep(pause).await;
                    continue;
                }
                // Another entry may be taken.
                pause
            }
        };
        let beat = Instant::now() + pause;
        until_due(status, version, &entry, beat, (&mut policies, &mut signals, &mut changes)).await;
    }
}

/// Waits until the entry that was just written is to be written again: when it changes, and at that
/// moment all the same.
async fn until_due<P, S>(
    status: &Status,
    version: &str,
    written: &Entry,
    beat: Instant,
    (policies, signals, changes): (&mut Receiver<P>, &mut Receiver<S>, &mut Receiver<u64>),
) {
    let soonest = Instant::now() + jittered(PACE);
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(beat) => return,
            Ok(()) = policies.changed() => {}
            Ok(()) = signals.changed() => {}
            Ok(()) = changes.changed() => {}
        }
        // What a policy does not publish changes it too: a decision is a change of its report.
        sleep(GATHER).await;
        policies.mark_unchanged();
        signals.mark_unchanged();
        changes.mark_unchanged();
        if status.entry(version, clock::now()) != *written {
            return tokio::time::sleep_until(soonest).await;
        }
    }
}

/// Takes the entry back.
pub(super) async fn take_back(lease: &mut OwnLease, status: &Status) {
    match timeout(PATIENCE_AT_END, lease.take_back()).await {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => {
            tracing::debug!(reason = %failure.error.detail, "the roster still has this candidate");
        }
        Err(_) => tracing::debug!("the roster still has this candidate: the API server is slow"),
    }
    status.change_roster(|roster| roster.own = None);
}
