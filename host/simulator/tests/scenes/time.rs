//! How time passes on a stage. An elector that spins or falls silent fails the scene, and does not keep
//! it from ending.

use super::*;

/// How often the elector may want to be woken at one moment. A few times are usual: what it is woken for
/// may be to ask for more.
const WAKES_AT_ONCE: usize = 100;
/// Within this the policy is asked, whatever it said: the elector lets it sleep for a minute at most.
const ASKED_WITHIN: Duration = Duration::from_secs(61);

impl Stage {
    /// Lets time pass, waking the elector as it asks for. A read is answered at once, if the scene
    /// says what there is to read.
    pub fn pass(&mut self, length: Duration) {
        let end = self.now + length;
        let mut at_once = 0;
        while !self.finished {
            if let Some(lock) = self.lock.clone().filter(|_| self.reading) {
                self.reads(lock);
            }
            let wake = self.effects.iter().rev().find_map(|effect| match effect {
                Effect::WakeAt(at) => Some(*at),
                _ => None,
            });
            let finished = self.effects.contains(&Effect::Finished);
            let Some(wake) = wake.filter(|wake| *wake <= end && !finished) else { break };
            at_once = if wake > self.now { 0 } else { at_once + 1 };
            assert!(at_once < WAKES_AT_ONCE, "at {} it wants to be woken over and over", self.now);
            self.now = self.now.max(wake);
            self.tell(Event::Timer);
        }
        self.now = end;
    }

    /// Lets time pass in such steps until it is so, which has to be within that time.
    #[track_caller]
    pub fn pass_until(&mut self, step: Duration, within: Duration, is_so: impl Fn(&Stage) -> bool) {
        let end = self.now + within;
        while !is_so(self) {
            assert!(self.now < end, "what is waited for does not come within {within:?}");
            self.pass(step);
        }
    }

    /// Lets time pass until a question to the policy is open.
    #[track_caller]
    pub fn pass_until_asked(&mut self) {
        self.pass_until(millis(1), ASKED_WITHIN, |stage| stage.elector.situation().asking);
    }

    /// Lets time pass until the next write, and stops at the moment of its sending.
    #[track_caller]
    pub fn next_write(&mut self) -> (Write, Moment) {
        for _ in 0..15_000 {
            self.pass(millis(1));
            if let Some(write) = self.writes().pop() {
                return (write, self.now);
            }
        }
        panic!("nothing was written within 15 s");
    }
}
