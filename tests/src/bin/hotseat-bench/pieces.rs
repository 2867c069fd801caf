//! Where the time of a hand-over goes, by the moments at which the API server was asked.

use std::time::Duration;

use anyhow::{Context, bail};
use hotseat_tests::cluster::AuditRecord;
use jiff::Timestamp;

use crate::stats::{Times, ms};

/// One hand-over, from the first thing that was done for it to the next leader.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) begun: Timestamp,
    pub(crate) took: Duration,
}

/// The pieces of many hand-overs.
pub(crate) struct Pieces {
    /// To the moment at which the server has the release.
    before: Times,
    /// From then on to the moment at which it has the next leader's claim: the release's way into
    /// the store, the watch, and the next leader's decision.
    between: Times,
    /// From then on to the end: the claim's way into the store, and the answer.
    after: Times,
}

impl Pieces {
    /// Of each hand-over of the Lease `name`, the requests that the server took on its way.
    ///
    /// # Errors
    ///
    /// The log does not have a release and a claim for each.
    pub(crate) fn new(log: &[AuditRecord], name: &str, spans: &[Span]) -> anyhow::Result<Pieces> {
        let (mut before, mut between, mut after) = (vec![], vec![], vec![]);
        for span in spans {
            let ended = span.begun + span.took;
            let writes: Vec<Timestamp> = log
                .iter()
                .filter(|record| record.verb == "update" && record.name == name)
                .filter(|record| record.resource == "leases" && record.code == 200)
                .map(|record| record.received)
                .filter(|received| (span.begun..=ended).contains(received))
                .collect();
            let [release, claim] = writes[..] else {
                bail!("a hand-over of {name} has {} writes in the audit log", writes.len());
            };
            before.push(between_moments(span.begun, release)?);
            between.push(between_moments(release, claim)?);
            after.push(between_moments(claim, ended)?);
        }
        let (before, between) = (Times::new(before), Times::new(between));
        Ok(Pieces { before, between, after: Times::new(after) })
    }

    /// The medians.
    pub(crate) fn medians(&self) -> String {
        let p50 = |times: &Times| ms(times.percentile(50));
        format!("{} + {} + {}", p50(&self.before), p50(&self.between), p50(&self.after))
    }
}

fn between_moments(from: Timestamp, to: Timestamp) -> anyhow::Result<Duration> {
    Duration::try_from(to.duration_since(from)).context("a clock was set back")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(ms: i64, name: &str, code: u16) -> AuditRecord {
        let received = Timestamp::from_millisecond(ms).unwrap();
        AuditRecord {
            verb: "update".into(),
            resource: "leases".into(),
            namespace: "ns".into(),
            name: name.into(),
            user: "u".into(),
            user_agent: "a".into(),
            code,
            received,
            stage_timestamp: received,
        }
    }

    #[test]
    fn a_hand_over_is_its_two_writes_that_succeeded() {
        let mut log = vec![update(990, "x", 200), update(1002, "x", 200), update(1003, "y", 200)];
        log.extend([update(1009, "x", 200), update(1010, "x", 409), update(1030, "x", 200)]);
        let begun = Timestamp::from_millisecond(1000).unwrap();
        let span = Span { begun, took: Duration::from_millis(14) };
        let pieces = Pieces::new(&log, "x", &[span]).unwrap();
        assert_eq!(pieces.medians(), "2.00 ms + 7.00 ms + 5.00 ms");
        assert!(Pieces::new(&log[..2], "x", &[span]).is_err(), "one write is none");
    }
}
