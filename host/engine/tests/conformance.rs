//! The embedded standard policy and its native twin, the built-in rule, answer alike: every field
//! of every answer, for single questions of all kinds and along whole elections.

mod common;

use std::collections::BTreeSet;

use common::{input, limits, standard};
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::{
    Action, Attempts, Candidate, Cause, Claim, Decision, Input, LastDecision, Outcome, SeatView,
    Signal, Source, Transfer, Value, Verdict, check,
};
use hotseat_core::rule;
use hotseat_engine::LoadedPolicy;

/// The longest that a policy may want to sleep, in milliseconds.
const DAY_MS: u64 = 86_400_000;

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
        let around_a_day = DAY_MS - 30 + self.bits() % 60;
        let giants = [around_a_day, 2 * DAY_MS, u64::MAX];
        let giant = self.pick(&giants);
        self.pick(&[small, small, small, small, small, small, 0, 1, 19, 20, 21, 2000, giant])
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
        input.timing.retry_period = self.pick(&[2000, 800, 10, 1, DAY_MS, DAY_MS + 1, u64::MAX]);
        let observation = &mut input.observation;
        observation.uptime = self.millis();
        observation.causes =
            Cause::ALL.into_iter().filter(|_| self.bits().is_multiple_of(8)).collect();
        let names = [None, Some("a".to_owned()), Some("b".to_owned())];
        let by = "operator".to_owned();
        let transfer = Transfer { to: "b".to_owned(), by, remaining: self.millis() };
        let seat = SeatView {
            holder: self.pick(&names),
            age: self.millis(),
            duration: self.millis(),
            free_in: self.pick(&[0, 0, 1]) * self.millis(),
            transitions: self.bits(),
            held_for: self.millis(),
            successor: self.pick(&names),
            transfer: self.pick(&[None, Some(transfer)]),
            paused: self.bits().is_multiple_of(8),
            extra: vec![("more".to_owned(), self.value())],
        };
        observation.seat = (!self.bits().is_multiple_of(10)).then_some(seat);
        let claim = Claim { held_for: self.millis(), valid_for: self.millis() };
        observation.claim = self.bits().is_multiple_of(3).then_some(claim);
        observation.attempts = Attempts {
            last: self.pick(&Outcome::ALL),
            failures: self.pick(&[0, 0, 1, 7, u32::MAX]),
            since_success: self.pick(&[None, Some(0), Some(1999), Some(2000), Some(u64::MAX)]),
        };
        observation.seats = self.pick(&[0, 1, u32::MAX]);
        let verdict = Verdict::Overruled("no".to_owned());
        let last = LastDecision { action: Action::Resign(Some("b".to_owned())), verdict };
        observation.last_decision = self.pick(&[None, Some(last)]);
        let (source, value) = (self.pick(&Source::ALL), self.value());
        let (age, unchanged_for) = (self.millis(), self.millis());
        let signal = Signal { key: "a/b".to_owned(), source, value, age, unchanged_for };
        observation.roster = vec![Candidate {
            identity: "b".to_owned(),
            age,
            ready: self.pick(&[None, Some(true)]),
            zone: self.pick(&names),
            policy: self.pick(&names),
            signals: vec![signal.clone()],
            extra: vec![("more".to_owned(), self.value())],
        }];
        observation.signals = vec![signal];
        observation.extra = vec![("more".to_owned(), self.value())];
        input.memory = self.memory(input.observation.uptime);
        input
    }

    fn value(&mut self) -> Value {
        let number = f64::from_bits(self.bits());
        self.pick(&[
            Value::Text("a".to_owned()),
            Value::Integer(i64::MIN),
            Value::Number(number),
            Value::Flag(true),
            Value::Texts(vec!["a".to_owned(), String::new()]),
            Value::Json("{}".to_owned()),
        ])
    }
}

/// Asks both, and returns what both said. No question, however extreme, brings forth an answer
/// beyond a bound of the contract, for which the host would count a failure.
#[track_caller]
fn both(policy: &LoadedPolicy, question: &Input) -> Decision {
    let twin = rule::decide(question);
    assert_eq!(check(&twin, &question.timing), Ok(()), "{question:?}");
    match policy.decide(question, &limits()) {
        Ok((answer, _)) => assert_eq!(answer, twin, "{question:?}"),
        Err(failure) => panic!("{question:?}: {failure:?}; the rule: {twin:?}"),
    }
    twin
}

#[test]
fn single_questions_of_all_kinds_are_answered_alike() {
    let policy = standard();
    // So the rule may answer where the policy fails.
    assert_eq!(policy.descriptor().on_failure, OnFailure::Standard);
    let mut reasons = BTreeSet::new();
    for seed in 0..20_000 {
        reasons.insert(both(&policy, &Chance(seed).question()).reason);
    }
    // Each branch of the rule has a reason of its own.
    assert_eq!(reasons.len(), 13, "branches that no question reached: {reasons:?}");
}

/// A lease of more than a day, in the operator's flags or in another's record.
#[test]
fn what_is_more_than_a_day_away_is_asked_about_after_a_day() {
    let policy = standard();
    for more in [1, 3_600_000, DAY_MS, u64::MAX - DAY_MS] {
        let mut question = input();
        let seat = SeatView {
            holder: Some("b".to_owned()),
            age: 0,
            duration: DAY_MS + more,
            free_in: DAY_MS + more,
            transitions: 1,
            held_for: 0,
            successor: None,
            transfer: None,
            paused: false,
            extra: Vec::new(),
        };
        question.observation.seat = Some(seat);
        question.observation.claim = None;
        let answer = both(&policy, &question);
        assert_eq!((answer.action.as_str(), answer.wake_after), ("wait", DAY_MS));
        assert_eq!(answer.reason, "the seat is taken");

        // The day after: as much less of it is left, and it is asked about in time.
        let free_in = more.saturating_sub(30);
        question.observation.uptime += DAY_MS;
        question.observation.seat.as_mut().unwrap().free_in = free_in;
        question.memory = answer.memory;
        let later = both(&policy, &question);
        if (1..DAY_MS - 20).contains(&free_in) {
            let wake = later.wake_after;
            assert!((free_in..=free_in + 20).contains(&wake), "{wake} ms for {free_in} ms");
        }
    }
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
