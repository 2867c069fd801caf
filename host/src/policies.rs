//! The policies of a running sidecar: loading, asking, and falling back on the standard one.

use crate::clock;
use crate::metrics::Metrics;
use crate::state::{PolicyFacts, State};
use hotseat_core::event::{AskId, Event};
use hotseat_core::policy::{Attempts, Cause, Failure, FailureKind, Input, Observation, Pace, Seat};
use hotseat_engine::{
    Answer, CompileLimits, Compiler, LARGEST_COMPONENT, Limits, LoadError, LoadedPolicy, Loader,
    PolicyWorker, Runtime, STANDARD, STANDARD_LABEL, Source,
};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::mpsc::Sender;

/// The hidden subcommand that compiles a component in a child process.
pub const COMPILE_COMMAND: &str = "compile-policy";

/// Where the operator's policy comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicySource {
    /// The standard policy, embedded in the program.
    Builtin,
    /// A file.
    File(PathBuf),
}

impl PolicySource {
    /// How it is written on the command line.
    pub fn label(&self) -> String {
        match self {
            PolicySource::Builtin => STANDARD_LABEL.to_owned(),
            PolicySource::File(path) => format!("file:{}", path.display()),
        }
    }
}

/// Loads policies and asks the active one. Cheap to clone.
#[derive(Clone)]
pub struct Policies(Arc<Inner>);

struct Inner {
    loader: Loader,
    settings: String,
    pace: Pace,
    state: State,
    metrics: Metrics,
    events: Sender<Event>,
    slot: Mutex<Slot>,
}

#[derive(Default)]
struct Slot {
    worker: Option<PolicyWorker>,
    standard: Option<LoadedPolicy>,
}

impl Policies {
    /// Nothing is loaded yet; the built-in rule decides until something is.
    ///
    /// # Errors
    ///
    /// The engine cannot run on this machine.
    pub fn new(
        settings: &str,
        pace: Pace,
        state: State,
        metrics: Metrics,
        events: Sender<Event>,
    ) -> std::io::Result<Policies> {
        let compiler = Compiler::of_this_program(&[COMPILE_COMMAND], CompileLimits::default());
        let loader = Loader::new(Runtime::new()?, compiler, Limits::default());
        Ok(Policies(Arc::new(Inner {
            loader,
            settings: settings.to_owned(),
            pace,
            state,
            metrics,
            events,
            slot: Mutex::new(Slot::default()),
        })))
    }

    /// Loads the operator's policy and makes it the active one. Blocks while it is compiled.
    ///
    /// # Errors
    ///
    /// The first stage that fails. The built-in rule goes on deciding.
    pub fn load(&self, source: &PolicySource) -> Result<(), LoadError> {
        self.0.state.change_policy(|report| {
            report.source = source.label();
            report.stage = "loading".to_owned();
        });
        let loaded = self.try_load(source);
        match &loaded {
            Ok((policy, millis)) => self.publish(policy.clone(), *millis, "active"),
            Err(error) => self.0.state.change_policy(|report| {
                report.stage = error.stage().to_owned();
                report.error = Some(error.to_string());
            }),
        }
        loaded.map(drop)
    }

