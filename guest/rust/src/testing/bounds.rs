//! The bounds that the contract sets to an answer, as the host checks them.

use crate::bounds::{
    LARGEST_MEMORY, LONGEST_KEY, LONGEST_NAME, LONGEST_REASON, LONGEST_VALUE, LONGEST_WAKE_MS,
    MOST_PUBLISHED,
};
use crate::{Action, Decision, Timing};

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
    at_most("entries of extra", decision.extra.len(), MOST_PUBLISHED)?;
    for (key, value) in decision.publish.iter().chain(&decision.extra) {
        at_most("bytes of a signal's key", key.len(), LONGEST_KEY)?;
        at_most("bytes of a signal's value", value.bytes(), LONGEST_VALUE)?;
    }
    if let Action::Resign(Some(name)) = &decision.action {
        if name.is_empty() {
            return Err("0 bytes of the successor's name, at least 1 is needed".to_owned());
        }
        at_most("bytes of the successor's name", name.len(), LONGEST_NAME)?;
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
    use crate::Value;
    use crate::testing::TIMING;

    #[test]
    fn each_bound_is_kept() {
        let fine = Decision {
            reason: "x".repeat(1_024),
            memory: vec![0; 65_536],
            lease_duration: Some(1_000),
            ..Decision::renew()
        };
        assert_eq!(check(&fine, &TIMING), Ok(()));

        // By its fields: the builders keep the bounds.
        let changed = |change: fn(&mut Decision)| {
            let mut decision = fine.clone();
            change(&mut decision);
            decision
        };
        let text = |letters| Value::Text("v".repeat(letters));
        let flood: Vec<_> = (0..17).map(|n| (format!("k{n}"), Value::Flag(true))).collect();
        for (decision, message) in [
            (changed(|it| it.wake_after = 0), "wake-after is 0 ms"),
            (changed(|it| it.wake_after = 86_400_001), "wake-after is 86400001 ms"),
            (changed(|it| it.lease_duration = Some(999)), "lease-duration is 999 ms"),
            (changed(|it| it.lease_duration = Some(60_001)), "lease-duration is 60001 ms"),
            (changed(|it| it.reason.push('x')), "1025 bytes of reason"),
            (changed(|it| it.memory.push(0)), "65537 bytes of memory"),
            (Decision { publish: flood.clone(), ..fine.clone() }, "17 published signals"),
            (Decision { extra: flood, ..fine.clone() }, "17 entries of extra"),
            (
                Decision { publish: vec![("k".repeat(318), text(1))], ..fine.clone() },
                "318 bytes of a signal's key",
            ),
            (
                Decision { publish: vec![("k".into(), text(1_025))], ..fine.clone() },
                "1025 bytes of a signal's value",
            ),
            (
                changed(|it| it.action = Action::Resign(Some(String::new()))),
                "0 bytes of the successor's name",
            ),
            (
                changed(|it| it.action = Action::Resign(Some("x".repeat(254)))),
                "254 bytes of the successor's name",
            ),
        ] {
            let error = check(&decision, &TIMING).unwrap_err();
            assert!(error.starts_with(message), "{error} is not {message}");
        }
    }
}
