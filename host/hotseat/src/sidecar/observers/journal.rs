//! The journal as an observer: gives records their time and their election.

use hotseat_core::time::{Moment, millis};
use hotseat_election::{ElectionName, Fact, Observer, Occurrence};
use hotseat_journal::{Body, Bounds, Decided, Journal, OpenError, Shadow, Swap};
use hotseat_rollout::{About, Fact as PolicyFact};
use jiff::Timestamp;
use std::path::PathBuf;
use std::time::Duration;

/// Where the journal is written, besides the last records in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalFile {
    /// The file.
    pub path: PathBuf,
    /// From this many bytes on it becomes `PATH.1`, in place of the one before.
    pub size: u64,
}

/// Records decisions and what happens to policies, of all elections of the process. Nothing here
/// waits for a disk. Cheap to clone; all clones are one journal.
#[derive(Clone, Debug)]
pub struct JournalKeeper(Journal);

impl Default for JournalKeeper {
    /// With an empty journal, in memory only.
    fn default() -> JournalKeeper {
        JournalKeeper(Journal::new(Bounds::default()))
    }
}

impl JournalKeeper {
    /// Appends every record from now on to a file.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn append_to(&self, file: &JournalFile) -> Result<(), OpenError> {
        self.0.append_to(&file.path, file.size, |line| tracing::warn!("{line}"))
    }

    /// The last records as JSON lines, at most that many, the oldest first.
    pub fn lines(&self, most: usize) -> String {
        self.0.lines(most)
    }

    /// How many records could not be kept or written.
    pub fn dropped(&self) -> u64 {
        self.0.dropped()
    }

    /// Lets the file take what is on its way, for so long at most.
    pub fn close(&self, patience: Duration) {
        if !self.0.finish(patience) {
            tracing::warn!("the journal's file did not take the last records in time");
        }
    }

    fn record(&self, election: &ElectionName, at: Moment, body: Body) {
        let at_ms = millis(at.since_origin());
        let time = format!("{:.3}", Timestamp::now());
        self.0.record(election.to_string(), time, at_ms, body);
    }
}

/// Its file is closed once, after all elections: see [`JournalKeeper::close`].
impl Observer for JournalKeeper {
    fn observe(&self, occurrence: Occurrence<'_>) {
        let body = match occurrence.fact {
            Fact::Decided(decided) => {
                let (policy, account) = (decided.policy.clone(), decided.account.clone());
                Body::Decision(Box::new(Decided { policy, account }))
            }
            Fact::ShadowDiffered(answers) => Body::Shadow(Box::new(Shadow {
                ask: answers.ask,
                policy: answers.digest.clone(),
                active: Ok(answers.active.clone()),
                candidate: answers.candidate.clone(),
            })),
            Fact::Policy(fact) => match swap(fact) {
                Some(swap) => Body::Swap(swap),
                None => return,
            },
            _ => return,
        };
        self.record(occurrence.election, occurrence.at, body);
    }
}

/// The record of a policy that took over or was refused.
fn swap(fact: &PolicyFact) -> Option<Swap> {
    let about = |about: &About| (about.name.clone(), about.version.clone());
    match fact {
        PolicyFact::TookOver { policy, about: it, source, restored, .. } => {
            let (name, version) = about(it);
            Some(Swap {
                digest: policy.digest.clone(),
                name,
                version,
                source: source.clone(),
                stage: if *restored { "restored" } else { "active" }.to_owned(),
                error: None,
            })
        }
        PolicyFact::Refused { policy, about: it, source, refusal } => {
            let (name, version) = it.as_ref().map(about).unwrap_or_default();
            Some(Swap {
                digest: policy.as_ref().map(|policy| policy.digest.clone()).unwrap_or_default(),
                name,
                version,
                source: source.clone(),
                stage: refusal.stage.to_owned(),
                error: Some(refusal.why.clone()),
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotseat_election::clock;
    use hotseat_rollout::{Policy, Refusal};
    use serde_json::Value;

    #[test]
    fn records_have_both_times_and_their_election() {
        let journal = JournalKeeper::default();
        let at = clock::now();
        let policy = Policy { digest: "sha256:00".to_owned(), settings: "".into() };
        let fact = Fact::Policy(PolicyFact::Refused {
            policy: Some(policy),
            about: None,
            source: "file:p".to_owned(),
            refusal: Refusal { stage: "compile", why: "no".to_owned() },
        });
        let election = &ElectionName::new("shop", "web");
        journal.observe(Occurrence { election, at, fact: &fact });
        let lines = journal.lines(usize::MAX);
        let told: Value = serde_json::from_str(&lines).unwrap();
        assert_eq!(told["at_ms"], millis(at.since_origin()));
        assert_eq!(told["election"], "shop/web");
        let time: Timestamp = told["time"].as_str().unwrap().parse().unwrap();
        assert!(Timestamp::now().duration_since(time).abs().as_secs() < 60, "{time}");
        assert!(told["time"].as_str().unwrap().ends_with('Z'));
        assert_eq!((&told["kind"], &told["stage"]), (&"swap".into(), &"compile".into()));
        assert_eq!((&told["digest"], &told["error"]), (&"sha256:00".into(), &"no".into()));
    }
}
