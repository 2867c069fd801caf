//! What people are told: one log line for each transition, counters, Events on the Lease, and the
//! old image's line on standard output.

use crate::clock;
use crate::kubernetes::Events;
use crate::metrics::Metrics;
use crate::recurring::Recurring;
use crate::state::State;
use crate::telemetry;
use hotseat_core::event::{Notice, Purpose, Trouble, Why};
use hotseat_core::on_failure::{Decider, OnFailure};
use hotseat_core::policy::Outcome;
use hotseat_text::visible;
use std::time::Duration;
use tokio::task::JoinSet;

/// So many writes in a row that meet somebody else's are worth a warning. Where several candidates
/// start or a seat falls free, all but one meet the first one's.
const MANY_CONFLICTS: u32 = 5;

/// Turns notices of the core into words.
pub struct Teller {
    state: State,
    metrics: Metrics,
    events: Events,
    identity: String,
    /// Events on their way.
    sending: JoinSet<()>,
    writes: Recurring,
    reads: Recurring,
    failures: Recurring,
    conflicts: u32,
}

impl Teller {
    /// Tells for the candidate of that identity.
    pub fn new(state: State, metrics: Metrics, events: Events, identity: &str) -> Teller {
        Teller {
            state,
            metrics,
            events,
            identity: identity.to_owned(),
            sending: JoinSet::new(),
            writes: Recurring::default(),
            reads: Recurring::default(),
            failures: Recurring::default(),
            conflicts: 0,
        }
    }

    /// Tells one notice. True if it means that the account lacks a right.
    pub fn tell(&mut self, notice: &Notice) -> bool {
        self.metrics.record(notice);
        while self.sending.try_join_next().is_some() {}
        self.tell_recovery(notice);
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
                self.tell_failed_write(*purpose, trouble);
                return trouble.outcome == Outcome::Denied;
            }
            Notice::ReadFailed(trouble) => {
                let reason = &trouble.detail;
                match self.reads.failed(clock::now(), reason) {
                    Some(times) => tracing::warn!(%reason, times, "a read of the lock failed"),
                    None => tracing::debug!(%reason, "a read of the lock failed again"),
                }
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
        self.events.hurry();
        let all = async { while self.sending.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, all).await.is_err() {
            tracing::debug!("not all Events were written in time");
        }
    }

    fn tell_failed_write(&mut self, purpose: Purpose, trouble: &Trouble) {
        let (purpose, reason) = (purpose.as_str(), &trouble.detail);
        if trouble.outcome == Outcome::Conflict {
            self.conflicts += 1;
            if self.conflicts < MANY_CONFLICTS {
                tracing::debug!(purpose, %reason, "another write of the lock came first");
                return;
            }
        }
        match self.writes.failed(clock::now(), reason) {
            Some(times) => tracing::warn!(purpose, %reason, times, "a write of the lock failed"),
            None => tracing::debug!(purpose, %reason, "a write of the lock failed again"),
        }
    }

    /// What failed before and works again.
    fn tell_recovery(&mut self, notice: &Notice) {
        match notice {
            Notice::BecameLeader { .. }
            | Notice::ResumedTerm { .. }
            | Notice::Renewed
            | Notice::Released
            | Notice::Reserved => {
                self.conflicts = 0;
                if let Some(failures) = self.writes.worked() {
                    tracing::info!(failures, "writes of the lock succeed again");
                }
                // A write would not have succeeded on a lock that is not known.
                if let Some(failures) = self.reads.worked() {
                    tracing::info!(failures, "reads of the lock succeed again");
                }
            }
            Notice::LeaderChanged(name) if !name.is_empty() => {
                self.conflicts = 0;
                if let Some(failures) = self.reads.worked() {
                    tracing::info!(failures, "the lock is seen again");
                }
            }
            Notice::Decided { by: Decider::Policy, .. } => drop(self.failures.worked()),
            _ => {}
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
            Notice::PolicyFailed { failure, in_a_row, of_last_hundred, on_failure } => {
                let kind = failure.kind.as_str();
                let reason = &failure.detail;
                match self.failures.failed(clock::now(), &format!("{kind}: {reason}")) {
                    Some(_) => {
                        let instead = in_its_place(*on_failure);
                        tracing::warn!(kind, %reason, in_a_row, of_last_hundred, "the policy failed; {instead}");
                    }
                    None => tracing::debug!(kind, %reason, in_a_row, "the policy failed again"),
                }
                self.state.change_policy(|report| {
                    *report.failures.entry(failure.kind).or_default() += 1;
                    report.failures_in_a_row = *in_a_row;
                    report.failures_of_last_hundred = *of_last_hundred;
                    report.last_failure = Some((failure.kind, failure.detail.clone()));
                });
                // One Event for each row of failures, not for each failure.
                if *in_a_row == 3 {
                    let note = format!("the policy failed three times in a row: {kind}");
                    self.event("PolicyFailed", note, true);
                }
            }
            Notice::Decided { decision, by } => {
                tracing::trace!(action = ?decision.action, reason = %decision.reason, by = by.as_str(), "decided");
                self.state.change_policy(|report| {
                    match by {
                        Decider::Policy => {
                            report.decisions += 1;
                            report.failures_in_a_row = 0;
                        }
                        Decider::Instead(OnFailure::Standard) => report.rule_decisions += 1,
                        Decider::Instead(OnFailure::Hold) => report.hold_decisions += 1,
                        Decider::Instead(OnFailure::Resign) => report.resign_decisions += 1,
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

/// What happens in the place of a policy that failed, in words.
pub(crate) fn in_its_place(on_failure: OnFailure) -> &'static str {
    match on_failure {
        OnFailure::Standard => "the built-in rule decides",
        OnFailure::Hold => "a leader holds, a standby waits",
        OnFailure::Resign => "a leader resigns, a standby waits",
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
