//! The bounds of a decision at both of their ends, and what a value and the words for one are.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use hotseat_core::failures::how_often;
use hotseat_core::on_failure::{Decider, OnFailure};
use hotseat_core::policy::{
    Action, Decision, LARGEST_MEMORY, LONGEST_KEY, LONGEST_NAME, LONGEST_REASON, LONGEST_VALUE,
    LONGEST_WAKE_MS, MOST_PUBLISHED, Outcome, Pace, Value, Verdict, check,
};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

const PACE: Pace = Pace {
    lease_duration: 15_000,
    renew_deadline: 10_000,
    retry_period: 2000,
    shortest_lease: 6000,
    longest_lease: 30_000,
};

fn with(change: impl FnOnce(&mut Decision)) -> Result<(), String> {
    let mut decision = Decision {
        action: Action::Wait,
        wake_after: 1000,
        lease_duration: None,
        reason: String::new(),
        publish: Vec::new(),
        memory: Vec::new(),
        extra: Vec::new(),
    };
    change(&mut decision);
    check(&decision, &PACE)
}

/// Up to `most` is taken, and one more is refused by an error with both numbers in it.
#[track_caller]
fn at_most(most: usize, set: impl Fn(&mut Decision, usize)) {
    assert_eq!(with(|it| set(it, most)), Ok(()));
    for more in [most + 1, 2 * most] {
        let error = with(|it| set(it, more)).unwrap_err();
        assert!(error.contains(&more.to_string()) && error.contains(&most.to_string()), "{error}");
    }
}

#[test]
fn each_bound_is_kept_at_its_end() {
    let text = |bytes| "x".repeat(bytes);
    let many = |count| vec![("a".to_owned(), Value::Flag(true)); count];
    at_most(usize::try_from(LONGEST_WAKE_MS).unwrap(), |it, most| it.wake_after = most as u64);
    at_most(LONGEST_REASON, |it, most| it.reason = text(most));
    at_most(LARGEST_MEMORY, |it, most| it.memory = vec![0; most]);
    at_most(MOST_PUBLISHED, |it, most| it.publish = many(most));
    at_most(MOST_PUBLISHED, |it, most| it.extra = many(most));
    at_most(LONGEST_KEY, |it, most| it.publish = vec![(text(most), Value::Integer(1))]);
    at_most(LONGEST_KEY, |it, most| it.extra = vec![(text(most), Value::Integer(1))]);
    at_most(LONGEST_VALUE, |it, most| it.publish = vec![("a".to_owned(), Value::Text(text(most)))]);
    at_most(LONGEST_VALUE, |it, most| it.extra = vec![("a".to_owned(), Value::Json(text(most)))]);
    at_most(LONGEST_VALUE, |it, most| {
        // With a separator after each.
        let texts = vec![text(most / 2 - 1), text(most - most / 2 - 1)];
        it.publish = vec![("a".to_owned(), Value::Texts(texts))];
    });
    at_most(LONGEST_NAME, |it, most| it.action = Action::Resign(Some(text(most))));
}

#[test]
fn each_bound_below_is_kept() {
    assert_eq!(with(|it| it.wake_after = 1), Ok(()));
    assert!(with(|it| it.wake_after = 0).unwrap_err().contains("wake-after is 0 ms"));
    assert_eq!(with(|it| it.action = Action::Resign(Some("b".to_owned()))), Ok(()));
    let nobody = with(|it| it.action = Action::Resign(Some(String::new()))).unwrap_err();
    assert!(nobody.contains("has 0 bytes"), "{nobody}");
    for (lease, fits) in [(5999, false), (6000, true), (30_000, true), (30_001, false)] {
        assert_eq!(with(|it| it.lease_duration = Some(lease)).is_ok(), fits, "{lease}");
    }
}

#[test]
fn a_value_equals_itself_alone_and_hashes_by_what_it_says() {
    let values = [
        Value::Text("a".to_owned()),
        Value::Text("b".to_owned()),
        Value::Json("a".to_owned()),
        Value::Texts(vec!["a".to_owned()]),
        Value::Texts(vec!["a".to_owned(), "b".to_owned()]),
        Value::Integer(1),
        Value::Integer(2),
        Value::Number(1.0),
        Value::Number(f64::NAN),
        Value::Flag(true),
        Value::Flag(false),
    ];
    let hashed = |value: &Value| {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        hasher.finish()
    };
    for (at, one) in values.iter().enumerate() {
        for (other_at, other) in values.iter().enumerate() {
            assert_eq!(one == other, at == other_at, "{one:?} and {other:?}");
        }
        assert_eq!(hashed(one), hashed(&one.clone()));
    }
    let hashes: HashSet<u64> = values.iter().map(hashed).collect();
    assert_eq!(hashes.len(), values.len());
}

#[test]
fn everything_has_a_word_of_its_own() {
    assert_eq!(
        Outcome::ALL.map(Outcome::as_str),
        ["none", "written", "conflict", "denied", "throttled", "timed-out", "unreachable"]
    );
    assert_eq!(OnFailure::ALL.map(OnFailure::as_str), ["standard", "hold", "resign"]);
    assert_eq!(Decider::ALL.map(Decider::as_str), ["policy", "rule", "hold", "resign"]);
    let verdicts = [Verdict::Nothing, Verdict::CarriedOut, Verdict::Overruled("no".to_owned())];
    assert_eq!(verdicts.each_ref().map(Verdict::as_str), ["nothing", "carried-out", "overruled"]);
    assert_eq!(how_often(3, 3), "three times in a row");
    assert_eq!(how_often(2, 23), "23 of its last hundred decisions");
}
