//! How far this candidate is where an election's candidates take a policy one after the other.

use super::Label;
use hotseat_core::time::Moment;
use hotseat_election::{Fact, Occurrence, Status};
use hotseat_rollout::{Fact as PolicyFact, Refusal, Report};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// When policies last began to wait for other candidates, by their elections' names.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<BTreeMap<String, Moment>>);

impl Turns {
    /// Takes note of a fact.
    pub(super) fn observe(&self, occurrence: Occurrence<'_>) {
        if let Fact::Policy(PolicyFact::StageBegan { stage: Refusal::TURN, .. }) = occurrence.fact {
            // Whole after each call.
            let mut began = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            began.insert(occurrence.election.to_string(), occurrence.at);
        }
    }

    /// Registers what holds at `now`.
    pub(super) fn gauges(&self, all: &mut Registry, elections: &[Status], now: Moment) {
        let began = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = Family::<[Label; 1], Gauge<f64, AtomicU64>>::default();
        let [waits_for, stopped_by] = [(); 2].map(|()| Family::<[Label; 2], Gauge>::default());
        for status in elections {
            let election = status.election().to_string();
            let report = &status.policy().rollout;
            let since = began.get(&election).filter(|_| waits(report));
            let duration = since.map_or(Duration::ZERO, |since| now.since(*since));
            waiting.get_or_create(&[("election", election.clone())]).set(duration.as_secs_f64());
            let labels =
                |name: &String| [("election", election.clone()), ("candidate", name.clone())];
            for name in &report.waits_for {
                waits_for.get_or_create(&labels(name)).set(1);
            }
            if let Some(name) = &report.stopped_by {
                stopped_by.get_or_create(&labels(name)).set(1);
            }
        }
        all.register_with_unit(
            "hotseat_policy_turn_waiting",
            "For how long a new policy that passed all checks has waited for other candidates to run it first; 0 while none does",
            Unit::Seconds,
            waiting,
        );
        all.register(
            "hotseat_policy_turn_waits_for",
            "The candidates that have to run the new policy first, 8 at most; none while it does not wait, or while they are out of sight",
            waits_for,
        );
        all.register(
            "hotseat_policy_turn_stopped_by",
            "The candidate whose refusal, or whose going back, keeps this one from the newest policy; none if none does",
            stopped_by,
        );
    }
}

/// Whether a policy waits for its turn.
fn waits(report: &Report) -> bool {
    let candidate = report.candidate.as_ref().filter(|candidate| candidate.refusal.is_none());
    candidate.is_some_and(|candidate| candidate.stage == Refusal::TURN)
}
