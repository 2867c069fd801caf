//! The embedded standard policy and its native twin, the built-in rule, answer alike: every field
//! of every answer, for single questions of all kinds and along whole elections.

mod common;

use std::collections::BTreeSet;

use common::{input, limits, standard};
use hotseat_core::policy::{
    Attempts, Cause, Claim, Decision, FailureKind, Input, Outcome, Seat, check,
};
use hotseat_core::rule;
use hotseat_engine::LoadedPolicy;

/// SplitMix64; a failing test names the seed.
struct Chance(u64);

impl Chance {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[(self.bits() % of.len() as u64) as usize].clone()
    }

    /// Small numbers mostly, bounds and giants now and then.
    fn millis(&mut self) -> u64 {
        let small = self.bits() % 40_000;
        self.pick(&[small, small, small, small, 0, 1, 19, 20, 21, 2000, u64::MAX])
    }

    fn memory(&mut self, uptime: u64) -> Vec<u8> {
        let near = uptime.saturating_add(self.bits() % 60).saturating_sub(30);
        let due = self.pick(&[near, near, 0, uptime, u64::MAX]);
        let tag = self.pick(&[0, 1, 2, 3, 4]);
        let mut bytes = vec![tag];
        bytes.extend_from_slice(&due.to_le_bytes());
        let cut = self.pick(&[9, 9, 9, 9, 0, 1, 8]);
        bytes.truncate(cut);
        bytes
    }

    fn question(&mut self) -> Input {
        let mut input = input();
        input.entropy = self.bits();
        input.timing.retry_period = self.pick(&[2000, 800, 10, 1, u64::MAX / 4]);
        let observation = &mut input.observation;
        observation.uptime = self.millis();
        observation.cause = self.pick(&[
            Cause::Started,
            Cause::SeatChanged,
            Cause::Timer,
            Cause::SignalChanged,
            Cause::RosterChanged,
            Cause::WriteFinished,
            Cause::Swapped,
            Cause::Stopping,
        ]);
        let names = [None, Some("a".to_owned()), Some("b".to_owned())];
        let seat = Seat {
            holder: self.pick(&names),
            age: self.millis(),
            duration: self.millis(),
            free_in: self.pick(&[0, 0, 1]) * self.millis(),
            transitions: self.bits(),
            successor: self.pick(&names),
            paused: self.bits().is_multiple_of(8),
        };
        observation.seat = (!self.bits().is_multiple_of(10)).then_some(seat);
        let claim = Claim { held_for: self.millis(), valid_for: self.millis() };
        observation.claim = self.bits().is_multiple_of(3).then_some(claim);
        observation.attempts = Attempts {
            last: self.pick(&[
                Outcome::None,
                Outcome::Written,
                Outcome::Conflict,
                Outcome::Denied,
                Outcome::Throttled,
                Outcome::TimedOut,
                Outcome::Unreachable,
            ]),
            failures: self.pick(&[0, 0, 1, 7, u32::MAX]),
            since_success: self.pick(&[None, Some(0), Some(1999), Some(2000), Some(u64::MAX)]),
        };
        input.memory = self.memory(input.observation.uptime);
        input
    }
}

/// Asks both, and returns what both said. An answer beyond a bound, which extreme inputs bring
/// forth, is rejected when the policy gives it; the twin's must then break the same bound.
#[track_caller]
fn both(policy: &LoadedPolicy, question: &Input) -> Decision {
    let twin = rule::decide(question);
    match (policy.decide(question, &limits()), check(&twin, &question.timing)) {
        (Ok((answer, _)), _) => assert_eq!(answer, twin, "{question:?}"),
        (Err(failure), Err(bound)) => {
            let rejected = (FailureKind::Rejected, bound);
            assert_eq!((failure.kind, failure.detail), rejected, "{question:?}");
        }
        (Err(failure), Ok(())) => panic!("{question:?}: {failure:?}; the rule: {twin:?}"),
    }
    twin
}

#[test]
fn single_questions_of_all_kinds_are_answered_alike() {
    let policy = standard();
    let mut reasons = BTreeSet::new();
    for seed in 0..20_000 {
        reasons.insert(both(&policy, &Chance(seed).question()).reason);
    }
    // Each branch of the rule has a reason of its own.
    assert_eq!(reasons.len(), 14, "branches that no question reached: {reasons:?}");
}

#[test]
fn answers_stay_alike_along_an_election() {
    let policy = standard();
    let mut chance = Chance(7);
    let mut memory = Vec::new();
    let mut uptime = 0_u64;
    for _ in 0..5_000 {
        let mut question = chance.question();
        uptime = uptime.saturating_add(chance.bits() % 3000);
        question.observation.uptime = uptime;
        question.timing.retry_period = 2000;
        question.memory = memory;
        memory = both(&policy, &question).memory;
    }
}
