//! A policy at work: a lock, rivals, failures, and virtual time.

mod turns;

use std::collections::{BTreeMap, VecDeque};
use std::marker::PhantomData;

use super::TIMING;
use crate::{Attempts, Decision, Input, Policy, Refusal, Timing, Value, cause, outcome};

/// How long a write takes, in milliseconds.
const WRITE_MS: u64 = 5;

/// What came of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A write was sent, or the claim was given up.
    Done,
    /// The policy waits.
    Waits,
    /// The host would not do it: the seat is not free, there is no claim, or a write is under way.
    Ignored,
}

/// One question and its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Milliseconds since the play began.
    pub at: u64,
    /// What the policy was asked.
    pub input: Input,
    /// What it answered.
    pub answer: Result<Decision, Refusal>,
    /// What came of it.
    pub effect: Effect,
}

/// One candidate, `a`, that runs a policy over a lock in virtual time.
///
/// The host is played in outline: it keeps belief to the renew deadline, lets nobody take a seat
/// that is not free, and has one write under way at a time, which takes 5 ms. A refusal waits for
/// the retry period. Entropy is a fixed sequence, so a play is the same each time.
///
/// ```
/// # use hotseat_policy::{Decision, Descriptor, Input, Policy, Refusal, testing::Play};
/// # struct Eager;
/// # impl Policy for Eager {
/// #     fn describe() -> Descriptor { Descriptor::new("eager", "1.0.0", "") }
/// #     fn decide(input: Input) -> Result<Decision, Refusal> {
/// #         let seen = &input.observation;
/// #         Ok(if seen.leads() && seen.ms_to_renewal(&input.timing) == 0 { Decision::renew() }
/// #         else if seen.seat_is_free() { Decision::campaign() } else { Decision::wait_for(500) })
/// #     }
/// # }
/// let mut play = Play::<Eager>::new();
/// play.rival("b").run_for(60_000);
/// assert!(!play.leads());
/// play.rival_releases(None).run_for(100);
/// assert!(play.leads());
/// ```
pub struct Play<P> {
    policy: PhantomData<P>,
    timing: Timing,
    settings: String,
    now: u64,
    entropy: u64,
    wake_at: u64,
    memory: Vec<u8>,
    lock: Lock,
    term: Option<Term>,
    writing: Option<Writing>,
    attempts: Attempts,
    last_success: Option<u64>,
    outcomes: VecDeque<String>,
    signals: BTreeMap<String, Said>,
    rival: Option<(String, u64)>,
    steps: Vec<Step>,
}

/// A signal as it was last reported.
struct Said {
    value: Value,
    at: u64,
    since: u64,
}

/// The lock's content and when it changed.
struct Lock {
    holder: Option<String>,
    held_since: Option<u64>,
    changed_at: u64,
    free_at: u64,
    duration: u64,
    transitions: u64,
    successor: Option<String>,
    paused: bool,
}

/// The candidate's own leadership.
struct Term {
    acquired_at: u64,
    believes_until: u64,
}

/// A write under way.
struct Writing {
    sent_at: u64,
    lease: u64,
    /// The lock's content that it was based on.
    seen_change_at: u64,
}

impl<P: Policy> Default for Play<P> {
    fn default() -> Play<P> {
        Play::new()
    }
}

impl<P: Policy> Play<P> {
    /// The candidate of policy `P` has just read a vacant lock.
    pub fn new() -> Play<P> {
        Play {
            policy: PhantomData,
            timing: TIMING,
            settings: String::new(),
            now: 0,
            entropy: 0,
            wake_at: 0,
            memory: Vec::new(),
            lock: Lock {
                holder: None,
                held_since: None,
                changed_at: 0,
                free_at: 0,
                duration: 0,
                transitions: 0,
                successor: None,
                paused: false,
            },
            term: None,
            writing: None,
            attempts: Attempts { last: outcome::NONE.into(), failures: 0, since_success: None },
            last_success: None,
            outcomes: VecDeque::new(),
            signals: BTreeMap::new(),
            rival: None,
            steps: Vec::new(),
        }
    }

    /// The operator's settings, from the next question on.
    pub fn settings(&mut self, settings: &str) -> &mut Play<P> {
        self.settings = settings.into();
        self
    }

    /// The operator's timing, from the next question on.
    pub fn timing(&mut self, timing: Timing) -> &mut Play<P> {
        self.timing = timing;
        self
    }

    /// Another candidate takes the seat and renews it at the operator's pace.
    pub fn rival(&mut self, identity: &str) -> &mut Play<P> {
        self.rival = Some((identity.into(), self.now));
        self
    }

    /// The rival falls silent: the seat stays taken until its lease has passed.
    pub fn rival_dies(&mut self) -> &mut Play<P> {
        self.rival = None;
        self
    }

    /// The rival gives the seat up, in favour of somebody if named.
    pub fn rival_releases(&mut self, successor: Option<&str>) -> &mut Play<P> {
        self.rival = None;
        self.lock.holder = None;
        self.lock.held_since = None;
        self.lock.successor = successor.map(Into::into);
        self.lock.changed_at = self.now;
        self.lock.free_at = self.now;
        self.ask(cause::SEAT_CHANGED);
        self
    }

    /// A person pauses the election, or lets it go on. While it is paused no resignation counts.
    pub fn pause(&mut self, paused: bool) -> &mut Play<P> {
        self.lock.paused = paused;
        self.lock.changed_at = self.now;
        self.ask(cause::PAUSE);
        self
    }

    /// The next writes end like this instead of well, such as [`outcome::CONFLICT`].
    pub fn next_writes(&mut self, outcomes: &[&str]) -> &mut Play<P> {
        self.outcomes.extend(outcomes.iter().map(|&outcome| outcome.to_owned()));
        self
    }

    /// The application reports a signal. One that says the same as before is only younger then: the
    /// host does not ask because of it.
    pub fn signal(&mut self, key: &str, value: impl Into<Value>) -> &mut Play<P> {
        let value = value.into();
        let (at, before) = (self.now, self.signals.get(key));
        let since = before.filter(|said| said.value == value).map_or(at, |said| said.since);
        let news = before.is_none_or(|said| said.value != value);
        self.signals.insert(key.into(), Said { value, at, since });
        if news {
            self.ask(cause::SIGNAL_CHANGED);
        }
        self
    }

    /// The signal of that key is taken back, or its time is over.
    pub fn signal_goes(&mut self, key: &str) -> &mut Play<P> {
        if self.signals.remove(key).is_some() {
            self.ask(cause::SIGNAL_CHANGED);
        }
        self
    }

    /// Lets so many milliseconds pass.
    ///
    /// # Panics
    ///
    /// If an answer breaks a bound of the contract.
    pub fn run_for(&mut self, ms: u64) -> &mut Play<P> {
        let end = self.now.saturating_add(ms);
        while let Some((at, event)) = self.next_event(end) {
            self.now = at;
            self.happen(event);
        }
        self.now = end;
        self
    }

    /// Does the candidate lead now?
    pub fn leads(&self) -> bool {
        self.term.as_ref().is_some_and(|term| term.believes_until > self.now)
    }

    /// Milliseconds since the play began.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Every question so far, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// How many decisions had an effect: writes that were sent, and resignations.
    pub fn done(&self) -> usize {
        self.steps.iter().filter(|step| step.effect == Effect::Done).count()
    }
}

#[cfg(test)]
mod tests;
