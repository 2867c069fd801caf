//! One stage of a policy on its way, on a thread of its own: it blocks for long, and nothing of it
//! stays in memory.

use super::components::Components;
use super::{Events, effective};
use crate::sidecar::needs::Givers;
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::{Cause, Input, Pace};
use hotseat_election::EngineEvent;
use hotseat_engine::{LoadError, LoadedPolicy, Loader, sample};
use hotseat_rollout::{About, JobId, Passed, Policy, Refusal, Stage, StageEnd};
use std::time::{Duration, Instant};

/// All that a stage needs.
pub(super) struct StageRun {
    pub(super) job: JobId,
    pub(super) stage: Stage,
    pub(super) policy: Policy,
    pub(super) loader: Loader,
    pub(super) components: Components,
    pub(super) active: Option<LoadedPolicy>,
    pub(super) asked: Option<Input>,
    pub(super) pace: Pace,
    pub(super) on_failure: Option<OnFailure>,
    pub(super) givers: Givers,
}

impl StageRun {
    /// Starts it; its end is reported in any case, after a panic too.
    pub(super) fn start(self, events: &Events) {
        let job = self.job;
        let mut ending = Ending { job, events: events.clone(), end: None };
        let thread = std::thread::Builder::new().name("policy-swap".to_owned()).spawn(move || {
            // The whole of it, so that it is dropped on that thread, and not its one field.
            let ending = &mut ending;
            ending.end = Some(match self.run() {
                Ok(passed) => StageEnd::Passed(passed),
                Err(error) => refused(error.stage(), error.to_string()),
            });
        });
        if let Err(error) = thread {
            let end = refused("compile", format!("no thread to load the policy: {error}"));
            let _ = events.send(EngineEvent::StageEnded { job, end });
        }
    }

    fn run(&self) -> Result<Passed, LoadError> {
        match self.stage {
            Stage::Prepare => self.prepare().map(Passed::Prepared),
            Stage::Settings => {
                let policy = self.loaded()?;
                for warning in self.loader.accept(&policy, &self.policy.settings)? {
                    tracing::warn!(policy = policy.label(), %warning, "the settings are taken");
                }
                Ok(Passed::Fit)
            }
            Stage::Migrate => self.migrate(),
            Stage::DryRun => {
                let policy = self.loaded()?;
                let trial = self.components.trial(&self.policy.digest);
                let trial = trial.unwrap_or_else(|| sample(self.pace));
                self.loader.try_out(&policy, &trial)?;
                Ok(Passed::Fit)
            }
        }
    }

    fn prepare(&self) -> Result<About, LoadError> {
        let digest = &self.policy.digest;
        if let Some(loaded) = self.components.loaded(digest) {
            return Ok(self.about(&loaded, Duration::ZERO));
        }
        let source = self.components.source(digest).ok_or_else(|| self.gone())?;
        let began = Instant::now();
        let policy = self.loader.prepare(&source)?;
        let took = began.elapsed();
        let about = self.about(&policy, took);
        self.components.compiled(digest, policy);
        Ok(about)
    }

    /// The question on which it is tried: the last one that the election asked, with the memory of
    /// the active policy migrated.
    fn migrate(&self) -> Result<Passed, LoadError> {
        let policy = self.loaded()?;
        let asked_before = self.asked.is_some();
        let mut input = self.asked.clone().unwrap_or_else(|| sample(self.pace));
        input.settings = self.policy.settings.as_ref().to_owned();
        if asked_before {
            input.observation.causes = Cause::Swapped.into();
        }
        input.memory = match &self.active {
            Some(active) => self.loader.inherit(&policy, active, &input.memory)?.memory,
            None => Vec::new(),
        };
        self.components.set_trial(&self.policy.digest, input);
        Ok(Passed::Fit)
    }

    fn about(&self, policy: &LoadedPolicy, compile: Duration) -> About {
        let descriptor = policy.descriptor();
        About {
            name: descriptor.name.clone(),
            version: descriptor.version.clone(),
            summary: descriptor.summary.clone(),
            needs: self.givers.needs(&descriptor.needs),
            compile_millis: u64::try_from(compile.as_millis()).unwrap_or(u64::MAX),
            standard_may_follow: effective(self.on_failure, policy) == OnFailure::Standard,
        }
    }

    fn loaded(&self) -> Result<LoadedPolicy, LoadError> {
        self.components.loaded(&self.policy.digest).ok_or_else(|| self.gone())
    }

    fn gone(&self) -> LoadError {
        let label = self.policy.digest.clone();
        LoadError::Imports {
            label,
            why: "its bytes are not kept any more: publish it again".into(),
        }
    }
}

/// Tells how a stage ended when it is dropped, however its thread ends.
struct Ending {
    job: JobId,
    events: Events,
    end: Option<StageEnd>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let panicked = || refused("compile", "loading the policy panicked".to_owned());
        let end = self.end.take().unwrap_or_else(panicked);
        // The election has ended if nobody takes it.
        let _ = self.events.send(EngineEvent::StageEnded { job: self.job, end });
    }
}

fn refused(stage: &'static str, why: String) -> StageEnd {
    StageEnd::Refused(Refusal { stage, why })
}
