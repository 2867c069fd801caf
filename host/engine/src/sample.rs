//! A question for a trial decision.

use hotseat_core::policy::{Attempts, Cause, Input, Observation, Pace, Seat};

/// What a policy is tried on when the election has not asked anything yet: a standby that sees a
/// free seat.
pub fn sample(pace: Pace) -> Input {
    Input {
        settings: String::new(),
        memory: Vec::new(),
        entropy: 0,
        timing: pace,
        observation: Observation {
            identity: "candidate".to_owned(),
            uptime: 1000,
            cause: Cause::Started,
            seat: Some(Seat {
                holder: None,
                age: 0,
                duration: 0,
                free_in: 0,
                transitions: 0,
                successor: None,
                paused: false,
            }),
            claim: None,
            attempts: Attempts::default(),
            signals: Vec::new(),
            roster: Vec::new(),
        },
    }
}
