//! The questions that a policy is tried on.

use hotseat_core::config::Timing;
use hotseat_core::policy::{Attempts, Cause, Claim, Input, Observation, Outcome, Seat};

/// The name of the candidate in the questions.
const SELF: &str = "web-0";
/// Another candidate's.
const OTHER: &str = "web-1";

/// The questions and what each is about, with client-go's timing.
pub(super) fn questions(settings: &str) -> [(&'static str, Input); 4] {
    [
        ("a standby that sees a leader", standby(settings, Some(OTHER), 12_000)),
        ("a standby that sees a free seat", standby(settings, None, 0)),
        ("a leader whose renewal is due", leader(settings, Cause::Timer)),
        ("a leader that is to stop", leader(settings, Cause::Stopping)),
    ]
}

fn standby(settings: &str, holder: Option<&str>, free_in: u64) -> Input {
    let seat = seat(holder, free_in);
    ask(settings, Cause::SeatChanged, seat, None, Attempts::default())
}

fn leader(settings: &str, cause: Cause) -> Input {
    let claim = Claim { held_for: 62_000, valid_for: 8_000 };
    let valid_for = if cause == Cause::Stopping { 0 } else { claim.valid_for };
    let attempts = Attempts { last: Outcome::Written, failures: 0, since_success: Some(2_000) };
    let claim = Claim { valid_for, ..claim };
    ask(settings, cause, seat(Some(SELF), 0), Some(claim), attempts)
}

fn seat(holder: Option<&str>, free_in: u64) -> Seat {
    Seat {
        holder: holder.map(str::to_owned),
        age: 2_000,
        duration: 15_000,
        free_in,
        transitions: 7,
        held_for: if holder.is_some() { 62_000 } else { 0 },
        successor: None,
        transfer: None,
        paused: false,
        extra: Vec::new(),
    }
}

fn ask(
    settings: &str,
    cause: Cause,
    seat: Seat,
    claim: Option<Claim>,
    attempts: Attempts,
) -> Input {
    Input {
        settings: settings.to_owned(),
        memory: Vec::new(),
        entropy: 0x5eed_5eed_5eed_5eed,
        timing: Timing::client_go().pace(),
        observation: Observation {
            election: "web".to_owned(),
            namespace: "shop".to_owned(),
            identity: SELF.to_owned(),
            uptime: 65_000,
            seats: u32::from(claim.is_some()),
            causes: cause.into(),
            seat: Some(seat),
            claim,
            attempts,
            last_decision: None,
            signals: Vec::new(),
            roster: Vec::new(),
            extra: Vec::new(),
        },
    }
}
