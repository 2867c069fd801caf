//! The policy engine of an election: components run by wasmtime, each on a thread of its own.

mod components;
mod hearing;
mod shadow;
mod stage;

use crate::sidecar::needs::Givers;
use components::Components;
use hearing::{Awaited, Hearing, Pending};
use hotseat_core::event::AskId;
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::{Decision, Input, Pace};
use hotseat_election::{AskRefused, EngineEvent, PolicyEngine, Publication};
use hotseat_engine::{
    CompileLimits, Compiler, Container, Limits, LoadedPolicy, Loader, PolicyWorker, Runtime,
    STANDARD, Setup, ThreadEnded,
};
use hotseat_rollout::{JobId, Policy, Stage};
use shadow::Shadow;
use stage::StageRun;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// The hidden subcommand that compiles a component in a child process.
pub const COMPILE_COMMAND: &str = "compile-policy";

/// Where the engine tells what happens.
type Events = UnboundedSender<EngineEvent>;

/// Loads policies and asks them, for one election.
pub struct Engine {
    loader: Loader,
    limits: Limits,
    pace: Pace,
    events: Events,
    components: Components,
    worker: Option<PolicyWorker>,
    /// What that one is to let take over.
    coming: Pending,
    on_failure: Option<OnFailure>,
    givers: Givers,
    shadow: Option<Shadow>,
}

impl Engine {
    /// Nothing is loaded yet. `pace` is the operator's timing as policies see it, `on_failure`
    /// overrules what policies say of their failures, and `givers` give what they need. What happens
    /// goes to `events`.
    pub fn new(
        loader: Loader,
        pace: Pace,
        on_failure: Option<OnFailure>,
        givers: Givers,
        events: Events,
    ) -> Engine {
        Engine {
            limits: loader.limits().clone(),
            loader,
            pace,
            events,
            components: Components::default(),
            worker: None,
            coming: Pending::default(),
            on_failure,
            givers,
            shadow: None,
        }
    }

    fn setup(&self, policy: &Policy) -> Option<Setup> {
        let loaded = self.components.loaded(&policy.digest)?;
        Some(Setup { policy: loaded, settings: policy.settings.clone() })
    }

    fn tell(&self, event: EngineEvent) {
        // The election has ended if nobody takes it.
        let _ = self.events.send(event);
    }

    fn publish(&mut self, job: JobId, setup: Setup) -> Result<(), String> {
        let Some(worker) = &self.worker else { return self.begin(job, setup, None) };
        let digest = setup.policy.digest().to_owned();
        let on_failure = effective(self.on_failure, &setup.policy);
        self.coming.set(Awaited { job, digest, on_failure });
        match worker.publish(setup.clone()) {
            // What becomes of it is said on that thread, or at its end.
            Ok(()) => Ok(()),
            Err(ThreadEnded) if self.coming.take().is_none() => Ok(()),
            Err(ThreadEnded) => {
                self.begin(job, setup, Some("the thread that kept it has ended".to_owned()))
            }
        }
    }

    /// Has a new thread ask that policy.
    fn begin(
        &mut self,
        job: JobId,
        setup: Setup,
        memory_lost: Option<String>,
    ) -> Result<(), String> {
        let settings = setup.settings.clone();
        let on_failure = effective(self.on_failure, &setup.policy);
        // Not that of a thread before, which may still end.
        let coming = Pending::default();
        let hearing = Hearing::new(self.events.clone(), coming.clone());
        let worker =
            PolicyWorker::start(setup, self.limits.clone(), move |said| hearing.hear(said));
        self.worker = Some(worker.map_err(|error| format!("no thread for the policy: {error}"))?);
        self.coming = coming;
        self.tell(EngineEvent::TookOver {
            job,
            memory: Vec::new(),
            settings,
            on_failure,
            memory_lost,
            pause: Duration::ZERO,
        });
        Ok(())
    }
}

impl PolicyEngine for Engine {
    fn keep(&mut self, publication: &Publication) {
        self.components.keep(publication);
    }

    fn run(&mut self, job: JobId, stage: Stage, policy: &Policy, asked: Option<&Input>) {
        StageRun {
            job,
            stage,
            policy: policy.clone(),
            loader: self.loader.clone(),
            components: self.components.clone(),
            active: self.worker.as_ref().map(|worker| worker.active().policy),
            asked: asked.cloned(),
            pace: self.pace,
            on_failure: self.on_failure,
            givers: self.givers.clone(),
        }
        .start(&self.events);
    }

    fn start_shadow(&mut self, job: JobId, policy: &Policy) {
        let started = match self.setup(policy) {
            Some(setup) => {
                let memory = self.components.trial_memory(&policy.digest);
                Shadow::start(job, setup, memory, self.limits.clone(), self.events.clone())
                    .map_err(|error| format!("no thread: {error}"))
            }
            None => Err("it is not loaded any more".to_owned()),
        };
        match started {
            Ok(shadow) => self.shadow = Some(shadow),
            Err(why) => self.tell(EngineEvent::NoShadow { job, why }),
        }
    }

    fn ask_shadow(&mut self, ask: AskId, input: Input, decision: Decision) {
        if let Some(shadow) = &self.shadow {
            shadow.ask(ask, input, decision);
        }
    }

    fn stop_shadow(&mut self) {
        self.shadow = None;
    }

    fn take_over(&mut self, job: JobId, policy: &Policy) {
        let published = match self.setup(policy) {
            Some(setup) => self.publish(job, setup),
            None => Err("it is not loaded any more".to_owned()),
        };
        if let Err(why) = published {
            self.tell(EngineEvent::NotTakenOver { job, why });
        }
    }

    fn ask(&mut self, ask: AskId, input: Input) -> Result<(), AskRefused> {
        match &self.worker {
            Some(worker) => worker.ask(ask.0, input).map_err(|error| AskRefused(error.to_string())),
            None => Err(AskRefused("no policy is loaded".to_owned())),
        }
    }

    fn forget(&mut self, digest: &str) {
        self.components.forget(digest);
    }
}

/// What decides where a policy fails: the operator's word goes before the policy's.
fn effective(operator: Option<OnFailure>, policy: &LoadedPolicy) -> OnFailure {
    operator.unwrap_or(policy.descriptor().on_failure)
}

/// The digest of the standard policy.
pub fn standard_digest() -> String {
    hotseat_engine::digest(STANDARD)
}

/// A loader with the program's own compiler, whose policies may use `limits`, or less where the
/// container has less.
pub(crate) fn loader(limits: Limits, container: Container) -> io::Result<Loader> {
    loader_with(compiler(), limits, container)
}

/// The program's own compiler: a child process of it.
pub fn compiler() -> Compiler {
    Compiler::of_this_program(&[COMPILE_COMMAND], CompileLimits::default())
}

/// A loader with that compiler, in that container.
pub(crate) fn loader_with(
    compiler: Compiler,
    limits: Limits,
    container: Container,
) -> io::Result<Loader> {
    let (wanted, limits) = (limits.memory, limits.within(&container));
    if limits.memory < wanted {
        tracing::info!(
            bytes = limits.memory,
            wanted,
            "the container's memory limit leaves a call of the policy less memory"
        );
    }
    Ok(Loader::new(Runtime::new()?, compiler.within(container), limits))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A whole value is stored or none.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
