//! The roster: the candidates of an election as they publish themselves. Advice for policies and people;
//! no rule of safety reads it (I17).
//!
//! Who keeps it writes it into the [`Status`](crate::Status); [`relay`] hands it to the election while
//! a policy wants it, and the core decides whether that is a reason to ask.

mod fleet;
mod own;
mod relay;
mod settings;

pub(crate) use fleet::relay_fleet;
pub(crate) use relay::relay;
pub use settings::settings_digest;

use hotseat_core::elector::SUCCESSOR;
use hotseat_core::event::{Published, Reported};
use hotseat_core::policy::{Source, Value};
use hotseat_core::time::Moment;
use hotseat_rollout::Objection;

/// The fact by which a policy says that it wants the roster.
pub const ROSTER: &str = "roster";
/// The signal by which an application says whether it is ready to lead.
pub const READY: &str = "ready";
/// The signal that says in which zone the node is, as the label of nodes has it.
pub const ZONE: &str = "topology.kubernetes.io/zone";

/// What a candidate says of itself to the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// Its name.
    pub identity: String,
    /// Whether its application says that it is ready to lead; none if it says nothing.
    pub ready: Option<bool>,
    /// The zone of its node, if that is known.
    pub zone: Option<String>,
    /// The name of its node, if that is known.
    pub node: Option<String>,
    /// Whether it leads.
    pub leads: bool,
    /// Whom it hands over to, where it leads and waits for that.
    pub successor: Option<String>,
    /// The version of its program.
    pub version: String,
    /// The policy that decides for it; none before the first.
    pub policy: Option<PolicyEntry>,
    /// What its policy published with the last decision.
    pub signals: Vec<(String, Value)>,
}

/// Which policy decides for a candidate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyEntry {
    /// `sha256:` and the hex digest of the component.
    pub digest: String,
    /// The digest of its settings, byte for byte; empty where there are none.
    pub settings: String,
    /// `active` or `restored`; the stage of another one that is on its way; `refused`; or `stopped`, by
    /// the objection of another candidate.
    pub state: String,
    /// The digest of the other one, which is on its way, was refused or stopped.
    pub candidate: Option<String>,
    /// The digest of that one's settings; empty where there are none.
    pub candidate_settings: String,
    /// The newest policy, if this candidate refused it by itself or fell back from it.
    pub objection: Option<Objection>,
}

/// Another candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// What it says.
    pub entry: Entry,
    /// When its publication was last seen to change, as it does each minute.
    pub at: Moment,
    /// Since when each of its signals has its value, in their order.
    pub since: Vec<Moment>,
}

impl Listed {
    /// As a policy gets it. What another candidate's policy publishes deserves no more trust than what
    /// an application says, and is marked so.
    fn published(&self) -> Published {
        let Listed { entry, at, since } = self;
        let since = since.iter().copied().chain(std::iter::repeat(*at));
        let signal = |((key, value), since): (&(String, Value), Moment)| Reported {
            key: key.clone(),
            source: Source::Application,
            value: value.clone(),
            at: *at,
            since,
        };
        Published {
            identity: entry.identity.clone(),
            at: *at,
            ready: entry.ready,
            zone: entry.zone.clone(),
            policy: entry.policy.as_ref().map(|policy| policy.digest.clone()),
            signals: entry.signals.iter().zip(since).map(signal).collect(),
            extra: entry
                .successor
                .iter()
                .map(|to| (SUCCESSOR.to_owned(), Value::Text(to.clone())))
                .collect(),
        }
    }
}

/// What is known of the candidates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Roster {
    /// Whether anything asks for it: nothing is published or followed otherwise.
    pub wanted: bool,
    /// The others were read once since then.
    pub seen: bool,
    /// What this candidate published last; none if it has not yet.
    pub own: Option<Entry>,
    /// The others, in the order of their names.
    pub others: Vec<Listed>,
    /// Publications that were left out: unreadable, of this candidate's own name, or too many.
    pub left_out: u64,
    /// Why this candidate cannot publish itself; none if it can.
    pub not_published: Option<String>,
    /// Why the others cannot be followed; none if they can.
    pub not_followed: Option<String>,
}
