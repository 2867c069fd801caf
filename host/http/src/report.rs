//! The documents of `/v1`, and what `hotseat status` reads back. Fields may be added, but none
//! changes its name or its meaning.

use hotseat_core::event::LockError;
use hotseat_core::policy::FailureKind;
use hotseat_core::time::{Moment, millis};
use hotseat_core::view::View;
use hotseat_election::roster::{self, ROSTER, Roster};
use hotseat_election::{PolicyReport, Status};
use hotseat_rollout::{About, Active, Need, Policy, Report};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `/v1/leader`: the election as this candidate sees it at the moment of the question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct LeaderAnswer {
    /// Who leads; empty if nobody is known to.
    pub name: String,
    /// Whether this candidate leads.
    #[serde(rename = "self")]
    pub leads: bool,
    /// What the application has to be ready for: `standby`, `warming` (this candidate is the next leader),
    /// `leading` or `draining` (it is about to lead no longer, or is giving the seat up). Whether it leads
    /// `self` says alone.
    #[serde(default)]
    pub state: String,
    /// Who follows, while this candidate leads and waits until that one is ready; else null.
    #[serde(default)]
    pub successor: Option<String>,
    /// This candidate's own name.
    pub identity: String,
    /// The name in the lock, be it expired or not; null if there is none.
    pub holder: Option<String>,
    /// The fencing token of this candidate's term, a number below 2^53; null unless it leads. A
    /// later term's is larger, whatever happened to the lock between: a resource remembers the
    /// largest that it saw, and refuses a smaller one, and an equal one from another holder.
    pub token: Option<u64>,
    /// The lock.
    pub lock: LockAnswer,
    /// How often the holder changed, as the lock counts it; null until the lock was read.
    pub transitions: Option<u64>,
    /// How long `name` holds at most unless it is renewed, in milliseconds; 0 if nobody leads.
    pub remaining_ms: u64,
    /// Since the lock was last confirmed by a read or a watch, in milliseconds; null until it was.
    pub observed_ms: Option<u64>,
    /// Since this candidate's term began, in milliseconds; null unless it leads.
    pub held_ms: Option<u64>,
    /// The reaction time, in milliseconds: how long the application may go on acting as the leader after
    /// `self` was last true or last heard of, and so the longest time between two questions and all that it
    /// needs to stop, taken together. 0: no longer than an answer says.
    #[serde(default)]
    pub reaction_ms: u64,
    /// Why the lock could not be read or written the last time; null if it could.
    #[serde(default)]
    pub error: Option<FailureAnswer>,
    /// The rights in the cluster that this candidate needs and has not, in one line; null if it has
    /// all.
    #[serde(default)]
    pub missing_rights: Option<String>,
    /// The policy that decides; null until the first has taken over.
    pub policy: Option<PolicyName>,
}

/// Which object the lock is, and so which election.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct LockAnswer {
    /// Its namespace.
    pub namespace: String,
    /// Its name, that is the election's.
    pub name: String,
    /// Its UID; null unless this candidate leads.
    pub uid: Option<String>,
}

/// Which policy it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PolicyName {
    /// As the policy calls itself.
    pub name: String,
    /// As the policy says.
    pub version: String,
    /// `sha256:` and the hex digest of the component.
    pub digest: String,
}

impl LeaderAnswer {
    /// What holds at `now`.
    pub fn at(status: &Status, now: Moment) -> LeaderAnswer {
        LeaderAnswer::of(status, &status.view(), now)
    }

    /// What that view says at `now`.
    pub(super) fn of(status: &Status, view: &View, now: Moment) -> LeaderAnswer {
        let term = view.term.as_ref().filter(|_| view.leads(now));
        let seen = view.seen.as_ref();
        let lock = status.lock();
        LeaderAnswer {
            name: view.leader(now).to_owned(),
            leads: term.is_some(),
            state: view.state(now).as_str().to_owned(),
            successor: view.successor.clone().filter(|_| term.is_some()),
            identity: view.identity.clone(),
            holder: seen.and_then(|seen| seen.holder.clone()),
            token: term.map(|term| term.token.0),
            lock: LockAnswer::of(status, view, now),
            transitions: term
                .map(|term| term.transitions)
                .or_else(|| seen.map(|seen| seen.transitions)),
            remaining_ms: millis(view.remaining(now)),
            observed_ms: seen.map(|seen| millis(now.since(seen.heard))),
            held_ms: term.map(|term| millis(now.since(term.since))),
            reaction_ms: millis(status.reaction()),
            error: lock.error(view).map(FailureAnswer::of),
            missing_rights: lock.missing.as_ref().map(ToString::to_string),
            policy: status.policy().rollout.active.as_ref().map(PolicyName::of),
        }
    }
}

impl LockAnswer {
    /// The lock of that election at `now`.
    pub(super) fn at(status: &Status, now: Moment) -> LockAnswer {
        LockAnswer::of(status, &status.view(), now)
    }

