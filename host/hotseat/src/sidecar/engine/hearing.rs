//! What the policy's thread says, as the election hears it.

use super::{Events, lock};
use hotseat_core::event::AskId;
use hotseat_core::on_failure::OnFailure;
use hotseat_election::EngineEvent;
use hotseat_engine::{Takeover, ThreadEnded, WorkerEvent};
use hotseat_rollout::JobId;
use std::sync::{Arc, Mutex};

/// What one thread is to let take over, until that is heard of. All clones are one.
#[derive(Clone, Default)]
pub(super) struct Pending(Arc<Mutex<Option<Awaited>>>);

/// What is about to take over.
pub(super) struct Awaited {
    pub(super) job: JobId,
    pub(super) digest: String,
    /// What decides where it fails.
    pub(super) on_failure: OnFailure,
}

impl Pending {
    /// In the place of what was awaited before: of two, the later one counts.
    pub(super) fn set(&self, awaited: Awaited) {
        *lock(&self.0) = Some(awaited);
    }

    /// Whoever gets it has to say what became of it.
    pub(super) fn take(&self) -> Option<Awaited> {
        lock(&self.0).take()
    }

    fn took_over(&self, takeover: &Takeover) -> Option<Awaited> {
        lock(&self.0).take_if(|awaited| awaited.digest == takeover.digest)
    }
}

/// Hears one thread, and what takes its place, until that ends: then it is dropped.
pub(super) struct Hearing {
    events: Events,
    coming: Pending,
}

impl Hearing {
    /// What happens goes to `events`.
    pub(super) fn new(events: Events, coming: Pending) -> Hearing {
        Hearing { events, coming }
    }

    pub(super) fn hear(&self, said: WorkerEvent) {
        if let Some(event) = heard(said, &self.coming) {
            self.tell(event);
        }
    }

    fn tell(&self, event: EngineEvent) {
        // The election has ended if nobody takes it.
        let _ = self.events.send(event);
    }
}

impl Drop for Hearing {
    /// However the thread ends: whoever wanted a takeover waits for what becomes of it.
    fn drop(&mut self) {
        if let Some(Awaited { job, .. }) = self.coming.take() {
            self.tell(EngineEvent::NotTakenOver { job, why: ThreadEnded.to_string() });
        }
    }
}

fn heard(said: WorkerEvent, coming: &Pending) -> Option<EngineEvent> {
    match said {
        WorkerEvent::Answered(answer) => {
            let (outcome, spent) = match answer.outcome {
                Ok((decision, spent)) => (Ok(decision), Some((spent.wall, spent.fuel))),
                Err(failure) => (Err(failure), None),
            };
            Some(EngineEvent::Answered {
                ask: AskId(answer.id),
                digest: answer.digest,
                input: Box::new(answer.input),
                outcome,
                spent,
            })
        }
        WorkerEvent::LeftBehind { digest, .. } => Some(EngineEvent::LeftBehind { digest }),
        WorkerEvent::TookOver(takeover) => {
            // Of two that waited, the later one counts, and the earlier job has no end.
            let Awaited { job, on_failure, .. } = coming.took_over(&takeover)?;
            Some(EngineEvent::TookOver {
                job,
                memory: takeover.inherited.memory,
                settings: takeover.settings,
                on_failure,
                memory_lost: takeover.inherited.lost,
                pause: takeover.pause,
            })
        }
    }
}
