//! A policy at work: a lock, rivals, failures, and virtual time.

use std::collections::{BTreeMap, VecDeque};
use std::marker::PhantomData;

use super::{Scene, TIMING};
use crate::{
    Action, Attempts, Cause, Claim, Decision, Input, Outcome, Policy, Refusal, Seat, Signal,
    Timing, Value,
};

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
    outcomes: VecDeque<Outcome>,
    signals: BTreeMap<String, (Value, u64)>,
    rival: Option<(String, u64)>,
    steps: Vec<Step>,
}

/// The lock's content and when it changed.
struct Lock {
    holder: Option<String>,
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
                changed_at: 0,
                free_at: 0,
                duration: 0,
                transitions: 0,
                successor: None,
                paused: false,
            },
            term: None,
            writing: None,
            attempts: Attempts {
                last: Outcome::None,
                failures: 0,
                since_success: None,
            },
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
        self.lock.successor = successor.map(Into::into);
        self.lock.changed_at = self.now;
        self.lock.free_at = self.now;
        self.ask(Cause::SeatChanged);
        self
    }

    /// A person pauses the election, or lets it go on.
    pub fn pause(&mut self, paused: bool) -> &mut Play<P> {
        self.lock.paused = paused;
        self.lock.changed_at = self.now;
        self.ask(Cause::SeatChanged);
        self
    }

    /// The next writes end like this instead of well.
    pub fn next_writes(&mut self, outcomes: &[Outcome]) -> &mut Play<P> {
        self.outcomes.extend(outcomes);
        self
    }

    /// The application reports a signal.
    pub fn signal(&mut self, key: &str, value: impl Into<Value>) -> &mut Play<P> {
        self.signals.insert(key.into(), (value.into(), self.now));
        self.ask(Cause::SignalChanged);
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
        self.term
            .as_ref()
            .is_some_and(|term| term.believes_until > self.now)
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
        self.steps
            .iter()
            .filter(|step| step.effect == Effect::Done)
            .count()
    }
}

/// What happens next.
#[derive(Clone, Copy)]
enum Event {
    WriteEnds,
    BeliefEnds,
    RivalRenews,
    Wake,
}