    fn of(status: &Status, view: &View, now: Moment) -> LockAnswer {
        let term = view.term.as_ref().filter(|_| view.leads(now));
        LockAnswer {
            namespace: status.election().namespace().to_owned(),
            name: status.election().name().to_owned(),
            uid: term.map(|term| term.uid.clone()),
        }
    }
}

impl PolicyName {
    fn new(policy: Option<&Policy>, about: Option<&About>) -> PolicyName {
        PolicyName {
            name: about.map(|about| about.name.clone()).unwrap_or_default(),
            version: about.map(|about| about.version.clone()).unwrap_or_default(),
            digest: policy.map(|policy| policy.digest.clone()).unwrap_or_default(),
        }
    }

    fn of(active: &Active) -> PolicyName {
        PolicyName::new(Some(&active.policy), Some(&active.about))
    }
}

/// `/v1/policy`: which policy decides, where it came from and how it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PolicyAnswer {
    /// The lock of the election.
    #[serde(default)]
    pub lock: LockAnswer,
    /// The policy that decides; null until the first has taken over.
    pub active: Option<PolicySummary>,
    /// The policy before it.
    pub previous: Option<PolicySummary>,
    /// The policy that is being tried, or the last one that was refused; null if there is none.
    pub candidate: Option<CandidateAnswer>,
    /// The source that the operator asked for.
    pub source: String,
    /// Why the source gives nothing for now, such as a file that is missing; null if it does.
    pub source_error: Option<String>,
    /// The stage of the last load: `active`, `restored`, one that is under way, or the one that
    /// failed.
    pub stage: String,
    /// Why the last load failed; null if it did not.
    pub error: Option<String>,
    /// Decisions by policies since the process started.
    pub decisions: u64,
    /// Decisions by the built-in rule since the process started.
    pub rule_decisions: u64,
    /// Decisions to hold, since the process started: a leader renewed, a standby waited.
    #[serde(default)]
    pub hold_decisions: u64,
    /// Decisions to resign, since the process started: a leader resigned, a standby waited.
    #[serde(default)]
    pub resign_decisions: u64,
    /// What decides where the active policy fails, and while there is none: `standard`, `hold` or
    /// `resign`.
    #[serde(default)]
    pub on_failure: String,
    /// Failures since the process started, each kind with its count.
    pub failures: BTreeMap<String, u64>,
    /// Failures of the active policy since its last usable decision.
    pub failures_in_a_row: u32,
    /// Failures of the active policy among its last hundred decisions, as of its last failure.
    #[serde(default)]
    pub failures_of_last_hundred: u32,
    /// The last failure; null if there was none.
    pub last_failure: Option<FailureAnswer>,
    /// The reason that the last decision gave.
    pub last_reason: String,
    /// The time that the active policy's last decision took, in microseconds; 0 until it has decided.
    pub decide_us: u64,
    /// The fuel that the active policy's last decision took; 0 until it has decided.
    pub decide_fuel: u64,
    /// The time that compiling the active policy took, in milliseconds.
    pub compile_ms: u64,
    /// How long no question could be answered while the active policy took over, in microseconds.
    pub swap_pause_us: u64,
    /// Policies that took over since the process started, the first one included.
    pub swaps: u64,
    /// Why the active policy began with an empty memory although there was one; null if it did not.
    pub memory_lost: Option<String>,
    /// Since the active policy took over, in milliseconds; null until one has.
    pub since_ms: Option<u64>,
}

/// A policy and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PolicySummary {
    /// Which policy it is.
    #[serde(flatten)]
    pub policy: PolicyName,
    /// What it does, as the policy says.
    pub summary: String,
    /// Where it came from.
    pub source: String,
    /// The digest of its settings, byte for byte; empty where there are none. Candidates of one
    /// election that differ here follow different rules.
    #[serde(default)]
    pub settings: String,
    /// The facts that it says it cannot do without.
    #[serde(default)]
    pub needs: Vec<NeedAnswer>,
}

/// A fact that a policy needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct NeedAnswer {
    /// `roster`, or a signal's key.
    pub fact: String,
    /// Whether this sidecar gives it, or the application can. If not, the policy decides without it.
    pub given: bool,
    /// Who gives it; if nobody does, what would have it given, or why it cannot be.
    pub from: String,
}

/// A policy on its way through the stages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CandidateAnswer {
    /// Which policy it is; name and version are empty until it was asked for them.
    #[serde(flatten)]
    pub policy: PolicyName,
    /// Where it came from.
    pub source: String,
    /// The stage that it is in, or at which it failed.
    pub stage: String,
    /// Why it failed; null if it did not.
    pub error: Option<String>,
    /// The time that compiling it took, in milliseconds.
    pub compile_ms: u64,
    /// Decisions beside the active policy.
    pub shadow_decisions: u64,
    /// Those in which it differed from the active policy.
    pub shadow_differences: u64,
    /// The digest of its settings, byte for byte; empty where there are none.
    #[serde(default)]
    pub settings: String,
    /// At the stage `turn`: the candidates that have to run it well before this one takes it, eight of
    /// them at most; empty too while they are out of sight.
    #[serde(default)]
    pub waits_for: Vec<String>,
    /// The facts that it says it cannot do without, once it was asked.
    #[serde(default)]
    pub needs: Vec<NeedAnswer>,
}

