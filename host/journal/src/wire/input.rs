//! The question: the argument of `decide`.

use super::pairs::{self, ValueDef};
use super::scalar::{bits, bytes};
use hotseat_core::policy::{
    Action, Attempts, Candidate, Causes, Claim, Input, LastDecision, Observation, Outcome, Pace,
    SeatView, Signal, Source, Transfer, Value, Verdict,
};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(remote = "Input")]
pub(super) struct InputDef {
    /// Beside the input, since records share it.
    #[serde(skip)]
    settings: String,
    #[serde(with = "bytes", default, skip_serializing_if = "Vec::is_empty")]
    memory: Vec<u8>,
    #[serde(with = "bits")]
    entropy: u64,
    #[serde(with = "PaceDef")]
    timing: Pace,
    #[serde(with = "ObservationDef")]
    observation: Observation,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Pace")]
struct PaceDef {
    #[serde(rename = "lease_duration_ms")]
    lease_duration: u64,
    #[serde(rename = "renew_deadline_ms")]
    renew_deadline: u64,
    #[serde(rename = "retry_period_ms")]
    retry_period: u64,
    #[serde(rename = "shortest_lease_ms")]
    shortest_lease: u64,
    #[serde(rename = "longest_lease_ms")]
    longest_lease: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Observation")]
struct ObservationDef {
    #[serde(default)]
    election: String,
    #[serde(default)]
    namespace: String,
    identity: String,
    #[serde(rename = "uptime_ms")]
    uptime: u64,
    #[serde(default)]
    seats: u32,
    #[serde(with = "causes", alias = "cause")]
    causes: Causes,
    #[serde(with = "seat", default, skip_serializing_if = "Option::is_none")]
    seat: Option<SeatView>,
    #[serde(with = "claim", default, skip_serializing_if = "Option::is_none")]
    claim: Option<Claim>,
    #[serde(with = "AttemptsDef")]
    attempts: Attempts,
    #[serde(with = "last_decision", default, skip_serializing_if = "Option::is_none")]
    last_decision: Option<LastDecision>,
    #[serde(with = "signals", default, skip_serializing_if = "Vec::is_empty")]
    signals: Vec<Signal>,
    #[serde(with = "roster", default, skip_serializing_if = "Vec::is_empty")]
    roster: Vec<Candidate>,
    #[serde(with = "pairs", default, skip_serializing_if = "Vec::is_empty")]
    extra: Vec<(String, Value)>,
}

/// A list of words; records before version 3 have one word.
mod causes {
    use hotseat_core::policy::{Cause, Causes};
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Words {
        One(String),
        Several(Vec<String>),
    }

