//! Pauses between attempts, which grow.

use hotseat_election::clock;
use std::time::Duration;

/// The pause before each next attempt: twice the one before, up to a bound.
#[derive(Clone, Debug)]
pub(super) struct Backoff {
    shortest: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    pub(super) fn new(shortest: Duration, longest: Duration) -> Backoff {
        Backoff { shortest, longest, next: shortest }
    }

    /// The pause before the next attempt. A server that says when to come back is obeyed within
    /// the bound.
    pub(super) fn pause(&mut self, wanted: Option<Duration>) -> Duration {
        let pause = wanted.unwrap_or_default().min(self.longest).max(self.next);
        self.next = (self.next * 2).min(self.longest);
        jittered(pause)
    }

    /// It works: the next pause is the shortest again.
    pub(super) fn reset(&mut self) {
        self.next = self.shortest;
    }
}

/// From one to one and a half of the length, so that candidates do not come back in step.
pub(super) fn jittered(length: Duration) -> Duration {
    let share = f64::from(clock::now().since_origin().subsec_nanos() % 1000) / 2000.0;
    length.mul_f64(1.0 + share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_begin_anew() {
        let millis = Duration::from_millis;
        let mut backoff = Backoff::new(millis(50), millis(300));
        for expected in [50, 100, 200, 300, 300] {
            let pause = backoff.pause(None);
            assert!(pause >= millis(expected) && pause < millis(expected) * 3 / 2, "{pause:?}");
        }
        backoff.reset();
        assert!(backoff.pause(None) < millis(75));
        assert!(backoff.pause(Some(millis(250))) >= millis(250), "the server's wish");
        assert!(backoff.pause(Some(Duration::from_secs(3600))) < millis(450), "within the bound");
    }
}
