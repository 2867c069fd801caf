//! Ends calls that overrun: a thread that sleeps on a timer. An idle sidecar has no ticker.
//!
//! Setting a timer is the dearest part of a short call, since in a virtual machine it leaves the
//! machine. So a call that ends in time leaves its timer as it is: the thread wakes once, after the
//! last call's deadline, finds nothing to do, and the timer is set again by the next call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;
use std::{io, thread};

use crate::timer::Timer;

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
    /// The deadlines of the calls that run now: the worker's, and that of a dry run beside it.
    armed: Vec<(u64, Instant)>,
    next: u64,
    /// When the timer rings; none if it is not set.
    rings: Option<Instant>,
    stop: bool,
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

    /// Watches a deadline. Costs a system call unless the timer rings before it anyway.
    pub(crate) fn arm(&self, deadline: Instant) -> io::Result<Armed<'_>> {
        let mut state = self.shared.lock();
        let id = state.next;
        if state.rings.is_none_or(|rings| deadline < rings) {
            self.shared.set(Some(deadline))?;
            state.rings = Some(deadline);
        }
        state.next = id.wrapping_add(1);
        state.armed.push((id, deadline));
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
        state.armed.retain(|(id, _)| *id != self.id);
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
    fn earliest_after(&self, past: Instant) -> Option<Instant> {
        let deadlines = self.armed.iter().map(|(_, deadline)| *deadline);
        deadlines.filter(|deadline| *deadline > past).min()
    }
}

fn watch(shared: &Shared, ring: impl Fn()) {
    // A timer of our own that cannot be waited for: fuel still bounds every call.
    while shared.timer.wait().is_ok() {
        let mut state = shared.lock();
        if state.stop {
            return;
        }
        let now = Instant::now();
        if state.armed.iter().any(|(_, deadline)| *deadline <= now) {
            ring();
        }
        // A call that is past its deadline was rung for; the next one rings by itself.
        let next = state.earliest_after(now);
        state.rings = next.filter(|_| shared.set(next).is_ok());
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
            let _armed = backstop.arm(deadline).unwrap();
            let rung = rings.recv_timeout(PATIENCE).expect("the backstop does not ring");
            assert!(rung >= deadline, "too early by {:?}", deadline - rung);
        }
    }

    #[test]
    fn it_rings_for_the_sooner_of_two_and_then_for_the_later() {
        let (backstop, rings) = backstop();
        let _hour = backstop.arm(soon(3_600_000)).unwrap();
        let (later, sooner) = (soon(60), soon(20));
        let _later = backstop.arm(later).unwrap();
        let _sooner = backstop.arm(sooner).unwrap();
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
            drop(backstop.arm(soon(millis)).unwrap());
            let deadline = soon(40);
            let _armed = backstop.arm(deadline).unwrap();
            let mut rung = soon(0);
            while rung < deadline {
                rung = rings.recv_timeout(PATIENCE).expect("the backstop does not ring");
            }
        }
    }

    #[test]
    fn its_thread_ends_with_it() {
        let (backstop, rings) = backstop();
        let _ = backstop.arm(soon(3_600_000)).unwrap();
        drop(backstop);
        assert_eq!(rings.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
    }
}
