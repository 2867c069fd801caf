//! One log line for each transition, and the old image's line on standard output.

use crate::sidecar::needs::not_given;
use crate::sidecar::rights::role_name;
use crate::telemetry;
use hotseat_core::event::{LockError, Notice, Purpose, StepDownReason};
use hotseat_core::failures::how_often;
use hotseat_core::on_failure::{Decider, OnFailure};
use hotseat_core::policy::Outcome;
use hotseat_core::time::Moment;
use hotseat_election::{ElectionName, Fact, MissingRights, Observer, Occurrence, Recurring};
use hotseat_kubernetes::Roles;
use hotseat_rollout::{Fact as PolicyFact, Refusal};
use std::sync::{Mutex, PoisonError};

/// So many writes in a row that meet somebody else's are worth a warning. Where several candidates
/// start or a seat falls free, all but one meet the first one's.
const MANY_CONFLICTS: u32 = 5;

/// Logs the facts of one election.
pub struct Log {
    rows: Mutex<Rows>,
    identity: String,
}

/// What goes wrong again and again.
#[derive(Debug, Default)]
struct Rows {
    writes: Recurring,
    reads: Recurring,
    failures: Recurring,
    takeovers: Recurring,
    fallbacks: Recurring,
    conflicts: u32,
    /// Failures of the active policy: in a row, and of its last hundred decisions.
    failed: (u32, u32),
}

impl Log {
    /// Logs for the candidate of that identity.
    pub fn new(identity: &str) -> Log {
        Log { rows: Mutex::default(), identity: identity.to_owned() }
    }

    fn log(&self, election: &ElectionName, at: Moment, fact: &Fact) {
        match fact {
            Fact::Elector(notice) => {
                let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
                rows.note_recovery(notice);
                self.log_notice(&mut rows, at, notice);
            }
            Fact::Policy(PolicyFact::Broken { policy, about, next }) => {
                let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
                let (in_a_row, of_last_hundred) = rows.failed;
                let how = how_often(in_a_row, of_last_hundred);
                let follows = next.as_ref().map_or("nobody: it stays", |next| &*next.digest);
                tracing::error!(name = %about.name, version = %about.version, digest = %policy.digest, %follows, "the policy failed {how}");
            }
            Fact::Policy(fact) => {
                let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
                log_policy(&mut rows, at, fact);
            }
            Fact::RightsMissing(missing) => log_missing(election, missing),
            Fact::RightsGiven => tracing::debug!("the account has all rights that are needed"),
            _ => {}
        }
    }

    fn log_notice(&self, rows: &mut Rows, at: Moment, notice: &Notice) {
        match notice {
            Notice::BecameLeader { token, transitions, reason } => {
                tracing::info!(%token, transitions, %reason, "became leader");
            }
            Notice::ResumedTerm { token } => {
                tracing::info!(%token, "resumed the term: no other came between");
            }
            Notice::SteppedDown(why) => log_step_down(why),
            Notice::Renewed => tracing::trace!("renewed"),
            Notice::Released => tracing::info!("released the seat"),
            Notice::Reserved => {
                tracing::info!("put the missing lock back, for all to wait out and then to take");
            }
            Notice::NotReleased(reason) => {
                tracing::warn!(%reason, "the seat was not released; it expires by itself");
            }
            Notice::LeaderChanged(name) => log_leader(name),
            Notice::WriteFailed { purpose, error } => rows.write_failed(at, *purpose, error),
            Notice::ReadFailed(error) => {
                let reason = &error.detail;
                match rows.reads.failed(at, reason) {
                    Some(times) => tracing::warn!(%reason, times, "a read of the lock failed"),
                    None => tracing::debug!(%reason, "a read of the lock failed again"),
                }
            }
            Notice::FoundOwnWrite => {
                tracing::info!("a write of unknown outcome turned out to have landed");
            }
            Notice::IdentityConflict(who) => {
                let identity = &self.identity;
                tracing::error!(
                    %who,
                    "another live process uses the name {identity}; this one does not lead while that one does"
                );
            }
            Notice::HandingOver { to, within } => {
                tracing::info!(%to, ?within, "hands over once that candidate is ready, or when the time is over");
            }
            Notice::HandOverWithdrawn { to } => {
                tracing::info!(%to, "does not hand over after all");
            }
            Notice::TransferRefused { to, by, reason } => {
                tracing::warn!(%to, %by, %reason, "the seat is not handed over as somebody asked");
            }
            Notice::HolderDied { holder, free_in } => {
                tracing::info!(%holder, ?free_in, "the process that holds the seat has ended");
            }
            Notice::PolicyFailed { failure, in_a_row, of_last_hundred, on_failure } => {
                rows.failed = (*in_a_row, *of_last_hundred);
                let (kind, reason) = (failure.kind.as_str(), &failure.detail);
                match rows.failures.failed(at, &format!("{kind}: {reason}")) {
                    Some(_) => {
                        let instead = in_its_place(*on_failure);
                        tracing::warn!(kind, %reason, in_a_row, of_last_hundred, "the policy failed; {instead}");
                    }
                    None => tracing::debug!(kind, %reason, in_a_row, "the policy failed again"),
                }
            }
            Notice::Decided { decision, by } => {
                tracing::trace!(action = ?decision.action, reason = %decision.reason, by = by.as_str(), "decided");
            }
            Notice::Overruled { action, reason } => {
                tracing::debug!(action, %reason, "the guard overruled the policy");
            }
        }
    }
}

