//! The built-in rule: the native twin of the standard policy, and the last resort.
//!
//! client-go's timing, improved by what a watch makes possible: a leader renews each retry period
//! and retries a failed renewal four times as often; a standby campaigns when the seat falls free,
//! at once or after a few random milliseconds, so that N standbys that see a release at the same
//! moment do not write all at once, and the seat is not empty for longer than it takes to write.
//! The jitter of failed campaigns is client-go's (`wait.Jitter`, factor 1.2).
//!
//! The standard policy in `guest/standard` says the same in WebAssembly; a conformance suite holds
//! the two together, field by field.

use crate::policy::{
    Action, Cause, Decision, Input, LONGEST_WAKE_MS, Observation, Outcome, SeatView,
};

/// The longest jitter, in milliseconds.
pub const JITTER_MS: u64 = 20;

/// What the bytes in the memory are a due time for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    Jitter = 1,
    RenewalRetry = 2,
    CampaignRetry = 3,
}

/// Decides by the built-in rule. Total: there is no input that it does not answer.
pub fn decide(input: &Input) -> Decision {
    let observation = &input.observation;
    if observation.causes.has(Cause::Stopping) {
        let retry = input.timing.retry_period;
        return answer(Action::Resign(None), retry, Vec::new(), "stopping");
    }
    if observation.claim.is_some() {
        return lead(input);
    }
    match &observation.seat {
        None => wait(input.timing.retry_period, Vec::new(), "the lock was not read yet"),
        Some(seat) if seat.free_in > 0 => stand_by(input, seat),
        Some(seat) => campaign(input, seat),
    }
}

fn lead(input: &Input) -> Decision {
    let retry = input.timing.retry_period;
    let attempts = &input.observation.attempts;
    let uptime = input.observation.uptime;
    let due = uptime.saturating_add(quarter(input));
    if attempts.failures == 0 {
        let since = attempts.since_success.unwrap_or(retry);
        if since >= retry {
            let memory = remember(Tag::RenewalRetry, due);
            return answer(Action::Renew, retry, memory, "renewal is due");
        }
        return wait(retry - since, Vec::new(), "renewed recently");
    }
    match recall(&input.memory) {
        Some((Tag::RenewalRetry, at)) if at <= uptime => {
            let memory = remember(Tag::RenewalRetry, due);
            answer(Action::Renew, retry, memory, "retrying a failed renewal")
        }
        Some((Tag::RenewalRetry, at)) => {
            wait(at - uptime, input.memory.clone(), "a renewal failed")
        }
        _ => wait(quarter(input), remember(Tag::RenewalRetry, due), "a renewal failed"),
    }
}

fn stand_by(input: &Input, seat: &SeatView) -> Decision {
    let reason = match seat.holder {
        Some(_) => "the seat is taken",
        None => "the last holder may still believe",
    };
    wait_with_jitter(input, seat.free_in, reason)
}

fn campaign(input: &Input, seat: &SeatView) -> Decision {
    let Observation { identity, uptime, attempts, .. } = &input.observation;
    let retry = input.timing.retry_period;
    let other = seat.successor.as_ref().is_some_and(|name| name != identity);
    if other && seat.age < retry {
        return wait_with_jitter(input, retry - seat.age, "the seat is left to its successor");
    }
    let failed = attempts.failures > 0 && attempts.last != Outcome::Conflict;
    let memory = recall(&input.memory);
    match memory {
        Some((Tag::CampaignRetry, at)) if failed && at > *uptime => {
            return wait(at - uptime, input.memory.clone(), "a campaign failed");
        }
        _ if seat.successor.as_ref() == Some(identity) => {
            return run(input, "named as the successor");
        }
        Some((Tag::Jitter, at)) if at <= *uptime => return run(input, "the seat is free"),
        Some((Tag::Jitter, at)) if at - uptime <= JITTER_MS => {
            return wait(
                at - uptime,
                input.memory.clone(),
                "waits a random delay for the free seat",
            );
        }
        Some((Tag::CampaignRetry, _)) if failed => return run(input, "the seat is free"),
        _ => {}
    }
    if jitter(input) == 0 {
        return run(input, "the seat is free");
    }
    wait_with_jitter(input, 0, "waits a random delay for the free seat")
}

fn run(input: &Input, reason: &str) -> Decision {
    let pause = backoff(input);
    let due = input.observation.uptime.saturating_add(pause);
    answer(Action::Campaign, pause, remember(Tag::CampaignRetry, due), reason)
}

fn wait_with_jitter(input: &Input, first: u64, reason: &str) -> Decision {
    let pause = first.saturating_add(jitter(input));
    let due = input.observation.uptime.saturating_add(pause);
    wait(pause, remember(Tag::Jitter, due), reason)
}

/// None for three of four standbys, and from 1 to [`JITTER_MS`] for the others. How many there are is not
/// known: a single one is likely to go at once, and of a hundred not all do.
fn jitter(input: &Input) -> u64 {
    match input.entropy % 4 {
        3 => 1 + input.entropy / 4 % JITTER_MS,
        _ => 0,
    }
}

fn wait(wake_after: u64, memory: Vec<u8>, reason: &str) -> Decision {
    answer(Action::Wait, wake_after, memory, reason)
}

fn answer(action: Action, wake_after: u64, memory: Vec<u8>, reason: &str) -> Decision {
    Decision {
        action,
        // Leases and retry periods of more than a day are no fault of anybody: what is due later is
        // asked about after a day, and waits on.
        wake_after: wake_after.clamp(1, LONGEST_WAKE_MS),
        lease_duration: None,
        reason: reason.to_owned(),
        publish: Vec::new(),
        memory,
        extra: Vec::new(),
    }
}

/// From one retry period to 2.2 of them.
fn backoff(input: &Input) -> u64 {
    let retry = input.timing.retry_period;
    let spread = retry.saturating_mul(6) / 5;
    retry.saturating_add(spread.saturating_mul((input.entropy >> 32) % 1024) / 1024)
}

/// From a quarter to half of a retry period.
fn quarter(input: &Input) -> u64 {
    let quarter = (input.timing.retry_period / 4).max(1);
    quarter.saturating_add(input.entropy % quarter)
}

fn remember(tag: Tag, due: u64) -> Vec<u8> {
    let mut bytes = vec![tag as u8];
    bytes.extend_from_slice(&due.to_le_bytes());
    bytes
}

fn recall(memory: &[u8]) -> Option<(Tag, u64)> {
    let (&tag, due) = memory.split_first()?;
    let due = u64::from_le_bytes(due.try_into().ok()?);
    let tag = match tag {
        1 => Tag::Jitter,
        2 => Tag::RenewalRetry,
        3 => Tag::CampaignRetry,
        _ => return None,
    };
    Some((tag, due))
}
