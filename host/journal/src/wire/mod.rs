//! Records as lines of JSON, and back.
//!
//! Lengths and ages are in milliseconds and say so in their name; bytes are base64; numbers that
//! JSON or its readers would not keep exactly are text.

mod answer;
mod form;
mod input;
mod pairs;
mod scalar;

use crate::problem::Problem;
use crate::record::{Body, Decided, Record, Shadow, Swap};
use crate::{LONGEST_LINE, VERSION};
use answer::{Answer, AnswerRef, InPlace, InPlaceRef, Plain, PlainRef};
use hotseat_core::event::{Account, AskId};
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::Input;
use input::InputDef;
use serde::{Deserialize, Serialize};

pub use form::{decision_form, input_form, read_input};

/// Settings up to this many bytes stand in each record, so that each can be read by itself.
const SHORT_SETTINGS: usize = 512;

/// Writes the records of one text: a file, or an answer over HTTP.
///
/// Long settings stand in the first record that has them and in each that changes them; the others
/// say `"settings_above":true`.
#[derive(Debug, Default)]
pub struct Encoder {
    settings: Option<String>,
}

impl Encoder {
    /// The record as a line with its end. None if the line would be longer than [`LONGEST_LINE`].
    pub fn line(&mut self, record: &Record) -> Option<String> {
        let settings = match &record.body {
            Body::Decision(decided) => decided.account.input.settings.as_str(),
            _ => "",
        };
        self.line_with(record, settings)
    }

    /// [`line`](Self::line) of a record whose settings were taken out.
    pub(crate) fn line_with(&mut self, record: &Record, settings: &str) -> Option<String> {
        let above = settings.len() > SHORT_SETTINGS && self.settings.as_deref() == Some(settings);
        // Nothing in a record can fail to be written as JSON.
        let mut line = serde_json::to_string(&line(record, settings, above)).ok()?;
        if line.len() >= LONGEST_LINE {
            return None;
        }
        line.push('\n');
        if settings.len() > SHORT_SETTINGS && !above {
            self.settings = Some(settings.to_owned());
        }
        Some(line)
    }
}

/// Reads a line without its end. `above` holds the last long settings of the text.
pub(crate) fn decode(line: &str, above: &mut Option<String>) -> Result<Record, Problem> {
    let head: Head = serde_json::from_str(line).map_err(damaged)?;
    if !(1..=VERSION).contains(&head.v) {
        return Err(Problem::Version(head.v));
    }
    let body = match head.kind.as_str() {
        "decision" => {
            let mut line: DecisionIn = serde_json::from_str(line).map_err(damaged)?;
            if head.v < 3 {
                input::complete(&mut line.input.observation);
            }
            Body::Decision(Box::new(decided(line, above)?))
        }
        "swap" => {
            let line: SwapLine = serde_json::from_str(line).map_err(damaged)?;
            Body::Swap(line.into())
        }
        "shadow" => {
            let line: ShadowIn = serde_json::from_str(line).map_err(damaged)?;
            let ShadowIn { ask, policy, active, candidate } = line;
            let (active, candidate) = (active.into(), candidate.into());
            Body::Shadow(Box::new(Shadow { ask: AskId(ask), policy, active, candidate }))
        }
        _ => return Err(Problem::Kind(head.kind)),
    };
    let Head { n: number, election, time, at_ms, .. } = head;
    Ok(Record { number, election, time, at_ms, body })
}

fn damaged(error: serde_json::Error) -> Problem {
    // It counts from line 1 of this one line.
    let text = error.to_string();
    Problem::Damaged(text.replace(" at line 1 column ", " at byte "))
}

#[derive(Deserialize)]
struct Head {
    v: u64,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    n: u64,
    #[serde(default)]
    election: String,
    #[serde(default)]
    time: String,
    #[serde(default)]
    at_ms: u64,
}

#[derive(Serialize)]
struct Line<'a, T> {
    v: u64,
    kind: &'static str,
    n: u64,
    election: &'a str,
    time: &'a str,
    at_ms: u64,
    #[serde(flatten)]
    body: T,
}

