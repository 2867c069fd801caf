//! A decision without what makes it large: memory, settings, and what it publishes. The journal has
//! the whole.

use super::short;
use crate::fact::Decided;
use hotseat_core::event::{Account, Judged};
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::{Action, Causes, Failure, FailureKind, Input, Outcome, Verdict};
use hotseat_core::time::Moment;

/// A decision in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionSummary {
    /// When.
    pub at: Moment,
    /// The question; none if there was no policy to ask. The journal's record has the same.
    pub ask: Option<u64>,
    /// The digest of the policy that was asked; none if there was none.
    pub policy: Option<String>,
    /// Why it was asked.
    pub causes: Causes,
    /// What it was asked on.
    pub seen: Seen,
    /// The policy's answer; none if there was no policy to ask.
    pub answer: Option<Result<Answered, FailureSummary>>,
    /// What was decided in the policy's place, where that had to be, and by what.
    pub instead: Option<(OnFailure, Answered)>,
}

/// What a decision is made on, in short. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Who held the lock; none if it was vacant or not read yet.
    pub holder: Option<String>,
    /// Until the guard would let this candidate take the seat; none until the lock was read.
    pub free_in: Option<u64>,
    /// Until the own belief ends; none while this candidate does not lead.
    pub valid_for: Option<u64>,
    /// How the last write ended.
    pub last_write: Outcome,
    /// Failures in a row since the last write that succeeded.
    pub failures: u32,
    /// Somebody asked that the leader stays.
    pub paused: bool,
    /// Whom somebody asked to lead.
    pub transfer: Option<String>,
    /// How many signals there were.
    pub signals: usize,
    /// How many other candidates were on the roster.
    pub candidates: usize,
}

/// What was decided, and what the guard did with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// In one word.
    pub action: &'static str,
    /// In favour of whom, if that was said.
    pub successor: Option<String>,
    /// Ask again after this many milliseconds at the latest.
    pub wake_after: u64,
    /// A lease duration other than the operator's, in milliseconds.
    pub lease_duration: Option<u64>,
    /// Why, in one line.
    pub reason: String,
    /// What became of it, in one word: `nothing`, `carried-out` or `overruled`.
    pub verdict: &'static str,
    /// Why it was overruled.
    pub overruled: Option<String>,
}

/// Why there was no decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureSummary {
    /// What kind of failure it was.
    pub kind: FailureKind,
    /// One line for people.
    pub detail: String,
}

impl DecisionSummary {
    pub(crate) fn of(at: Moment, decided: &Decided) -> DecisionSummary {
        let Account { ask, input, answer, instead } = &decided.account;
        DecisionSummary {
            at,
            ask: ask.map(|ask| ask.0),
            policy: decided.policy.clone(),
            causes: input.observation.causes,
            seen: Seen::of(input),
            answer: answer.as_ref().map(|answer| match answer {
                Ok(judged) => Ok(Answered::of(judged)),
                Err(failure) => Err(FailureSummary::of(failure)),
            }),
            instead: instead.as_ref().map(|it| (it.by, Answered::of(&it.judged))),
        }
    }
}

impl Seen {
    fn of(input: &Input) -> Seen {
        let observation = &input.observation;
        let seat = observation.seat.as_ref();
        Seen {
            holder: seat.and_then(|seat| seat.holder.as_ref()).map(short),
            free_in: seat.map(|seat| seat.free_in),
            valid_for: observation.claim.map(|claim| claim.valid_for),
            last_write: observation.attempts.last,
            failures: observation.attempts.failures,
            paused: seat.is_some_and(|seat| seat.paused),
            transfer: seat.and_then(|seat| seat.transfer.as_ref()).map(|it| short(&it.to)),
            signals: observation.signals.len(),
            candidates: observation.roster.len(),
        }
    }
}

impl Answered {
    fn of(judged: &Judged) -> Answered {
        let Judged { decision, verdict } = judged;
        let (successor, overruled) = (
            match &decision.action {
                Action::Resign(successor) => successor.as_ref(),
                _ => None,
            },
            match verdict {
                Verdict::Overruled(why) => Some(why),
                _ => None,
            },
        );
        Answered {
            action: decision.action.as_str(),
            successor: successor.map(short),
            wake_after: decision.wake_after,
            lease_duration: decision.lease_duration,
            reason: short(&decision.reason),
            verdict: verdict.as_str(),
            overruled: overruled.map(short),
        }
    }
}

impl FailureSummary {
    fn of(failure: &Failure) -> FailureSummary {
        FailureSummary { kind: failure.kind, detail: short(&failure.detail) }
    }
}
