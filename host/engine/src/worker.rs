//! The thread that asks the policy, so that nobody else waits for it, and between whose answers
//! another policy takes over.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::{io, thread};

use hotseat_core::policy::{Decision, Failure, FailureKind, Input};

use crate::handover::Inherited;
use crate::instance::LoadedPolicy;
use crate::runtime::Runtime;
use crate::sandbox::{Interrupt, Spent};
use crate::settings::{Limits, POLICY_STACK};

/// Tasks that may wait while a question is being answered. The election asks one question at a
/// time; the rest is room for one that was given up, and for a policy that takes over.
const WAITING: usize = 4;
/// The policy's own stack, and as much again for what the host does around it.
const STACK: usize = 2 * POLICY_STACK;

/// One thread that owns the active policy and answers one question at a time.
///
/// When it is dropped, a running call is interrupted and the thread ends.
pub struct PolicyWorker {
    tasks: Option<SyncSender<Task>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
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
pub enum Said {
    /// A question was answered.
    Answered(Box<Answer>),
    /// Another policy took over; questions that were put before this are void.
    TookOver(Takeover),
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
    /// Its memory, made over from that of the policy before it.
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
    /// The thread has ended: the closure that takes the answers panicked.
    #[error("the policy's thread has ended")]
    Ended,
}

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
    /// Starts the thread with `setup` as the active policy. `said` is called on that thread; it
    /// must not block for long, since the next question waits for it.
    ///
    /// # Errors
    ///
    /// The system refuses a thread.
    pub fn start(
        setup: Setup,
        limits: Limits,
        said: impl Fn(Said) + Send + 'static,
    ) -> io::Result<PolicyWorker> {
        let (tasks, queue) = sync_channel(WAITING);
        let shared = Arc::new(Shared {
            runtime: setup.policy.runtime().clone(),
            active: Mutex::new(setup),
            next: Mutex::default(),
            interrupt: Interrupt::default(),
        });
        let thread = thread::Builder::new().name("policy".into()).stack_size(STACK).spawn({
            let bench = Bench { shared: shared.clone(), limits, memory: Vec::new(), just: None };
            move || bench.work(&queue, said)
        })?;
        Ok(PolicyWorker { tasks: Some(tasks), shared, thread: Some(thread) })
    }

    /// Asks; the answer comes to the closure given at the start. `id` is the question's number,
    /// unique, neither 0 nor `u64::MAX`. Never blocks.
    ///
    /// # Errors
    ///
    /// The question was not taken, and there will be no answer.
    pub fn ask(&self, id: u64, input: Input) -> Result<(), Unasked> {
        let Some(tasks) = &self.tasks else {
            return Err(Unasked::Ended);
        };
        tasks.try_send(Task::Question(id, Box::new(input))).map_err(|error| match error {
            TrySendError::Full(_) => Unasked::Busy,
            TrySendError::Disconnected(_) => Unasked::Ended,
        })
    }

    /// Lets `setup` take over between two answers: a running question is answered by the policy
    /// that it was put to. The closure is told when it has happened. Never blocks. Of two that
    /// wait, the later one counts. Both policies are of one [`Runtime`].
    pub fn publish(&self, setup: Setup) {
        *lock(&self.shared.next) = Some(setup);
        if let Some(tasks) = &self.tasks {
            // A full queue has a task in it before which the thread looks anyway.
            let _ = tasks.try_send(Task::Look);
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
        if let Some(thread) = self.thread.take() {
            // A panic of the closure was printed already.
            let _ = thread.join();
        }
    }
}

/// What the thread works with.
struct Bench {
    shared: Arc<Shared>,
    limits: Limits,
    /// The memory of the active policy.
    memory: Vec<u8>,
    /// What the policy that has just taken over began with, until its first question.
    just: Option<(Vec<u8>, Arc<str>)>,
}

impl Bench {
    fn work(mut self, queue: &Receiver<Task>, said: impl Fn(Said)) {
        for task in queue {
            let next = lock(&self.shared.next).take();
            if let Some(setup) = next {
                said(Said::TookOver(self.take_over(setup)));
            }
            if let Task::Question(id, input) = task {
                said(Said::Answered(Box::new(self.answer(id, *input))));
            }
        }
    }

    fn take_over(&mut self, setup: Setup) -> Takeover {
        let began = Instant::now();
        let before = lock(&self.shared.active).policy.clone();
        // It was tried before; if it breaks down now, it begins empty like one that refuses.
        let inherited =
            setup.policy.inherit(&before, &self.memory, &self.limits).unwrap_or_else(|error| {
                Inherited { memory: Vec::new(), lost: Some(error.to_string()) }
            });
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
        takeover
    }

    fn answer(&mut self, id: u64, input: Input) -> Answer {
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
            return Answer { id, digest, input, outcome };
        }
        let interruptible = self.shared.interrupt.call(id);
        let outcome = policy.decide_unless(&input, &self.limits, Some(interruptible));
        match &outcome {
            Ok((decision, _)) => self.memory.clone_from(&decision.memory),
            Err(_) => self.memory.clone_from(&input.memory),
        }
        Answer { id, digest, input, outcome }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A whole value is stored or none.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