impl Observer for Log {
    fn observe(&self, occurrence: Occurrence<'_>) {
        telemetry::of_election(occurrence.election, || {
            self.log(occurrence.election, occurrence.at, occurrence.fact)
        });
    }
}

impl Rows {
    fn write_failed(&mut self, at: Moment, purpose: Purpose, error: &LockError) {
        let (purpose, reason) = (purpose.as_str(), &error.detail);
        if error.outcome == Outcome::Conflict {
            self.conflicts += 1;
            if self.conflicts < MANY_CONFLICTS {
                tracing::debug!(purpose, %reason, "another write of the lock came first");
                return;
            }
        }
        match self.writes.failed(at, reason) {
            Some(times) => tracing::warn!(purpose, %reason, times, "a write of the lock failed"),
            None => tracing::debug!(purpose, %reason, "a write of the lock failed again"),
        }
    }

    fn no_fallback(&mut self, at: Moment, refusal: &Refusal) {
        let (stage, error) = (refusal.stage, &refusal.why);
        match self.fallbacks.failed(at, error) {
            Some(times) => {
                tracing::error!(stage, %error, times, "the standard policy does not load; the built-in rule is the last resort");
            }
            None => tracing::debug!(stage, %error, "the standard policy did not load again"),
        }
    }

    fn not_taken_over(&mut self, at: Moment, digest: &str, why: &str) {
        match self.takeovers.failed(at, &format!("{digest}: {why}")) {
            Some(times) => tracing::error!(%digest, %why, times, "the policy could not take over"),
            None => tracing::debug!(%digest, %why, "the policy could not take over again"),
        }
    }

    /// What failed before and works again.
    fn note_recovery(&mut self, notice: &Notice) {
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
}

/// What happens in the place of a policy that failed, in words.
fn in_its_place(on_failure: OnFailure) -> &'static str {
    match on_failure {
        OnFailure::Standard => "the built-in rule decides",
        OnFailure::Hold => "a leader holds, a standby waits",
        OnFailure::Resign => "a leader resigns, a standby waits",
    }
}

/// Once, with all that has to be there. A Role with what is missing alone would take the place of one
/// of the same name, and what that gives would be lost.
fn log_missing(election: &ElectionName, missing: &MissingRights) {
    let (name, account) = (role_name(election), missing.account.as_ref());
    let home = account.map_or(election.namespace(), |account| &account.namespace);
    let yaml = Roles { name: &name, home, rights: &missing.needed, account }.yaml();
    let gives = match account {
        Some(_) => "this gives all that are needed",
        None => "this Role, bound to the service account, gives all that are needed",
    };
    tracing::error!("rights are missing, to {missing}; {gives}:\n{yaml}");
}

