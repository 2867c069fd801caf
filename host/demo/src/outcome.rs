//! What a demonstration showed: the figures, the verdict, and how both are printed.

use super::referee::{Cause, Election, Open, Referee};
use super::swap::Swapped;
use super::words::{self, Names};
use hotseat_core::time::{Moment, millis_up};
use serde::Serialize;
use std::time::Duration;

/// The figures of a demonstration, as `--output json` prints them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// How many candidates there were.
    pub candidates: usize,
    /// The elections that ended with a leader, in their order.
    pub elections: Vec<Elected>,
    /// How long two candidates led at the same time, in milliseconds, rounded up.
    pub overlap_ms: u64,
    /// How often the leaders renewed their lease.
    pub heartbeats: u64,
    /// Requests of all candidates to the API server; a watch counts once.
    pub api_requests: u64,
    /// The swaps of the policy, in their order.
    pub swaps: Vec<Swapped>,
}

/// An election that ended with a leader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Elected {
    /// `start`, `killed`, `released`, `silenced` if the leader's application fell silent, or `lost`
    /// if nothing was done to the leader before.
    pub cause: &'static str,
    /// The name of the new leader.
    pub leader: &'static str,
    /// How long nobody led, in milliseconds, rounded up.
    pub gap_ms: u64,
}

impl Outcome {
    /// The figures as they stand.
    pub fn new(
        referee: &Referee,
        names: Names,
        heartbeats: u64,
        api_requests: u64,
        swaps: &[Swapped],
    ) -> Outcome {
        let elected = |election: &Election| Elected {
            cause: cause(election.cause),
            leader: names[election.leader],
            gap_ms: millis_up(election.gap),
        };
        Outcome {
            candidates: names.len(),
            elections: referee.elections().iter().map(elected).collect(),
            overlap_ms: millis_up(referee.overlap()),
            heartbeats,
            api_requests,
            swaps: swaps.to_vec(),
        }
    }

    /// Why the demonstration failed at `now`, if it did. `patience` is how long an election may
    /// go on when a person ended the demonstration in the middle of it.
    pub fn failure(
        &self,
        open: Option<Open>,
        names: Names,
        now: Moment,
        patience: Duration,
    ) -> Option<String> {
        if self.overlap_ms > 0 {
            return Some(format!(
                "two candidates led at the same time, for {} ms",
                self.overlap_ms
            ));
        }
        let open = open?;
        let waited = now.since(open.since);
        if waited < patience {
            return None;
        }
        let waited = words::duration(waited);
        Some(match (open.cause, open.before) {
            (Cause::Silenced, Some(old)) => {
                let old = names[old];
                format!("nobody followed {old} within {waited} after its application was silent")
            }
            (Cause::Start, _) => format!("nobody led within {waited}: give --for more time"),
            (_, Some(old)) => format!("nobody led within {waited} after {} was gone", names[old]),
            (_, None) => format!("nobody led within {waited}"),
        })
    }

    /// The figures in a few lines for people.
    pub fn summary(&self, elapsed: Duration) -> String {
        let elections = u64::try_from(self.elections.len()).unwrap_or(u64::MAX);
        let leaders = match self.overlap_ms {
            0 => "never two leaders at a time".to_owned(),
            overlap => format!("TWO LEADERS at a time for {overlap} ms"),
        };
        let mut text = format!(
            "{}: {}, {leaders}, {}, {}.",
            words::clock(elapsed),
            words::count(elections, "election"),
            words::count(self.heartbeats, "heartbeat"),
            words::count(self.api_requests, "API request"),
        );
        let gaps = [
            ("start", "at the start"),
            ("killed", "after a death at most"),
            ("released", "at a hand-over at most"),
            ("silenced", "at a resignation at most"),
            ("lost", "after a lease was lost at most"),
        ];
        let gaps: Vec<String> = gaps
            .into_iter()
            .filter_map(|(cause, words)| {
                let longest = self.elections.iter().filter(|e| e.cause == cause).map(|e| e.gap_ms);
                Some(format!("{words} {}", words::duration(Duration::from_millis(longest.max()?))))
            })
            .collect();
        if !gaps.is_empty() {
            text.push_str("\nTime without a leader: ");
            text.push_str(&gaps.join(", "));
            text.push('.');
        }
        if let Some(longest) = self.swaps.iter().map(|swap| swap.ms).max() {
            let missed = self.swaps.iter().map(|swap| swap.missed_heartbeats).sum();
            text.push_str(&format!(
                "\nSwaps of the policy: {} in all candidates within {}, {} missed.",
                self.swaps.len(),
                words::duration(Duration::from_millis(longest)),
                words::count(missed, "heartbeat"),
            ));
        }
        text
    }
}

fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Start => "start",
        Cause::Killed => "killed",
        Cause::Released => "released",
        Cause::Silenced => "silenced",
        Cause::Lost => "lost",
    }
}

#[cfg(test)]
mod tests {
    use super::super::referee::Reading;
    use super::*;

    const NAMES: [&str; 2] = ["anna", "ben"];
    const NO_PATIENCE: Duration = Duration::ZERO;

    fn answer(candidate: usize, before: u64, after: u64, token: u64) -> Reading {
        Reading {
            candidate,
            before: Moment::from_millis(before),
            after: Moment::from_millis(after),
            leads: Some(token),
        }
    }

    #[test]
    fn the_json_is_what_scripts_rely_on() {
        let mut referee = Referee::new(2, Moment::ZERO);
        referee.read(&answer(1, 40, 42, 7));
        let digest = "sha256:00ff".to_owned();
        let swap = Swapped { digest, ms: 83, missed_heartbeats: 0 };
        let outcome = Outcome::new(&referee, &NAMES, 5, 17, &[swap]);
        assert_eq!(
            serde_json::to_string(&outcome).unwrap(),
            r#"{"candidates":2,"elections":[{"cause":"start","leader":"ben","gap_ms":42}],"overlap_ms":0,"heartbeats":5,"api_requests":17,"swaps":[{"digest":"sha256:00ff","ms":83,"missed_heartbeats":0}]}"#
        );
        assert_eq!(outcome.failure(referee.open(), &NAMES, Moment::NEVER, NO_PATIENCE), None);
        assert_eq!(
            outcome.summary(Duration::from_secs(9)),
            "00:09: 1 election, never two leaders at a time, 5 heartbeats, 17 API requests.\n\
             Time without a leader: at the start 42 ms.\n\
             Swaps of the policy: 1 in all candidates within 83 ms, 0 heartbeats missed."
        );
    }

    #[test]
    fn an_election_without_a_leader_is_a_failure() {
        let mut referee = Referee::new(2, Moment::ZERO);
        let at = Moment::from_millis;
        let fail = |referee: &Referee, now, patience| {
            Outcome::new(referee, &NAMES, 0, 0, &[]).failure(referee.open(), &NAMES, now, patience)
        };
        let text = fail(&referee, at(1000), NO_PATIENCE).unwrap();
        assert_eq!(text, "nobody led within 1.0 s: give --for more time");
        referee.read(&answer(0, 40, 42, 7));
        referee.harm(Cause::Killed, at(2000));
        let text = fail(&referee, at(4000), NO_PATIENCE).unwrap();
        assert_eq!(text, "nobody led within 2.0 s after anna was gone");
        // A person may end it in the middle of an election that is in time.
        assert_eq!(fail(&referee, at(4000), Duration::from_secs(6)), None);
        assert!(fail(&referee, at(9000), Duration::from_secs(6)).is_some());
    }

    #[test]
    fn two_leaders_are_a_failure_however_short() {
        let mut referee = Referee::new(2, Moment::ZERO);
        for reading in [answer(0, 10, 11, 1), answer(1, 12, 13, 2), answer(0, 14, 15, 1)] {
            referee.read(&reading);
        }
        let outcome = Outcome::new(&referee, &NAMES, 0, 0, &[]);
        assert_eq!(outcome.overlap_ms, 1);
        let text = outcome.failure(None, &NAMES, Moment::ZERO, Duration::MAX).unwrap();
        assert!(text.contains("two candidates led"), "{text}");
        assert!(outcome.summary(Duration::from_secs(3)).contains("TWO LEADERS"));
    }
}
