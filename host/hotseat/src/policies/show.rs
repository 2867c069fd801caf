//! What people see of a swap: `/v1/policy`, a log line for each stage, metrics, and Events on the
//! Lease.

use super::{Coming, Policies, SwapError};
use crate::clock;
use crate::state::{CandidateFacts, PolicyFacts};
use crate::tell::in_its_place;
use hotseat_core::event::AskId;
use hotseat_core::failures::MOST_IN_A_ROW;
use hotseat_core::policy::{Decision, Failure};
use hotseat_engine::{Inherited, LoadedPolicy, Setup, Source, Spent};
use hotseat_journal::Swap;
use std::time::Duration;

impl Policies {
    /// The operator asks for this source.
    pub fn show_source(&self, label: &str) {
        self.0.around.state.change_policy(|report| label.clone_into(&mut report.source));
    }

    /// What ails the source, if anything does.
    pub fn show_source_error(&self, error: Option<String>) {
        if let Some(error) = &error {
            tracing::warn!(%error, "the policy's source; the active policy stays");
            self.tell("PolicySourceFailed", error.clone(), true);
        }
        self.0.around.state.change_policy(|report| report.source_error = error);
    }

    pub(super) fn show_candidate(&self, source: &Source) {
        let facts = CandidateFacts {
            digest: source.digest().to_owned(),
            name: String::new(),
            version: String::new(),
            source: source.label().to_owned(),
            stage: "parse".to_owned(),
            error: None,
            compile_millis: 0,
            shadow_decisions: 0,
            shadow_differences: 0,
        };
        tracing::debug!(digest = %facts.digest, source = %facts.source, "a policy is a candidate");
        self.0.around.state.change_policy(|report| {
            report.stage.clone_from(&facts.stage);
            report.candidate = Some(facts);
        });
    }

    pub(super) fn show_stage(&self, stage: &'static str) {
        tracing::debug!(stage, "the candidate policy's stage");
        self.0.around.state.change_policy(|report| {
            stage.clone_into(&mut report.stage);
            if let Some(candidate) = &mut report.candidate {
                stage.clone_into(&mut candidate.stage);
            }
        });
    }

    pub(super) fn show_prepared(&self, policy: &LoadedPolicy, took: Duration) {
        let descriptor = policy.descriptor();
        tracing::debug!(name = %descriptor.name, version = %descriptor.version, ms = millis(took), "the candidate policy is at hand");
        self.change_candidate(|candidate| {
            candidate.name.clone_from(&descriptor.name);
            candidate.version.clone_from(&descriptor.version);
            candidate.compile_millis = millis(took);
        });
    }

    pub(super) fn show_shadow(&self, decisions: u64, differences: u64, differs: bool) {
        self.0.around.metrics.shadow_decision(differs);
        self.change_candidate(|candidate| {
            candidate.shadow_decisions = decisions;
            candidate.shadow_differences = differences;
        });
    }

    /// A policy in shadow answered otherwise than the active one, or failed.
    pub(super) fn keep_shadow(
        &self,
        ask: AskId,
        digest: &str,
        active: Decision,
        candidate: Result<Decision, Failure>,
    ) {
        self.0.around.state.journal().shadow(ask, digest, Ok(active), candidate);
    }

    /// Nothing is to be swapped: what the source has is active already.
    pub(super) fn show_settled(&self) {
        self.0.around.state.change_policy(|report| {
            report.candidate = None;
            report.error = None;
            "active".clone_into(&mut report.stage);
        });
    }

    pub(super) fn show_refused(&self, error: &SwapError) {
        let stage = error.stage();
        if !self.slot().must_load {
            tracing::error!(stage, %error, "the candidate policy is refused; what decides stays");
            self.tell("PolicyRefused", format!("stage {stage}: {error}"), true);
        }
        self.0.around.metrics.policy_refused(stage);
        self.keep_refused(error);
        self.0.around.state.change_policy(|report| {
            stage.clone_into(&mut report.stage);
            report.error = Some(error.to_string());
            if let Some(candidate) = &mut report.candidate {
                stage.clone_into(&mut candidate.stage);
                candidate.error = Some(error.to_string());
            }
        });
    }

