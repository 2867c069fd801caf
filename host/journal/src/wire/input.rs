//! The question: the argument of `decide`.

use super::scalar::{bits, bytes, number};
use hotseat_core::policy::{
    Attempts, Candidate, Cause, Claim, Input, Observation, Outcome, Pace, Seat, Signal, Value,
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
    identity: String,
    #[serde(rename = "uptime_ms")]
    uptime: u64,
    #[serde(with = "CauseDef")]
    cause: Cause,
    #[serde(with = "seat", default, skip_serializing_if = "Option::is_none")]
    seat: Option<Seat>,
    #[serde(with = "claim", default, skip_serializing_if = "Option::is_none")]
    claim: Option<Claim>,
    #[serde(with = "AttemptsDef")]
    attempts: Attempts,
    #[serde(with = "signals", default, skip_serializing_if = "Vec::is_empty")]
    signals: Vec<Signal>,
    #[serde(with = "roster", default, skip_serializing_if = "Vec::is_empty")]
    roster: Vec<Candidate>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Cause", rename_all = "kebab-case")]
enum CauseDef {
    Started,
    SeatChanged,
    Timer,
    SignalChanged,
    RosterChanged,
    WriteFinished,
    Swapped,
    Stopping,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Seat")]
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    successor: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    paused: bool,
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
#[serde(remote = "Signal")]
struct SignalDef {
    key: String,
    #[serde(with = "ValueDef")]
    value: Value,
    #[serde(rename = "age_ms")]
    age: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Value", rename_all = "kebab-case")]
pub(super) enum ValueDef {
    Text(String),
    Number(#[serde(with = "number")] f64),
    Flag(bool),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Candidate")]
struct CandidateDef {
    identity: String,
    #[serde(rename = "age_ms")]
    age: u64,
    #[serde(with = "signals", default, skip_serializing_if = "Vec::is_empty")]
    signals: Vec<Signal>,
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

optional!(seat, Seat, "SeatDef");
optional!(claim, Claim, "ClaimDef");
list!(signals, Signal, "SignalDef");
list!(roster, Candidate, "CandidateDef");
