//! `/v1/history`: who led lately and why that changed, what became of policies, and the last
//! decisions, as far as this process keeps them.

use super::decisions::DecisionAnswer;
use super::report::LockAnswer;
use hotseat_core::time::{Moment, millis};
use hotseat_election::history::{DECISIONS, LEADERS, LeaderChange, POLICIES, PolicyChange};
use hotseat_election::{Numbered, Status};
use serde::{Deserialize, Serialize};

/// `GET /v1/history`: all that is kept, the oldest first. A gap in the numbers does not occur; numbers
/// that begin after 1 say how many were there before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct HistoryAnswer {
    /// The lock of the election.
    pub lock: LockAnswer,
    /// How many of each are kept at most.
    pub kept: KeptAnswer,
    /// Since this process started, in milliseconds: nothing is known of the time before.
    pub uptime_ms: u64,
    /// Who led from when on.
    pub leaders: Vec<LeaderChangeAnswer>,
    /// Policies that took over, were refused, or failed too often.
    pub policies: Vec<PolicyChangeAnswer>,
    /// The decisions.
    pub decisions: Vec<DecisionAnswer>,
}

/// How many entries are kept at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct KeptAnswer {
    /// Changes of the leader.
    pub leaders: usize,
    /// Events about policies.
    pub policies: usize,
    /// Decisions.
    pub decisions: usize,
}

/// From a moment on, somebody else leads, or nobody does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct LeaderChangeAnswer {
    /// Its number, from 1.
    pub number: u64,
    /// Since this candidate came to know of it, in milliseconds.
    pub ago_ms: u64,
    /// Who leads from then on; empty if nobody is known to.
    pub name: String,
    /// Whether that is this candidate.
    #[serde(rename = "self")]
    pub own: bool,
    /// The fencing token of the term, where this candidate began it; else null.
    pub token: Option<u64>,
    /// Why, as far as this candidate can tell, cut at 256 bytes.
    pub why: String,
}

/// What became of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PolicyChangeAnswer {
    /// Its number, from 1.
    pub number: u64,
    /// Since then, in milliseconds.
    pub ago_ms: u64,
    /// `active` or `restored`; the stage at which it was refused; or `failed`: too often.
    pub stage: String,
    /// Why it went no further; null if it took over.
    pub error: Option<String>,
    /// As the policy calls itself; empty until it was asked.
    pub name: String,
    /// As the policy says; empty until it was asked.
    pub version: String,
    /// `sha256:` and the hex digest of the component; empty if its bytes could not be had.
    pub digest: String,
    /// The digest of its settings; empty where there are none.
    pub settings: String,
    /// Where it came from; empty where that is not known.
    pub source: String,
}

impl HistoryAnswer {
    /// What is kept at `now`, the last ones up to so many.
    pub(super) fn at(status: &Status, now: Moment, most: KeptAnswer) -> HistoryAnswer {
        let history = status.history();
        let leaders = history.leaders().last(most.leaders);
        let policies = history.policies().last(most.policies);
        let decisions = history.decisions().last(most.decisions);
        HistoryAnswer {
            lock: LockAnswer::at(status, now),
            kept: KeptAnswer::ALL,
            uptime_ms: millis(now.since(status.started())),
            leaders: leaders.iter().map(|it| LeaderChangeAnswer::at(it, now)).collect(),
            policies: policies.iter().map(|it| PolicyChangeAnswer::at(it, now)).collect(),
            decisions: decisions.iter().map(|it| DecisionAnswer::at(it, now)).collect(),
        }
    }
}

impl KeptAnswer {
    /// All that is kept.
    pub(super) const ALL: KeptAnswer =
        KeptAnswer { leaders: LEADERS, policies: POLICIES, decisions: DECISIONS };
}

impl LeaderChangeAnswer {
    fn at(change: &Numbered<LeaderChange>, now: Moment) -> LeaderChangeAnswer {
        let Numbered { number, thing: it } = change;
        LeaderChangeAnswer {
            number: *number,
            ago_ms: millis(now.since(it.at)),
            name: it.name.clone(),
            own: it.own,
            token: it.token,
            why: it.why.clone(),
        }
    }
}

impl PolicyChangeAnswer {
    fn at(change: &Numbered<PolicyChange>, now: Moment) -> PolicyChangeAnswer {
        let Numbered { number, thing: it } = change;
        PolicyChangeAnswer {
            number: *number,
            ago_ms: millis(now.since(it.at)),
            stage: it.stage.to_owned(),
            error: it.error.clone(),
            name: it.name.clone(),
            version: it.version.clone(),
            digest: it.digest.clone(),
            settings: it.settings.clone(),
            source: it.source.clone(),
        }
    }
}
