//! The policy's thread: answers, swaps, interruptions and its end.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use common::{MUCH_FUEL, UnexpectedType, compiler, input, limits, source};
use hotseat_core::policy::{FailureKind, Input};
use hotseat_engine::{
    Answer, CompileLimits, Limits, LoadedPolicy, Loader, PolicyWorker, Runtime, Setup, Takeover,
    ThreadEnded, Unasked, WorkerEvent,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// Policies of one runtime, which differ in how long they wait.
fn policies<const N: usize>(decides: [&str; N]) -> [LoadedPolicy; N] {
    let compiler = compiler(CompileLimits::default());
    let loader = Loader::new(Runtime::new().unwrap(), compiler, limits());
    decides.map(|decide| {
        let odd = UnexpectedType { decide, ..UnexpectedType::default() };
        loader.prepare(&source(&odd.build())).unwrap()
    })
}

fn waits(ms: u64) -> String {
    format!("(i64.store (i32.const 2072) (i64.const {ms})) (i32.const 2048)")
}

const SPINS: &str = "(loop $again (br $again)) unreachable";

/// No limit but an interruption ends a call, or nothing does for many seconds.
fn unlimited() -> Limits {
    Limits { fuel: MUCH_FUEL, wall: PATIENCE * 2, ..limits() }
}

/// The call was ended by whoever asked, and by no limit.
#[track_caller]
fn interrupted(answer: Answer) {
    let failure = answer.outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::TimedOut, "{failure:?}");
    assert!(failure.detail.starts_with("was interrupted after "), "{failure:?}");
}

fn setup(policy: &LoadedPolicy) -> Setup {
    Setup { policy: policy.clone(), settings: Arc::from("") }
}

/// What the thread says: answers here, takeovers there.
fn begin(
    policy: &LoadedPolicy,
    limits: Limits,
) -> (PolicyWorker, Receiver<Answer>, Receiver<Takeover>) {
    let (answer, answers) = channel();
    let (takeover, takeovers) = channel();
    let worker = PolicyWorker::start(setup(policy), limits, move |said| {
        // The test may have ended.
        match said {
            WorkerEvent::Answered(given) => drop(answer.send(*given)),
            WorkerEvent::TookOver(given) => drop(takeover.send(given)),
            WorkerEvent::LeftBehind { .. } => panic!("every call here can be interrupted"),
        }
    });
    (worker.unwrap(), answers, takeovers)
}

fn start(policy: &LoadedPolicy, limits: Limits) -> (PolicyWorker, Receiver<Answer>) {
    let (worker, answers, _) = begin(policy, limits);
    (worker, answers)
}

#[test]
fn it_answers_in_order() {
    let [policy] = policies([&waits(7)]);
    let (worker, answers) = start(&policy, limits());
    for id in 1..=3 {
        worker.ask(id, input()).unwrap();
    }
    for id in 1..=3 {
        let answer = answers.recv_timeout(PATIENCE).unwrap();
        assert_eq!((answer.id, answer.digest.as_str()), (id, policy.digest()));
        assert_eq!(answer.outcome.unwrap().0.wake_after, 7);
    }
}

#[test]
fn it_swaps_between_two_decisions() {
    let [first, second] = policies([&waits(1), &waits(2)]);
    let (worker, answers, takeovers) = begin(&first, limits());
    let ask = |id| {
        worker.ask(id, input()).unwrap();
        let answer = answers.recv_timeout(PATIENCE).unwrap();
        (answer.digest, answer.outcome.unwrap().0.wake_after)
    };
    assert_eq!(ask(1), (first.digest().into(), 1));
    worker.publish(setup(&second)).unwrap();
    let takeover = takeovers.recv_timeout(PATIENCE).unwrap();
    assert_eq!(takeover.digest, second.digest());
    assert_eq!(worker.active().policy.digest(), second.digest());
    assert_eq!(ask(2), (second.digest().into(), 2));
}

/// A question that was put to the policy before is not answered by its successor.
#[test]
fn a_question_that_a_swap_overtakes_is_void() {
    let [first, second] = policies([&waits(1), &waits(2)]);
    let (worker, answers, takeovers) = begin(&first, limits());
    let with = |settings: &str| Setup { settings: settings.into(), ..setup(&second) };
    worker.publish(with("{}")).unwrap();
    takeovers.recv_timeout(PATIENCE).unwrap();
    worker.ask(1, input()).unwrap();
    let failure = answers.recv_timeout(PATIENCE).unwrap().outcome.unwrap_err();
    assert!(failure.detail.contains("another policy took over"), "{failure:?}");
    for id in 2..=3 {
        let settings = "{}".to_owned();
        worker.ask(id, Input { settings, ..input() }).unwrap();
        assert!(answers.recv_timeout(PATIENCE).unwrap().outcome.is_ok());
    }
}

