//! A policy beside the active one: it is asked what the active one is asked, and nothing that it
//! says is done.

use super::Policies;
use crate::policy_tools::same;
use hotseat_core::event::AskId;
use hotseat_core::policy::{Decision, FailureKind, Input};
use hotseat_engine::{Answer, PolicyWorker, Said, Setup};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often a wait for the end looks whether it was given up.
const LOOK: Duration = Duration::from_millis(100);

/// How long a policy decides beside the active one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShadowPeriod {
    /// For so many decisions.
    Decisions(u64),
    /// For so long.
    Time(Duration),
}

/// How it went.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may take over.
    Fit,
    /// It failed once.
    Failed(String),
    /// Something newer came.
    GivenUp,
}

/// A policy beside the active one.
pub(super) struct Shadow {
    worker: PolicyWorker,
    desk: Arc<Desk>,
    ended: Mutex<Receiver<Result<(), String>>>,
    began: Instant,
    period: ShadowPeriod,
}

struct Desk {
    policies: Policies,
    settings: Arc<str>,
    period: ShadowPeriod,
    ends: Sender<Result<(), String>>,
    notes: Mutex<Notes>,
}

/// The active policy's decision on a question, and the question's number here and there.
struct Beside {
    id: u64,
    ask: AskId,
    decision: Decision,
}

#[derive(Default)]
struct Notes {
    memory: Vec<u8>,
    /// What the active policy said to the question that this one thinks about.
    beside: Option<Beside>,
    asked: u64,
    decisions: u64,
    differences: u64,
}

impl Shadow {
    /// Starts it with this memory.
    pub(super) fn start(
        setup: &Setup,
        memory: Vec<u8>,
        period: ShadowPeriod,
        policies: &Policies,
    ) -> Result<Arc<Shadow>, String> {
        let (ends, ended) = channel();
        let desk = Arc::new(Desk {
            policies: policies.clone(),
            settings: setup.settings.clone(),
            period,
            ends,
            notes: Mutex::new(Notes { memory, ..Notes::default() }),
        });
        let worker = PolicyWorker::start(setup.clone(), policies.limits(), {
            let desk = desk.clone();
            move |said| {
                if let Said::Answered(answer) = said {
                    desk.answered(*answer);
                }
            }
        })
        .map_err(|error| format!("no thread: {error}"))?;
        let ended = Mutex::new(ended);
        Ok(Arc::new(Shadow { worker, desk, ended, began: Instant::now(), period }))
    }

    /// The active policy decided this. While this one still thinks about an earlier question, it
    /// is left out.
    pub(super) fn beside(&self, ask: AskId, mut input: Input, decision: Decision) {
        let mut notes = self.desk.notes();
        if notes.beside.is_some() {
            return;
        }
        input.settings = self.desk.settings.as_ref().to_owned();
        input.memory.clone_from(&notes.memory);
        notes.asked += 1;
        let id = notes.asked;
        notes.beside = Some(Beside { id, ask, decision });
        drop(notes);
        if self.worker.ask(id, input).is_err() {
            self.desk.notes().beside = None;
        }
    }

    /// Waits for the end of the period.
    pub(super) fn wait(&self, given_up: &AtomicBool) -> Verdict {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match ended.recv_timeout(LOOK) {
                Ok(Ok(())) => return Verdict::Fit,
                Ok(Err(why)) => return Verdict::Failed(why),
                Err(RecvTimeoutError::Disconnected) => return Verdict::GivenUp,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if given_up.load(Ordering::Relaxed) {
                return Verdict::GivenUp;
            }
            if matches!(self.period, ShadowPeriod::Time(time) if self.began.elapsed() >= time) {
                return Verdict::Fit;
            }
        }
    }
}

impl Desk {
    fn answered(&self, answer: Answer) {
        let mut notes = self.notes();
        let Some(beside) = notes.beside.take_if(|beside| beside.id == answer.id) else { return };
        let Beside { ask, decision: active, .. } = beside;
        let decision = match answer.outcome {
            Ok((decision, _)) => decision,
            Err(failure) => {
                drop(notes);
                let why = failed(failure.kind, &failure.detail);
                self.policies.keep_shadow(ask, &answer.digest, active, Err(failure));
                return self.end(Err(why));
            }
        };
        notes.decisions += 1;
        let differs = !same(&active, &decision, false);
        notes.differences += u64::from(differs);
        notes.memory.clone_from(&decision.memory);
        let (decisions, differences) = (notes.decisions, notes.differences);
        drop(notes);
        self.policies.show_shadow(decisions, differences, differs);
        if differs {
            self.policies.keep_shadow(ask, &answer.digest, active, Ok(decision));
        }
        if matches!(self.period, ShadowPeriod::Decisions(wanted) if decisions >= wanted) {
            self.end(Ok(()));
        }
    }

    fn end(&self, how: Result<(), String>) {
        // Nobody waits any more: it was given up.
        let _ = self.ends.send(how);
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(kind: FailureKind, detail: &str) -> String {
    format!("{}: {detail}", kind.as_str())
}
