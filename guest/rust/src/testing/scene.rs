//! One question.

use super::TIMING;
use crate::{
    Attempts, Candidate, Claim, Decision, Input, Observation, Policy, Refusal, Seat, Signal,
    Timing, Transfer, Value, cause, outcome,
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
                    election: "election".into(),
                    namespace: "default".into(),
                    identity: "a".into(),
                    uptime: 60_000,
                    seats: 0,
                    causes: vec![cause::TIMER.into()],
                    seat: None,
                    claim: None,
                    attempts: Attempts {
                        last: outcome::NONE.into(),
                        failures: 0,
                        since_success: None,
                    },
                    last_decision: None,
                    signals: Vec::new(),
                    roster: Vec::new(),
                    extra: Vec::new(),
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

    /// Why the policy is asked: one word, such as [`cause::TIMER`], in the place of all others.
    #[must_use]
    pub fn cause(mut self, cause: &str) -> Scene {
        self.input.observation.causes = vec![cause.into()];
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
            held_for: 0,
            successor: None,
            transfer: None,
            paused: false,
            extra: Vec::new(),
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
            held_for: 60_000,
            successor: None,
            transfer: None,
            paused: false,
            extra: Vec::new(),
        })
    }

    /// Somebody, `operator`, asked that this candidate leads; the request holds for 30 s more.
    #[must_use]
    pub fn transfer_to(self, identity: &str) -> Scene {
        let transfer = Transfer { to: identity.into(), by: "operator".into(), remaining: 30_000 };
        self.with_seat(|seat| seat.transfer = Some(transfer))
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
        scene.input.observation.seats = 1;
        scene.input.observation.claim = Some(Claim {
            held_for: 60_000,
            valid_for: timing.renew_deadline.saturating_sub(since_success),
        });
        scene.input.observation.attempts = Attempts {
            last: outcome::WRITTEN.into(),
            failures: 0,
            since_success: Some(since_success),
        };
        scene.with_seat(|seat| seat.age = since_success)
    }

    /// So many writes in a row failed, the last one in this way, such as [`outcome::CONFLICT`].
    #[must_use]
    pub fn failed(mut self, last: &str, failures: u32) -> Scene {
        self.input.observation.attempts.last = last.into();
        self.input.observation.attempts.failures = failures;
        self
    }

    /// A signal that the application reported just now.
    #[must_use]
    pub fn signal(self, key: &str, value: impl Into<Value>) -> Scene {
        self.old_signal(key, value, 0)
    }

    /// A signal that the application reported `age` milliseconds ago, for the first time.
    #[must_use]
    pub fn old_signal(self, key: &str, value: impl Into<Value>, age: u64) -> Scene {
        self.fact(Signal { age, unchanged_for: age, ..Signal::new(key, value) })
    }

    /// A signal of any source.
    #[must_use]
    pub fn fact(mut self, signal: Signal) -> Scene {
        self.input.observation.signals.push(signal);
        self
    }

    /// Another candidate on the roster, whose publication changed `age` milliseconds ago.
    #[must_use]
    pub fn candidate(mut self, identity: &str, age: u64, signals: Vec<Signal>) -> Scene {
        self.input.observation.roster.push(Candidate {
            identity: identity.into(),
            age,
            ready: None,
            zone: None,
            policy: None,
            signals,
            extra: Vec::new(),
        });
        self
    }

    /// A change to the candidate that was put on the roster last, if there is one.
    #[must_use]
    pub fn with_candidate(mut self, change: impl FnOnce(&mut Candidate)) -> Scene {
        if let Some(candidate) = self.input.observation.roster.last_mut() {
            change(candidate);
        }
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
