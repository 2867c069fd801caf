//! What a scene expects of the answer, and how the answer differs from it.

use super::short;
use super::strict::{Names, Strict};
use anyhow::{anyhow, bail};
use hotseat_core::policy::{Decision, Failure, FailureKind};
use hotseat_journal::decision_form;
use serde::{Deserialize, Serialize};
use serde_json::Value;

const ACTIONS: [&str; 4] = ["wait", "campaign", "renew", "resign"];

/// What is expected of an answer. What is left out may be anything.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(in crate::commands::policy_tools) struct Expected {
    /// `wait`, `campaign`, `renew` or `resign`.
    action: Option<String>,
    /// Whom it names to follow, with `resign`.
    successor: Option<String>,
    wake_after_ms: Option<Amount>,
    lease_duration_ms: Option<Amount>,
    /// The whole of the reason.
    reason: Option<String>,
    reason_contains: Option<String>,
    /// What it publishes among other things, in the short form of signals.
    publish: Option<Value>,
    /// The kind of failure that there is in place of a decision, such as `refused`.
    fails: Option<String>,
    detail_contains: Option<String>,
}

/// A number, or what it may be between.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged, expecting = "write a number, or a mapping with `at_least` or `at_most` in it")]
enum Amount {
    Exactly(u64),
    Between(Bounds),
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounds {
    at_least: Option<u64>,
    at_most: Option<u64>,
}

/// Where an answer is not as it was expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// The field, such as `action`.
    pub field: &'static str,
    /// What was expected of it.
    pub expected: String,
    /// What it is.
    pub found: String,
}

impl Expected {
    pub(super) fn read(value: Value) -> anyhow::Result<Expected> {
        let names = Names::default();
        let read = Expected::deserialize(Strict::new(value, &names));
        let mut expected = read.map_err(|unfit| anyhow!("expect: {unfit}"))?;
        let kinds = FailureKind::ALL.map(FailureKind::as_str);
        for (field, word, words) in
            [("action", &expected.action, &ACTIONS[..]), ("fails", &expected.fails, &kinds)]
        {
            let unknown = word.as_ref().filter(|word| !words.contains(&word.as_str()));
            if let Some(word) = unknown {
                bail!("expect: {field}: {}", super::strict::unknown(word, words));
            }
        }
        if let Some(published) = &mut expected.publish {
            short::signals(published);
        }
        Ok(expected)
    }

    /// Where the answer is another.
    pub(in crate::commands::policy_tools) fn compare(
        &self,
        answer: &Result<Decision, Failure>,
    ) -> Vec<Mismatch> {
        let mut all = Vec::new();
        match answer {
            Err(failure) => self.compare_failure(failure, &mut all),
            Ok(decision) => self.compare_decision(decision, &mut all),
        }
        all
    }

    fn compare_failure(&self, failure: &Failure, all: &mut Vec<Mismatch>) {
        let kind = failure.kind.as_str();
        match &self.fails {
            Some(expected) => equal(all, "fails", Some(expected), kind),
            None => {
                let found = format!("failed, {kind}: {}", failure.detail);
                all.push(Mismatch { field: "action", expected: "a decision".into(), found });
            }
        }
        contains(all, "detail", self.detail_contains.as_ref(), &failure.detail);
    }

    fn compare_decision(&self, decision: &Decision, all: &mut Vec<Mismatch>) {
        let form = decision_form(decision);
        if let Some(expected) = &self.fails {
            let found = super::super::words(decision);
            all.push(Mismatch { field: "fails", expected: expected.clone(), found });
        }
        let successor = form["action"]["resign"].as_str().unwrap_or("nobody");
        equal(all, "action", self.action.as_ref(), decision.action.as_str());
        equal(all, "successor", self.successor.as_ref(), successor);
        amount(all, "wake_after_ms", self.wake_after_ms.as_ref(), &form);
        amount(all, "lease_duration_ms", self.lease_duration_ms.as_ref(), &form);
        equal(all, "reason", self.reason.as_ref(), &decision.reason);
        contains(all, "reason", self.reason_contains.as_ref(), &decision.reason);
        let found = form["publish"].as_array();
        let published = |signal: &Value| {
            found.is_some_and(|found| found.iter().any(|it| is_the_same(it, signal)))
        };
        for signal in self.publish.iter().flat_map(|it| it.as_array().into_iter().flatten()) {
            if !published(signal) {
                let (expected, found) = (signal.to_string(), form["publish"].to_string());
                all.push(Mismatch { field: "publish", expected, found });
            }
        }
    }
}

/// Whole numbers and others count by their amount.
fn is_the_same(found: &Value, expected: &Value) -> bool {
    let amount = |signal: &Value| {
        let value = &signal["value"];
        value["integer"].as_f64().or_else(|| value["number"].as_f64())
    };
    found["key"] == expected["key"]
        && match (amount(found), amount(expected)) {
            (Some(found), Some(expected)) => found.to_bits() == expected.to_bits(),
            _ => found["value"] == expected["value"],
        }
}

fn equal(all: &mut Vec<Mismatch>, field: &'static str, expected: Option<&String>, found: &str) {
    let other = |expected: &&String| expected.as_str() != found;
    if let Some(expected) = expected.filter(other) {
        all.push(Mismatch { field, expected: expected.clone(), found: found.to_owned() });
    }
}

fn contains(all: &mut Vec<Mismatch>, field: &'static str, part: Option<&String>, found: &str) {
    let missing = |part: &&String| !found.contains(part.as_str());
    if let Some(part) = part.filter(missing) {
        let expected = format!("something with `{part}` in it");
        all.push(Mismatch { field, expected, found: found.to_owned() });
    }
}

fn amount(all: &mut Vec<Mismatch>, field: &'static str, expected: Option<&Amount>, form: &Value) {
    let found = form[field].as_u64();
    let (right, expected) = match expected {
        None => return,
        Some(Amount::Exactly(amount)) => (found == Some(*amount), amount.to_string()),
        Some(Amount::Between(Bounds { at_least, at_most })) => {
            let (least, most) = (at_least.unwrap_or(0), at_most.unwrap_or(u64::MAX));
            let right = found.is_some_and(|found| (least..=most).contains(&found));
            let most = at_most.map_or("any number".to_owned(), |most| most.to_string());
            (right, format!("from {least} to {most}"))
        }
    };
    if !right {
        let found = found.map_or("none".to_owned(), |found| found.to_string());
        all.push(Mismatch { field, expected, found });
    }
}
