//! The thread that asks the policy, so that nobody else waits for it, and between whose answers
//! another policy takes over (I13). A thread that a call does not give back is left behind, and another
//! one goes on in its place.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{io, thread};

use hotseat_core::policy::{Decision, Failure, FailureKind, Input};

use crate::handover::Inherited;
use crate::instance::LoadedPolicy;
use crate::runtime::Runtime;
use crate::sandbox::{Interrupt, Spent};
use crate::settings::Limits;
use crate::supervise::{STACK, did_not_come_back, supervised};

/// Tasks that may wait while a question is being answered. The election asks one question at a
/// time; the rest is room for one that was given up, and for a policy that takes over.
const WAITING: usize = 4;

/// One thread that owns the active policy and answers one question at a time.
///
/// When it is dropped, a running call is interrupted and the thread ends soon after; nobody waits
/// for it, since a call can hold it up.
pub struct PolicyWorker {
    tasks: Option<SyncSender<Task>>,
    shared: Arc<Shared>,
}

/// A policy with the operator's settings for it.
#[derive(Clone)]
pub struct Setup {
    /// The policy.
    pub policy: LoadedPolicy,
    /// JSON or empty; what its `validate` has accepted.
    pub settings: Arc<str>,
}

/// What the thread says, in the order in which it happens.
#[derive(Debug)]
pub enum WorkerEvent {
    /// A question was answered.
    Answered(Box<Answer>),
    /// Another policy took over; questions that were put before this are void.
    TookOver(Takeover),
    /// A call did not come back, and its thread was left behind. What became of the call is said
    /// next: its question fails as timed out, or the policy takes over with an empty memory.
    LeftBehind {
        /// The digest of the policy that was called.
        digest: String,
        /// How many threads are left behind now, this one included.
        now: usize,
    },
}

/// The answer to one question.
#[derive(Debug)]
pub struct Answer {
    /// The number of the question.
    pub id: u64,
    /// The digest of the policy that was asked.
    pub digest: String,
    /// What it was asked.
    pub input: Input,
    /// The decision, or why there is none.
    pub outcome: Result<(Decision, Spent), Failure>,
}

/// Another policy took over.
#[derive(Clone, Debug)]
pub struct Takeover {
    /// The digest of the policy that is active now.
    pub digest: String,
    /// Its settings.
    pub settings: Arc<str>,
    /// Its memory, converted from that of the policy before it.
    pub inherited: Inherited,
    /// How long no question could be answered because of it.
    pub pause: Duration,
}

/// Why a question was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unasked {
    /// Too many questions wait already.
    #[error("the policy is still busy with earlier questions")]
    Busy,
    /// See [`ThreadEnded`].
    #[error(transparent)]
    Ended(ThreadEnded),
}

/// The thread has ended, because no other one could be had in its place or because the closure that
/// takes the answers panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the policy's thread has ended")]
pub struct ThreadEnded;

enum Task {
    Question(u64, Box<Input>),
    /// Look whether another policy is to take over.
    Look,
}

struct Shared {
    runtime: Runtime,
    active: Mutex<Setup>,
    next: Mutex<Option<Setup>>,
    interrupt: Interrupt,
}

impl PolicyWorker {
    /// Starts the thread with `setup` as the active policy. `said` is called on that thread, or on
    /// the one in its place, and by one at a time; it must not block for long, since the next
    /// question waits for it. Once it is dropped, nothing is said any more.
    ///
    /// # Errors
    ///
    /// The system refuses a thread.
    pub fn start(
        setup: Setup,
        limits: Limits,
        said: impl Fn(WorkerEvent) + Send + 'static,
    ) -> io::Result<PolicyWorker> {
        let (tasks, queue) = sync_channel(WAITING);
        let shared = Arc::new(Shared {
            runtime: setup.policy.runtime().clone(),
            active: Mutex::new(setup),
            next: Mutex::default(),
            interrupt: Interrupt::default(),
        });
        let work = Work {
            shared: shared.clone(),
            queue,
            said: Box::new(said),
            limits,
            memory: Vec::new(),
            just: None,
            task: None,
        };
        start(move || go_on(Box::new(work)))?;
        Ok(PolicyWorker { tasks: Some(tasks), shared })
    }

