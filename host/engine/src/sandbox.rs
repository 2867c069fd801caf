//! What one call of a policy runs in: its store, with every limit, and what became of the call.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::time::{Duration, Instant};

use hotseat_core::policy::{Failure, FailureKind};
use wasmtime::{Error, ResourceLimiter, Result, Store, Trap, UpdateDeadline};

use crate::blindfold::Blindfold;
use crate::bounds::{MOST_ELEMENTS, MOST_HANDLES, MOST_INSTANCES, MOST_MEMORIES, MOST_TABLES};
use crate::runtime::Runtime;
use crate::settings::Limits;
use crate::text::{bytes, one_line};

/// What wasmtime says when an answer is larger than it may copy; its error has no type to ask for.
const TOO_MUCH_COPIED: &str = "fuel allocated for hostcalls has been exhausted";

/// What a call used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Units of fuel, instantiation included. Equal for equal inputs.
    pub fuel: u64,
    /// Time by the wall clock, from before instantiation until the answer was checked.
    pub wall: Duration,
    /// Bytes of all linear memories and tables together, at the end of the call, when they are
    /// largest, and of what the engine has for the instances. Equal for equal inputs.
    pub memory: usize,
    /// Bytes of the answer, about as many as the limit of an answer counts. Equal for equal inputs.
    pub answer: usize,
}

/// Lets somebody else end a call.
#[derive(Clone, Default)]
pub(crate) struct Interrupt(Arc<AtomicU64>);

/// One call, as far as it can be ended.
#[derive(Clone)]
pub(crate) struct Interruptible {
    interrupt: Interrupt,
    id: u64,
}

impl Interrupt {
    /// Stands for every call, now and later.
    pub(crate) const ALL: u64 = u64::MAX;

    /// Ends the call `id`, or any, whether it runs already or not.
    pub(crate) fn end(&self, id: u64, runtime: &Runtime) {
        self.0.store(id, Ordering::Relaxed);
        // Pairs with that of `ended_early`.
        fence(Ordering::SeqCst);
        runtime.engine.increment_epoch();
    }

    /// The call `id`.
    pub(crate) fn call(&self, id: u64) -> Interruptible {
        Interruptible { interrupt: self.clone(), id }
    }
}

impl Interruptible {
    fn ended(&self) -> bool {
        let id = self.interrupt.0.load(Ordering::Relaxed);
        id == self.id || id == Interrupt::ALL
    }

    /// Whether it was ended before its epoch deadline was set. If this says no, a later `end`
    /// moves the epoch past that deadline.
    fn ended_early(&self) -> bool {
        fence(Ordering::SeqCst);
        self.ended()
    }
}

/// Counts the memory of one call, and knows when it has to end.
pub(crate) struct Sandbox {
    left: usize,
    refused: bool,
    deadline: Instant,
    interruptible: Option<Interruptible>,
    /// What there is behind WASI, where it is imported.
    pub(crate) blindfold: Blindfold,
}

/// Runs `call` in a new store within `limits`; its instances take `overhead` of their memory, in bytes, from the
/// engine.
pub(crate) fn run<R>(
    runtime: &Runtime,
    limits: &Limits,
    overhead: usize,
    interruptible: Option<Interruptible>,
    call: impl FnOnce(&mut Store<Sandbox>) -> Result<R>,
) -> std::result::Result<(R, Spent), Failure> {
    let start = Instant::now();
    let deadline = start + limits.wall;
    let refuse = |kind, detail: String| Failure { kind, detail };
    let _armed = runtime.backstop.arm(deadline, None).map_err(|error| {
        let why = format!("the call's deadline could not be set: {error}");
        refuse(FailureKind::TimedOut, why)
    })?;
    let mut sandbox = Sandbox::new(limits, deadline, interruptible);
    let fits = sandbox.take(overhead);
    let mut store = Store::new(&runtime.engine, sandbox);
    store.limiter(|sandbox| sandbox);
    store.set_max_component_handles(MOST_HANDLES);
    store.set_hostcall_fuel(limits.answer);
    store.set_epoch_deadline(1);
    let early = store.data().interruptible.as_ref().is_some_and(Interruptible::ended_early);
    // The epoch goes on when any call overruns; this one may be another.
    store.epoch_deadline_callback(|store| {
        Ok(match store.data().is_over() {
            true => UpdateDeadline::Interrupt,
            false => UpdateDeadline::Continue(1),
        })
    });
    let answer = match store.set_fuel(limits.fuel) {
        _ if early => Err(Trap::Interrupt.into()),
        Ok(()) if !fits => Err(Error::msg("its instances do not fit")),
        Ok(()) => call(&mut store),
        Err(error) => Err(error),
    };
    // What WebAssembly has the engine do, such as copying between two components, looks at no clock.
    let answer = answer.and_then(|answer| store.data().in_time().map(|()| answer));
    let spent = Spent {
        fuel: limits.fuel - store.get_fuel().unwrap_or_default(),
        wall: start.elapsed(),
        memory: limits.memory - store.data().left,
        answer: 0,
    };
    match answer {
        Ok(answer) => Ok((answer, spent)),
        Err(error) => {
            let (kind, detail) = judge(&error, store.data(), limits, spent);
            Err(store.data().blindfold.explain(refuse(kind, detail)))
        }
    }
}

