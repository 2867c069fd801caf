//! The sidecar's journal: gives records their time, and decisions the policy that made them.

use crate::clock;
use hotseat_core::event::{Account, AskId};
use hotseat_core::policy::{Decision, Failure};
use hotseat_core::time::millis;
use hotseat_journal::{Body, Bounds, Decided, Journal, OpenError, Shadow, Swap};
use jiff::Timestamp;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Where the journal is written, besides the last records in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalFile {
    /// The file.
    pub path: PathBuf,
    /// From this many bytes on it becomes `PATH.1`, in place of the one before.
    pub size: u64,
}

/// Records what happens to the policies. Nothing here waits for a disk.
#[derive(Debug)]
pub struct Journalist {
    journal: Journal,
    /// The policy that answered last: another may have taken over since.
    answered: Mutex<Option<(AskId, String)>>,
}

impl Default for Journalist {
    /// With an empty journal, in memory only.
    fn default() -> Journalist {
        Journalist { journal: Journal::new(Bounds::default()), answered: Mutex::default() }
    }
}

impl Journalist {
    /// Appends every record from now on to a file.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn append_to(&self, file: &JournalFile) -> Result<(), OpenError> {
        self.journal.append_to(&file.path, file.size, |line| tracing::warn!("{line}"))
    }

    /// The policy of this digest answered a question, whose account will follow.
    pub fn answered(&self, ask: AskId, digest: &str) {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        *answered = Some((ask, digest.to_owned()));
    }

    /// A decision was made; `active` is the digest of the active policy, which counts where no
    /// answer came.
    pub fn decision(&self, account: Account, active: Option<&str>) {
        let policy = account.ask.and_then(|ask| {
            let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
            let known = answered.take_if(|(known, _)| *known == ask).map(|(_, digest)| digest);
            known.or_else(|| active.map(str::to_owned))
        });
        self.record(Body::Decision(Box::new(Decided { policy, account })));
    }

    /// A policy came to a stage, or was taken up.
    pub fn swap(&self, swap: Swap) {
        self.record(Body::Swap(swap));
    }

    /// The policy of this digest, in shadow, answered the question that the active policy answered.
    pub fn shadow(
        &self,
        ask: AskId,
        digest: &str,
        active: Result<Decision, Failure>,
        candidate: Result<Decision, Failure>,
    ) {
        let policy = digest.to_owned();
        self.record(Body::Shadow(Box::new(Shadow { ask, policy, active, candidate })));
    }

    /// The last records as JSON lines, at most that many, the oldest first.
    pub fn lines(&self, most: usize) -> String {
        self.journal.lines(most)
    }

    /// How many records could not be kept or written.
    pub fn dropped(&self) -> u64 {
        self.journal.dropped()
    }

    /// Lets the file take what is on its way, for so long at most.
    pub fn finish(&self, patience: Duration) {
        if !self.journal.finish(patience) {
            tracing::warn!("the journal's file did not take the last records in time");
        }
    }

    fn record(&self, body: Body) {
        let at_ms = millis(clock::now().since_origin());
        self.journal.record(format!("{:.3}", Timestamp::now()), at_ms, body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotseat_core::policy::{Attempts, Cause, Input, Observation, Pace};
    use serde_json::Value;

    fn account(ask: Option<u64>) -> Account {
        let observation = Observation {
            identity: "web-0".to_owned(),
            uptime: 1,
            cause: Cause::Timer,
            seat: None,
            claim: None,
            attempts: Attempts::default(),
            signals: Vec::new(),
            roster: Vec::new(),
        };
        let timing = Pace {
            lease_duration: 1,
            renew_deadline: 1,
            retry_period: 1,
            shortest_lease: 1,
            longest_lease: 1,
        };
        let settings = String::new();
        let input = Input { settings, memory: Vec::new(), entropy: 0, timing, observation };
        Account { ask: ask.map(AskId), input, answer: None, instead: None }
    }

    fn records(journal: &Journalist) -> Vec<Value> {
        let lines = journal.lines(usize::MAX);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_decision_has_the_policy_that_answered() {
        let journal = Journalist::default();
        journal.answered(AskId(1), "sha256:old");
        journal.decision(account(Some(1)), Some("sha256:new"));
        // Nobody answered: it was the active one that did not.
        journal.decision(account(Some(2)), Some("sha256:new"));
        journal.answered(AskId(2), "sha256:late");
        journal.decision(account(Some(3)), Some("sha256:new"));
        journal.decision(account(None), Some("sha256:new"));
        let told = records(&journal);
        let policies: Vec<Option<&str>> =
            told.iter().map(|record| record["policy"].as_str()).collect();
        let new = Some("sha256:new");
        assert_eq!(policies, [Some("sha256:old"), new, new, None]);
    }

    #[test]
    fn records_have_both_times() {
        let journal = Journalist::default();
        let before = millis(clock::now().since_origin());
        journal.swap(Swap { stage: "active".to_owned(), ..Swap::default() });
        let told = records(&journal);
        let at = told[0]["at_ms"].as_u64().unwrap();
        assert!((before..=before + 60_000).contains(&at), "{at}");
        let time: Timestamp = told[0]["time"].as_str().unwrap().parse().unwrap();
        assert!(Timestamp::now().duration_since(time).abs().as_secs() < 60, "{time}");
        assert!(told[0]["time"].as_str().unwrap().ends_with('Z'));
        assert_eq!((&told[0]["kind"], &told[0]["stage"]), (&"swap".into(), &"active".into()));
    }
}
