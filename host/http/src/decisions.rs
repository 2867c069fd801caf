//! A decision as documents and events have it: why it was made, on what, and what the guard did. The
//! whole of it, with memory, settings and signals, is the journal's record.

use super::report::FailureAnswer;
use hotseat_core::on_failure::Decider;
use hotseat_core::time::{Moment, millis};
use hotseat_election::Numbered;
use hotseat_election::history::{Answered, DecisionSummary, Seen};
use serde::{Deserialize, Serialize};

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DecisionAnswer {
    /// Its number among the decisions of this process, from 1.
    pub number: u64,
    /// Since it was made, in milliseconds.
    pub ago_ms: u64,
    /// The question's number, as in the journal's record; null if there was no policy to ask.
    pub ask: Option<u64>,
    /// The digest of the policy that was asked; null if there was none.
    pub policy: Option<String>,
    /// Why it was asked, in the contract's words.
    pub causes: Vec<String>,
    /// What it was asked on, in short.
    pub seen: SeenAnswer,
    /// What the policy answered; null if it failed, or there was none.
    pub answer: Option<JudgedAnswer>,
    /// How the policy failed; null if it did not.
    pub failure: Option<FailureAnswer>,
    /// What was decided in the policy's place; null where nothing had to be.
    pub instead: Option<JudgedAnswer>,
}

/// What a decision is made on, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SeenAnswer {
    /// Who held the lock; null if it was vacant or not read yet.
    pub holder: Option<String>,
    /// Until the guard would let this candidate take the seat, in milliseconds; null until the lock
    /// was read.
    pub free_in_ms: Option<u64>,
    /// Until this candidate's belief ends, in milliseconds; null while it does not lead.
    pub valid_for_ms: Option<u64>,
    /// How the last write of the lock ended.
    pub last_write: String,
    /// Writes that failed in a row.
    pub failures: u32,
    /// Whether somebody asked that the leader stays.
    pub paused: bool,
    /// Whom somebody asked to lead; null if nobody did.
    pub transfer: Option<String>,
    /// How many signals there were.
    pub signals: usize,
    /// How many other candidates were on the roster.
    pub candidates: usize,
}

/// What was decided, and what the guard did with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct JudgedAnswer {
    /// Who decided: `policy`, or `rule`, `hold` or `resign` in its place.
    pub by: String,
    /// `wait`, `campaign`, `renew` or `resign`.
    pub action: String,
    /// In favour of whom it resigns; null for nobody in particular.
    pub successor: Option<String>,
    /// It is asked again after this many milliseconds at the latest.
    pub wake_after_ms: u64,
    /// A lease duration other than the operator's, in milliseconds; null where there is none.
    pub lease_duration_ms: Option<u64>,
    /// The reason that it gave, cut at 256 bytes.
    pub reason: String,
    /// What the guard did: `nothing`, `carried-out` or `overruled`.
    pub verdict: String,
    /// Why it was overruled; null if it was not.
    pub overruled: Option<String>,
}

impl DecisionAnswer {
    /// The decision as it is shown at `now`.
    pub(super) fn at(decision: &Numbered<DecisionSummary>, now: Moment) -> DecisionAnswer {
        let Numbered { number, thing: it } = decision;
        let answer = it.answer.as_ref().and_then(|answer| answer.as_ref().ok());
        let failure = it.answer.as_ref().and_then(|answer| answer.as_ref().err());
        let instead = it.instead.as_ref();
        DecisionAnswer {
            number: *number,
            ago_ms: millis(now.since(it.at)),
            ask: it.ask,
            policy: it.policy.clone(),
            causes: it.causes.iter().map(|cause| cause.as_str().to_owned()).collect(),
            seen: SeenAnswer::of(&it.seen),
            answer: answer.map(|answer| JudgedAnswer::of(Decider::Policy, answer)),
            failure: failure.map(|failure| FailureAnswer {
                kind: failure.kind.as_str().to_owned(),
                detail: failure.detail.clone(),
            }),
            instead: instead.map(|(by, answer)| JudgedAnswer::of(Decider::Instead(*by), answer)),
        }
    }
}

impl SeenAnswer {
    fn of(seen: &Seen) -> SeenAnswer {
        SeenAnswer {
            holder: seen.holder.clone(),
            free_in_ms: seen.free_in,
            valid_for_ms: seen.valid_for,
            last_write: seen.last_write.as_str().to_owned(),
            failures: seen.failures,
            paused: seen.paused,
            transfer: seen.transfer.clone(),
            signals: seen.signals,
            candidates: seen.candidates,
        }
    }
}

impl JudgedAnswer {
    fn of(by: Decider, answer: &Answered) -> JudgedAnswer {
        JudgedAnswer {
            by: by.as_str().to_owned(),
            action: answer.action.to_owned(),
            successor: answer.successor.clone(),
            wake_after_ms: answer.wake_after,
            lease_duration_ms: answer.lease_duration,
            reason: answer.reason.clone(),
            verdict: answer.verdict.to_owned(),
            overruled: answer.overruled.clone(),
        }
    }
}
