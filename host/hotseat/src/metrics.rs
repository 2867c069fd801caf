//! What `/metrics` counts, in OpenMetrics' words.
//!
//! Labels take their values from closed sets, except for the names of the leader and the policy,
//! of which one stands there at a time, and of the probes, which the operator named. So no client and no policy can make the text grow.

mod gauges;

use crate::clock;
use crate::state::State;
use hotseat_core::event::{Notice, Purpose, Why};
use hotseat_core::on_failure::Decider;
use hotseat_core::policy::{FailureKind, Outcome};
use hotseat_core::time::Moment;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

/// The smallest bucket of the decision's time, in seconds; a usual decision takes twice that.
const FIRST_BUCKET: f64 = 5e-6;
/// Each bucket is twice the one before; the last is 82 ms, beyond what a decision may take.
const BUCKETS: u16 = 15;

type Word = (&'static str, &'static str);
type ByWord = Family<[Word; 1], Counter>;

/// The sidecar's counters. Cheap to clone; all clones count together.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: State,
    /// Since the Unix epoch; taken once, so that a step of the wall clock does not move it.
    started: Duration,
    registry: Registry,
    counters: Counters,
    decide_time: Histogram,
}

#[derive(Debug, Default)]
struct Counters {
    terms: Counter,
    terms_resumed: Counter,
    leader_changes: Counter,
    step_downs: ByWord,
    writes: Family<[Word; 2], Counter>,
    writes_found: Counter,
    renewals: Counter,
    releases_failed: Counter,
    reads_failed: ByWord,
    twins: Counter,
    decisions: ByWord,
    failures: ByWord,
    overruled: ByWord,
    swaps: ByWord,
    stages_failed: ByWord,
    shadow_decisions: Counter,
    shadow_differences: Counter,
    api_requests: ByWord,
    http_requests: Family<[(&'static str, u16); 1], Counter>,
    http_connections: Gauge<u64, AtomicU64>,
}

impl Metrics {
    /// Counters of the sidecar whose state that is, all at zero.
    pub fn new(state: State) -> Metrics {
        let alive = clock::now().since(state.started());
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let counters = Counters::default();
        counters.begin_at_zero();
        let decide_time = Histogram::new(exponential_buckets(FIRST_BUCKET, 2.0, BUCKETS));
        let registry = counters.register(&decide_time);
        let started = now.saturating_sub(alive);
        Metrics(Arc::new(Inner { state, started, registry, counters, decide_time }))
    }

    /// Counts what the core tells.
    pub fn record(&self, notice: &Notice) {
        let counters = &self.0.counters;
        match notice {
            Notice::BecameLeader { .. } => {
                counters.terms.inc();
                counters.written(Purpose::Acquire, Outcome::Written);
            }
            Notice::ResumedTerm { .. } => {
                counters.terms_resumed.inc();
                counters.renewed();
            }
            Notice::Renewed => counters.renewed(),
            Notice::SteppedDown(why) => count(&counters.step_downs, "why", why.as_str()),
            Notice::Released => counters.written(Purpose::Release, Outcome::Written),
            Notice::Reserved => counters.written(Purpose::Reserve, Outcome::Written),
            Notice::NotReleased(_) => {
                counters.releases_failed.inc();
            }
            Notice::LeaderChanged(_) => {
                counters.leader_changes.inc();
            }
            Notice::WriteFailed { purpose, trouble } => {
                counters.written(*purpose, trouble.outcome);
            }
            Notice::ReadFailed(trouble) => {
                count(&counters.reads_failed, "outcome", outcome(trouble.outcome));
            }
            Notice::FoundOwnWrite => {
                counters.writes_found.inc();
            }
            Notice::PolicyFailed { failure, .. } => {
                count(&counters.failures, "kind", failure.kind.as_str());
            }
            Notice::Decided { by, .. } => count(&counters.decisions, "by", by.as_str()),
            Notice::Overruled { action, .. } => count(&counters.overruled, "action", action),
            Notice::Twin(_) => {
                counters.twins.inc();
            }
        }
    }

    /// Counts the time that a policy took for a decision, without waiting.
    pub fn decide_time(&self, time: Duration) {
        self.0.decide_time.observe(time.as_secs_f64());
    }

    /// Counts a policy that took over, or came back after the one behind it had failed.
    pub fn policy_took_over(&self, restored: bool) {
        count(&self.0.counters.swaps, "how", if restored { "restored" } else { "swapped" });
    }

    /// Counts a policy that was refused at this stage, one of a closed set.
    pub fn policy_refused(&self, stage: &'static str) {
        count(&self.0.counters.stages_failed, "stage", stage);
    }

    /// Counts a decision beside the active policy.
    pub fn shadow_decision(&self, differs: bool) {
        self.0.counters.shadow_decisions.inc();
        if differs {
            self.0.counters.shadow_differences.inc();
        }
    }

    /// Counts a request to the API server. The verb is one of a closed set, such as `update`.
    pub fn api_request(&self, verb: &'static str) {
        count(&self.0.counters.api_requests, "verb", verb);
    }

    /// Counts an HTTP answer with this status.
    pub fn http_request(&self, status: u16) {
        self.0.counters.http_requests.get_or_create(&[("code", status)]).inc();
    }

    /// So many HTTP connections are open.
    pub fn http_connections(&self, open: usize) {
        self.0.counters.http_connections.set(open as u64);
    }

    /// The metrics at `now` as OpenMetrics text.
    ///
    /// # Errors
    ///
    /// A value cannot be written as text.
    pub fn render(&self, now: Moment) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.0.registry)?;
        encode_registry(&mut text, &gauges::at(&self.0.state, self.0.started, now))?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}

impl Counters {
    /// A series that appears only with its first event hides that event from `rate()`.
    fn begin_at_zero(&self) {
        for why in [Why::Lapsed, Why::Lost(None), Why::Resigned(String::new()), Why::Stopped] {
            let _ = self.step_downs.get_or_create(&[("why", why.as_str())]);
        }
        for kind in FailureKind::ALL {
            let _ = self.failures.get_or_create(&[("kind", kind.as_str())]);
        }
        for by in Decider::ALL {
            let _ = self.decisions.get_or_create(&[("by", by.as_str())]);
        }
        for how in ["swapped", "restored"] {
            let _ = self.swaps.get_or_create(&[("how", how)]);
        }
        for action in ["campaign", "renew", "resign"] {
            let _ = self.overruled.get_or_create(&[("action", action)]);
        }
        for purpose in Purpose::ALL {
            for how in [Outcome::Written, Outcome::Conflict] {
                let _ = self.writes.get_or_create(&write_labels(purpose, how));
            }
        }
    }

