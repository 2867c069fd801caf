//! What happened lately, for people who look at it: who led, what became of policies, and what was
//! decided. Bounded in number and in length, so that it is a fixed share of the process's memory.

mod decision;
mod leaders;

pub use decision::{Answered, DecisionSummary, FailureSummary, Seen};
pub use leaders::LeaderChange;
pub(crate) use leaders::Watcher;

use crate::fact::{Fact, Occurrence};
use crate::kept::Kept;
use hotseat_core::event::Notice;
use hotseat_core::time::Moment;
use hotseat_core::view::View;
use hotseat_rollout::{About, Fact as PolicyFact, Policy};
use hotseat_text::cut;
use std::sync::Mutex;

/// How many changes of the leader are kept.
pub const LEADERS: usize = 256;
/// How many events about policies are kept.
pub const POLICIES: usize = 64;
/// How many decisions are kept.
pub const DECISIONS: usize = 256;
/// The longest text of an entry, in bytes; a longer one is cut. With it the history takes less than
/// 1 MiB, and with the standard policy some 140 KiB.
pub const LONGEST: usize = 256;

/// The last of what happened.
#[derive(Debug)]
pub struct History {
    leaders: Kept<LeaderChange>,
    policies: Kept<PolicyChange>,
    decisions: Kept<DecisionSummary>,
    watcher: Mutex<Watcher>,
}

/// What became of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyChange {
    /// When.
    pub at: Moment,
    /// The stage: `active`, `restored`, or the one at which it was refused; `failed` for the active
    /// one that failed too often.
    pub stage: &'static str,
    /// Why it went no further; none if it took over.
    pub error: Option<String>,
    /// As the policy calls itself; empty until it was asked.
    pub name: String,
    /// As the policy says; empty until it was asked.
    pub version: String,
    /// `sha256:` and the hex digest of the component; empty if its bytes could not be had.
    pub digest: String,
    /// The digest of its settings, byte for byte; empty where there are none.
    pub settings: String,
    /// Where it came from; empty where that is not said.
    pub source: String,
}

impl History {
    pub(crate) fn new() -> History {
        History {
            leaders: Kept::new(LEADERS),
            policies: Kept::new(POLICIES),
            decisions: Kept::new(DECISIONS),
            watcher: Mutex::default(),
        }
    }

    /// Who led.
    pub fn leaders(&self) -> &Kept<LeaderChange> {
        &self.leaders
    }

    /// What became of policies.
    pub fn policies(&self) -> &Kept<PolicyChange> {
        &self.policies
    }

    /// What was decided.
    pub fn decisions(&self) -> &Kept<DecisionSummary> {
        &self.decisions
    }

    /// Takes a fact in; `view` is what is shown of the election by now. For whoever says facts.
    pub fn take(&self, occurrence: Occurrence<'_>, view: &View) {
        match occurrence.fact {
            Fact::Elector(notice) => self.hear(occurrence.at, notice, view),
            Fact::Policy(fact) => {
                if let Some(change) = PolicyChange::of(occurrence.at, fact) {
                    self.policies.push(change);
                }
            }
            Fact::Decided(decided) => {
                self.decisions.push(DecisionSummary::of(occurrence.at, decided))
            }
            _ => {}
        }
    }

    fn hear(&self, at: Moment, notice: &Notice, view: &View) {
        let mut watcher = self.watcher.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(change) = watcher.hear(at, notice, view) {
            self.leaders.push(change);
        }
    }
}

impl PolicyChange {
    fn of(at: Moment, fact: &PolicyFact) -> Option<PolicyChange> {
        let (policy, about, source) = match fact {
            PolicyFact::TookOver { policy, about, source, .. } => {
                (Some(policy), Some(about), source.as_str())
            }
            PolicyFact::Refused { policy, about, source, .. } => {
                (policy.as_ref(), about.as_ref(), source.as_str())
            }
            PolicyFact::Broken { policy, about, .. } => (Some(policy), Some(about), ""),
            PolicyFact::NotTakenOver { policy, .. } => (Some(policy), None, ""),
            _ => return None,
        };
        let (stage, error) = match fact {
            PolicyFact::TookOver { restored, .. } => {
                (if *restored { "restored" } else { "active" }, None)
            }
            PolicyFact::Refused { refusal, .. } => (refusal.stage, Some(refusal.why.as_str())),
            PolicyFact::NotTakenOver { why, .. } => ("take-over", Some(why.as_str())),
            _ => ("failed", Some("it failed too often")),
        };
        let word = |of: fn(&About) -> &String| about.map(of).map_or_else(String::new, short);
        Some(PolicyChange {
            at,
            stage,
            error: error.map(short),
            name: word(|about| &about.name),
            version: word(|about| &about.version),
            digest: policy.map(|policy| policy.digest.clone()).unwrap_or_default(),
            settings: policy.map(settings_digest).unwrap_or_default(),
            source: short(source),
        })
    }
}

/// The digest of a policy's settings; empty where there are none.
fn settings_digest(policy: &Policy) -> String {
    crate::roster::settings_digest(&policy.settings)
}

fn short(text: impl AsRef<str>) -> String {
    cut(text.as_ref(), LONGEST).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kept::Numbered;

    /// What an entry takes whose texts are that long, in bytes.
    const fn entry<T>(texts: usize) -> usize {
        size_of::<Numbered<T>>() + texts * LONGEST
    }

    #[test]
    fn it_takes_no_more_memory_than_is_said() {
        // Of a leader its name and why; of a policy all but its stage; of a decision the policy, the
        // holder, whom a transfer names, why there was no answer, and of what was decided instead the
        // successor, the reason and why it was overruled.
        let bytes = LEADERS * entry::<LeaderChange>(2)
            + POLICIES * entry::<PolicyChange>(6)
            + DECISIONS * entry::<DecisionSummary>(7);
        assert!((512 * 1024..1024 * 1024).contains(&bytes), "{bytes}");
        // With the standard policy nobody's texts are long: a digest, a name and a reason.
        let standard = DECISIONS * (size_of::<Numbered<DecisionSummary>>() + 128);
        assert!((120 * 1024..180 * 1024).contains(&standard), "{standard}");
    }
}
