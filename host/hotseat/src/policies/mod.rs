//! The policies of a running sidecar: asking the active one, swapping it, and going back.
//!
//! A swap runs through its stages on a thread of its own ([`swap`]), if the operator wants it
//! beside the active policy for a while ([`shadow`]), and takes over between two answers. Whatever
//! fails before that leaves the active policy as it is (I13).

mod follow;
mod origin;
mod shadow;
mod show;
mod swap;

use crate::kubernetes::Events;
use crate::metrics::Metrics;
use crate::state::State;
use hotseat_core::event::{AskId, Event};
use hotseat_core::policy::{Failure, FailureKind, Input, Pace};
use hotseat_engine::{
    Answer, CompileLimits, Compiler, Container, LARGEST_COMPONENT, Limits, LoadError, LoadedPolicy,
    Loader, PolicyWorker, Runtime, STANDARD, STANDARD_LABEL, Said, Setup, Source, Takeover,
};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::Sender;

pub(crate) use origin::loadable;
pub use origin::{PolicySettings, SETTINGS_KEY, Wish};
pub use shadow::ShadowPeriod;
pub use swap::{Proposal, SwapError};

/// The hidden subcommand that compiles a component in a child process.
pub const COMPILE_COMMAND: &str = "compile-policy";
/// So many policies that failed are remembered.
const MOST_BAD: usize = 32;

/// Loads policies and asks the active one. Cheap to clone.
#[derive(Clone)]
pub struct Policies(Arc<Inner>);

/// What policies need of the sidecar.
pub struct Surroundings {
    /// The operator's timing as policies see it.
    pub pace: Pace,
    /// Beside the active policy for so long before it takes over; none: at once.
    pub shadow: Option<ShadowPeriod>,
    /// What one call of a policy may use.
    pub limits: Limits,
    /// What is shown.
    pub state: State,
    /// What is counted.
    pub metrics: Metrics,
    /// Events on the Lease.
    pub told: Events,
    /// The election.
    pub election: Sender<Event>,
}

struct Inner {
    loader: Loader,
    around: Surroundings,
    /// For Events that are written from the policy's thread.
    tokio: tokio::runtime::Handle,
    slot: Mutex<Slot>,
}

#[derive(Default)]
struct Slot {
    worker: Option<PolicyWorker>,
    standard: Option<LoadedPolicy>,
    /// The one before the active one, if it did not fail.
    last_good: Option<Setup>,
    /// The one that was compiled last, for when its settings change.
    compiled: Option<LoadedPolicy>,
    /// What is about to take over.
    coming: Option<Coming>,
    /// Digests and settings of policies that failed three times in a row.
    bad: VecDeque<(String, Arc<str>)>,
    /// The last question, for trial decisions.
    asked: Option<Input>,
    shadow: Option<Arc<shadow::Shadow>>,
}

/// A setup on its way to the policy's thread.
struct Coming {
    setup: Setup,
    compile: Duration,
    restored: bool,
}

impl Coming {
    /// It takes over again from one that failed.
    fn back(setup: Setup) -> Coming {
        Coming { setup, compile: Duration::ZERO, restored: true }
    }
}

impl Policies {
    /// Nothing is loaded yet; the built-in rule decides until something is. Must be called within
    /// the runtime that serves the election.
    ///
    /// # Errors
    ///
    /// The engine cannot run on this machine.
    pub fn new(around: Surroundings) -> std::io::Result<Policies> {
        let loader = loader(around.limits.clone(), Container::of_this_process())?;
        let tokio = tokio::runtime::Handle::current();
        Ok(Policies(Arc::new(Inner { loader, around, tokio, slot: Mutex::default() })))
    }

    /// Asks the active policy; the answer comes as an event.
    pub fn ask(&self, ask: AskId, input: Input) {
        let mut slot = self.slot();
        slot.asked = Some(input.clone());
        let unasked = match &slot.worker {
            Some(worker) => worker.ask(ask.0, input).err().map(|error| error.to_string()),
            None => Some("no policy is loaded".to_owned()),
        };
        drop(slot);
        if let Some(detail) = unasked {
            let answer = Err(Failure { kind: FailureKind::TimedOut, detail });
            self.send(Event::Decided { ask, answer });
        }
    }

    /// The active policy failed three times in a row: the last good one takes over, or else the
    /// standard one. Where that is the one that failed, it stays, and the built-in rule decides
    /// each time. What failed is not taken up again until its bytes or its settings change.
    pub fn restore(&self) {
        let mut slot = self.slot();
        let Some(active) = slot.active() else { return };
        if slot
            .standard
            .as_ref()
            .is_some_and(|standard| standard.digest() == active.policy.digest())
        {
            return;
        }
        slot.remember_bad(&active);
        let good = slot.last_good.take().filter(|good| !slot.is_bad(good));
        let back = good.or_else(|| slot.standard.clone().map(without_settings));
        drop(slot);
        self.show_broken(&active, back.as_ref());
        if let Some(setup) = back {
            self.publish(Coming::back(setup));
        }
    }