    /// Asks; the answer comes to the closure given at the start. `id` is the question's number,
    /// unique, neither 0 nor `u64::MAX`. Never blocks.
    ///
    /// # Errors
    ///
    /// The question was not taken, and there will be no answer.
    pub fn ask(&self, id: u64, input: Input) -> Result<(), Unasked> {
        let Some(tasks) = &self.tasks else {
            return Err(Unasked::Ended(ThreadEnded));
        };
        tasks.try_send(Task::Question(id, Box::new(input))).map_err(|error| match error {
            TrySendError::Full(_) => Unasked::Busy,
            TrySendError::Disconnected(_) => Unasked::Ended(ThreadEnded),
        })
    }

    /// Lets `setup` take over between two answers: a running question is answered by the policy
    /// that it was put to. The closure runs when it has happened, and is dropped before where the
    /// thread ends meanwhile. Never blocks. Of two that wait, the later one counts. Both policies are of
    /// one [`Runtime`].
    ///
    /// # Errors
    ///
    /// The thread has ended. Unless the closure has heard of it in this very moment, `setup` does not
    /// take over.
    pub fn publish(&self, setup: Setup) -> Result<(), ThreadEnded> {
        *lock(&self.shared.next) = Some(setup);
        match self.tasks.as_ref().map(|tasks| tasks.try_send(Task::Look)) {
            // A full queue has a task in it before which the thread looks anyway.
            Some(Ok(()) | Err(TrySendError::Full(_))) => Ok(()),
            Some(Err(TrySendError::Disconnected(_))) | None => {
                *lock(&self.shared.next) = None;
                Err(ThreadEnded)
            }
        }
    }

    /// The active policy.
    pub fn active(&self) -> Setup {
        lock(&self.shared.active).clone()
    }

    /// Ends the question `id` now, or before it is begun: it is answered as timed out. The limit of
    /// the wall clock does the same by itself; this is for one who cannot wait that long.
    pub fn overrun(&self, id: u64) {
        self.shared.interrupt.end(id, &self.shared.runtime);
    }
}

impl Drop for PolicyWorker {
    fn drop(&mut self) {
        self.tasks = None;
        self.overrun(Interrupt::ALL);
    }
}

/// What the thread works with, and lays down while a policy is called.
struct Work {
    shared: Arc<Shared>,
    /// Dropped before `said`: whoever sees that dropped gets no further task taken.
    queue: Receiver<Task>,
    said: Box<dyn Fn(WorkerEvent) + Send>,
    limits: Limits,
    /// The memory of the active policy.
    memory: Vec<u8>,
    /// What the policy that has just taken over began with, until its first question.
    just: Option<(Vec<u8>, Arc<str>)>,
    /// A task that was taken, and before which another policy takes over.
    task: Option<Task>,
}

/// What a thread has taken over from when it picked `Work` up.
enum Unfinished {
    Question { id: u64, digest: String, input: Arc<Input> },
    Takeover { setup: Setup, began: Instant },
}

/// The thread: one task after the other, until nobody asks any more or this thread is left behind.
fn go_on(mut work: Box<Work>) {
    loop {
        if work.task.is_none() {
            let Ok(task) = work.queue.recv() else { return };
            work.task = Some(task);
        }
        let next = lock(&work.shared.next).take();
        let back = match (next, work.task.take()) {
            (Some(setup), task) => {
                work.task = task;
                work.take_over(setup)
            }
            (None, Some(Task::Question(id, input))) => work.answer(id, *input),
            (None, _) => Some(work),
        };
        let Some(back) = back else { return };
        work = back;
    }
}

/// The begin of a thread in the place of one that was left behind. Runs on the backstop's thread.
fn in_place((work, unfinished): (Box<Work>, Unfinished)) {
    let started = start(move || go_on(work.finish(unfinished)));
    if let Err(error) = started {
        // The queue and the closure are dropped by now, so whoever asks or has published hears that
        // nobody is there.
        tracing::error!(%error, "there is no thread in the place of one that a policy holds");
    }
}

fn start(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    // Not joined: a policy may hold it.
    thread::Builder::new().name("policy".into()).stack_size(STACK).spawn(work).map(drop)
}

impl Work {
    /// Lets another policy take over; none if its `migrate` did not come back.
    fn take_over(self: Box<Self>, setup: Setup) -> Option<Box<Self>> {
        let began = Instant::now();
        let before = lock(&self.shared.active).policy.clone();
        let (memory, limits) = (self.memory.clone(), self.limits.clone());
        let policy = setup.policy.clone();
        let unfinished = Unfinished::Takeover { setup, began };
        let ((mut work, unfinished), inherited) =
            self.lay_down(&policy, unfinished, || policy.inherit(&before, &memory, &limits))?;
        // It was tried before; if it breaks down now, it begins empty like one that refuses.
        let inherited = inherited.unwrap_or_else(|error| nothing(error.to_string()));
        if let Unfinished::Takeover { setup, began } = unfinished {
            work.took_over(setup, began, inherited);
        }
        Some(work)
    }

