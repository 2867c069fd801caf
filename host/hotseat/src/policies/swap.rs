//! One swap: from bytes and settings to a policy that takes over, stage by stage.

use super::shadow::{Shadow, Verdict};
use super::{Coming, Policies, standard};
use hotseat_core::policy::{Cause, Input};
use hotseat_engine::{LoadError, LoadedPolicy, Setup, Source, sample};
use hotseat_sources::SourceError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A policy that is to take over.
#[derive(Clone)]
pub struct Proposal {
    /// Its component; none: the standard policy.
    pub source: Option<Arc<Source>>,
    /// The operator's settings for it, JSON or empty.
    pub settings: Arc<str>,
}

/// Why a policy did not take over.
#[derive(Debug, thiserror::Error)]
pub enum SwapError {
    /// The source gave bytes that must not be loaded.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A stage of loading failed.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It failed in this process before, with these settings.
    #[error("{label}: failed too often before: publish other bytes or other settings")]
    KnownBad {
        /// The policy.
        label: String,
    },
    /// It failed beside the active policy.
    #[error("{label}: shadow: {why}")]
    Shadow {
        /// The policy.
        label: String,
        /// How.
        why: String,
    },
    /// A newer proposal came.
    #[error("{label}: given up for a newer one")]
    Overtaken {
        /// The policy.
        label: String,
    },
}

impl SwapError {
    /// The stage that failed, a word for metrics, logs and `/v1/policy`.
    pub fn stage(&self) -> &'static str {
        match self {
            SwapError::Source(error) => error.stage(),
            SwapError::Load(error) => error.stage(),
            SwapError::KnownBad { .. } => "known-bad",
            SwapError::Shadow { .. } => "shadow",
            SwapError::Overtaken { .. } => "overtaken",
        }
    }
}

impl Policies {
    /// Takes a proposal through all stages and lets it take over. Blocks: while it is compiled,
    /// and for the time beside the active policy. `overtaken` gives that time up.
    ///
    /// # Errors
    ///
    /// The first stage that fails. The active policy goes on as it was.
    pub fn swap(&self, proposal: &Proposal, overtaken: &AtomicBool) -> Result<(), SwapError> {
        let source = match &proposal.source {
            Some(source) => source.clone(),
            None => Arc::new(standard()?),
        };
        if self.is_active(&source, &proposal.settings) {
            self.show_settled();
            return Ok(());
        }
        self.show_candidate(&source);
        let swapped = self.stages(&source, proposal, overtaken);
        match &swapped {
            Err(SwapError::Overtaken { label }) => {
                tracing::debug!(source = %label, "a newer policy or newer settings came")
            }
            Err(error) => self.show_refused(error),
            Ok(()) => {}
        }
        swapped
    }

    /// The source gave bytes that must not be loaded.
    pub(super) fn refuse_source(&self, error: SourceError) {
        self.show_refused(&SwapError::Source(error));
    }

    fn stages(
        &self,
        source: &Source,
        proposal: &Proposal,
        overtaken: &AtomicBool,
    ) -> Result<(), SwapError> {
        let settings = &proposal.settings;
        let label = || source.label().to_owned();
        if self.slot().knows_bad(source.digest(), settings) {
            return Err(SwapError::KnownBad { label: label() });
        }
        let loader = &self.0.loader;
        let (policy, compile) = self.prepare(source)?;
        if proposal.source.is_none() {
            self.slot().standard = Some(policy.clone());
        }
        self.show_stage("settings");
        loader.accept(&policy, settings)?;
        let setup = Setup { policy: policy.clone(), settings: settings.clone() };
        self.show_stage("migrate");
        let input = self.trial(&setup)?;
        self.show_stage("dry-run");
        loader.try_out(&policy, &input)?;
        if let Some(period) = self.0.around.shadow
            && self.slot().worker.is_some()
        {
            self.show_stage("shadow");
            let shadow = Shadow::start(&setup, input.memory, period, self)
                .map_err(|why| SwapError::Shadow { label: label(), why })?;
            self.slot().shadow = Some(shadow.clone());
            let verdict = shadow.wait(overtaken);
            self.slot().shadow = None;
            match verdict {
                Verdict::Fit => {}
                Verdict::Failed(why) => return Err(SwapError::Shadow { label: label(), why }),
                Verdict::GivenUp => return Err(SwapError::Overtaken { label: label() }),
            }
        }
        if overtaken.load(Ordering::Relaxed) {
            return Err(SwapError::Overtaken { label: label() });
        }
        self.publish(Coming { setup, compile, restored: false });
        Ok(())
    }

    /// Whether it is compiled, so that its bytes are not needed any more.
    pub(super) fn has(&self, source: &Source) -> bool {
        self.slot().loaded(source.digest()).is_some()
    }

    fn is_active(&self, source: &Source, settings: &str) -> bool {
        self.slot().active().is_some_and(|active| {
            active.policy.digest() == source.digest() && &*active.settings == settings
        })
    }

    /// Compiles the component, unless it is loaded already and only its settings change.
    fn prepare(&self, source: &Source) -> Result<(LoadedPolicy, Duration), LoadError> {
        let loaded = self.slot().loaded(source.digest());
        if let Some(policy) = loaded {
            self.show_prepared(&policy, Duration::ZERO);
            return Ok((policy, Duration::ZERO));
        }
        self.show_stage("compile");
        let began = Instant::now();
        let policy = self.0.loader.prepare(source)?;
        let took = began.elapsed();
        self.slot().compiled = Some(policy.clone());
        self.show_prepared(&policy, took);
        Ok((policy, took))
    }

    /// The question on which it is tried: the last one that the election asked, with the memory of
    /// the active policy made over.
    fn trial(&self, setup: &Setup) -> Result<Input, LoadError> {
        let slot = self.slot();
        let (active, asked) = (slot.active(), slot.asked.clone());
        drop(slot);
        let asked_before = asked.is_some();
        let mut input = asked.unwrap_or_else(|| sample(self.0.around.pace));
        input.settings = setup.settings.as_ref().to_owned();
        if asked_before {
            input.observation.cause = Cause::Swapped;
        }
        let inherited = match active {
            Some(active) => self.0.loader.inherit(&setup.policy, &active.policy, &input.memory)?,
            None => hotseat_engine::Inherited::default(),
        };
        input.memory = inherited.memory;
        Ok(input)
    }
}