    fn try_load(&self, source: &PolicySource) -> Result<(LoadedPolicy, u64), LoadError> {
        let began = Instant::now();
        let policy = match source {
            PolicySource::Builtin => self.load_standard()?,
            PolicySource::File(path) => {
                let source = Source::read(path, LARGEST_COMPONENT)?;
                self.0.loader.load(&source, &self.sample())?
            }
        };
        Ok((policy, u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)))
    }

    fn load_standard(&self) -> Result<LoadedPolicy, LoadError> {
        let source = Source::new(STANDARD_LABEL, STANDARD.to_vec(), LARGEST_COMPONENT)?;
        let policy = self.0.loader.load(&source, &self.sample())?;
        self.slot().standard = Some(policy.clone());
        Ok(policy)
    }

    /// Loads the standard policy to fall back on, if it is not the active one anyway.
    ///
    /// # Errors
    ///
    /// It does not load; the built-in rule remains.
    pub fn load_fallback(&self) -> Result<(), LoadError> {
        if self.slot().standard.is_some() {
            return Ok(());
        }
        // The fallback takes no settings: those are the other policy's.
        let source = Source::new(STANDARD_LABEL, STANDARD.to_vec(), LARGEST_COMPONENT)?;
        let policy = self.0.loader.prepare(&source)?;
        self.slot().standard = Some(policy);
        Ok(())
    }

    /// Asks the active policy; the answer comes as an event.
    pub fn ask(&self, ask: AskId, input: Input) {
        let unasked = match &self.slot().worker {
            Some(worker) => worker.ask(ask.0, input).err().map(|error| error.to_string()),
            None => Some("no policy is loaded".to_owned()),
        };
        if let Some(detail) = unasked {
            let answer = Err(Failure { kind: FailureKind::TimedOut, detail });
            self.send(Event::Decided { ask, answer });
        }
    }

    /// The active policy failed too often: the standard one takes over. Where it is the standard
    /// one that failed, it stays, and the built-in rule decides each time.
    pub fn restore(&self) {
        let standard = self.slot().standard.clone();
        let active = self.0.state.policy().active.clone();
        let Some(standard) = standard else { return };
        if active.as_ref().is_some_and(|facts| facts.digest == standard.digest()) {
            return;
        }
        let failed = active.map_or_else(String::new, |facts| facts.source);
        tracing::error!(policy = %failed, "the policy failed three times in a row; the standard policy takes over");
        self.publish(standard, 0, "restored");
        self.0.state.change_policy(|report| {
            report.error = report.last_failure.as_ref().map(|(kind, detail)| {
                format!("{failed}: failed three times in a row, last: {}: {detail}", kind.as_str())
            });
        });
    }

    fn publish(&self, policy: LoadedPolicy, compile_millis: u64, stage: &str) {
        let facts = PolicyFacts {
            digest: policy.digest().to_owned(),
            name: policy.descriptor().name.clone(),
            version: policy.descriptor().version.clone(),
            summary: policy.descriptor().summary.clone(),
            source: policy.label().to_owned(),
            since: clock::now(),
        };
        tracing::info!(name = %facts.name, version = %facts.version, digest = %facts.digest, source = %facts.source, "the policy is active");
        let mut slot = self.slot();
        match &slot.worker {
            Some(worker) => drop(worker.publish(policy)),
            None => match self.start_worker(policy) {
                Ok(worker) => slot.worker = Some(worker),
                Err(error) => {
                    tracing::error!(%error, "no thread for the policy; the built-in rule decides");
                    return;
                }
            },
        }
        drop(slot);
        self.0.state.change_policy(|report| {
            report.previous = report.active.replace(facts);
            report.stage = stage.to_owned();
            report.error = None;
            report.failures_in_a_row = 0;
            report.compile_millis = compile_millis;
        });
        self.send(Event::Swapped { memory: Vec::new() });
    }

    fn start_worker(&self, policy: LoadedPolicy) -> std::io::Result<PolicyWorker> {
        let Inner { state, metrics, events, .. } = &*self.0;
        let (state, metrics, events) = (state.clone(), metrics.clone(), events.clone());
        PolicyWorker::start(policy, Limits::default(), move |answer: Answer| {
            let ask = AskId(answer.id);
            let answer = answer.outcome.map(|(decision, spent)| {
                metrics.decide_time(spent.wall);
                state.change_policy(|report| {
                    report.decide_micros =
                        u64::try_from(spent.wall.as_micros()).unwrap_or(u64::MAX);
                    report.decide_fuel = spent.fuel;
                });
                decision
            });
            // The election has ended if nobody takes the answer.
            let _ = events.blocking_send(Event::Decided { ask, answer });
        })
    }

    /// From a thread or a task: the channel has room for far more than ever is under way.
    fn send(&self, event: Event) {
        if self.0.events.try_send(event).is_err() {
            tracing::debug!("the election does not listen any more");
        }
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Slot> {
        self.0.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a policy is tried on before it may decide: a standby that sees a free seat.
    fn sample(&self) -> Input {
        Input {
            settings: self.0.settings.clone(),
            memory: Vec::new(),
            entropy: 0,
            timing: self.0.pace,
            observation: Observation {
                identity: "candidate".to_owned(),
                uptime: 1000,
                cause: Cause::Started,
                seat: Some(Seat {
                    holder: None,
                    age: 0,
                    duration: 0,
                    free_in: 0,
                    transitions: 0,
                    successor: None,
                    paused: false,
                }),
                claim: None,
                attempts: Attempts::default(),
                signals: Vec::new(),
                roster: Vec::new(),
            },
        }
    }
}
