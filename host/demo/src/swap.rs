//! What a swap of the policy took, and whether it cost a heartbeat.

use hotseat_core::time::{Moment, millis_up};
use serde::Serialize;
use std::time::Duration;

/// A swap that all candidates took part in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Swapped {
    /// `sha256:` and the hex digest of the policy that took over.
    pub digest: String,
    /// From the change of the file until the policy decided in every candidate, in milliseconds,
    /// rounded up.
    pub ms: u64,
    /// Renewals of the lease that came more than half a retry period late, from the last one
    /// before the change of the file to the first one after the end of the swap.
    pub missed_heartbeats: u64,
}

/// The swaps of a demonstration.
#[derive(Debug)]
pub struct Swaps {
    retry: Duration,
    last_beat: Option<Moment>,
    open: Option<Open>,
    done: Vec<Swapped>,
}

/// A swap on its way.
#[derive(Debug)]
struct Open {
    digest: String,
    begun: Moment,
    /// When the last candidate had taken it up.
    ended: Option<Moment>,
    missed: u64,
}

impl Swaps {
    /// No swap yet, of candidates with that retry period.
    pub fn new(retry: Duration) -> Swaps {
        Swaps { retry, last_beat: None, open: None, done: Vec::new() }
    }

    /// The policy of that digest was published at `at`.
    pub fn begin(&mut self, digest: String, at: Moment) {
        self.open = Some(Open { digest, begun: at, ended: None, missed: 0 });
    }

    /// The digest that the candidates have yet to take up, if there is one.
    pub fn awaited(&self) -> Option<&str> {
        let open = self.open.as_ref().filter(|open| open.ended.is_none());
        open.map(|open| open.digest.as_str())
    }

    /// All candidates have taken it up, as was seen at `at`. Says how long that took.
    pub fn end(&mut self, at: Moment) -> Option<Duration> {
        let open = self.open.as_mut().filter(|open| open.ended.is_none())?;
        open.ended = Some(at);
        Some(at.since(open.begun))
    }

    /// The lease was renewed at `at`. Says so if a swap is over with that.
    pub fn beat(&mut self, at: Moment) -> Option<&Swapped> {
        let before = self.last_beat.replace(at);
        let open = self.open.as_mut()?;
        if before.is_some_and(|before| at.since(before) > self.retry + self.retry / 2) {
            open.missed += 1;
        }
        let ended = open.ended?;
        let open = self.open.take()?;
        self.done.push(Swapped {
            digest: open.digest,
            ms: millis_up(ended.since(open.begun)),
            missed_heartbeats: open.missed,
        });
        self.done.last()
    }

    /// The swaps that are over.
    pub fn done(&self) -> &[Swapped] {
        &self.done
    }

    /// Why they are a failure at `now`, if they are: one has been on its way for longer than
    /// `patience`.
    pub fn failure(&self, now: Moment, patience: Duration) -> Option<String> {
        let open = self.open.as_ref().filter(|open| now.since(open.begun) >= patience)?;
        Some(match open.ended {
            None => format!("the policy {} did not take over within {patience:?}", open.digest),
            Some(_) => format!("no heartbeat within {patience:?} after a swap began"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    /// A swap at 1100 ms that ends at 1180 ms, with heartbeats at these moments.
    fn swap(beats: &[u64]) -> Vec<Swapped> {
        let mut swaps = Swaps::new(Duration::from_millis(600));
        let (mut begun, mut ended) = (false, false);
        for beat in beats {
            if !begun && *beat > 1100 {
                swaps.begin("sha256:1".to_owned(), at(1100));
                assert_eq!(swaps.awaited(), Some("sha256:1"));
                begun = true;
            }
            if !ended && *beat > 1180 {
                assert_eq!(swaps.end(at(1180)), Some(Duration::from_millis(80)));
                assert_eq!(swaps.awaited(), None);
                assert_eq!(swaps.end(at(1190)), None);
                ended = true;
            }
            swaps.beat(at(*beat));
        }
        swaps.done().to_vec()
    }

    #[test]
    fn a_swap_between_two_heartbeats_costs_none() {
        let swapped = Swapped { digest: "sha256:1".to_owned(), ms: 80, missed_heartbeats: 0 };
        assert_eq!(swap(&[400, 1000, 1600, 2200]), std::slice::from_ref(&swapped));
        // Late, but within half a retry period.
        assert_eq!(swap(&[400, 1000, 1900]), std::slice::from_ref(&swapped));
        // Late before, and late after: no matter of the swap.
        assert_eq!(swap(&[0, 1050, 1600, 9000]), [swapped]);
    }

    #[test]
    fn one_that_comes_late_is_counted() {
        assert_eq!(swap(&[400, 1000, 1901])[0].missed_heartbeats, 1);
        assert_eq!(swap(&[100, 1150, 2300])[0].missed_heartbeats, 2);
    }

    #[test]
    fn a_swap_that_does_not_end_is_a_failure() {
        let mut swaps = Swaps::new(Duration::from_millis(600));
        let patience = Duration::from_secs(2);
        assert_eq!(swaps.failure(at(9000), patience), None);
        swaps.begin("sha256:1".to_owned(), at(1000));
        assert_eq!(swaps.failure(at(2999), patience), None);
        let text = swaps.failure(at(3000), patience).unwrap();
        assert_eq!(text, "the policy sha256:1 did not take over within 2s");
        swaps.end(at(3100));
        assert!(swaps.failure(at(3200), patience).unwrap().contains("no heartbeat"));
        swaps.beat(at(3300));
        assert_eq!(swaps.failure(at(9999), patience), None);
    }
}