impl<P: Policy> Play<P> {
    /// The earliest event before `end`; of several at one moment the first of this list.
    fn next_event(&self, end: u64) -> Option<(u64, Event)> {
        let write = self
            .writing
            .as_ref()
            .map(|writing| writing.sent_at + WRITE_MS);
        let belief = self.term.as_ref().map(|term| term.believes_until);
        let rival = self.rival.as_ref().map(|(_, at)| *at);
        [
            (write, Event::WriteEnds),
            (belief, Event::BeliefEnds),
            (rival, Event::RivalRenews),
            (Some(self.wake_at), Event::Wake),
        ]
        .into_iter()
        .filter_map(|(at, event)| Some((at?.max(self.now), event)))
        .filter(|(at, _)| *at < end)
        .min_by_key(|(at, _)| *at)
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::WriteEnds => self.write_ends(),
            Event::BeliefEnds => {
                self.term = None;
                self.ask(Cause::Timer);
            }
            Event::RivalRenews => self.rival_renews(),
            Event::Wake if self.steps.is_empty() => self.ask(Cause::Started),
            Event::Wake => self.ask(Cause::Timer),
        }
    }

    fn rival_renews(&mut self) {
        let Some((identity, at)) = &mut self.rival else {
            return;
        };
        *at = self.now + self.timing.retry_period.max(1);
        if self.lock.holder.as_ref() != Some(identity) {
            self.lock.transitions += 1;
            self.lock.holder = Some(identity.clone());
            self.term = None;
        }
        self.lock.successor = None;
        self.lock.duration = self.timing.lease_duration;
        self.lock.changed_at = self.now;
        self.lock.free_at = self.now + self.lock.duration;
        self.ask(Cause::SeatChanged);
    }

    fn write_ends(&mut self) {
        let Some(writing) = self.writing.take() else {
            return;
        };
        let mut outcome = self.outcomes.pop_front().unwrap_or(Outcome::Written);
        if writing.seen_change_at != self.lock.changed_at {
            outcome = Outcome::Conflict;
        }
        self.attempts.last = outcome;
        if outcome == Outcome::Written {
            self.adopt(&writing);
        } else {
            self.attempts.failures += 1;
        }
        self.ask(Cause::WriteFinished);
    }

    /// The write is in the lock: this candidate leads, or goes on leading.
    fn adopt(&mut self, writing: &Writing) {
        self.attempts.failures = 0;
        self.last_success = Some(writing.sent_at);
        let believes_until = writing.sent_at + self.timing.renew_deadline;
        match &mut self.term {
            Some(term) => term.believes_until = believes_until,
            None => {
                self.lock.transitions += 1;
                self.term = Some(Term {
                    acquired_at: writing.sent_at,
                    believes_until,
                });
            }
        }
        self.lock.holder = Some(self.identity());
        self.lock.successor = None;
        self.lock.duration = writing.lease;
        self.lock.changed_at = self.now;
        self.lock.free_at = self.now + writing.lease;
    }

    fn identity(&self) -> String {
        "a".into()
    }

    /// Asks the policy, and does what the host would do with the answer.
    fn ask(&mut self, cause: Cause) {
        let input = self.input(cause);
        let answer = P::decide(input.clone());
        let effect = match &answer {
            Ok(decision) => self.follow(decision),
            Err(_) => {
                self.wake_at = self.now + self.timing.retry_period.max(1);
                Effect::Waits
            }
        };
        self.steps.push(Step {
            at: self.now,
            input,
            answer,
            effect,
        });
    }

    fn follow(&mut self, decision: &Decision) -> Effect {
        if let Err(reason) = super::check(decision, &self.timing) {
            panic!(
                "at {} ms the host would reject the decision: {reason}",
                self.now
            );
        }
        self.memory.clone_from(&decision.memory);
        self.wake_at = self.now + decision.wake_after;
        let may = match &decision.action {
            Action::Wait => return Effect::Waits,
            Action::Campaign => self.term.is_none() && self.lock.free_at <= self.now,
            Action::Renew | Action::Resign(_) => self.term.is_some(),
        };
        if !may || self.writing.is_some() {
            return Effect::Ignored;
        }
        if let Action::Resign(successor) = &decision.action {
            self.term = None;
            self.lock.holder = None;
            self.lock.successor.clone_from(successor);
            self.lock.changed_at = self.now;
            self.lock.free_at = self.now;
        } else {
            self.writing = Some(Writing {
                sent_at: self.now,
                lease: decision
                    .lease_duration
                    .unwrap_or(self.timing.lease_duration),
                seen_change_at: self.lock.changed_at,
            });
        }
        Effect::Done
    }

    fn input(&mut self, cause: Cause) -> Input {
        // An odd constant steps through all values; what matters is only that they differ.
        self.entropy = self.entropy.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut input = Scene::new()
            .identity(&self.identity())
            .uptime(self.now)
            .cause(cause)
            .settings(&self.settings)
            .memory(self.memory.clone())
            .entropy(self.entropy)
            .timing(self.timing)
            .seat(Seat {
                holder: self.lock.holder.clone(),
                age: self.now - self.lock.changed_at,
                duration: self.lock.duration,
                free_in: self.lock.free_at.saturating_sub(self.now),
                transitions: self.lock.transitions,
                successor: self.lock.successor.clone(),
                paused: self.lock.paused,
            })
            .input();
        let seen = &mut input.observation;
        seen.claim = self.term.as_ref().map(|term| Claim {
            held_for: self.now - term.acquired_at,
            valid_for: term.believes_until.saturating_sub(self.now),
        });
        seen.attempts = Attempts {
            since_success: self.last_success.map(|at| self.now - at),
            ..self.attempts
        };
        let signals = self.signals.iter().map(|(key, (value, at))| Signal {
            key: key.clone(),
            value: value.clone(),
            age: self.now - at,
        });
        seen.signals.extend(signals);
        input
    }
}
