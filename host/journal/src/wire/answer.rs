//! The answer: a decision with what became of it, or a failure.

use super::input::{ActionDef, VerdictDef};
use super::pairs;
use super::scalar::bytes;
use hotseat_core::event::{Instead, Judged};
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::{Action, Decision, Failure, FailureKind, Value, Verdict};
use serde::{Deserialize, Serialize};

/// A policy's answer, judged.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Answer {
    Decided(#[serde(with = "JudgedDef")] Judged),
    Failed(#[serde(with = "FailureDef")] Failure),
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AnswerRef<'a> {
    Decided(#[serde(with = "JudgedDef")] &'a Judged),
    Failed(#[serde(with = "FailureDef")] &'a Failure),
}

impl<'a> From<&'a Result<Judged, Failure>> for AnswerRef<'a> {
    fn from(answer: &'a Result<Judged, Failure>) -> AnswerRef<'a> {
        match answer {
            Ok(judged) => AnswerRef::Decided(judged),
            Err(failure) => AnswerRef::Failed(failure),
        }
    }
}

impl From<Answer> for Result<Judged, Failure> {
    fn from(answer: Answer) -> Result<Judged, Failure> {
        match answer {
            Answer::Decided(judged) => Ok(judged),
            Answer::Failed(failure) => Err(failure),
        }
    }
}

/// A decision in the policy's place.
#[derive(Deserialize)]
pub(super) struct InPlace(#[serde(with = "JudgedDef")] Judged);

#[derive(Serialize)]
pub(super) struct InPlaceRef<'a>(#[serde(with = "JudgedDef")] &'a Judged);

impl InPlace {
    /// Of the fields named after what decides in a policy's place, the one that is there.
    pub(super) fn of(fields: [(OnFailure, Option<InPlace>); 3]) -> Option<Instead> {
        let there = |(by, field): (OnFailure, Option<InPlace>)| Some((by, field?));
        let (by, InPlace(judged)) = fields.into_iter().find_map(there)?;
        Some(Instead { by, judged })
    }
}

impl<'a> InPlaceRef<'a> {
    /// The field named after `by`, if that made the decision.
    pub(super) fn by(by: OnFailure, instead: Option<&'a Instead>) -> Option<InPlaceRef<'a>> {
        let instead = instead.filter(|instead| instead.by == by)?;
        Some(InPlaceRef(&instead.judged))
    }
}

/// A policy's answer that nobody judged.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Plain {
    Decided(#[serde(with = "DecisionDef")] Decision),
    Failed(#[serde(with = "FailureDef")] Failure),
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum PlainRef<'a> {
    Decided(#[serde(with = "DecisionDef")] &'a Decision),
    Failed(#[serde(with = "FailureDef")] &'a Failure),
}

impl<'a> From<&'a Result<Decision, Failure>> for PlainRef<'a> {
    fn from(answer: &'a Result<Decision, Failure>) -> PlainRef<'a> {
        match answer {
            Ok(decision) => PlainRef::Decided(decision),
            Err(failure) => PlainRef::Failed(failure),
        }
    }
}

impl From<Plain> for Result<Decision, Failure> {
    fn from(answer: Plain) -> Result<Decision, Failure> {
        match answer {
            Plain::Decided(decision) => Ok(decision),
            Plain::Failed(failure) => Err(failure),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Judged")]
struct JudgedDef {
    #[serde(with = "DecisionDef")]
    decision: Decision,
    #[serde(with = "VerdictDef")]
    verdict: Verdict,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Decision")]
pub(super) struct DecisionDef {
    #[serde(with = "ActionDef")]
    action: Action,
    #[serde(rename = "wake_after_ms")]
    wake_after: u64,
    #[serde(rename = "lease_duration_ms", default, skip_serializing_if = "Option::is_none")]
    lease_duration: Option<u64>,
    reason: String,
    #[serde(with = "pairs", default, skip_serializing_if = "Vec::is_empty")]
    publish: Vec<(String, Value)>,
    #[serde(with = "bytes", default, skip_serializing_if = "Vec::is_empty")]
    memory: Vec<u8>,
    #[serde(with = "pairs", default, skip_serializing_if = "Vec::is_empty")]
    extra: Vec<(String, Value)>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Failure")]
struct FailureDef {
    #[serde(with = "FailureKindDef")]
    kind: FailureKind,
    detail: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "FailureKind", rename_all = "kebab-case")]
enum FailureKindDef {
    Refused,
    Trapped,
    OutOfFuel,
    TimedOut,
    OutOfMemory,
    AnswerTooLarge,
    Rejected,
}
