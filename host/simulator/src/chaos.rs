//! Policies that no operator would want.

use crate::dice::Dice;
use crate::policy::Policy;
use hotseat_core::policy::{Action, Decision, Failure, FailureKind};
use hotseat_core::rule;

/// A policy that answers anything: any action, any wake-up, any lease, garbage for memory, and
/// failures of every kind; now and then what the built-in rule says, so that it does lead.
pub fn chaotic(seed: u64) -> Policy {
    let mut dice = Dice::new(seed);
    Box::new(move |input| {
        if dice.percent(40) {
            return Ok(rule::decide(input));
        }
        if dice.percent(15) {
            let kind = FailureKind::ALL[dice.below(FailureKind::ALL.len() as u64) as usize];
            return Err(Failure { kind, detail: "chaos".to_owned() });
        }
        let action = match dice.below(6) {
            0 => Action::Wait,
            1 | 2 => Action::Campaign,
            3 => Action::Renew,
            4 => Action::Resign(None),
            _ => Action::Resign(Some(["a", "b", "c", "nobody"][dice.below(4) as usize].to_owned())),
        };
        let leases = [0, 1, 1000, 5000, 15_000, 30_000, 60_000, 61_000, u64::MAX];
        let wakes = [0, 1, 5, 100, 2000, 86_400_000, u64::MAX];
        let wake_after = match dice.below(10) {
            0 => wakes[dice.below(wakes.len() as u64) as usize],
            _ => 1 + dice.below(3000),
        };
        Ok(Decision {
            action,
            wake_after,
            lease_duration: dice
                .percent(40)
                .then(|| leases[dice.below(leases.len() as u64) as usize]),
            reason: "chaos".to_owned(),
            publish: Vec::new(),
            memory: vec![dice.bits() as u8; dice.below(12) as usize],
            extra: Vec::new(),
        })
    })
}
