//! Ends calls that overrun: a thread that sleeps on a timer. An idle sidecar has no ticker.
//!
//! It ends them by the epoch, which a policy looks at in loops and at the begin of functions. Host
//! calls and fills of memory in a straight line never get there. So whoever waits for a call may
//! also give what is to happen if the call has not ended [`GRACE`] after the epoch moved: to leave
//! its thread behind. That time counts from the move and not from the deadline: where the whole
//! process stood still, each call has its chance first.
//!
//! Setting a timer is the dearest part of a short call, since in a virtual machine it leaves the
//! machine. So a call that ends in time leaves its timer as it is: the thread wakes once, after the
//! last call's deadline, finds nothing to do, and the timer is set again by the next call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;
use std::{io, thread};

use crate::timer::Timer;

/// How long a call may take to end after its limit of time, when the epoch moved. Longer than the
/// 100 ms for which a container may be throttled; with the default limit of a call it is still
/// below the time after which the election decides without an answer.
pub(crate) const GRACE: Duration = Duration::from_millis(200);

/// What happens once if a call does not end. It runs on the backstop's thread, whose stack is
/// small and which serves all calls.
pub(crate) type Leave = Box<dyn FnOnce() + Send>;

/// The thread and its timer; both end when it is dropped.
pub(crate) struct Backstop {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    timer: Timer,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The calls that run now: the worker's, and that of a dry run beside it.
    armed: Vec<Call>,
    next: u64,
    /// When the timer rings; none if it is not set.
    rings: Option<Instant>,
    stop: bool,
}

/// A call that is watched.
struct Call {
    id: u64,
    /// Its deadline, and once it was rung for the end of its grace.
    at: Instant,
    rung: bool,
    leave: Option<Leave>,
}

/// A deadline that is watched until this is dropped.
pub(crate) struct Armed<'a> {
    shared: &'a Shared,
    id: u64,
}

impl Backstop {
    /// Starts the thread. It calls `ring` each time a deadline passes; every call that runs then
    /// must look at its own deadline.
    pub(crate) fn start(ring: impl Fn() + Send + 'static) -> io::Result<Backstop> {
        let timer = Timer::new()?;
        let shared = Arc::new(Shared { timer, state: Mutex::default() });
        let thread =
            thread::Builder::new().name("policy-backstop".into()).stack_size(64 << 10).spawn({
                let shared = shared.clone();
                move || watch(&shared, ring)
            })?;
        Ok(Backstop { shared, thread: Some(thread) })
    }

    /// Watches a deadline, and with `leave` also that the call ends soon after it. Costs a system
    /// call unless the timer rings before it anyway.
    pub(crate) fn arm(&self, deadline: Instant, leave: Option<Leave>) -> io::Result<Armed<'_>> {
        let mut state = self.shared.lock();
        let id = state.next;
        if state.rings.is_none_or(|rings| deadline < rings) {
            self.shared.set(Some(deadline))?;
            state.rings = Some(deadline);
        }
        state.next = id.wrapping_add(1);
        state.armed.push(Call { id, at: deadline, rung: false, leave });
        Ok(Armed { shared: &self.shared, id })
    }
}

impl Drop for Backstop {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stop = true;
        let woken = self.shared.set(Some(Instant::now())).is_ok();
        drop(state);
        if let Some(thread) = self.thread.take()
            && woken
        {
            // It ends by itself; a panic in it was printed already.
            let _ = thread.join();
        }
    }
}

impl Drop for Armed<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.armed.retain(|call| call.id != self.id);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole after each statement, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the timer, or stops it if there is nothing to wait for.
    fn set(&self, deadline: Option<Instant>) -> io::Result<()> {
        self.timer.set(deadline.map(|at| at.saturating_duration_since(Instant::now())))
    }
}

impl State {
    /// What is due: whether to ring, and whom to leave behind.
    fn due(&mut self, now: Instant) -> (bool, Vec<Leave>) {
        let (mut ring, mut left) = (false, Vec::new());
        for call in self.armed.iter_mut().filter(|call| call.at <= now) {
            if !call.rung {
                (ring, call.rung) = (true, true);
                call.at = now + GRACE;
            } else if let Some(leave) = call.leave.take() {
                left.push(leave);
            }
        }
        (ring, left)
    }

    /// When to look again. A call that was rung for and has nobody to leave it rings by itself no
    /// more.
    fn next(&self) -> Option<Instant> {
        let waited = self.armed.iter().filter(|call| !call.rung || call.leave.is_some());
        waited.map(|call| call.at).min()
    }
}

