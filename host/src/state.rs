//! What the running sidecar shows: written by the election's loop, read by the HTTP server.

use hotseat_core::policy::FailureKind;
use hotseat_core::time::Moment;
use hotseat_core::view::View;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Shared between the election and the HTTP server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct State(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    namespace: String,
    election: String,
    started: Moment,
    view: RwLock<Arc<View>>,
    policy: RwLock<Arc<PolicyReport>>,
}

impl State {
    /// The state of a sidecar that has just started at `started`.
    pub fn new(namespace: &str, election: &str, identity: &str, started: Moment) -> State {
        let view = View { identity: identity.to_owned(), ..View::default() };
        State(Arc::new(Inner {
            namespace: namespace.to_owned(),
            election: election.to_owned(),
            started,
            view: RwLock::new(Arc::new(view)),
            policy: RwLock::new(Arc::new(PolicyReport::default())),
        }))
    }

    /// The namespace of the lock.
    pub fn namespace(&self) -> &str {
        &self.0.namespace
    }

    /// The name of the lock.
    pub fn election(&self) -> &str {
        &self.0.election
    }

    /// When this process started.
    pub fn started(&self) -> Moment {
        self.0.started
    }

    /// What may be said of the election; ask it with the moment of the question.
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.0.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Publishes another view.
    pub fn show(&self, view: View) {
        *self.0.view.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
    }

    /// What is known of the policy.
    pub fn policy(&self) -> Arc<PolicyReport> {
        Arc::clone(&self.0.policy.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes what is known of the policy.
    pub fn change_policy(&self, change: impl FnOnce(&mut PolicyReport)) {
        let mut slot = self.0.policy.write().unwrap_or_else(PoisonError::into_inner);
        let mut report = PolicyReport::clone(&slot);
        change(&mut report);
        *slot = Arc::new(report);
    }
}

/// What `/v1/policy` tells.
#[derive(Clone, Debug, Default)]
pub struct PolicyReport {
    /// The policy that decides; none while the built-in rule does.
    pub active: Option<PolicyFacts>,
    /// The policy before it.
    pub previous: Option<PolicyFacts>,
    /// The source that the operator asked for, such as `builtin` or `file:/policy/p.wasm`.
    pub source: String,
    /// The stage at which the last load ended, such as `active`, `compile` or `settings`.
    pub stage: String,
    /// Why the last load failed, in one line.
    pub error: Option<String>,
    /// Decisions by the active policy.
    pub decisions: u64,
    /// Decisions by the built-in rule, with a policy that failed or none.
    pub rule_decisions: u64,
    /// Failures by kind since the process started.
    pub failures: BTreeMap<FailureKind, u64>,
    /// Failures in a row of the active policy.
    pub failures_in_a_row: u32,
    /// The last failure: its kind and detail.
    pub last_failure: Option<(FailureKind, String)>,
    /// What the policy said last.
    pub last_reason: String,
    /// The last decision's time in microseconds, without waiting.
    pub decide_micros: u64,
    /// The last decision's fuel.
    pub decide_fuel: u64,
    /// The compilation of the active policy in milliseconds.
    pub compile_millis: u64,
}

/// Who a policy is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFacts {
    /// `sha256:` and the hex digest of the component.
    pub digest: String,
    /// As the policy calls itself.
    pub name: String,
    /// As the policy says.
    pub version: String,
    /// As the policy says.
    pub summary: String,
    /// Where it came from.
    pub source: String,
    /// When it became active.
    pub since: Moment,
}
