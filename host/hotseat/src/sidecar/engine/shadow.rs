//! A policy beside the active one: it is asked what the active one was asked, and nothing that it
//! says is done.

use super::{Events, lock};
use hotseat_core::event::AskId;
use hotseat_core::policy::{Decision, Input};
use hotseat_election::EngineEvent;
use hotseat_engine::{Answer, Limits, PolicyWorker, Setup, ThreadEnded, WorkerEvent};
use hotseat_rollout::JobId;
use std::io;
use std::sync::{Arc, Mutex};

/// A policy beside the active one. Dropping it ends its thread.
pub(super) struct Shadow {
    worker: PolicyWorker,
    notes: Arc<Mutex<Notes>>,
    settings: Arc<str>,
}

/// The active policy's decision on a question, and the question's number here and there.
struct InShadow {
    id: u64,
    ask: AskId,
    decision: Decision,
}

#[derive(Default)]
struct Notes {
    memory: Vec<u8>,
    /// What the active policy said to the question that this one thinks about.
    beside: Option<InShadow>,
    asked: u64,
}

impl Shadow {
    /// Starts it with this memory. Its answers go to `events`.
    pub(super) fn start(
        job: JobId,
        setup: Setup,
        memory: Vec<u8>,
        limits: Limits,
        events: Events,
    ) -> io::Result<Shadow> {
        let notes = Arc::new(Mutex::new(Notes { memory, ..Notes::default() }));
        let settings = setup.settings.clone();
        let hearing = Hearing { job, notes: notes.clone(), events };
        let worker = PolicyWorker::start(setup, limits, move |said| hearing.hear(said))?;
        Ok(Shadow { worker, notes, settings })
    }

    /// The active policy decided this. While this one still thinks about an earlier question, it
    /// is left out.
    pub(super) fn ask(&self, ask: AskId, mut input: Input, decision: Decision) {
        let mut notes = lock(&self.notes);
        if notes.beside.is_some() {
            return;
        }
        input.settings = self.settings.as_ref().to_owned();
        input.memory.clone_from(&notes.memory);
        notes.asked += 1;
        let id = notes.asked;
        notes.beside = Some(InShadow { id, ask, decision });
        drop(notes);
        if self.worker.ask(id, input).is_err() {
            lock(&self.notes).beside = None;
        }
    }
}

/// Hears its thread until that ends: then it is dropped.
struct Hearing {
    job: JobId,
    notes: Arc<Mutex<Notes>>,
    events: Events,
}

impl Hearing {
    fn hear(&self, said: WorkerEvent) {
        let event = match said {
            WorkerEvent::Answered(answer) => answered(self.job, *answer, &self.notes),
            WorkerEvent::LeftBehind { digest, .. } => Some(EngineEvent::LeftBehind { digest }),
            WorkerEvent::TookOver(_) => None,
        };
        if let Some(event) = event {
            self.tell(event);
        }
    }

    fn tell(&self, event: EngineEvent) {
        // The election has ended if nobody takes it.
        let _ = self.events.send(event);
    }
}

impl Drop for Hearing {
    /// However the thread ends: a trial of so many decisions would wait for the next one for ever. One
    /// that was stopped is not awaited any more, and this changes nothing.
    fn drop(&mut self) {
        self.tell(EngineEvent::NoShadow { job: self.job, why: ThreadEnded.to_string() });
    }
}

fn answered(job: JobId, answer: Answer, notes: &Mutex<Notes>) -> Option<EngineEvent> {
    let mut notes = lock(notes);
    let InShadow { ask, decision: active, .. } =
        notes.beside.take_if(|beside| beside.id == answer.id)?;
    let candidate = answer.outcome.map(|(decision, _)| decision);
    if let Ok(decision) = &candidate {
        notes.memory.clone_from(&decision.memory);
    }
    drop(notes);
    Some(EngineEvent::ShadowAnswered { job, ask, digest: answer.digest, active, candidate })
}