/// Tells from an error what kind of failure it was.
fn judge(error: &Error, sandbox: &Sandbox, limits: &Limits, spent: Spent) -> (FailureKind, String) {
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => {
            return (FailureKind::OutOfFuel, format!("used up its fuel of {} units", limits.fuel));
        }
        Some(Trap::Interrupt) => {
            let took = spent.wall.as_millis();
            let limit = limits.wall.as_millis();
            let detail = match spent.wall >= limits.wall {
                true => format!("did not answer within {limit} ms"),
                false => format!("was interrupted after {took} ms"),
            };
            return (FailureKind::TimedOut, detail);
        }
        _ if sandbox.refused => {
            let limit = bytes(limits.memory as u64);
            return (FailureKind::OutOfMemory, format!("wanted more than its {limit} of memory"));
        }
        _ => {}
    }
    let whole = format!("{error:#}");
    if whole.contains(TOO_MUCH_COPIED) {
        let limit = bytes(limits.answer as u64);
        return (FailureKind::AnswerTooLarge, format!("answered with more than {limit}"));
    }
    (FailureKind::Trapped, one_line(&whole))
}

impl Sandbox {
    pub(crate) fn new(
        limits: &Limits,
        deadline: Instant,
        interruptible: Option<Interruptible>,
    ) -> Sandbox {
        Sandbox {
            left: limits.memory,
            refused: false,
            deadline,
            interruptible,
            blindfold: Blindfold::default(),
        }
    }

    /// Whether the call has to end: its time is over, or somebody ended it.
    fn is_over(&self) -> bool {
        let ended = self.interruptible.as_ref().is_some_and(Interruptible::ended);
        ended || Instant::now() >= self.deadline
    }

    /// Lets a call go on.
    ///
    /// # Errors
    ///
    /// [`Trap::Interrupt`] if it has to end.
    pub(crate) fn in_time(&self) -> Result<()> {
        match self.is_over() {
            true => Err(Trap::Interrupt.into()),
            false => Ok(()),
        }
    }

    fn take(&mut self, amount: usize) -> bool {
        match self.left.checked_sub(amount) {
            Some(left) => {
                self.left = left;
                true
            }
            None => {
                self.refused = true;
                false
            }
        }
    }
}

impl ResourceLimiter for Sandbox {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        // Past its own maximum it does not grow, and so takes nothing.
        let own = maximum.is_none_or(|maximum| desired <= maximum);
        Ok(own && self.take(desired.saturating_sub(current)))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        // There is no address space for more, so that without a maximum of its own it has this one.
        let maximum = maximum.filter(|maximum| *maximum < MOST_ELEMENTS);
        let own = maximum.is_none_or(|maximum| desired <= maximum);
        let amount = match desired {
            0..=MOST_ELEMENTS => desired.saturating_sub(current).saturating_mul(size_of::<usize>()),
            _ => usize::MAX,
        };
        Ok(own && self.take(amount))
    }

    fn instances(&self) -> usize {
        MOST_INSTANCES
    }

    fn tables(&self) -> usize {
        MOST_TABLES
    }

    fn memories(&self) -> usize {
        MOST_MEMORIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the engine does for a call at one go, such as copying, is not interrupted, so that the answer
    /// comes all the same: too late, and it is none.
    #[test]
    fn what_is_answered_after_the_deadline_is_no_answer() {
        let runtime = Runtime::new().unwrap();
        let limits = Limits { wall: Duration::from_millis(20), ..Limits::default() };
        let answered = |takes: Duration| {
            run(&runtime, &limits, 0, None, |_| {
                std::thread::sleep(takes);
                Ok(())
            })
        };
        let failure = answered(limits.wall * 2).unwrap_err();
        assert_eq!(failure.kind, FailureKind::TimedOut, "{failure:?}");
        assert_eq!(failure.detail, "did not answer within 20 ms");
        // One in time is one; a busy machine may take long for it.
        let limits = Limits { wall: Duration::from_secs(60), ..limits };
        assert!(run(&runtime, &limits, 0, None, |_| Ok(())).is_ok());
    }
}
