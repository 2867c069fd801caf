//! Which facts become Events on the lock, and in which words.

use hotseat_core::event::{Notice, Why};
use hotseat_core::failures::MOST_IN_A_ROW;
use hotseat_election::Fact;
use hotseat_rollout::{Fact as PolicyFact, Refusal};

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
                Words::normal("LeaderElection", format!("{identity} became leader"))
            }
            Notice::ResumedTerm { .. } => {
                Words::normal("LeaderElection", format!("{identity} resumed its term"))
            }
            Notice::SteppedDown(why) => Some(Words {
                reason: "LeaderElection",
                note: match why {
                    Why::Transferred(asked) => format!("{identity} stopped leading: {asked}"),
                    _ => format!("{identity} stopped leading ({})", why.as_str()),
                },
                warning: matches!(why, Why::Lapsed),
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
            Notice::Twin(who) => Words::warning(
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
