//! One question.

use super::TIMING;
use crate::{
    Attempts, Candidate, Cause, Claim, Decision, Input, Observation, Outcome, Policy, Refusal,
    Seat, Signal, Timing, Value,
};

/// Builds an input. It starts as candidate `a`, a minute after its start, asked by a timer, with
/// [`TIMING`], no settings, no memory and entropy 0, before it has read the lock.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    input: Input,
}

impl Default for Scene {
    fn default() -> Scene {
        Scene::new()
    }
}

impl Scene {
    /// Candidate `a` before it has read the lock.
    pub fn new() -> Scene {
        Scene {
            input: Input {
                settings: String::new(),
                memory: Vec::new(),
                entropy: 0,
                timing: TIMING,
                observation: Observation {
                    identity: "a".into(),
                    uptime: 60_000,
                    cause: Cause::Timer,
                    seat: None,
                    claim: None,
                    attempts: Attempts { last: Outcome::None, failures: 0, since_success: None },
                    signals: Vec::new(),
                    roster: Vec::new(),
                },
            },
        }
    }

    /// The candidate's own name.
    #[must_use]
    pub fn identity(mut self, identity: &str) -> Scene {
        self.input.observation.identity = identity.into();
        self
    }

    /// Milliseconds since the process started.
    #[must_use]
    pub fn uptime(mut self, ms: u64) -> Scene {
        self.input.observation.uptime = ms;
        self
    }

    /// Why the policy is asked.
    #[must_use]
    pub fn cause(mut self, cause: Cause) -> Scene {
        self.input.observation.cause = cause;
        self
    }

    /// The operator's settings.
    #[must_use]
    pub fn settings(mut self, settings: &str) -> Scene {
        self.input.settings = settings.into();
        self
    }

    /// The bytes of the last decision.
    #[must_use]
    pub fn memory(mut self, memory: impl Into<Vec<u8>>) -> Scene {
        self.input.memory = memory.into();
        self
    }

    /// The random bits.
    #[must_use]
    pub fn entropy(mut self, entropy: u64) -> Scene {
        self.input.entropy = entropy;
        self
    }

    /// The operator's timing.
    #[must_use]
    pub fn timing(mut self, timing: Timing) -> Scene {
        self.input.timing = timing;
        self
    }

    /// The lock as a whole.
    #[must_use]
    pub fn seat(mut self, seat: Seat) -> Scene {
        self.input.observation.seat = Some(seat);
        self
    }

    /// A lock that nobody holds and that the host would let this candidate take, first seen now.
    #[must_use]
    pub fn vacant(self) -> Scene {
        self.seat(Seat {
            holder: None,
            age: 0,
            duration: 0,
            free_in: 0,
            transitions: 0,
            successor: None,
            paused: false,
        })
    }

    /// A lock that another holds, renewed so long ago that it is free in `free_in` milliseconds.
    #[must_use]
    pub fn held_by(self, holder: &str, free_in: u64) -> Scene {
        let duration = self.input.timing.lease_duration;
        self.seat(Seat {
            holder: Some(holder.into()),
            age: duration.saturating_sub(free_in),
            duration,
            free_in,
            transitions: 1,
            successor: None,
            paused: false,
        })
    }

    /// A change to the lock, which is vacant if nothing was said of it before.
    #[must_use]
    pub fn with_seat(self, change: impl FnOnce(&mut Seat)) -> Scene {
        let mut scene = match self.input.observation.seat {
            Some(_) => self,
            None => self.vacant(),
        };
        if let Some(seat) = &mut scene.input.observation.seat {
            change(seat);
        }
        scene
    }

    /// This candidate leads for a minute, and sent its last successful write `since_success`
    /// milliseconds ago.
    #[must_use]
    pub fn leading(self, since_success: u64) -> Scene {
        let identity = self.input.observation.identity.clone();
        let timing = self.input.timing;
        let mut scene = self.held_by(&identity, timing.lease_duration);
        scene.input.observation.claim = Some(Claim {
            held_for: 60_000,
            valid_for: timing.renew_deadline.saturating_sub(since_success),
        });
        scene.input.observation.attempts =
            Attempts { last: Outcome::Written, failures: 0, since_success: Some(since_success) };
        scene.with_seat(|seat| seat.age = since_success)
    }

    /// So many writes in a row failed, the last one in this way.
    #[must_use]
    pub fn failed(mut self, last: Outcome, failures: u32) -> Scene {
        self.input.observation.attempts.last = last;
        self.input.observation.attempts.failures = failures;
        self
    }

    /// A signal that was reported just now.
    #[must_use]
    pub fn signal(self, key: &str, value: impl Into<Value>) -> Scene {
        self.old_signal(key, value, 0)
    }

    /// A signal that was reported `age` milliseconds ago.
    #[must_use]
    pub fn old_signal(mut self, key: &str, value: impl Into<Value>, age: u64) -> Scene {
        self.input.observation.signals.push(Signal { key: key.into(), value: value.into(), age });
        self
    }

    /// Another candidate on the roster, whose publication changed `age` milliseconds ago.
    #[must_use]
    pub fn candidate(mut self, identity: &str, age: u64, signals: Vec<Signal>) -> Scene {
        self.input.observation.roster.push(Candidate { identity: identity.into(), age, signals });
        self
    }

    /// The input itself.
    pub fn input(self) -> Input {
        self.input
    }

    /// The policy's answer.
    ///
    /// # Errors
    ///
    /// The policy's refusal.
    ///
    /// # Panics
    ///
    /// If the answer breaks a bound of the contract.
    pub fn ask<P: Policy>(self) -> Result<Decision, Refusal> {
        let timing = self.input.timing;
        let answer = P::decide(self.input);
        if let Ok(decision) = &answer
            && let Err(reason) = super::check(decision, &timing)
        {
            panic!("the host would reject this decision: {reason}");
        }
        answer
    }
}
