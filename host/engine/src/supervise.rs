//! Calls of a policy on threads that can be left behind.
//!
//! A call that does not end with its limits holds the thread that it runs on, and nothing can take
//! the thread away from it. So whatever else the thread was for is taken from the thread instead:
//! before the call it lays down what it works with, and finds it again afterwards. If the call does
//! not come back in time, the backstop picks it up and lets somebody else go on with it.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use hotseat_core::policy::{Failure, FailureKind};

use crate::backstop::{GRACE, Leave};
use crate::priority::ThreadId;
use crate::runtime::Runtime;
use crate::settings::{Limits, POLICY_STACK};

/// The policy's own stack, and as much again for what the host does around it.
pub(crate) const STACK: usize = 2 * POLICY_STACK;

/// Makes a `call` of the policy of that digest on this thread, with `laid_down` out of its hands
/// meanwhile. Gives it back with the call's result; or none if the call took too long: then
/// `pick_up` has got it, on a thread which must not wait for anything, and this thread is to end.
pub(crate) fn supervised<T: Send + 'static, R>(
    runtime: &Runtime,
    digest: &str,
    wall: Duration,
    laid_down: T,
    pick_up: impl FnOnce(T) + Send + 'static,
    call: impl FnOnce() -> R,
) -> Option<(T, R)> {
    let place = Arc::new(Mutex::new(Some(laid_down)));
    let leave: Leave = {
        let (place, count) = (place.clone(), runtime.left_behind.clone());
        let (digest, thread) = (digest.to_owned(), ThreadId::current());
        Box::new(move || {
            let mut place = lock(&place);
            // It came back this very moment.
            let Some(found) = place.take() else { return };
            // While the place is locked: the thread may come back next, and is counted out then.
            count.leave(&digest);
            drop(place);
            thread.lower_priority();
            pick_up(found);
        })
    };
    // Where there is no deadline, the call refuses to run for the same reason.
    let armed = runtime.backstop.arm(Instant::now() + wall, Some(leave));
    let result = call();
    drop(armed);
    let found = lock(&place).take();
    if found.is_none() {
        runtime.left_behind.came_back();
    }
    Some((found?, result))
}

/// Makes a `call` of the policy of that digest on a thread of its own, and waits for it as long as
/// it may take.
pub(crate) fn apart<R: Send + 'static>(
    runtime: &Runtime,
    digest: &str,
    limits: &Limits,
    call: impl FnOnce() -> Result<R, Failure> + Send + 'static,
) -> Result<R, Failure> {
    if let Some(detail) = runtime.left_behind.refuses(digest) {
        return Err(Failure { kind: FailureKind::TimedOut, detail });
    }
    let (tell, told) = sync_channel(1);
    let work = {
        let (runtime, digest, wall) = (runtime.clone(), digest.to_owned(), limits.wall);
        move || {
            let late = move |tell: SyncSender<_>| {
                // There is room for the one answer, so this does not wait.
                let _ = tell.send(Err(did_not_come_back(wall)));
            };
            if let Some((tell, result)) = supervised(&runtime, &digest, wall, tell, late, call) {
                // As above; who asked is there.
                let _ = tell.send(result);
            }
        }
    };
    let failed = |kind, detail: String| Failure { kind, detail };
    // It is not joined: it may never end.
    thread::Builder::new().name("policy-trial".into()).stack_size(STACK).spawn(work).map_err(
        |error| failed(FailureKind::TimedOut, format!("there is no thread for the call: {error}")),
    )?;
    told.recv().unwrap_or_else(|_| {
        Err(failed(FailureKind::Trapped, "the host itself broke down in the call".into()))
    })
}

/// What is said of a call whose thread was left behind.
pub(crate) fn did_not_come_back(wall: Duration) -> Failure {
    let (wall, grace) = (wall.as_millis(), GRACE.as_millis());
    let detail = format!(
        "did not come back: {grace} ms after its limit of {wall} ms it was still at work that \
         cannot be interrupted, so its thread was left behind"
    );
    Failure { kind: FailureKind::TimedOut, detail }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A whole value is there or none.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