    /// Answers a question; none if the call did not come back.
    fn answer(mut self: Box<Self>, id: u64, input: Input) -> Option<Box<Self>> {
        let policy = lock(&self.shared.active).policy.clone();
        let digest = policy.digest().to_owned();
        // Asked of the policy before: nobody waits for the answer any more, and its memory means
        // nothing to this one. There is one such question at most.
        let overtaken = self.just.take().is_some_and(|(memory, settings)| {
            input.memory != memory || *input.settings != *settings
        });
        if overtaken {
            let detail = "another policy took over before the question was put".to_owned();
            let outcome = Err(Failure { kind: FailureKind::TimedOut, detail });
            (self.said)(WorkerEvent::Answered(Box::new(Answer { id, digest, input, outcome })));
            return Some(self);
        }
        let left_behind = &self.shared.runtime.left_behind;
        if let Some(detail) = left_behind.refuses_active(&digest) {
            let outcome = Err(Failure { kind: FailureKind::TimedOut, detail });
            self.answered(id, digest, input, outcome);
            return Some(self);
        }
        let interruptible = self.shared.interrupt.call(id);
        let (input, limits) = (Arc::new(input), self.limits.clone());
        let unfinished = Unfinished::Question { id, digest, input: input.clone() };
        let ((mut work, unfinished), outcome) = self.lay_down(&policy, unfinished, || {
            policy.decide_unless(&input, &limits, Some(interruptible))
        })?;
        drop(input);
        if let Unfinished::Question { id, digest, input } = unfinished {
            work.answered(id, digest, owned(input), outcome);
        }
        Some(work)
    }

    /// Makes a call with all of this out of the thread's hands.
    fn lay_down<R>(
        self: Box<Self>,
        policy: &LoadedPolicy,
        unfinished: Unfinished,
        call: impl FnOnce() -> R,
    ) -> Option<((Box<Self>, Unfinished), R)> {
        let (shared, wall) = (self.shared.clone(), self.limits.wall);
        let laid_down = (self, unfinished);
        supervised(&shared.runtime, policy.digest(), wall, laid_down, in_place, call)
    }

    /// In the place of a thread that was left behind in the middle of something.
    fn finish(mut self: Box<Self>, unfinished: Unfinished) -> Box<Self> {
        let failure = did_not_come_back(self.limits.wall);
        let now = self.shared.runtime.left_behind.now();
        match unfinished {
            Unfinished::Question { id, digest, input } => {
                (self.said)(WorkerEvent::LeftBehind { digest: digest.clone(), now });
                // The thread that was left behind still reads the other one.
                self.answered(id, digest, owned(input), Err(failure));
            }
            Unfinished::Takeover { setup, began } => {
                let digest = setup.policy.digest().to_owned();
                (self.said)(WorkerEvent::LeftBehind { digest, now });
                let lost = nothing(format!("`migrate`: {}", failure.detail));
                self.took_over(setup, began, lost);
            }
        }
        self
    }

    fn took_over(&mut self, setup: Setup, began: Instant, inherited: Inherited) {
        self.memory.clone_from(&inherited.memory);
        self.just = Some((inherited.memory.clone(), setup.settings.clone()));
        let takeover = Takeover {
            digest: setup.policy.digest().to_owned(),
            settings: setup.settings.clone(),
            inherited,
            pause: began.elapsed(),
        };
        let old = std::mem::replace(&mut *lock(&self.shared.active), setup);
        // Its code is unmapped here and not while the lock is held.
        drop(old);
        (self.said)(WorkerEvent::TookOver(takeover));
    }

    fn answered(
        &mut self,
        id: u64,
        digest: String,
        input: Input,
        outcome: Result<(Decision, Spent), Failure>,
    ) {
        match &outcome {
            Ok((decision, _)) => self.memory.clone_from(&decision.memory),
            Err(_) => self.memory.clone_from(&input.memory),
        }
        (self.said)(WorkerEvent::Answered(Box::new(Answer { id, digest, input, outcome })));
    }
}

/// A policy begins with an empty memory, and why.
fn nothing(why: String) -> Inherited {
    Inherited { memory: Vec::new(), lost: Some(why) }
}

/// The question itself where nobody else holds it.
fn owned(input: Arc<Input>) -> Input {
    Arc::try_unwrap(input).unwrap_or_else(|shared| (*shared).clone())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A whole value is stored or none.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
