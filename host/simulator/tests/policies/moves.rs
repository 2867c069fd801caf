//! The bound that rules have on their own moves, checked at each question that a candidate is asked.

use hotseat_core::policy::{Action, Cause, Observation};
use serde_json::Value;
use std::cell::RefCell;
use std::rc::Rc;

/// What settings promise, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// How long a term lasts before its leader makes room for another.
    settle: u64,
    /// How long a candidate that resigned does not lead, twice as long with each further time.
    rest: u64,
    /// Where the doubling ends.
    longest_rest: u64,
    /// A leader may find that it must not lead, and goes at once.
    must_go: bool,
}

impl Bound {
    /// That of the settings of `builtin:rules`.
    pub fn of(settings: &Value) -> Bound {
        let ms = |name: &str, default| settings[name].as_u64().unwrap_or(default);
        Bound {
            settle: ms("settle_ms", 60_000),
            rest: ms("rest_ms", 5_000),
            longest_rest: ms("longest_rest_ms", 300_000),
            must_go: settings.get("campaign").is_some(),
        }
    }
}

/// A candidate's moves. Cheap to clone; all clones are of one candidate.
#[derive(Clone, Debug, Default)]
pub struct Moves(Rc<RefCell<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    bound: Option<Bound>,
    /// The process's uptime at the last question, and whether it led.
    asked_at: u64,
    led: bool,
    /// How often it resigned without a term that lasted in between, and until when it rests.
    resigned: u32,
    rest_until: u64,
    broken: Option<String>,
}

impl Moves {
    /// Of a candidate whose policy has this bound, if any.
    pub fn new(bound: Option<Bound>) -> Moves {
        Moves(Rc::new(RefCell::new(Inner { bound, ..Inner::default() })))
    }

    /// The policy was asked, and answers.
    pub fn answered(&self, seen: &Observation, action: &Action) {
        let inner = &mut *self.0.borrow_mut();
        if let (Some(bound), None) = (inner.bound, &inner.broken) {
            inner.broken = inner.check(bound, seen, action).err();
        }
    }

    /// How the bound was broken first.
    pub fn broken(&self) -> Option<String> {
        self.0.borrow().broken.clone()
    }
}

impl Inner {
    fn check(&mut self, bound: Bound, seen: &Observation, action: &Action) -> Result<(), String> {
        let now = seen.uptime;
        if now < self.asked_at {
            // Another process, which remembers nothing.
            (self.led, self.resigned, self.rest_until) = (false, 0, 0);
        }
        let began = seen.claim.is_some() && !self.led;
        (self.asked_at, self.led) = (now, seen.claim.is_some());
        let Some(claim) = &seen.claim else { return Ok(()) };
        if began && now < self.rest_until {
            let (left, times) = (self.rest_until - now, self.resigned);
            return Err(format!(
                "it leads {left} ms before the rest after its resignation number {times} is over"
            ));
        }
        if claim.held_for >= bound.settle && self.rest_until <= now {
            self.resigned = 0;
        }
        // Asked again before the resignation is carried out it is the same one.
        if !matches!(action, Action::Resign(_)) || is_stopping(seen) || now < self.rest_until {
            return Ok(());
        }
        if !bound.must_go && claim.held_for < bound.settle {
            let (held_for, settle) = (claim.held_for, bound.settle);
            return Err(format!("it makes room after {held_for} ms, and not after {settle} ms"));
        }
        let rest = bound.rest.saturating_mul(1 << self.resigned.min(32)).min(bound.longest_rest);
        self.resigned += 1;
        self.rest_until = now + rest;
        Ok(())
    }
}

/// Whoever ends resigns, whatever its rules say.
fn is_stopping(seen: &Observation) -> bool {
    seen.causes.has(Cause::Stopping)
}