fn watch(shared: &Shared, ring: impl Fn()) {
    // A timer of our own that cannot be waited for: fuel still bounds every call.
    while shared.timer.wait().is_ok() {
        let mut state = shared.lock();
        if state.stop {
            return;
        }
        let (overrun, left) = state.due(Instant::now());
        if overrun {
            ring();
        }
        let next = state.next();
        state.rings = next.filter(|_| shared.set(next).is_ok());
        drop(state);
        // They may start a thread, and that one calls a policy and comes here.
        left.into_iter().for_each(|leave| leave());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
    use std::time::Duration;

    /// Nothing here takes a tenth of a second; a ring that does not come in this time is missing.
    const PATIENCE: Duration = Duration::from_secs(30);

    fn backstop() -> (Backstop, Receiver<Instant>) {
        let (rung, rings) = channel();
        let ring = move || {
            let _ = rung.send(Instant::now());
        };
        (Backstop::start(ring).unwrap(), rings)
    }

    fn soon(millis: u64) -> Instant {
        Instant::now() + Duration::from_millis(millis)
    }

    #[test]
    fn it_rings_when_a_deadline_has_passed_and_not_before() {
        let (backstop, rings) = backstop();
        for millis in [20, 0, 40] {
            let deadline = soon(millis);
            let _armed = backstop.arm(deadline, None).unwrap();
            let rung = rings.recv_timeout(PATIENCE).expect("the backstop does not ring");
            assert!(rung >= deadline, "too early by {:?}", deadline - rung);
        }
    }

    #[test]
    fn it_rings_for_the_sooner_of_two_and_then_for_the_later() {
        let (backstop, rings) = backstop();
        let _hour = backstop.arm(soon(3_600_000), None).unwrap();
        let (later, sooner) = (soon(60), soon(20));
        let _later = backstop.arm(later, None).unwrap();
        let _sooner = backstop.arm(sooner, None).unwrap();
        // One ring may serve both if the machine is busy.
        let mut rung = sooner;
        while rung < later {
            rung = rings.recv_timeout(PATIENCE).expect("the backstop does not ring");
            assert!(rung >= sooner);
        }
    }

    /// A call that ends in time leaves its timer set: the next deadline is not forgotten over it.
    #[test]
    fn it_rings_after_calls_that_ended_in_time() {
        let (backstop, rings) = backstop();
        for millis in [1, 20] {
            drop(backstop.arm(soon(millis), None).unwrap());
            let deadline = soon(40);
            let _armed = backstop.arm(deadline, None).unwrap();
            let mut rung = soon(0);
            while rung < deadline {
                rung = rings.recv_timeout(PATIENCE).expect("the backstop does not ring");
            }
        }
    }

    #[test]
    fn who_does_not_end_in_its_grace_is_left_once() {
        let (backstop, rings) = backstop();
        let (leave, left) = channel();
        let armed = |millis| {
            let leave = leave.clone();
            let told = move || leave.send((millis, Instant::now())).unwrap();
            backstop.arm(soon(millis), Some(Box::new(told))).unwrap()
        };
        // One that ends in time is none; one that ends after its deadline and in its grace neither.
        drop(armed(1));
        let deadline = soon(5);
        let late = armed(5);
        rings.recv_timeout(PATIENCE).expect("the backstop does not ring");
        drop(late);
        // A busy machine may not give this thread its turn within the grace.
        let in_grace = Instant::now() < deadline + GRACE;
        let _stuck = armed(10);
        let rung = rings.recv_timeout(PATIENCE).expect("the backstop does not ring");
        let (mut which, mut when) = left.recv_timeout(PATIENCE).expect("nobody is left behind");
        if which == 5 && !in_grace {
            (which, when) = left.recv_timeout(PATIENCE).expect("nobody is left behind");
        }
        assert_eq!(which, 10);
        assert!(when >= rung + GRACE - Duration::from_millis(5), "{:?} of grace", when - rung);
        // The next one is watched like the first, and the one before it not again.
        let _other = armed(15);
        let (which, _) = left.recv_timeout(PATIENCE).expect("nobody is left behind");
        assert_eq!(which, 15);
    }

    #[test]
    fn its_thread_ends_with_it() {
        let (backstop, rings) = backstop();
        let _ = backstop.arm(soon(3_600_000), None).unwrap();
        drop(backstop);
        assert_eq!(rings.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
    }
}
