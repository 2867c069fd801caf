//! `/v1/roster`: the candidates of the election as they publish themselves, and `/v1/ready`, by which the
//! application says there whether it is ready to lead.

use super::access::{Refusal, refuse};
use super::report::LockAnswer;
use super::signals::SignalValue;
use hotseat_core::policy::{Source, Value};
use hotseat_core::time::{Moment, millis};
use hotseat_election::Status;
use hotseat_election::roster::{Entry, Listed, READY};
use hotseat_election::signals::{Key, Report};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};

/// `GET /v1/roster`: the candidates as far as they are known at the moment of the question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RosterAnswer {
    /// The lock of the election.
    pub lock: LockAnswer,
    /// Whether anything asks for the roster: a policy that needs it, or the operator. If not, this
    /// candidate neither publishes itself nor follows the others.
    pub wanted: bool,
    /// This candidate first, once it has published itself; the others in the order of their names.
    pub candidates: Vec<CandidateAnswer>,
    /// How many entries were left out: unreadable, forged, or too many.
    pub left_out: u64,
    /// Why this candidate cannot publish itself; null if it can.
    pub not_published: Option<String>,
    /// Why the others cannot be followed; null if they can.
    pub not_followed: Option<String>,
}

/// One candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "RosterCandidate"))]
pub struct CandidateAnswer {
    /// Its name.
    pub identity: String,
    /// Whether it is this one.
    #[serde(rename = "self")]
    pub own: bool,
    /// Since its publication was last seen to change, in milliseconds; it does each minute. Null for this
    /// one.
    pub age_ms: Option<u64>,
    /// Whether its application says that it is ready to lead; null if it says nothing.
    pub ready: Option<bool>,
    /// The zone of its node; null if that is not known.
    pub zone: Option<String>,
    /// To whom it hands over, where it leads and waits until that candidate is ready; else null.
    #[serde(default)]
    pub successor: Option<String>,
    /// The version of its Hotseat.
    pub version: String,
    /// The policy that decides for it; null before the first.
    pub policy: Option<RosterPolicy>,
    /// What its policy published with its last decision.
    pub signals: Vec<PublishedAnswer>,
}

/// Which policy decides for a candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RosterPolicy {
    /// `sha256:` and the hex digest of the component.
    pub digest: String,
    /// The digest of its settings; empty where there are none.
    pub settings: String,
    /// `active` or `restored`; the stage of another one that is on its way; `refused`; or `stopped`, by
    /// the objection of another candidate.
    pub state: String,
    /// The digest of the other one, which is on its way, was refused or stopped; null if there is none.
    pub candidate: Option<String>,
    /// The digest of that one's settings; empty where there are none.
    #[serde(default)]
    pub candidate_settings: String,
    /// Why this candidate by itself does not run the newest policy; null if it has nothing against it.
    #[serde(default)]
    pub objection: Option<String>,
}

/// A signal that a candidate's policy published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PublishedAnswer {
    /// Its key.
    pub key: String,
    /// What it says.
    pub value: SignalValue,
}

impl RosterAnswer {
    /// What is known at `now`.
    pub(super) fn at(status: &Status, now: Moment) -> RosterAnswer {
        let roster = status.roster();
        let own = roster.own.iter().map(|entry| CandidateAnswer::of(entry, None));
        let other = |it: &Listed| CandidateAnswer::of(&it.entry, Some(millis(now.since(it.at))));
        RosterAnswer {
            lock: LockAnswer::at(status, now),
            wanted: roster.wanted,
            candidates: own.chain(roster.others.iter().map(other)).collect(),
            left_out: roster.left_out,
            not_published: roster.not_published.clone(),
            not_followed: roster.not_followed.clone(),
        }
    }
}

impl CandidateAnswer {
    /// What a candidate says, as it was seen to change so long ago; none: it is this one's own.
    pub fn of(entry: &Entry, age_ms: Option<u64>) -> CandidateAnswer {
        let signal = |(key, value): &(String, Value)| PublishedAnswer {
            key: key.clone(),
            value: SignalValue::of(value.clone()),
        };
        CandidateAnswer {
            identity: entry.identity.clone(),
            own: age_ms.is_none(),
            age_ms,
            ready: entry.ready,
            zone: entry.zone.clone(),
            successor: entry.successor.clone(),
            version: entry.version.clone(),
            policy: entry.policy.as_ref().map(|policy| RosterPolicy {
                digest: policy.digest.clone(),
                settings: policy.settings.clone(),
                state: policy.state.clone(),
                candidate: policy.candidate.clone(),
                candidate_settings: policy.candidate_settings.clone(),
                objection: policy.objection.as_ref().map(|objection| objection.why.clone()),
            }),
            signals: entry.signals.iter().map(signal).collect(),
        }
    }
}

/// The signal that says whether the application is ready.
pub(super) fn ready_key() -> Result<Key, Refusal> {
    Key::new(Source::Application, READY)
        .map_err(|error| Refusal(StatusCode::BAD_REQUEST, error.to_string()))
}

/// The report that it is ready, or is not: as JSON, or in one word.
pub(super) fn ready(report: Report) -> Result<Report, Refusal> {
    let value = match &report.value {
        Value::Flag(_) => report.value,
        Value::Text(text) if text == "true" => Value::Flag(true),
        Value::Text(text) if text == "false" => Value::Flag(false),
        _ => {
            let why = "the body is neither true nor false: send one of them, as in curl -X PUT -H 'Content-Type: text/plain' -d true";
            return refuse(StatusCode::BAD_REQUEST, why);
        }
    };
    Ok(Report { value, ..report })
}
