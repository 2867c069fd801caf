//! A small election policy in Rust: leads while it can, and renews on time.
//!
//! Built by tests/setup/guests.sh for wasm32-wasip2, whose standard library imports WASI: the
//! sidecar answers that deaf and blind. A policy has no need of that target.

#![forbid(unsafe_code)]

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::time::{SystemTime, UNIX_EPOCH};

use hotseat_policy::{Decision, Descriptor, Input, Policy, Refusal};

struct Wasip2;

impl Policy for Wasip2 {
    fn describe() -> Descriptor {
        Descriptor::new("rust-wasip2", "0.1.0", "renews on time")
    }

    fn decide(input: Input) -> Result<Decision, Refusal> {
        // The seed of a hash and the time of day are asked on purpose: the host fixes both by the
        // question, so they are the same for equal questions.
        let draw = RandomState::new().hash_one("jitter");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let told = |why: &str| format!("{why}; drew {draw} at {}", now.as_millis());
        let retry = input.timing.retry_period;
        let seen = &input.observation;
        // A panic is heard: it stands behind the reason for the failure.
        let fails = seen.signals.iter().any(|signal| signal.key == "app.fail");
        assert!(!fails, "the application asks for it");
        Ok(if seen.leads() {
            // No jitter here: a late renewal is a missed one.
            Decision::renew().wake_after(retry).because(told("renewal is due"))
        } else if seen.seat_is_free() {
            Decision::campaign().wake_after(retry + draw % 200).because(told("the seat is free"))
        } else {
            Decision::wait_for(retry + draw % 200).because(told("the seat is taken"))
        })
    }
}

hotseat_policy::export!(Wasip2);
