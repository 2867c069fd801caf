//! What `/metrics` counts, in OpenMetrics' words.
//!
//! Whatever is of an election has the label `election`, as `namespace/name`. Other labels take their
//! values from closed sets, except for the names of the leader and the policy, of which one stands
//! there at a time, of the candidates that are waited for, eight at most, and of the probes, which the
//! operator named. So no client, no policy and no other candidate can make the text grow.

mod gauges;
mod renewals;
mod turns;
mod zero;

use super::JournalKeeper;
use hotseat_core::event::{Notice, Purpose};
use hotseat_core::policy::Outcome;
use hotseat_core::time::Moment;
use hotseat_election::{ElectionName, Fact, Observer, Said, Status, clock};
use hotseat_rollout::{Fact as PolicyFact, Refusal};
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use renewals::Renewals;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use turns::Turns;

/// The smallest bucket of the decision's time, in seconds; a usual decision takes twice that.
const FIRST_BUCKET: f64 = 5e-6;
/// Each bucket is twice the one before; the last is 82 ms, beyond what a decision may take.
const BUCKETS: u16 = 15;

type Label = (&'static str, String);
type PerElection = Family<[Label; 1], Counter>;
type Amounts = Family<[Label; 1], Gauge<u64, AtomicU64>>;
type ByWord = Family<[Label; 2], Counter>;
/// Path and status, as they are: an answer is counted without taking memory.
type OfAnswer = ([(&'static str, &'static str); 1], [(&'static str, u16); 1]);

/// The sidecar's counters. Cheap to clone; all clones count together.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    elections: Vec<Status>,
    journal: JournalKeeper,
    /// Since the Unix epoch; taken once, so that a step of the wall clock does not move it.
    started: Duration,
    registry: Registry,
    counters: Counters,
    decide_time: Family<[Label; 1], Histogram, fn() -> Histogram>,
    renewals: Renewals,
    turns: Turns,
    /// Since when the policies' sources have given nothing, by their elections' names.
    unavailable: Mutex<BTreeMap<String, Moment>>,
}

impl Inner {
    fn unavailable(&self) -> MutexGuard<'_, BTreeMap<String, Moment>> {
        // Whole after each call.
        self.unavailable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct Counters {
    terms: PerElection,
    terms_resumed: PerElection,
    leader_changes: PerElection,
    step_downs: ByWord,
    writes: Family<[Label; 3], Counter>,
    writes_found: PerElection,
    renewals: PerElection,
    releases_failed: PerElection,
    reads_failed: ByWord,
    twins: PerElection,
    transfers_refused: PerElection,
    deaths: PerElection,
    decisions: ByWord,
    failures: ByWord,
    overruled: ByWord,
    swaps: ByWord,
    stages_failed: ByWord,
    shadow_decisions: PerElection,
    shadow_differences: PerElection,
    left_behind: PerElection,
    rights_missing: Amounts,
    source_failures: PerElection,
    api_requests: ByWord,
    http_requests: Family<OfAnswer, Counter>,
    http_connections: Gauge<u64, AtomicU64>,
}

impl Metrics {
    /// Counters of these elections, all at zero, and gauges of their status and of the journal. The
    /// process started at `started`.
    pub fn new(elections: Vec<Status>, journal: JournalKeeper, started: Moment) -> Metrics {
        let alive = clock::now().since(started);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let counters = Counters::default();
        for election in &elections {
            counters.begin_at_zero(election.election());
        }
        counters.begin_pages(hotseat_http::answers());
        let histogram: fn() -> Histogram =
            || Histogram::new(exponential_buckets(FIRST_BUCKET, 2.0, BUCKETS));
        let decide_time = Family::new_with_constructor(histogram);
        for election in &elections {
            let _ = decide_time.get_or_create(&[Of(election.election()).label()]);
        }
        let renewals = Renewals::of(&elections);
        let mut registry = counters.register(&decide_time);
        renewals.register(&mut registry);
        let started = now.saturating_sub(alive);
        let unavailable = Mutex::default();
        Metrics(Arc::new(Inner {
            elections,
            journal,
            started,
            registry,
            counters,
            decide_time,
            renewals,
            turns: Turns::default(),
            unavailable,
        }))
    }

    /// Counts the answer to a request for the page of that path, one of a closed set, with this
    /// status.
    pub fn http_request(&self, path: &'static str, status: u16) {
        self.0.counters.http_requests.get_or_create(&of_answer(path, status)).inc();
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
        let Inner { elections, journal, started, renewals, turns, .. } = &*self.0;
        let mut gauges = gauges::at(elections, journal, &self.0.unavailable(), *started, now);
        renewals.gauges(&mut gauges);
        turns.gauges(&mut gauges, elections, now);
        encode_registry(&mut text, &gauges)?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}

impl Observer for Metrics {
    fn observe(&self, said: Said<'_>) {
        self.0.renewals.observe(said);
        self.0.turns.observe(said);
        let counters = &self.0.counters;
        let of = Of(said.election);
        let election = || said.election.to_string();
        match said.fact {
            Fact::Policy(PolicyFact::SourceUnavailable(_)) => {
                self.0.unavailable().entry(election()).or_insert(said.at);
            }
            Fact::Policy(PolicyFact::SourceAvailable) => {
                let _ = self.0.unavailable().remove(&election());
            }
            _ => {}
        }
        match said.fact {
            Fact::Elector(notice) => counters.count_notice(&of, notice),
            Fact::Policy(fact) => counters.count_policy(&of, fact),
            Fact::Asked { time, .. } => {
                self.0.decide_time.get_or_create(&[of.label()]).observe(time.as_secs_f64());
            }
            Fact::Requested(verb) => of.count_word(&counters.api_requests, "verb", verb),
            Fact::RightsMissing(missing) => of.set(&counters.rights_missing, missing.rights.len()),
            Fact::RightsGiven => of.set(&counters.rights_missing, 0),
            Fact::Decided(_) | Fact::ShadowDiffered(_) => {}
        }
    }
}

fn of_answer(path: &'static str, code: u16) -> OfAnswer {
    ([("path", path)], [("code", code)])
}

/// The election whose facts are counted.
struct Of<'a>(&'a ElectionName);

impl Of<'_> {
    fn label(&self) -> Label {
        ("election", self.0.to_string())
    }

    fn count(&self, family: &PerElection) {
        family.get_or_create(&[self.label()]).inc();
    }

    fn set(&self, family: &Amounts, amount: usize) {
        family.get_or_create(&[self.label()]).set(amount as u64);
    }

    fn count_word(&self, family: &ByWord, key: &'static str, word: &str) {
        family.get_or_create(&[self.label(), (key, word.to_owned())]).inc();
    }

    fn write_labels(&self, purpose: Purpose, how: Outcome) -> [Label; 3] {
        let (purpose, how) = (purpose.as_str().to_owned(), how.as_str().to_owned());
        [self.label(), ("purpose", purpose), ("outcome", how)]
    }
}

impl Counters {
    fn count_notice(&self, of: &Of<'_>, notice: &Notice) {
        match notice {
            Notice::BecameLeader { .. } => {
                of.count(&self.terms);
                self.written(of, Purpose::Acquire, Outcome::Written);
            }
            Notice::ResumedTerm { .. } => {
                of.count(&self.terms_resumed);
                self.renewed(of);
            }
            Notice::Renewed => self.renewed(of),
            Notice::SteppedDown(why) => of.count_word(&self.step_downs, "why", why.as_str()),
            Notice::Released => self.written(of, Purpose::Release, Outcome::Written),
            Notice::Reserved => self.written(of, Purpose::Reserve, Outcome::Written),
            Notice::NotReleased(_) => of.count(&self.releases_failed),
            Notice::LeaderChanged(_) => of.count(&self.leader_changes),
            Notice::WriteFailed { purpose, trouble } => {
                self.written(of, *purpose, trouble.outcome);
            }
            Notice::ReadFailed(trouble) => {
                of.count_word(&self.reads_failed, "outcome", trouble.outcome.as_str());
            }
            Notice::FoundOwnWrite => of.count(&self.writes_found),
            Notice::PolicyFailed { failure, .. } => {
                of.count_word(&self.failures, "kind", failure.kind.as_str());
            }
            Notice::Decided { by, .. } => of.count_word(&self.decisions, "by", by.as_str()),
            Notice::Overruled { action, .. } => of.count_word(&self.overruled, "action", action),
            Notice::Twin(_) => of.count(&self.twins),
            Notice::TransferRefused { .. } => of.count(&self.transfers_refused),
            // What comes of it is counted.
            Notice::HandingOver { .. } | Notice::HandOverWithdrawn { .. } => {}
            Notice::HolderDied { .. } => of.count(&self.deaths),
        }
    }

    fn count_policy(&self, of: &Of<'_>, fact: &PolicyFact) {
        match fact {
            PolicyFact::TookOver { restored, .. } => {
                of.count_word(&self.swaps, "how", if *restored { "restored" } else { "swapped" });
            }
            PolicyFact::SourceUnavailable(_) => of.count(&self.source_failures),
            PolicyFact::Refused { refusal, .. } => {
                debug_assert!(Refusal::STAGES.contains(&refusal.stage), "{}", refusal.stage);
                of.count_word(&self.stages_failed, "stage", refusal.stage);
            }
            PolicyFact::ShadowAnswered { differs } => {
                of.count(&self.shadow_decisions);
                if *differs {
                    of.count(&self.shadow_differences);
                }
            }
            PolicyFact::LeftBehind { .. } => of.count(&self.left_behind),
            _ => {}
        }
    }

    fn written(&self, of: &Of<'_>, purpose: Purpose, how: Outcome) {
        self.writes.get_or_create(&of.write_labels(purpose, how)).inc();
    }

    fn renewed(&self, of: &Of<'_>) {
        of.count(&self.renewals);
        self.written(of, Purpose::Renew, Outcome::Written);
    }

    /// The library puts a full stop behind each help text, and `_total` behind each counter.
    fn register(&self, decide_time: &Family<[Label; 1], Histogram, fn() -> Histogram>) -> Registry {
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
        all.register(
            "hotseat_policy_threads_left_behind",
            "Threads that did not come back from a policy",
            self.left_behind.clone(),
        );
        all.register(
            "hotseat_policy_source_failures",
            "Times that the policy's source gave nothing, once for each reason in a row",
            self.source_failures.clone(),
        );
    }

    fn register_requests(&self, all: &mut Registry) {
        all.register(
            "hotseat_rights_missing",
            "Rights in the cluster that are needed and that the account lacks",
            self.rights_missing.clone(),
        );
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
            "hotseat_transfers_refused",
            "Requests for another leader that this leader did not carry out",
            self.transfers_refused.clone(),
        );
        all.register(
            "hotseat_holder_deaths",
            "Holders whose process was proved to have ended, so that their lease was not waited out",
            self.deaths.clone(),
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
