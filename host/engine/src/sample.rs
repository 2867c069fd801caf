//! A question for a trial decision.

use hotseat_core::policy::{Attempts, Cause, Input, Observation, Pace, SeatView};

/// What a policy is tried on when the election has not asked anything yet: a standby that sees a
/// free seat.
pub fn sample(pace: Pace) -> Input {
    Input {
        settings: String::new(),
        memory: Vec::new(),
        entropy: 0,
        timing: pace,
        observation: Observation {
            election: "election".to_owned(),
            namespace: "namespace".to_owned(),
            identity: "candidate".to_owned(),
            uptime: 1000,
            seats: 0,
            causes: Cause::Started.into(),
            seat: Some(SeatView {
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
            }),
            claim: None,
            attempts: Attempts::default(),
            last_decision: None,
            signals: Vec::new(),
            roster: Vec::new(),
            extra: Vec::new(),
        },
    }
}
