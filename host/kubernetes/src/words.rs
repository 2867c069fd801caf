//! Which facts become Events on the lock, and in which words.

use hotseat_core::event::{Notice, StepDownReason};
use hotseat_core::failures::MOST_IN_A_ROW;
use hotseat_election::Fact;
use hotseat_rollout::{Fact as PolicyFact, Refusal};

/// The reason of an Event about a term, as client-go has it.
pub(super) const ELECTION: &str = "LeaderElection";
/// After the name of whoever it is: its term began.
pub(super) const BECAME_LEADER: &str = " became leader";
/// Its term goes on, under another token.
pub(super) const RESUMED: &str = " resumed its term";
/// Its term ended.
pub(super) const STOPPED: &str = " stopped leading";
/// The annotation of such an Event that has the term's fencing token.
pub(super) const TOKEN: &str = "hotseat.dev/token";

/// What an Event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    /// In one word, for programs.
    pub(super) reason: &'static str,
    /// For people.
    pub(super) note: String,
    /// A warning, or normal.
    pub(super) warning: bool,
    /// It is the same for all candidates that come to it: one of them says it for all.
    pub(super) of_fleet: bool,
    /// It keeps this candidate from leading, so it is said on its pod as well.
    pub(super) on_pod: bool,
}

impl Words {
    /// The words for a fact, said by the candidate of that identity; none for most facts.
    pub(super) fn of(fact: &Fact, identity: &str) -> Option<Words> {
        match fact {
            Fact::Elector(notice) => Words::of_elector(notice, identity),
            Fact::Policy(fact) => Words::of_policy(fact),
            Fact::RightsMissing(missing) => Some(Words {
                reason: "RightsMissing",
                note: format!(
                    "{identity} may not {missing}: its log has the Role, and so has hotseat rbac"
                ),
                warning: true,
                of_fleet: false,
                on_pod: true,
            }),
            _ => None,
        }
    }

    fn normal(reason: &'static str, note: String) -> Option<Words> {
        Some(Words { reason, note, warning: false, of_fleet: false, on_pod: false })
    }

    fn warning(reason: &'static str, note: String) -> Option<Words> {
        Some(Words { reason, note, warning: true, of_fleet: false, on_pod: false })
    }

    fn of_elector(notice: &Notice, identity: &str) -> Option<Words> {
        match notice {
            Notice::BecameLeader { .. } => {
                Words::normal(ELECTION, format!("{identity}{BECAME_LEADER}"))
            }
            Notice::ResumedTerm { .. } => Words::normal(ELECTION, format!("{identity}{RESUMED}")),
            Notice::SteppedDown(why) => Some(Words {
                reason: ELECTION,
                note: format!("{identity}{STOPPED}{}", ending(why)),
                warning: matches!(why, StepDownReason::Lapsed),
                of_fleet: false,
                on_pod: false,
            }),
            Notice::HandingOver { to, within } => Words::normal(
                "HandingOver",
                format!("{identity} hands over to {to} once that is ready, within {within:.0?}"),
            ),
            Notice::TransferRefused { to, by, reason } => Words::warning(
                "TransferRefused",
                format!("{identity} does not hand over to {to} as {by} asked: {reason}"),
            ),
            Notice::IdentityConflict(who) => Words::warning(
                "IdentityClash",
                format!("another live process uses the name {identity}: {who}"),
            ),
            // One Event for each row of failures, not for each failure.
            Notice::PolicyFailed { failure, in_a_row: MOST_IN_A_ROW, .. } => Words::warning(
                "PolicyFailed",
                format!("the policy failed three times in a row: {}", failure.kind.as_str()),
            ),
            _ => None,
        }
    }

    fn of_policy(fact: &PolicyFact) -> Option<Words> {
        let of_fleet = |words: Option<Words>| words.map(|words| Words { of_fleet: true, ..words });
        match fact {
            PolicyFact::SourceUnavailable { why, .. } => {
                of_fleet(Words::warning("PolicySourceFailed", why.clone()))
            }
            // All who stop say the same, and name the one because of whom.
            PolicyFact::Refused { policy: Some(policy), about, refusal, .. }
                if refusal.stage == Refusal::TURN =>
            {
                let about = about.clone().unwrap_or_default();
                let (name, version) = (about.name, about.version);
                let note = format!("{name} {version}, {}: {}", policy.digest, refusal.why);
                of_fleet(Words::warning("PolicyStopped", note))
            }
            PolicyFact::Refused { refusal, .. } => of_fleet(Words::warning(
                "PolicyRefused",
                format!("stage {}: {}", refusal.stage, refusal.why),
            )),
            PolicyFact::TookOver { policy, about, source, restored, .. } => {
                let note =
                    format!("{} {} from {source}, {}", about.name, about.version, policy.digest);
                match restored {
                    true => Words::normal("PolicyRestored", note),
                    false => of_fleet(Words::normal("PolicySwapped", note)),
                }
            }
            PolicyFact::Broken { about, next, .. } => {
                let follows = match next {
                    Some(_) => "another one takes over",
                    None => "no other may take over",
                };
                let note = format!("{} {} failed too often: {follows}", about.name, about.version);
                Words::warning("PolicyFailed", note)
            }
            PolicyFact::LeftBehind { digest, times } => Words::warning(
                "PolicyFailed",
                format!("{digest}: {times} threads did not come back from it"),
            ),
            _ => None,
        }
    }
}

/// Why a term ended: one word for programs, and what there is to say to it.
fn ending(why: &StepDownReason) -> String {
    let word = why.as_str();
    match why {
        StepDownReason::Transferred(asked) => format!(": {asked}"),
        StepDownReason::Resigned(reason) if !reason.is_empty() => format!(" ({word}): {reason}"),
        StepDownReason::Lost(Some(to)) if !to.is_empty() => {
            format!(" ({word}): {to} is named on the lock")
        }
        _ => format!(" ({word})"),
    }
}
