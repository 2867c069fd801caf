//! The bounds that the contract sets to an answer, as the host checks them.

use crate::{Decision, Timing, Value};

const LONGEST_WAKE_MS: u64 = 86_400_000;
const LONGEST_REASON: usize = 1_024;
const LARGEST_MEMORY: usize = 64 * 1_024;
const MOST_PUBLISHED: usize = 16;
const LONGEST_SIGNAL: usize = 128;

/// Does a decision keep the contract's bounds? The host rejects one that does not.
///
/// # Errors
///
/// The first bound that it breaks, in words.
pub fn check(decision: &Decision, timing: &Timing) -> Result<(), String> {
    let wake = decision.wake_after;
    if !(1..=LONGEST_WAKE_MS).contains(&wake) {
        return Err(format!("wake-after is {wake} ms, it must be from 1 to {LONGEST_WAKE_MS} ms"));
    }
    let (shortest, longest) = (timing.shortest_lease, timing.longest_lease);
    if let Some(lease) = decision.lease_duration
        && !(shortest..=longest).contains(&lease)
    {
        return Err(format!(
            "lease-duration is {lease} ms, it must be from {shortest} to {longest} ms"
        ));
    }
    at_most("bytes of reason", decision.reason.len(), LONGEST_REASON)?;
    at_most("bytes of memory", decision.memory.len(), LARGEST_MEMORY)?;
    at_most("published signals", decision.publish.len(), MOST_PUBLISHED)?;
    for (key, value) in &decision.publish {
        at_most("bytes of a signal's key", key.len(), LONGEST_SIGNAL)?;
        if let Value::Text(text) = value {
            at_most("bytes of a signal's text", text.len(), LONGEST_SIGNAL)?;
        }
    }
    Ok(())
}

fn at_most(what: &str, found: usize, most: usize) -> Result<(), String> {
    if found > most {
        return Err(format!("{found} {what}, at most {most} are allowed"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TIMING;

    #[test]
    fn each_bound_is_kept() {
        let fine =
            Decision::renew().lease(1_000).because("x".repeat(1_024)).remember(vec![0; 65_536]);
        assert_eq!(check(&fine, &TIMING), Ok(()));

        let mut never = Decision::renew();
        never.wake_after = 0;
        let flood = (0..17).fold(Decision::renew(), |all, n| all.publish(format!("k{n}"), true));
        for (decision, message) in [
            (never, "wake-after is 0 ms"),
            (Decision::wait_for(86_400_001), "wake-after is 86400001 ms"),
            (fine.clone().lease(999), "lease-duration is 999 ms"),
            (fine.clone().lease(60_001), "lease-duration is 60001 ms"),
            (fine.clone().because("x".repeat(1_025)), "1025 bytes of reason"),
            (fine.clone().remember(vec![0; 65_537]), "65537 bytes of memory"),
            (flood, "17 published signals"),
            (fine.clone().publish("k".repeat(129), true), "129 bytes of a signal's key"),
            (fine.publish("k", "v".repeat(129)), "129 bytes of a signal's text"),
        ] {
            let error = check(&decision, &TIMING).unwrap_err();
            assert!(error.starts_with(message), "{error} is not {message}");
        }
    }
}