    pub(super) fn show_active(&self, coming: &Coming, inherited: &Inherited, pause: Duration) {
        let policy = &coming.setup.policy;
        let facts = PolicyFacts {
            digest: policy.digest().to_owned(),
            name: policy.descriptor().name.clone(),
            version: policy.descriptor().version.clone(),
            summary: policy.descriptor().summary.clone(),
            source: policy.label().to_owned(),
            since: clock::now(),
        };
        tracing::info!(name = %facts.name, version = %facts.version, digest = %facts.digest, source = %facts.source, "the policy is active");
        if let Some(lost) = &inherited.lost {
            tracing::warn!(reason = %lost, "the policy begins with an empty memory");
        }
        self.0.around.metrics.policy_took_over(coming.restored);
        let note =
            format!("{} {} from {}, {}", facts.name, facts.version, facts.source, facts.digest);
        self.0.around.state.journal().swap(Swap {
            digest: facts.digest.clone(),
            name: facts.name.clone(),
            version: facts.version.clone(),
            source: facts.source.clone(),
            stage: if coming.restored { "restored" } else { "active" }.to_owned(),
            error: None,
        });
        let mut first = false;
        self.0.around.state.change_policy(|report| {
            first = report.active.is_none();
            report.previous = report.active.replace(facts);
            report.failures_in_a_row = 0;
            report.compile_millis = millis(coming.compile);
            report.swap_pause_micros = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
            report.swaps += 1;
            report.memory_lost.clone_from(&inherited.lost);
            if coming.restored {
                "restored".clone_into(&mut report.stage);
            } else {
                "active".clone_into(&mut report.stage);
                report.error = None;
                report.candidate = None;
            }
        });
        if coming.restored {
            self.tell("PolicyRestored", note, false);
        } else if !first {
            self.tell("PolicySwapped", note, false);
        }
    }

    /// The active policy failed too often.
    pub(super) fn show_broken(&self, failed: &Setup, back: Option<&Setup>) {
        let label = failed.policy.label();
        let stays = in_its_place(self.on_failure(failed));
        let follows = back.map_or(stays, |back| back.policy.label());
        let report = self.0.around.state.policy();
        let how = match report.failures_in_a_row {
            MOST_IN_A_ROW.. => "three times in a row".to_owned(),
            _ => format!("{} of its last hundred decisions", report.failures_of_last_hundred),
        };
        tracing::error!(policy = %label, %follows, "the policy failed {how}");
        let mut note = String::new();
        self.0.around.state.change_policy(|report| {
            let last = report.last_failure.as_ref();
            let last = last.map_or(String::new(), |(kind, detail)| {
                format!(", last: {}: {detail}", kind.as_str())
            });
            note = format!("{label}: failed {how}{last}");
            report.error = Some(note.clone());
        });
        self.tell("PolicyFailed", note, true);
    }

    pub(super) fn show_spent(&self, spent: Spent) {
        self.0.around.metrics.decide_time(spent.wall);
        self.0.around.state.change_policy(|report| {
            report.decide_micros = u64::try_from(spent.wall.as_micros()).unwrap_or(u64::MAX);
            report.decide_fuel = spent.fuel;
        });
    }

    fn keep_refused(&self, error: &SwapError) {
        let report = self.0.around.state.policy();
        // Bytes that must not be loaded never become a candidate.
        let candidate = match error {
            SwapError::Source(_) => None,
            _ => report.candidate.as_ref(),
        };
        let mut swap = Swap {
            source: report.source.clone(),
            stage: error.stage().to_owned(),
            error: Some(error.to_string()),
            ..Swap::default()
        };
        if let Some(candidate) = candidate {
            swap.digest.clone_from(&candidate.digest);
            swap.name.clone_from(&candidate.name);
            swap.version.clone_from(&candidate.version);
            swap.source.clone_from(&candidate.source);
        }
        self.0.around.state.journal().swap(swap);
    }

    fn change_candidate(&self, change: impl FnOnce(&mut CandidateFacts)) {
        self.0.around.state.change_policy(|report| {
            if let Some(candidate) = &mut report.candidate {
                change(candidate);
            }
        });
    }

    fn tell(&self, reason: &str, note: String, warning: bool) {
        let _runtime = self.0.tokio.enter();
        drop(self.0.around.told.write(reason, note, warning));
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
