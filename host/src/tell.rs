//! What people are told: one log line for each transition, counters, Events on the Lease, and the
//! old image's line on standard output.

use crate::kubernetes::Events;
use crate::metrics::Metrics;
use crate::state::State;
use crate::telemetry;
use hotseat_core::event::{Notice, Why};
use hotseat_core::policy::Outcome;
use hotseat_text::visible;
use std::time::Duration;
use tokio::task::JoinSet;

/// Turns notices of the core into words.
pub struct Teller {
    state: State,
    metrics: Metrics,
    events: Events,
    identity: String,
    /// Events on their way.
    sending: JoinSet<()>,
}

impl Teller {
    /// Tells for the candidate of that identity.
    pub fn new(state: State, metrics: Metrics, events: Events, identity: &str) -> Teller {
        let sending = JoinSet::new();
        Teller { state, metrics, events, identity: identity.to_owned(), sending }
    }

    /// Tells one notice. True if it means that the account lacks a right.
    pub fn tell(&mut self, notice: &Notice) -> bool {
        self.metrics.record(notice);
        while self.sending.try_join_next().is_some() {}
        match notice {
            Notice::BecameLeader { token, transitions, reason } => {
                tracing::info!(%token, transitions, %reason, "became leader");
                self.event("LeaderElection", format!("{} became leader", self.identity), false);
            }
            Notice::ResumedTerm { token } => {
                tracing::info!(%token, "resumed the term: no other came between");
                self.event("LeaderElection", format!("{} resumed its term", self.identity), false);
            }
            Notice::SteppedDown(why) => self.tell_step_down(why),
            Notice::Renewed => tracing::trace!("renewed"),
            Notice::Released => tracing::info!("released the seat"),
            Notice::Reserved => {
                tracing::info!("put the missing lock back, for all to wait out and then to take");
            }
            Notice::NotReleased(reason) => {
                tracing::warn!(%reason, "the seat was not released; it expires by itself");
            }
            Notice::LeaderChanged(name) => tell_leader(name),
            Notice::WriteFailed { purpose, trouble } => {
                let purpose = purpose.as_str();
                tracing::warn!(purpose, reason = %trouble.detail, "a write of the lock failed");
                return trouble.outcome == Outcome::Denied;
            }
            Notice::ReadFailed(trouble) => {
                tracing::warn!(reason = %trouble.detail, "a read of the lock failed");
                return trouble.outcome == Outcome::Denied;
            }
            Notice::FoundOwnWrite => {
                tracing::info!("a write of unknown outcome turned out to have landed");
            }
            Notice::Twin(who) => {
                let text = format!("another live process uses the name {}", self.identity);
                tracing::error!(%who, "{text}; this one does not lead while that one does");
                self.event("IdentityClash", format!("{text}: {who}"), true);
            }
            Notice::PolicyFailed { .. } | Notice::Decided { .. } | Notice::Overruled { .. } => {
                self.tell_policy(notice);
            }
        }
        false
    }

    /// Lets the last Events out, for so long at most.
    pub async fn finish(&mut self, patience: Duration) {
        let all = async { while self.sending.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, all).await.is_err() {
            tracing::debug!("not all Events were written in time");
        }
    }

    fn tell_step_down(&mut self, why: &Why) {
        match why {
            Why::Lost(Some(holder)) => tracing::warn!(%holder, "stepped down: the seat was lost"),
            Why::Lost(None) => tracing::warn!("stepped down: the lock was deleted or cleared"),
            Why::Lapsed => tracing::warn!("stepped down: no renewal before the renew deadline"),
            Why::Resigned(reason) => tracing::info!(%reason, "stepped down: the policy resigned"),
            Why::Stopped => tracing::info!("stepped down: stopping"),
        }
        let note = format!("{} stopped leading ({})", self.identity, why.as_str());
        self.event("LeaderElection", note, matches!(why, Why::Lapsed));
    }

    fn tell_policy(&mut self, notice: &Notice) {
        match notice {
            Notice::PolicyFailed { failure, in_a_row } => {
                let kind = failure.kind.as_str();
                tracing::warn!(kind, reason = %failure.detail, in_a_row, "the policy failed; the built-in rule decides");
                self.state.change_policy(|report| {
                    *report.failures.entry(failure.kind).or_default() += 1;
                    report.failures_in_a_row = *in_a_row;
                    report.last_failure = Some((failure.kind, failure.detail.clone()));
                });
                // One Event for each row of failures, not for each failure.
                if *in_a_row == 3 {
                    let note = format!("the policy failed three times in a row: {kind}");
                    self.event("PolicyFailed", note, true);
                }
            }
            Notice::Decided { decision, by_rule } => {
                tracing::trace!(action = ?decision.action, reason = %decision.reason, by_rule, "decided");
                self.state.change_policy(|report| {
                    if *by_rule {
                        report.rule_decisions += 1;
                    } else {
                        report.decisions += 1;
                        report.failures_in_a_row = 0;
                    }
                    report.last_reason.clone_from(&decision.reason);
                });
            }
            Notice::Overruled { action, reason } => {
                tracing::debug!(action, %reason, "the guard overruled the policy");
            }
            _ => {}
        }
    }

    fn event(&mut self, reason: &str, note: String, warning: bool) {
        let writing = self.events.write(reason, note, warning);
        self.sending.spawn(async move {
            // A panic in it was logged already.
            let _ = writing.await;
        });
    }
}

/// The old image's line. Whoever takes the lock names itself as it likes: its name must not make a
/// line of its own of it.
fn tell_leader(name: &str) {
    if name.is_empty() {
        tracing::info!("no leader is known");
        return;
    }
    tracing::info!(leader = %name, "the leader changed");
    telemetry::print(&format!("{} is the leader", visible(name)));
}