/// How a policy or a request failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct FailureAnswer {
    /// The kind: of a policy one of the keys of `failures`; of a request the outcome, such as `denied`
    /// or `unreachable`.
    pub kind: String,
    /// One line for people.
    pub detail: String,
}

impl FailureAnswer {
    fn of(error: &LockError) -> FailureAnswer {
        let (kind, detail) = (error.outcome.as_str().to_owned(), error.detail.clone());
        FailureAnswer { kind, detail }
    }
}

impl PolicyAnswer {
    /// What holds at `now`.
    pub(super) fn at(status: &Status, now: Moment) -> PolicyAnswer {
        let (report, roster) = (status.policy(), status.roster());
        PolicyAnswer::of(LockAnswer::at(status, now), &report, &roster, now)
    }

    fn of(lock: LockAnswer, report: &PolicyReport, roster: &Roster, now: Moment) -> PolicyAnswer {
        let active = report.rollout.active.as_ref();
        let count = |kind: FailureKind| report.failures.get(&kind).copied().unwrap_or(0);
        PolicyAnswer {
            lock,
            active: active.map(|active| PolicySummary::of(active, roster)),
            previous: report.previous.as_ref().map(|it| PolicySummary::of(it, roster)),
            candidate: CandidateAnswer::of(&report.rollout, roster),
            source: report.source.clone(),
            source_error: report.rollout.source_error.clone(),
            stage: report.stage().to_owned(),
            error: report.error().map(str::to_owned),
            decisions: report.decisions,
            rule_decisions: report.rule_decisions,
            hold_decisions: report.hold_decisions,
            resign_decisions: report.resign_decisions,
            on_failure: report.on_failure.as_str().to_owned(),
            failures: FailureKind::ALL.map(|kind| (kind.as_str().to_owned(), count(kind))).into(),
            failures_in_a_row: report.failures_in_a_row,
            failures_of_last_hundred: report.failures_of_last_hundred,
            last_failure: report.last_failure.as_ref().map(|(kind, detail)| FailureAnswer {
                kind: kind.as_str().to_owned(),
                detail: detail.clone(),
            }),
            last_reason: report.last_reason.clone(),
            decide_us: report.decide_micros,
            decide_fuel: report.decide_fuel,
            compile_ms: active.map_or(0, |active| active.about.compile_millis),
            swap_pause_us: active.map_or(0, |active| active.pause_micros),
            swaps: report.rollout.swaps,
            memory_lost: active.and_then(|active| active.memory_lost.clone()),
            since_ms: active.map(|active| millis(now.since(active.since))),
        }
    }
}

impl CandidateAnswer {
    fn of(rollout: &Report, roster: &Roster) -> Option<CandidateAnswer> {
        let candidate = rollout.candidate.as_ref()?;
        let refusal = candidate.refusal.as_ref();
        Some(CandidateAnswer {
            policy: PolicyName::new(candidate.policy.as_ref(), candidate.about.as_ref()),
            source: candidate.source.clone(),
            stage: refusal.map_or(candidate.stage, |refusal| refusal.stage).to_owned(),
            error: refusal.map(|refusal| refusal.why.clone()),
            compile_ms: candidate.about.as_ref().map_or(0, |about| about.compile_millis),
            shadow_decisions: candidate.trial.decisions.into(),
            shadow_differences: candidate.trial.differences.into(),
            settings: candidate.policy.as_ref().map(settings_digest).unwrap_or_default(),
            waits_for: rollout.waits_for.clone(),
            needs: candidate.about.iter().flat_map(|about| needs(about, roster)).collect(),
        })
    }
}

impl PolicySummary {
    fn of(active: &Active, roster: &Roster) -> PolicySummary {
        PolicySummary {
            policy: PolicyName::of(active),
            summary: active.about.summary.clone(),
            source: active.source.clone(),
            settings: settings_digest(&active.policy),
            needs: needs(&active.about, roster),
        }
    }
}

/// What a policy needs. Of the roster, which is kept for it, it is known by now whether it can be read.
fn needs(about: &About, roster: &Roster) -> Vec<NeedAnswer> {
    let answer = |need: &Need| {
        let unread = roster.not_followed.as_ref().filter(|_| need.fact == ROSTER);
        let Need { fact, given, from } = need.clone();
        match unread {
            Some(why) => NeedAnswer { fact, given: false, from: format!("{from}: {why}") },
            None => NeedAnswer { fact, given, from },
        }
    };
    about.needs.iter().map(answer).collect()
}

/// The digest of a policy's settings, byte for byte; empty where there are none.
fn settings_digest(policy: &Policy) -> String {
    roster::settings_digest(&policy.settings)
}
