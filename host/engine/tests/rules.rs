//! The policy `rules` as the engine runs it: what it costs, and what an expression that runs away comes
//! to.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::sync::LazyLock;

use common::{input, limits, loader, source};
use hotseat_core::policy::{Action, Candidate, FailureKind, Input, Signal, Source, Value};
use hotseat_engine::{Builtin, LoadedPolicy};

/// Compiled once.
static RULES: LazyLock<LoadedPolicy> = LazyLock::new(|| {
    let bytes = Builtin::find(Some("rules")).unwrap().component().unwrap();
    loader().load(&source(&bytes), &input()).unwrap()
});

/// Five expressions, those of the figures that `make bench` prints.
const FIVE: &str = include_str!("five-rules.json");

fn asked(settings: &str, others: usize) -> Input {
    let mut input = input();
    input.settings = settings.into();
    let signal = |key: &str| Signal {
        key: key.to_owned(),
        source: Source::Application,
        value: Value::Number(7.0),
        age: 5,
        unchanged_for: 5,
    };
    input.observation.signals = vec![signal("app.lag")];
    let candidate = |number: usize| Candidate {
        identity: format!("web-{number}"),
        age: 1_000,
        ready: Some(true),
        zone: Some("b".to_owned()),
        policy: None,
        signals: vec![signal("lag")],
        extra: Vec::new(),
    };
    input.observation.roster = (0..others).map(candidate).collect();
    input
}

#[test]
fn five_expressions_cost_a_tenth_of_what_they_may() {
    for (others, most) in [(2, 1_000_000), (100, 10_000_000)] {
        let (decision, spent) = RULES.decide(&asked(FIVE, others), &limits()).unwrap();
        assert_eq!(decision.action, Action::Campaign, "{decision:?}");
        assert_eq!(decision.publish, [("lag".to_owned(), Value::Number(7.0))]);
        println!("{others} others: {} fuel, {:?}", spent.fuel, spent.wall);
        assert!(spent.fuel < most, "{others} others: {} fuel", spent.fuel);
    }
}

#[test]
fn an_expression_that_runs_away_is_a_failure_and_no_hang() {
    // Nothing of it is seen while nobody else is there.
    let all = "others.all(a, others.all(b, others.all(c, others.all(d, a.age + b.age + c.age + d.age > 0))))";
    let settings = format!("{{\"campaign\": \"{all}\"}}");
    loader().accept(&RULES, &settings).unwrap();
    let failure = RULES.decide(&asked(&settings, 100), &limits()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::OutOfFuel, "{}", failure.detail);
    // A text that is doubled again and again.
    let mut text = "'0123456789abcdef'".to_owned();
    for _ in 0..7 {
        text = format!("[{text}].map(x, x + x + x + x + x + x + x + x)[0]");
    }
    let settings = format!("{{\"campaign\": \"{text} == ''\"}}");
    let failure = RULES.decide(&asked(&settings, 0), &limits()).unwrap_err();
    let kinds = [FailureKind::OutOfFuel, FailureKind::OutOfMemory];
    assert!(kinds.contains(&failure.kind), "{}: {}", failure.kind.as_str(), failure.detail);
    // And the next question is answered as if nothing had been.
    assert!(RULES.decide(&asked(FIVE, 2), &limits()).is_ok());
}

#[test]
fn what_is_accepted_does_not_use_up_the_stack() {
    let nested = |open: &str, close: &str, levels: usize| {
        format!("{}ready{}", open.repeat(levels), close.repeat(levels))
    };
    let chain = |sign: &str, count: usize| vec!["1"; count].join(sign);
    let mut accepted = 0;
    for levels in (1..200).step_by(9) {
        for expression in [
            nested("(", ")", levels),
            nested("!", "", levels),
            nested("[", "].size() > 0", levels.min(60)),
            nested("[1].all(x, ", ")", levels),
            format!("{} > 0", chain("+", levels)),
            format!("{} != 0", chain("-", levels)),
            vec!["ready"; levels].join("&&"),
            vec!["ready"; levels].join("?ready:"),
        ] {
            let settings = serde_json_text(&expression);
            match loader().accept(&RULES, &settings) {
                Ok(_) => {
                    accepted += 1;
                    RULES.decide(&asked(&settings, 2), &limits()).unwrap();
                }
                // By its own words, and not since it used something up.
                Err(error) => {
                    let said = error.to_string();
                    assert!(said.contains("/campaign: "), "{expression}: {said}");
                }
            }
        }
    }
    assert!(accepted > 20, "{accepted}");
}

fn serde_json_text(expression: &str) -> String {
    format!("{{\"campaign\": \"{expression}\"}}")
}

#[test]
fn a_name_that_there_is_not_is_refused_with_its_place() {
    let error = loader().accept(&RULES, r#"{"campaign": "zne == 'a'"}"#).unwrap_err();
    let said = error.to_string();
    let words = "/campaign: line 1, column 1: there is no zne: did you mean zone?";
    assert!(said.contains(words), "{said}");
}