    fn written(&self, purpose: Purpose, how: Outcome) {
        self.writes.get_or_create(&write_labels(purpose, how)).inc();
    }

    fn renewed(&self) {
        self.renewals.inc();
        self.written(Purpose::Renew, Outcome::Written);
    }

    /// The library puts a full stop behind each help text, and `_total` behind each counter.
    fn register(&self, decide_time: &Histogram) -> Registry {
        let mut all = Registry::default();
        all.register("hotseat_terms", "Terms that this candidate began", self.terms.clone());
        all.register(
            "hotseat_terms_resumed",
            "Terms that went on after belief had lapsed",
            self.terms_resumed.clone(),
        );
        all.register(
            "hotseat_leader_changes",
            "Changes of the leader as seen from here",
            self.leader_changes.clone(),
        );
        all.register("hotseat_step_downs", "Ends of belief", self.step_downs.clone());
        self.register_requests(&mut all);
        all.register("hotseat_policy_decisions", "Decisions", self.decisions.clone());
        all.register(
            "hotseat_policy_failures",
            "Questions to which the policy gave no usable decision",
            self.failures.clone(),
        );
        all.register(
            "hotseat_policy_overruled",
            "Decisions that the guard did not carry out",
            self.overruled.clone(),
        );
        self.register_swaps(&mut all);
        all.register_with_unit(
            "hotseat_policy_decide",
            "Time of a decision by the policy, without waiting",
            Unit::Seconds,
            decide_time.clone(),
        );
        all
    }

    fn register_swaps(&self, all: &mut Registry) {
        all.register("hotseat_policy_swaps", "Policies that took over", self.swaps.clone());
        all.register(
            "hotseat_policy_refusals",
            "Policies that did not take over, by the stage that failed",
            self.stages_failed.clone(),
        );
        all.register(
            "hotseat_policy_shadow_decisions",
            "Decisions beside the active policy",
            self.shadow_decisions.clone(),
        );
        all.register(
            "hotseat_policy_shadow_differences",
            "Decisions beside the active policy that differed from its own",
            self.shadow_differences.clone(),
        );
    }

    fn register_requests(&self, all: &mut Registry) {
        all.register(
            "hotseat_writes",
            "Writes of the lock; one of unknown outcome that is found later counts again as written",
            self.writes.clone(),
        );
        all.register(
            "hotseat_writes_found",
            "Writes of unknown outcome that turned out to have landed",
            self.writes_found.clone(),
        );
        all.register("hotseat_renewals", "Renewals that succeeded", self.renewals.clone());
        all.register(
            "hotseat_releases_failed",
            "Seats that could not be given up and had to expire",
            self.releases_failed.clone(),
        );
        let reads_failed = self.reads_failed.clone();
        all.register("hotseat_reads_failed", "Reads of the lock that failed", reads_failed);
        all.register(
            "hotseat_twins",
            "Sightings of another live process with this candidate's name",
            self.twins.clone(),
        );
        all.register(
            "hotseat_api_requests",
            "Requests to the API server; a watch counts once",
            self.api_requests.clone(),
        );
        all.register("hotseat_http_requests", "HTTP answers", self.http_requests.clone());
        all.register(
            "hotseat_http_connections",
            "HTTP connections that are open",
            self.http_connections.clone(),
        );
    }
}

fn count(family: &ByWord, key: &'static str, word: &'static str) {
    family.get_or_create(&[(key, word)]).inc();
}

fn write_labels(purpose: Purpose, how: Outcome) -> [Word; 2] {
    [("purpose", purpose.as_str()), ("outcome", outcome(how))]
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::None => "none",
        Outcome::Written => "written",
        Outcome::Conflict => "conflict",
        Outcome::Denied => "denied",
        Outcome::Throttled => "throttled",
        Outcome::TimedOut => "timed-out",
        Outcome::Unreachable => "unreachable",
    }
}