    pub(super) fn serialize<S: Serializer>(causes: &Causes, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(causes.iter().map(Cause::as_str))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Causes, D::Error> {
        let words = match Words::deserialize(from)? {
            Words::One(word) => vec![word],
            Words::Several(words) => words,
        };
        let cause = |word: String| {
            let known = Cause::ALL.into_iter().find(|cause| cause.as_str() == word);
            known.ok_or_else(|| {
                D::Error::custom(format_args!("`{word}` is not a cause of a question"))
            })
        };
        words.into_iter().map(cause).collect()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "SeatView")]
struct SeatDef {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    holder: Option<String>,
    #[serde(rename = "age_ms")]
    age: u64,
    #[serde(rename = "duration_ms")]
    duration: u64,
    #[serde(rename = "free_in_ms")]
    free_in: u64,
    transitions: u64,
    #[serde(rename = "held_for_ms", default)]
    held_for: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    successor: Option<String>,
    #[serde(with = "transfer", default, skip_serializing_if = "Option::is_none")]
    transfer: Option<Transfer>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    paused: bool,
    #[serde(with = "pairs", default, skip_serializing_if = "Vec::is_empty")]
    extra: Vec<(String, Value)>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Transfer")]
struct TransferDef {
    to: String,
    by: String,
    #[serde(rename = "remaining_ms")]
    remaining: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Claim")]
struct ClaimDef {
    #[serde(rename = "held_for_ms")]
    held_for: u64,
    #[serde(rename = "valid_for_ms")]
    valid_for: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Attempts")]
struct AttemptsDef {
    #[serde(with = "OutcomeDef")]
    last: Outcome,
    failures: u32,
    #[serde(rename = "since_success_ms", default, skip_serializing_if = "Option::is_none")]
    since_success: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Outcome", rename_all = "kebab-case")]
enum OutcomeDef {
    None,
    Written,
    Conflict,
    Denied,
    Throttled,
    TimedOut,
    Unreachable,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "LastDecision")]
struct LastDecisionDef {
    #[serde(with = "ActionDef")]
    action: Action,
    #[serde(with = "VerdictDef")]
    verdict: Verdict,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Action", rename_all = "kebab-case")]
pub(super) enum ActionDef {
    Wait,
    Campaign,
    Renew,
    Resign(Option<String>),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Verdict", rename_all = "kebab-case")]
pub(super) enum VerdictDef {
    Nothing,
    CarriedOut,
    Overruled(String),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Signal")]
struct SignalDef {
    key: String,
    #[serde(with = "SourceDef", default = "application")]
    source: Source,
    #[serde(with = "ValueDef")]
    value: Value,
    #[serde(rename = "age_ms")]
    age: u64,
    #[serde(rename = "unchanged_for_ms", default)]
    unchanged_for: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Source", rename_all = "kebab-case")]
enum SourceDef {
    Application,
    Probe,
    Pod,
    Node,
    Host,
}

fn application() -> Source {
    Source::Application
}

/// Gives a question of a record before version 3 what was not written down then: who reported a
/// signal stood in the first word of its key, and how long it had its value is not known to be
/// longer than since the last report.
pub(super) fn complete(observation: &mut Observation) {
    let roster = observation.roster.iter_mut().flat_map(|candidate| &mut candidate.signals);
    for signal in observation.signals.iter_mut().chain(roster) {
        signal.source = match signal.key.split('.').next() {
            Some("probe") => Source::Probe,
            Some("pod") => Source::Pod,
            Some("node") => Source::Node,
            _ => Source::Application,
        };
        signal.unchanged_for = signal.age;
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Candidate")]
struct CandidateDef {
    identity: String,
    #[serde(rename = "age_ms")]
    age: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ready: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    #[serde(with = "signals", default, skip_serializing_if = "Vec::is_empty")]
    signals: Vec<Signal>,
    #[serde(with = "pairs", default, skip_serializing_if = "Vec::is_empty")]
    extra: Vec<(String, Value)>,
}

/// `with` reaches neither into an option nor into a list: these modules do.
macro_rules! optional {
    ($name:ident, $type:ident, $def:literal) => {
        mod $name {
            use super::*;

            #[derive(Serialize)]
            struct Lent<'a>(#[serde(with = $def)] &'a $type);
            #[derive(Deserialize)]
            struct Owned(#[serde(with = $def)] $type);

            pub(super) fn serialize<S: serde::Serializer>(
                it: &Option<$type>,
                to: S,
            ) -> Result<S::Ok, S::Error> {
                it.as_ref().map(Lent).serialize(to)
            }

            pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
                from: D,
            ) -> Result<Option<$type>, D::Error> {
                Ok(Option::<Owned>::deserialize(from)?.map(|owned| owned.0))
            }
        }
    };
}

/// As `optional!`, for lists.
macro_rules! list {
    ($name:ident, $type:ident, $def:literal) => {
        mod $name {
            use super::*;

            #[derive(Serialize)]
            struct Lent<'a>(#[serde(with = $def)] &'a $type);
            #[derive(Deserialize)]
            struct Owned(#[serde(with = $def)] $type);

            pub(super) fn serialize<S: serde::Serializer>(
                list: &[$type],
                to: S,
            ) -> Result<S::Ok, S::Error> {
                to.collect_seq(list.iter().map(Lent))
            }

            pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
                from: D,
            ) -> Result<Vec<$type>, D::Error> {
                let list = Vec::<Owned>::deserialize(from)?;
                Ok(list.into_iter().map(|owned| owned.0).collect())
            }
        }
    };
}

optional!(seat, SeatView, "SeatDef");
optional!(claim, Claim, "ClaimDef");
optional!(transfer, Transfer, "TransferDef");
optional!(last_decision, LastDecision, "LastDecisionDef");
list!(signals, Signal, "SignalDef");
list!(roster, Candidate, "CandidateDef");