    /// Lets a setup take over; the policy's thread tells when it has happened.
    fn publish(&self, coming: Coming) {
        let mut slot = self.slot();
        let setup = coming.setup.clone();
        if !coming.restored {
            slot.last_good = slot.active();
        }
        slot.coming = Some(coming);
        if let Some(worker) = &slot.worker {
            return worker.publish(setup);
        }
        let policies = self.clone();
        let started = PolicyWorker::start(setup.clone(), self.limits(), move |said| {
            policies.heard(said);
        });
        match started {
            Ok(worker) => slot.worker = Some(worker),
            Err(error) => {
                tracing::error!(%error, "no thread for the policy; the built-in rule decides");
                return;
            }
        }
        drop(slot);
        self.took_over(Takeover {
            digest: setup.policy.digest().to_owned(),
            settings: setup.settings,
            inherited: hotseat_engine::Inherited::default(),
            pause: Duration::ZERO,
        });
    }

    /// What one call of a policy may use here.
    fn limits(&self) -> Limits {
        self.0.loader.limits().clone()
    }

    /// On the policy's thread.
    fn heard(&self, said: Said) {
        match said {
            Said::Answered(answer) => self.answered(*answer),
            Said::TookOver(takeover) => self.took_over(takeover),
            Said::LeftBehind { digest, now } => {
                tracing::error!(%digest, threads = now, "a call of the policy did not come back; its thread is left behind");
            }
        }
    }

    fn answered(&self, answer: Answer) {
        let shadow = self.slot().shadow.clone();
        let ask = AskId(answer.id);
        self.0.around.state.journal().answered(ask, &answer.digest);
        let decided = answer.outcome.map(|(decision, spent)| {
            self.show_spent(spent);
            decision
        });
        let beside = shadow.and_then(|shadow| Some((shadow, decided.as_ref().ok()?.clone())));
        // The election has ended if nobody takes the answer.
        let _ = self.0.around.election.blocking_send(Event::Decided { ask, answer: decided });
        if let Some((shadow, decision)) = beside {
            shadow.beside(ask, answer.input, decision);
        }
    }

    fn took_over(&self, takeover: Takeover) {
        let mut slot = self.slot();
        let coming = slot.coming.take_if(|coming| coming.setup.policy.digest() == takeover.digest);
        drop(slot);
        let Takeover { inherited, settings, pause, .. } = takeover;
        if let Some(coming) = coming {
            self.show_active(&coming, &inherited, pause);
        }
        let settings = settings.as_ref().to_owned();
        self.send(Event::Swapped { memory: inherited.memory, settings });
    }

    /// Loads the standard policy to fall back on, if it is not loaded yet. Blocks while it is
    /// compiled.
    fn load_fallback(&self) {
        if self.slot().standard.is_some() {
            return;
        }
        match standard().and_then(|source| self.0.loader.prepare(&source)) {
            Ok(policy) => {
                let mut slot = self.slot();
                slot.standard = Some(policy.clone());
                let broken = slot.active().is_some_and(|active| slot.is_bad(&active));
                drop(slot);
                // The active policy failed before there was anything to fall back on.
                if broken {
                    self.publish(Coming::back(without_settings(policy)));
                }
            }
            Err(error) => {
                tracing::error!(%error, "the standard policy does not load; the built-in rule is the last resort");
            }
        }
    }

    /// From a thread or a task: the channel has room for far more than ever is under way.
    fn send(&self, event: Event) {
        if self.0.around.election.try_send(event).is_err() {
            tracing::debug!("the election does not listen any more");
        }
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.0.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn active(&self) -> Option<Setup> {
        self.worker.as_ref().map(PolicyWorker::active)
    }

    /// The policy of that digest, if it is loaded.
    fn loaded(&self, digest: &str) -> Option<LoadedPolicy> {
        let active = self.active().map(|active| active.policy);
        let others = [&self.standard, &self.compiled].into_iter().flatten().cloned();
        active.into_iter().chain(others).find(|policy| policy.digest() == digest)
    }

    fn is_bad(&self, setup: &Setup) -> bool {
        self.knows_bad(setup.policy.digest(), &setup.settings)
    }

    fn knows_bad(&self, digest: &str, settings: &str) -> bool {
        self.bad.iter().any(|(bad, with)| bad == digest && &**with == settings)
    }

    fn remember_bad(&mut self, setup: &Setup) {
        if !self.is_bad(setup) {
            self.bad.truncate(MOST_BAD - 1);
            self.bad.push_front((setup.policy.digest().to_owned(), setup.settings.clone()));
        }
    }
}

/// A loader with the program's own compiler, whose policies may use `limits`, or less where the
/// container has less.
pub(crate) fn loader(limits: Limits, container: Container) -> std::io::Result<Loader> {
    let (wanted, limits) = (limits.memory, limits.within(&container));
    if limits.memory < wanted {
        tracing::info!(
            bytes = limits.memory,
            wanted,
            "the container's memory limit leaves a call of the policy less memory"
        );
    }
    let compiler = Compiler::of_this_program(&[COMPILE_COMMAND], CompileLimits::default());
    Ok(Loader::new(Runtime::new()?, compiler.within(container), limits))
}

/// The standard policy to fall back on: the settings are those of the policy that failed.
fn without_settings(policy: LoadedPolicy) -> Setup {
    Setup { policy, settings: Arc::from("") }
}

/// The standard policy's bytes.
fn standard() -> Result<Source, LoadError> {
    Source::new(STANDARD_LABEL, STANDARD.to_vec(), LARGEST_COMPONENT)
}
