//! What the running sidecar shows: written by the election's loop, read by the HTTP server.

use crate::journal::Journalist;
use crate::signals::Store;
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::FailureKind;
use hotseat_core::time::Moment;
use hotseat_core::view::View;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// A loop that was silent for longer than so many beats is stuck.
const BEATS_MISSED: u32 = 3;

/// Shared between the election and the HTTP server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct State(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    namespace: String,
    election: String,
    started: Moment,
    beat_every: Duration,
    /// Nanoseconds since the clock's origin.
    last_beat: AtomicU64,
    view: RwLock<Arc<View>>,
    policy: RwLock<Arc<PolicyReport>>,
    journal: Journalist,
    signals: Store,
}

impl State {
    /// The state of a sidecar that has just started at `started`, and whose loop calls
    /// [`State::beat`] every `beat_every` at least, which is the retry period.
    pub fn new(
        namespace: &str,
        election: &str,
        identity: &str,
        started: Moment,
        beat_every: Duration,
    ) -> State {
        let view = View { identity: identity.to_owned(), ..View::default() };
        let last_beat = AtomicU64::new(nanos(started));
        State(Arc::new(Inner {
            namespace: namespace.to_owned(),
            election: election.to_owned(),
            started,
            beat_every,
            last_beat,
            view: RwLock::new(Arc::new(view)),
            policy: RwLock::new(Arc::new(PolicyReport::default())),
            journal: Journalist::default(),
            signals: Store::default(),
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

    /// The election's loop turns at `now`.
    pub fn beat(&self, now: Moment) {
        self.0.last_beat.store(nanos(now), Ordering::Relaxed);
    }

    /// When the election's loop last turned; the start of the process at first.
    pub fn last_beat(&self) -> Moment {
        Moment::at(Duration::from_nanos(self.0.last_beat.load(Ordering::Relaxed)))
    }

    /// How often the election's loop turns at least.
    pub fn beat_every(&self) -> Duration {
        self.0.beat_every
    }

    /// The silence after which the election's loop counts as stuck: three beats.
    pub fn stuck_after(&self) -> Duration {
        self.0.beat_every * BEATS_MISSED
    }

    /// What may be said of the election; ask it with the moment of the question.
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.0.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Publishes another view.
    pub fn show(&self, view: View) {
        *self.0.view.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
    }

    /// What was decided.
    pub fn journal(&self) -> &Journalist {
        &self.0.journal
    }

    /// What the application and the probes report: the one thing here that others than the
    /// election's loop write.
    pub fn signals(&self) -> &Store {
        &self.0.signals
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

fn nanos(moment: Moment) -> u64 {
    u64::try_from(moment.since_origin().as_nanos()).unwrap_or(u64::MAX)
}

/// What `/v1/policy` tells.
#[derive(Clone, Debug, Default)]
pub struct PolicyReport {
    /// The policy that decides; none until the first has taken over.
    pub active: Option<PolicyFacts>,
    /// The policy before it.
    pub previous: Option<PolicyFacts>,
    /// The policy that is being tried, or the last one that was refused.
    pub candidate: Option<CandidateFacts>,
    /// The source that the operator asked for, such as `builtin` or `file:/policy/p.wasm`.
    pub source: String,
    /// What ails the source itself, in one line, such as a file that is missing.
    pub source_error: Option<String>,
    /// The stage of the last load: `active`, `restored`, one that is under way, or the one that
    /// failed, such as `compile` or `settings`.
    pub stage: String,
    /// Why the last load failed, in one line.
    pub error: Option<String>,
    /// Decisions by the active policy.
    pub decisions: u64,
    /// Decisions by the built-in rule, with a policy that failed or none.
    pub rule_decisions: u64,
    /// Decisions to hold, with a policy that failed or none.
    pub hold_decisions: u64,
    /// Decisions to resign, or not to campaign, with a policy that failed.
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
    /// What the policy said last.
    pub last_reason: String,
    /// The last decision's time in microseconds, without waiting.
    pub decide_micros: u64,
    /// The last decision's fuel.
    pub decide_fuel: u64,
    /// The compilation of the active policy in milliseconds.
    pub compile_millis: u64,
    /// How long no question could be answered while the active policy took over, in microseconds.
    pub swap_pause_micros: u64,
    /// Policies that took over since the process started, the first one included.
    pub swaps: u64,
    /// Why the active policy began with an empty memory although there was one.
    pub memory_lost: Option<String>,
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

/// A policy on its way through the stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CandidateFacts {
    /// `sha256:` and the hex digest of the component.
    pub digest: String,
    /// As the policy calls itself; empty until it was asked.
    pub name: String,
    /// As the policy says; empty until it was asked.
    pub version: String,
    /// Where it came from.
    pub source: String,
    /// The stage that it is in, or at which it failed.
    pub stage: String,
    /// Why it failed, in one line.
    pub error: Option<String>,
    /// Its compilation in milliseconds.
    pub compile_millis: u64,
    /// Decisions beside the active policy.
    pub shadow_decisions: u64,
    /// Those in which it differed from the active policy.
    pub shadow_differences: u64,
}