/// The later of two that wait takes over, and a busy thread loses neither question nor swap.
#[test]
fn swaps_do_not_wait_for_room() {
    let [first, second, third] = policies([SPINS, &waits(2), &waits(3)]);
    let (worker, answers, takeovers) = begin(&first, unlimited());
    let taken = (1..=20).take_while(|id| worker.ask(*id, input()).is_ok()).count() as u64;
    worker.publish(setup(&second)).unwrap();
    worker.publish(setup(&third)).unwrap();
    worker.overrun(1);
    interrupted(answers.recv_timeout(PATIENCE).unwrap());
    assert_eq!(takeovers.recv_timeout(PATIENCE).unwrap().digest, third.digest());
    for _ in 1..taken {
        let answer = answers.recv_timeout(PATIENCE).unwrap();
        assert_eq!(answer.outcome.unwrap().0.wake_after, 3);
    }
    assert!(takeovers.try_recv().is_err());
}

#[test]
fn who_asked_can_end_a_question() {
    let [policy] = policies([SPINS]);
    let (worker, answers) = start(&policy, unlimited());
    for id in [4, 5] {
        worker.ask(id, input()).unwrap();
        worker.overrun(id);
        let answer = answers.recv_timeout(PATIENCE).unwrap();
        assert_eq!(answer.id, id);
        interrupted(answer);
    }
}

/// Ending a question that was answered long ago does not touch the next.
#[test]
fn a_late_interruption_ends_nothing() {
    let [policy] = policies([&waits(3)]);
    let (worker, answers) = start(&policy, limits());
    for id in 1..100 {
        worker.ask(id, input()).unwrap();
        assert!(answers.recv_timeout(PATIENCE).unwrap().outcome.is_ok());
        worker.overrun(id);
    }
}

#[test]
fn questions_that_pile_up_are_not_taken() {
    let [policy] = policies([SPINS]);
    let (worker, answers) = start(&policy, unlimited());
    let taken = (1..=20).take_while(|id| worker.ask(*id, input()).is_ok()).count();
    // Four wait, and perhaps the first is being answered already.
    assert!((4..=5).contains(&taken), "{taken}");
    assert_eq!(worker.ask(21, input()), Err(Unasked::Busy));
    drop(worker);
    let ended: Vec<Answer> = answers.iter().collect();
    assert_eq!(ended.len(), taken);
    ended.into_iter().for_each(interrupted);
}

#[test]
fn it_ends_in_the_middle_of_a_call() {
    let [policy] = policies([SPINS]);
    let (worker, answers) = start(&policy, unlimited());
    worker.ask(1, input()).unwrap();
    drop(worker);
    interrupted(answers.recv_timeout(PATIENCE).unwrap());
}

/// Its small stack holds a policy that uses up its own.
#[test]
fn endless_recursion_fits_its_stack() {
    let odd = UnexpectedType {
        decide: "(call $deeper) (i32.const 2048)",
        extra: "(func $deeper (call $deeper) (i32.store (i32.const 0) (i32.const 1)))",
        ..UnexpectedType::default()
    };
    let (worker, answers) = start(&common::load(&odd.build()), limits());
    for id in 1..=3 {
        worker.ask(id, input()).unwrap();
        let failure = answers.recv_timeout(PATIENCE).unwrap().outcome.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Trapped, "{failure:?}");
    }
}

#[test]
fn it_says_when_its_thread_has_ended() {
    let [policy] = policies([&waits(3)]);
    let (dropped, ended) = channel::<()>();
    let worker = PolicyWorker::start(setup(&policy), limits(), move |_| {
        let _owned = &dropped;
        panic!("the closure's own fault");
    });
    let worker = worker.unwrap();
    worker.ask(1, input()).unwrap();
    // The closure is dropped when the thread unwinds, and the queue was dropped before.
    assert_eq!(ended.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
    assert_eq!(worker.ask(2, input()), Err(Unasked::Ended(ThreadEnded)));
    assert_eq!(worker.publish(setup(&policy)), Err(ThreadEnded));
}
