//! The bounds of a decision, as the contract sets them.

use super::{Action, Decision, Pace, Value};

/// The longest `wake_after` that is accepted, in milliseconds: a day.
pub const LONGEST_WAKE_MS: u64 = 86_400_000;
/// The longest reason that is accepted, in bytes.
pub const LONGEST_REASON: usize = 1024;
/// The most memory that a decision may carry, in bytes.
pub const LARGEST_MEMORY: usize = 64 * 1024;
/// The most signals that a decision may publish.
pub const MOST_PUBLISHED: usize = 16;
/// The longest key of a signal, in bytes: as long as a label's, with its prefix and the slash.
pub const LONGEST_KEY: usize = 317;
/// The longest value of a published signal, in bytes; of several texts all of them together.
pub const LONGEST_VALUE: usize = 1024;
/// The longest name of a candidate, in bytes: as a Lease's holder may have in practice.
pub const LONGEST_NAME: usize = 253;

/// Checks a decision against the bounds of the contract.
///
/// # Errors
///
/// The first bound that it breaks, in words; the decision is then rejected as a whole.
pub fn check(decision: &Decision, timing: &Pace) -> Result<(), String> {
    if decision.wake_after == 0 || decision.wake_after > LONGEST_WAKE_MS {
        return Err(format!(
            "wake-after is {} ms, it must be from 1 to {LONGEST_WAKE_MS} ms",
            decision.wake_after
        ));
    }
    if let Some(lease) = decision.lease_duration
        && !(timing.shortest_lease..=timing.longest_lease).contains(&lease)
    {
        return Err(format!(
            "lease-duration is {lease} ms, it must be from {} to {} ms",
            timing.shortest_lease, timing.longest_lease
        ));
    }
    if decision.reason.len() > LONGEST_REASON {
        return Err(format!(
            "the reason has {} bytes, at most {LONGEST_REASON} are allowed",
            decision.reason.len()
        ));
    }
    if decision.memory.len() > LARGEST_MEMORY {
        return Err(format!(
            "the memory has {} bytes, at most {LARGEST_MEMORY} are allowed",
            decision.memory.len()
        ));
    }
    check_pairs("published", &decision.publish)?;
    check_pairs("extra", &decision.extra)?;
    if let Action::Resign(Some(name)) = &decision.action
        && (name.is_empty() || name.len() > LONGEST_NAME)
    {
        return Err(format!(
            "the successor's name has {} bytes, it must have from 1 to {LONGEST_NAME}",
            name.len()
        ));
    }
    Ok(())
}

fn check_pairs(which: &str, pairs: &[(String, Value)]) -> Result<(), String> {
    if pairs.len() > MOST_PUBLISHED {
        let count = pairs.len();
        return Err(format!("{count} {which} signals, at most {MOST_PUBLISHED} are allowed"));
    }
    for (key, value) in pairs {
        if key.len() > LONGEST_KEY {
            let bytes = key.len();
            return Err(format!(
                "the key of a signal that is {which} has {bytes} bytes, at most {LONGEST_KEY} are allowed"
            ));
        }
        if value.len() > LONGEST_VALUE {
            let bytes = value.len();
            return Err(format!(
                "the value of a signal that is {which} has {bytes} bytes, at most {LONGEST_VALUE} are allowed"
            ));
        }
    }
    Ok(())
}
