//! What is known of the policies: the rollout's own report, and what the decisions add up to.

use crate::rights::MissingRights;
use hotseat_core::event::LockError;
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::{FailureKind, Value};
use hotseat_core::time::Moment;
use hotseat_core::view::View;
use hotseat_rollout::{Active, Report};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What `/v1/policy` tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyReport {
    /// The source that the operator asked for, such as `builtin` or `file:/policy/p.wasm`.
    pub source: String,
    /// Active, candidate, last good policy, and what the source says.
    pub rollout: Report,
    /// The policy before the active one.
    pub previous: Option<Active>,
    /// The active policy took over again, from one that failed.
    pub restored: bool,
    /// How the policy before the active one, or the active one, failed too often; none once another
    /// one took over by itself.
    pub broken: Option<String>,
    /// What the active policy published with its last decision.
    pub published: Vec<(String, Value)>,
    /// Decisions by policies since the process started.
    pub decisions: u64,
    /// Decisions by the built-in rule, with a policy that failed or none.
    pub rule_decisions: u64,
    /// Decisions to hold, with a policy that failed or none.
    pub hold_decisions: u64,
    /// Decisions to resign, or not to campaign, with a policy that failed or none.
    pub resign_decisions: u64,
    /// What decides where the active policy fails, and while there is none.
    pub on_failure: OnFailure,
    /// Failures by kind since the process started.
    pub failures: BTreeMap<FailureKind, u64>,
    /// Failures in a row of the active policy.
    pub failures_in_a_row: u32,
    /// Failures of the active policy among its last hundred decisions, as of the last failure.
    pub failures_of_last_hundred: u32,
    /// The last failure: its kind and detail.
    pub last_failure: Option<(FailureKind, String)>,
    /// The reason that the last decision gave.
    pub last_reason: String,
    /// The time of the active policy's last call in microseconds, without waiting; 0 before its first.
    pub decide_micros: u64,
    /// The fuel of the active policy's last call; 0 before its first.
    pub decide_fuel: u64,
}

impl PolicyReport {
    /// The stage of the last load: `active`, `restored`, one that is under way, or the one that
    /// failed, such as `compile` or `settings`; empty before there was one.
    pub fn stage(&self) -> &'static str {
        match (&self.rollout.candidate, &self.rollout.active) {
            (Some(candidate), _) => {
                candidate.refusal.as_ref().map_or(candidate.stage, |refusal| refusal.stage)
            }
            (None, Some(_)) if self.restored => "restored",
            (None, Some(_)) => "active",
            (None, None) => "",
        }
    }

    /// Why the last load failed, or the policy before this one; none if neither did.
    pub fn error(&self) -> Option<&str> {
        let refusal = self.rollout.candidate.as_ref().and_then(|one| one.refusal.as_ref());
        refusal.map(|refusal| refusal.why.as_str()).or(self.broken.as_deref())
    }

    /// Whether something decides that may take a free seat: a policy, or the built-in rule until the
    /// first one is there. What waits for the first never takes one.
    pub fn can_take_a_seat(&self) -> bool {
        self.rollout.active.is_some() || self.on_failure == OnFailure::Standard
    }

    /// Takes in what the rollout shows now.
    pub(crate) fn take(&mut self, rollout: Report) {
        let before = self.rollout.active.as_ref().map(|active| (&active.policy, active.since));
        let now = rollout.active.as_ref().map(|active| (&active.policy, active.since));
        if before != now {
            self.previous = self.rollout.active.take();
        }
        self.rollout = rollout;
    }
}

/// What keeps a candidate from the lock, if anything does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LockReport {
    /// When the last request for the lock failed, and why. Later ones may have succeeded.
    pub last_failure: Option<(Moment, LockError)>,
    /// The rights that the account lacks, as of the last check.
    pub missing: Option<Arc<MissingRights>>,
}

impl LockReport {
    /// Why the lock could not be read or written the last time, as of that view; none if it could.
    pub fn error(&self, view: &View) -> Option<&LockError> {
        let (at, error) = self.last_failure.as_ref()?;
        // Failures in a row are those of writes. A read that came through is heard of.
        let heard = view.seen.as_ref().is_some_and(|seen| seen.heard >= *at);
        (view.failures > 0 || !heard).then_some(error)
    }
}
