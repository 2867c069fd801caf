//! The policy engine where its thread ends: each takeover and each shadow has an end all the same.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use hotseat::sidecar::engine::{COMPILE_COMMAND, Engine, standard_digest};
use hotseat::sidecar::needs::{Giver, Givers};
use hotseat::sidecar::own_pod::FactsWanted;
use hotseat_core::event::AskId;
use hotseat_core::policy::{Decision, Input, Pace};
use hotseat_election::{AskRefused, EngineEvent, PolicyEngine};
use hotseat_engine::{CompileLimits, Compiler, Limits, Loader, Runtime, sample};
use hotseat_rollout::{JobId, Passed, Policy, Stage, StageEnd};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

/// Nothing here takes so long, but what never comes.
const PATIENCE: Duration = Duration::from_secs(60);
const PACE: Pace = Pace {
    lease_duration: 15_000,
    renew_deadline: 10_000,
    retry_period: 2_000,
    shortest_lease: 1_000,
    longest_lease: 60_000,
};

/// An engine, and what it says.
struct Site {
    engine: Engine,
    events: UnboundedReceiver<EngineEvent>,
    runtime: tokio::runtime::Runtime,
}

/// Ends the thread that says something to it, in the middle of that, once it may.
struct Fatal {
    reached: Sender<()>,
    may_go_on: Mutex<Receiver<()>>,
}

impl Wake for Fatal {
    fn wake(self: Arc<Self>) {
        self.reached.send(()).unwrap();
        self.may_go_on.lock().unwrap().recv().unwrap();
        panic!("the end of this thread");
    }
}

/// A thread that waits for its end.
struct Doomed {
    reached: Receiver<()>,
    end: Sender<()>,
}

fn standard() -> Policy {
    Policy { digest: standard_digest(), settings: Arc::from("") }
}

fn question() -> Input {
    sample(PACE)
}

impl Site {
    /// The standard policy is in force.
    fn new() -> Site {
        let compiler = Compiler::new(
            env!("CARGO_BIN_EXE_hotseat"),
            &[COMPILE_COMMAND],
            CompileLimits::default(),
        );
        let limits = Limits { wall: PATIENCE, ..Limits::default() };
        let loader = Loader::new(Runtime::new().unwrap(), compiler, limits);
        let givers =
            Givers { facts: FactsWanted::default(), probes: Vec::new(), words: Giver::plainly };
        let (tell, events) = unbounded_channel();
        let engine = Engine::new(loader, PACE, None, givers, tell);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let mut site = Site { engine, events, runtime };
        site.engine.run(JobId(1), Stage::Prepare, &standard(), None);
        let prepared = site.hear();
        assert!(
            matches!(
                &prepared,
                EngineEvent::StageEnded { end: StageEnd::Passed(Passed::Prepared(_)), .. }
            ),
            "{prepared:?}"
        );
        site.engine.take_over(JobId(2), &standard());
        let taken = site.hear();
        assert!(
            matches!(taken, EngineEvent::TookOver { job: JobId(2), memory_lost: None, .. }),
            "{taken:?}"
        );
        site
    }

    #[track_caller]
    fn hear(&mut self) -> EngineEvent {
        let Site { events, runtime, .. } = self;
        let heard = runtime.block_on(async { timeout(PATIENCE, events.recv()).await });
        heard.expect("the engine says nothing").unwrap()
    }

    /// Whatever says something next ends of it.
    fn doom(&mut self) -> Doomed {
        let (reached, tell) = channel();
        let (end, told) = channel();
        let fatal = Waker::from(Arc::new(Fatal { reached, may_go_on: Mutex::new(told) }));
        let next = self.events.poll_recv(&mut Context::from_waker(&fatal));
        assert_eq!(next, Poll::Pending);
        Doomed { reached: tell, end }
    }

    /// The answer of the policy in force to `question`.
    fn decision(&mut self, ask: u64) -> Decision {
        self.engine.ask(AskId(ask), question()).unwrap();
        match self.hear() {
            EngineEvent::Answered { ask: answered, outcome: Ok(decision), .. } => {
                assert_eq!(answered, AskId(ask));
                decision
            }
            other => panic!("no decision: {other:?}"),
        }
    }
}

#[test]
fn what_takes_over_from_a_thread_that_has_ended_gets_a_new_one() {
    let mut site = Site::new();
    let doomed = site.doom();
    site.engine.ask(AskId(1), question()).unwrap();
    doomed.reached.recv_timeout(PATIENCE).unwrap();
    doomed.end.send(()).unwrap();
    assert!(matches!(site.hear(), EngineEvent::Answered { ask: AskId(1), .. }));
    let refused = Err(AskRefused("the policy's thread has ended".to_owned()));
    let deadline = Instant::now() + PATIENCE;
    while site.engine.ask(AskId(2), question()) != refused {
        assert!(Instant::now() < deadline, "the thread still takes questions");
        std::thread::yield_now();
    }
    site.engine.take_over(JobId(3), &standard());
    let taken = site.hear();
    let EngineEvent::TookOver { job: JobId(3), memory_lost, .. } = taken else {
        panic!("did not take over: {taken:?}");
    };
    assert_eq!(memory_lost.as_deref(), Some("the thread that kept it has ended"));
    site.decision(3);
    // As does one after it, on that thread.
    site.engine.take_over(JobId(4), &standard());
    let taken = site.hear();
    assert!(matches!(taken, EngineEvent::TookOver { job: JobId(4), .. }), "{taken:?}");
}

#[test]
fn a_takeover_that_its_thread_does_not_live_to_see_is_reported() {
    let mut site = Site::new();
    let doomed = site.doom();
    site.engine.ask(AskId(1), question()).unwrap();
    doomed.reached.recv_timeout(PATIENCE).unwrap();
    site.engine.take_over(JobId(3), &standard());
    doomed.end.send(()).unwrap();
    assert!(matches!(site.hear(), EngineEvent::Answered { ask: AskId(1), .. }));
    let why = "the policy's thread has ended".to_owned();
    assert_eq!(site.hear(), EngineEvent::NotTakenOver { job: JobId(3), why });
    site.engine.take_over(JobId(4), &standard());
    let taken = site.hear();
    assert!(matches!(taken, EngineEvent::TookOver { job: JobId(4), .. }), "{taken:?}");
    site.decision(2);
}

#[test]
fn a_shadow_whose_thread_has_ended_is_told_of() {
    let mut site = Site::new();
    let active = site.decision(1);
    site.engine.run(JobId(3), Stage::Migrate, &standard(), None);
    assert!(matches!(site.hear(), EngineEvent::StageEnded { .. }));
    site.engine.start_shadow(JobId(4), &standard());
    let doomed = site.doom();
    site.engine.ask_shadow(AskId(1), question(), active);
    doomed.reached.recv_timeout(PATIENCE).unwrap();
    doomed.end.send(()).unwrap();
    let answered = site.hear();
    assert!(matches!(answered, EngineEvent::ShadowAnswered { .. }), "{answered:?}");
    let why = "the policy's thread has ended".to_owned();
    assert_eq!(site.hear(), EngineEvent::NoShadow { job: JobId(4), why });
}