fn log_step_down(why: &StepDownReason) {
    match why {
        StepDownReason::Lost(Some(holder)) => {
            tracing::warn!(%holder, "stepped down: the seat was lost")
        }
        StepDownReason::Lost(None) => {
            tracing::warn!("stepped down: the lock was deleted or cleared")
        }
        StepDownReason::Lapsed => {
            tracing::warn!("stepped down: no renewal before the renew deadline")
        }
        StepDownReason::Resigned(reason) => {
            tracing::info!(%reason, "stepped down: the policy resigned")
        }
        StepDownReason::Transferred(reason) => {
            tracing::info!(%reason, "stepped down: the seat is handed over")
        }
        StepDownReason::Stopped => tracing::info!("stepped down: stopping"),
    }
}

/// The old image's line. Whoever takes the lock names itself as it likes: its name must not make a
/// line of its own of it.
fn log_leader(name: &str) {
    if name.is_empty() {
        tracing::info!("no leader is known");
        return;
    }
    tracing::info!(leader = %name, "the leader changed");
    telemetry::print_leader(name);
}

/// A swap is one line at info, and its stages are at debug.
fn log_policy(rows: &mut Rows, at: Moment, fact: &PolicyFact) {
    match fact {
        PolicyFact::CandidateFound { policy, source } => {
            tracing::debug!(digest = %policy.digest, %source, "a policy is a candidate");
        }
        PolicyFact::StageBegan { stage: Refusal::TURN, policy } => {
            tracing::info!(digest = %policy.digest, "the new policy waits for other candidates to run it first");
        }
        PolicyFact::StageBegan { stage, .. } => {
            tracing::debug!(stage, "the candidate policy enters a stage");
        }
        PolicyFact::Prepared { policy, about } => {
            let (name, version) = (&about.name, &about.version);
            tracing::debug!(%name, %version, ms = about.compile_millis, "the candidate policy is compiled");
            let needs = not_given(&about.needs);
            if !needs.is_empty() {
                tracing::warn!(%name, %version, digest = %policy.digest, %needs, "the policy needs facts that nothing here gives, and has to decide without them");
            }
        }
        PolicyFact::Refused { policy: Some(policy), refusal, .. }
            if refusal.stage == Refusal::TURN =>
        {
            tracing::error!(digest = %policy.digest, reason = %refusal.why, "the new policy is stopped; the one before it stays, or comes back");
        }
        PolicyFact::Refused { refusal, .. } => {
            let (stage, error) = (refusal.stage, &refusal.why);
            tracing::error!(stage, %error, "the candidate policy is refused; what decides stays");
        }
        PolicyFact::GivenUp { policy } => {
            tracing::debug!(digest = %policy.digest, "a newer policy or newer settings came");
        }
        PolicyFact::ShadowAnswered { differs } => {
            tracing::trace!(differs, "the policy in shadow decided");
        }
        PolicyFact::Settled => tracing::debug!("what the source has is active already"),
        PolicyFact::TookOver { policy, about, source, memory_lost, .. } => {
            // The line below says it.
            let _ = (rows.takeovers.worked(), rows.fallbacks.worked());
            tracing::info!(name = %about.name, version = %about.version, digest = %policy.digest, %source, "the policy is active");
            if let Some(reason) = memory_lost {
                tracing::warn!(%reason, "the policy begins with an empty memory");
            }
        }
        // Said with how often it failed.
        PolicyFact::Broken { .. } => {}
        PolicyFact::SourceUnavailable { why, times } => {
            tracing::warn!(error = %why, times, "the policy's source gives nothing; the active policy stays");
        }
        PolicyFact::SourceAvailable { failures } => {
            tracing::info!(failures, "the policy's source works again");
        }
        PolicyFact::LeftBehind { digest, times } => {
            tracing::error!(%digest, times, "a thread did not come back from the policy and was left behind");
        }
        PolicyFact::NoFallback(refusal) => rows.no_fallback(at, refusal),
        PolicyFact::NotTakenOver { policy, why } => rows.not_taken_over(at, &policy.digest, why),
    }
}

#[cfg(test)]
mod tests;
