//! What is counted of elections and of HTTP, and under which names.

use hotseat_core::event::{Notice, Purpose};
use hotseat_core::policy::Outcome;
use hotseat_election::ElectionName;
use hotseat_rollout::{Fact as PolicyFact, Refusal};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;

/// The label of the election.
pub(super) type Label = (&'static str, String);
/// Observations of time for each election.
pub(super) type Times = Family<[Label; 1], Histogram, fn() -> Histogram>;
type PerElection = Family<[Label; 1], Counter>;
type Amounts = Family<[Label; 1], Gauge<u64, AtomicU64>>;
type ByWord = Family<[Label; 2], Counter>;
/// Path and status, as they are: an answer is counted without taking memory.
type OfAnswer = ([(&'static str, &'static str); 1], [(&'static str, u16); 1]);

/// All counters, each at zero for an election once that has begun.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) terms: PerElection,
    pub(super) terms_resumed: PerElection,
    pub(super) leader_changes: PerElection,
    pub(super) step_downs: ByWord,
    pub(super) writes: Family<[Label; 3], Counter>,
    pub(super) writes_found: PerElection,
    pub(super) renewals: PerElection,
    pub(super) releases_failed: PerElection,
    pub(super) reads_failed: ByWord,
    pub(super) identity_conflicts: PerElection,
    pub(super) transfers_refused: PerElection,
    pub(super) deaths: PerElection,
    pub(super) decisions: ByWord,
    pub(super) failures: ByWord,
    pub(super) overruled: ByWord,
    pub(super) swaps: ByWord,
    pub(super) stages_failed: ByWord,
    pub(super) shadow_decisions: PerElection,
    pub(super) shadow_differences: PerElection,
    pub(super) left_behind: PerElection,
    pub(super) rights_missing: Amounts,
    pub(super) source_failures: PerElection,
    pub(super) api_requests: ByWord,
    pub(super) http_requests: Family<OfAnswer, Counter>,
    pub(super) http_connections: Gauge<u64, AtomicU64>,
}

/// The labels of an answer of the page of that path with that status.
pub(super) fn of_answer(path: &'static str, code: u16) -> OfAnswer {
    ([("path", path)], [("code", code)])
}

/// The election whose facts are counted.
pub(super) struct Of<'a>(pub(super) &'a ElectionName);

impl Of<'_> {
    pub(super) fn label(&self) -> Label {
        ("election", self.0.to_string())
    }

    fn count(&self, family: &PerElection) {
        family.get_or_create(&[self.label()]).inc();
    }

    pub(super) fn set(&self, family: &Amounts, amount: usize) {
        family.get_or_create(&[self.label()]).set(amount as u64);
    }

    pub(super) fn count_word(&self, family: &ByWord, key: &'static str, word: &str) {
        family.get_or_create(&[self.label(), (key, word.to_owned())]).inc();
    }

    pub(super) fn write_labels(&self, purpose: Purpose, how: Outcome) -> [Label; 3] {
        let (purpose, how) = (purpose.as_str().to_owned(), how.as_str().to_owned());
        [self.label(), ("purpose", purpose), ("outcome", how)]
    }
}

impl Counters {
    pub(super) fn count_notice(&self, of: &Of<'_>, notice: &Notice) {
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
            Notice::WriteFailed { purpose, error } => {
                self.written(of, *purpose, error.outcome);
            }
            Notice::ReadFailed(error) => {
                of.count_word(&self.reads_failed, "outcome", error.outcome.as_str());
            }
            Notice::FoundOwnWrite => of.count(&self.writes_found),
            Notice::PolicyFailed { failure, .. } => {
                of.count_word(&self.failures, "kind", failure.kind.as_str());
            }
            Notice::Decided { by, .. } => of.count_word(&self.decisions, "by", by.as_str()),
            Notice::Overruled { action, .. } => of.count_word(&self.overruled, "action", action),
            Notice::IdentityConflict(_) => of.count(&self.identity_conflicts),
            Notice::TransferRefused { .. } => of.count(&self.transfers_refused),
            // What comes of it is counted.
            Notice::HandingOver { .. } | Notice::HandOverWithdrawn { .. } => {}
            Notice::HolderDied { .. } => of.count(&self.deaths),
        }
    }

    pub(super) fn count_policy(&self, of: &Of<'_>, fact: &PolicyFact) {
        match fact {
            PolicyFact::TookOver { restored, .. } => {
                of.count_word(&self.swaps, "how", if *restored { "restored" } else { "swapped" });
            }
            PolicyFact::SourceUnavailable { .. } => of.count(&self.source_failures),
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
    pub(super) fn register(&self, decide_time: &Times) -> Registry {
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
            "Reports that the policy's source gave nothing: each reason once in a row, and rarely while it lasts",
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
            "hotseat_identity_conflicts",
            "Sightings of another live process with this candidate's name",
            self.identity_conflicts.clone(),
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