#[derive(Serialize)]
#[serde(untagged)]
enum BodyOut<'a> {
    Decision(Box<DecisionOut<'a>>),
    Swap(SwapLine),
    Shadow(Box<ShadowOut<'a>>),
}

fn line<'a>(record: &'a Record, settings: &'a str, above: bool) -> Line<'a, BodyOut<'a>> {
    let Record { number, election, time, at_ms, body } = record;
    let (kind, body) = match body {
        Body::Decision(decided) => {
            let Decided { policy, account } = &**decided;
            let Account { ask, input, answer, instead } = account;
            let by = |by| InPlaceRef::by(by, instead.as_ref());
            let out = DecisionOut {
                policy: policy.as_deref(),
                ask: ask.map(|ask| ask.0),
                settings: if above { "" } else { settings },
                settings_above: above,
                input,
                answer: answer.as_ref().map(AnswerRef::from),
                rule: by(OnFailure::Standard),
                hold: by(OnFailure::Hold),
                resign: by(OnFailure::Resign),
            };
            ("decision", BodyOut::Decision(Box::new(out)))
        }
        Body::Swap(swap) => ("swap", BodyOut::Swap(swap.clone().into())),
        Body::Shadow(shadow) => {
            let Shadow { ask, policy, active, candidate } = &**shadow;
            let (active, candidate) = (active.into(), candidate.into());
            let out = ShadowOut { ask: ask.0, policy, active, candidate };
            ("shadow", BodyOut::Shadow(Box::new(out)))
        }
    };
    Line { v: VERSION, kind, n: *number, election, time, at_ms: *at_ms, body }
}

#[derive(Serialize)]
struct DecisionOut<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ask: Option<u64>,
    #[serde(skip_serializing_if = "str::is_empty")]
    settings: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    settings_above: bool,
    #[serde(with = "InputDef")]
    input: &'a Input,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<AnswerRef<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<InPlaceRef<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold: Option<InPlaceRef<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resign: Option<InPlaceRef<'a>>,
}

#[derive(Deserialize)]
struct DecisionIn {
    policy: Option<String>,
    ask: Option<u64>,
    #[serde(default)]
    settings: String,
    #[serde(default)]
    settings_above: bool,
    #[serde(with = "InputDef")]
    input: Input,
    answer: Option<Answer>,
    rule: Option<InPlace>,
    hold: Option<InPlace>,
    resign: Option<InPlace>,
}

fn decided(line: DecisionIn, above: &mut Option<String>) -> Result<Decided, Problem> {
    let DecisionIn { policy, ask, settings, settings_above, mut input, answer, .. } = line;
    let (rule, hold, resign) = (line.rule, line.hold, line.resign);
    input.settings = match (settings_above, above.as_ref()) {
        (true, Some(text)) => text.clone(),
        (true, None) => return Err(Problem::NoSettings),
        (false, _) => settings,
    };
    if input.settings.len() > SHORT_SETTINGS && !settings_above {
        *above = Some(input.settings.clone());
    }
    let answer = answer.map(Into::into);
    let instead = InPlace::of([
        (OnFailure::Standard, rule),
        (OnFailure::Hold, hold),
        (OnFailure::Resign, resign),
    ]);
    Ok(Decided { policy, account: Account { ask: ask.map(AskId), input, answer, instead } })
}

#[derive(Serialize, Deserialize)]
struct SwapLine {
    digest: String,
    name: String,
    version: String,
    source: String,
    stage: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl From<Swap> for SwapLine {
    fn from(swap: Swap) -> SwapLine {
        let Swap { digest, name, version, source, stage, error } = swap;
        SwapLine { digest, name, version, source, stage, error }
    }
}

impl From<SwapLine> for Swap {
    fn from(line: SwapLine) -> Swap {
        let SwapLine { digest, name, version, source, stage, error } = line;
        Swap { digest, name, version, source, stage, error }
    }
}

#[derive(Serialize)]
struct ShadowOut<'a> {
    ask: u64,
    policy: &'a str,
    active: PlainRef<'a>,
    candidate: PlainRef<'a>,
}

#[derive(Deserialize)]
struct ShadowIn {
    ask: u64,
    policy: String,
    active: Plain,
    candidate: Plain,
}
