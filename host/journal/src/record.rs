//! What is recorded.

use hotseat_core::event::{Account, AskId, Instead, Judged};
use hotseat_core::policy::{Candidate, Decision, Failure, Input, SeatView, Signal, Value, Verdict};

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its place among all records of the process, from 1. A gap is a record that was dropped.
    pub number: u64,
    /// The election, as `namespace/name`; empty in records of version 1.
    pub election: String,
    /// The time of day in RFC 3339, for people: nothing is computed from it.
    pub time: String,
    /// When, in milliseconds on the boot-time clock of the machine.
    pub at_ms: u64,
    /// What happened.
    pub body: Body,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A decision was made.
    Decision(Box<Decided>),
    /// A policy was taken up, or was not.
    Swap(Swap),
    /// A policy in shadow answered a question beside the active one.
    Shadow(Box<Shadow>),
}

/// A decision, and who made it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// The digest of the policy that was asked; none if there was none to ask.
    pub policy: Option<String>,
    /// The question, the answer, and what became of it.
    pub account: Account,
}

/// A stage that a new policy, or new settings, came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swap {
    /// The digest of the component; empty if its bytes could not be had.
    pub digest: String,
    /// As the policy calls itself; empty until it was asked.
    pub name: String,
    /// As the policy says; empty until it was asked.
    pub version: String,
    /// Where it came from, as on the command line.
    pub source: String,
    /// The stage, such as `compile` or `active`.
    pub stage: String,
    /// Why it went no further, in one line.
    pub error: Option<String>,
}

/// Two answers to one question.
#[derive(Clone, Debug, PartialEq)]
pub struct Shadow {
    /// The question; the record of the decision has the same.
    pub ask: AskId,
    /// The digest of the policy in shadow.
    pub policy: String,
    /// The active policy's answer.
    pub active: Result<Decision, Failure>,
    /// The answer of the policy in shadow.
    pub candidate: Result<Decision, Failure>,
}

impl Record {
    /// About how many bytes it takes in memory. Settings are not counted: records share them.
    pub(crate) fn weight(&self) -> usize {
        let rest = match &self.body {
            Body::Decision(decided) => size_of::<Decided>() + of_decided(decided),
            Body::Swap(swap) => {
                let Swap { digest, name, version, source, stage, error } = swap;
                let texts = [digest, name, version, source, stage];
                texts.iter().map(|text| text.len()).sum::<usize>() + of_text(error.as_ref())
            }
            Body::Shadow(shadow) => {
                let Shadow { ask: _, policy, active, candidate } = &**shadow;
                let answers = [active, candidate];
                let answers = answers.map(|answer| answer.as_ref().map_or_else(of_failure, of));
                size_of::<Shadow>() + policy.len() + answers.iter().sum::<usize>()
            }
        };
        size_of::<Record>() + self.election.len() + self.time.len() + rest
    }
}

fn of_decided(decided: &Decided) -> usize {
    let Account { ask: _, input, answer, instead } = &decided.account;
    let judged = |judged: &Judged| of(&judged.decision) + 64;
    let answer = match answer {
        Some(Ok(answer)) => judged(answer),
        Some(Err(failure)) => of_failure(failure),
        None => 0,
    };
    let instead = instead.as_ref().map_or(0, |Instead { by: _, judged: it }| judged(it));
    of_text(decided.policy.as_ref()) + of_input(input) + answer + instead
}

fn of_input(input: &Input) -> usize {
    let seen = &input.observation;
    let names = seen.election.len() + seen.namespace.len() + seen.identity.len();
    let seat = seen.seat.as_ref().map_or(0, of_seat);
    let last = seen.last_decision.as_ref().map_or(0, |last| match &last.verdict {
        Verdict::Overruled(reason) => reason.len(),
        Verdict::Nothing | Verdict::CarriedOut => 0,
    });
    let roster: usize = seen.roster.iter().map(of_candidate).sum();
    let facts = of_signals(&seen.signals) + roster + of_pairs(&seen.extra);
    input.memory.len() + names + seat + last + facts
}

fn of_seat(seat: &SeatView) -> usize {
    let asked = seat.transfer.as_ref().map_or(0, |transfer| transfer.to.len() + transfer.by.len());
    let names = of_text(seat.holder.as_ref()) + of_text(seat.successor.as_ref());
    names + asked + of_pairs(&seat.extra)
}

fn of_candidate(it: &Candidate) -> usize {
    let texts = of_text(it.zone.as_ref()) + of_text(it.policy.as_ref());
    let facts = of_signals(&it.signals) + of_pairs(&it.extra);
    size_of::<Candidate>() + it.identity.len() + texts + facts
}

fn of_signals(signals: &[Signal]) -> usize {
    let signal = |it: &Signal| size_of::<Signal>() + it.key.len() + of_value(&it.value);
    signals.iter().map(signal).sum()
}

fn of_value(value: &Value) -> usize {
    let parts = if let Value::Texts(texts) = value { texts.len() } else { 0 };
    value.len() + parts * size_of::<String>()
}

fn of_pairs(pairs: &[(String, Value)]) -> usize {
    let pair =
        |(key, value): &(String, Value)| size_of::<(String, Value)>() + key.len() + of_value(value);
    pairs.iter().map(pair).sum()
}

fn of(decision: &Decision) -> usize {
    let published = of_pairs(&decision.publish) + of_pairs(&decision.extra);
    decision.reason.len() + decision.memory.len() + published
}

fn of_failure(failure: &Failure) -> usize {
    failure.detail.len()
}

fn of_text(text: Option<&String>) -> usize {
    text.map_or(0, String::len)
}
