//! The thread that asks the policy, so that nobody else waits for it.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::{io, thread};

use hotseat_core::policy::{Decision, Failure, Input};

use crate::instance::LoadedPolicy;
use crate::sandbox::{Interrupt, Spent};
use crate::settings::{Limits, POLICY_STACK};

/// Questions that may wait while one is being answered. The election asks one at a time; the rest
/// is room for a question that was given up.
const WAITING: usize = 4;
/// The policy's own stack, and as much again for what the host does around it.
const STACK: usize = 2 * POLICY_STACK;

/// One thread that owns the active policy and answers one question at a time.
///
/// When it is dropped, a running call is interrupted and the thread ends.
pub struct PolicyWorker {
    questions: Option<SyncSender<(u64, Input)>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// The answer to one question.
#[derive(Debug)]
pub struct Answer {
    /// The number of the question.
    pub id: u64,
    /// The digest of the policy that was asked.
    pub digest: String,
    /// The decision, or why there is none.
    pub outcome: Result<(Decision, Spent), Failure>,
}

/// Why a question was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unasked {
    /// Too many questions wait already.
    #[error("the policy is still busy with earlier questions")]
    Busy,
    /// The thread has ended: the closure that takes the answers panicked.
    #[error("the policy's thread has ended")]
    Ended,
}

struct Shared {
    active: Mutex<LoadedPolicy>,
    interrupt: Interrupt,
}

impl PolicyWorker {
    /// Starts the thread with `policy` as the active one. `answered` is called on that thread for
    /// each answer; it must not block for long, since the next question waits for it.
    ///
    /// # Errors
    ///
    /// The system refuses a thread.
    pub fn start(
        policy: LoadedPolicy,
        limits: Limits,
        answered: impl Fn(Answer) + Send + 'static,
    ) -> io::Result<PolicyWorker> {
        let (questions, asked) = sync_channel(WAITING);
        let shared =
            Arc::new(Shared { active: Mutex::new(policy), interrupt: Interrupt::default() });
        let thread = thread::Builder::new().name("policy".into()).stack_size(STACK).spawn({
            let shared = shared.clone();
            move || answer_all(&shared, &asked, &limits, answered)
        })?;
        Ok(PolicyWorker { questions: Some(questions), shared, thread: Some(thread) })
    }

    /// Asks; the answer comes to the closure given at the start. `id` is the question's number,
    /// unique, neither 0 nor `u64::MAX`. Never blocks.
    ///
    /// # Errors
    ///
    /// The question was not taken, and there will be no answer.
    pub fn ask(&self, id: u64, input: Input) -> Result<(), Unasked> {
        let Some(questions) = &self.questions else {
            return Err(Unasked::Ended);
        };
        questions.try_send((id, input)).map_err(|error| match error {
            TrySendError::Full(_) => Unasked::Busy,
            TrySendError::Disconnected(_) => Unasked::Ended,
        })
    }

    /// Makes `policy` the active one: the next question that is begun goes to it, a running one is
    /// answered by the policy that it was put to. Returns the one that was active. Both are of one
    /// [`Runtime`](crate::Runtime).
    pub fn publish(&self, policy: LoadedPolicy) -> LoadedPolicy {
        std::mem::replace(&mut *self.shared.active(), policy)
    }

    /// The active policy.
    pub fn active(&self) -> LoadedPolicy {
        self.shared.active().clone()
    }

    /// Ends the question `id` now, or before it is begun: it is answered as timed out. The limit of
    /// the wall clock does the same by itself; this is for one who cannot wait that long.
    pub fn overrun(&self, id: u64) {
        self.shared.interrupt.end(id, self.active().runtime());
    }
}

impl Drop for PolicyWorker {
    fn drop(&mut self) {
        self.questions = None;
        self.overrun(Interrupt::ALL);
        if let Some(thread) = self.thread.take() {
            // A panic of the closure was printed already.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn active(&self) -> MutexGuard<'_, LoadedPolicy> {
        // A whole value is stored or none.
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn answer_all(
    shared: &Shared,
    asked: &Receiver<(u64, Input)>,
    limits: &Limits,
    answered: impl Fn(Answer),
) {
    for (id, input) in asked {
        let policy = shared.active().clone();
        let outcome = policy.decide_unless(&input, limits, Some(shared.interrupt.call(id)));
        answered(Answer { id, digest: policy.digest().to_owned(), outcome });
    }
}
